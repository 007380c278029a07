import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The text of the README. */
export const README: string = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')

/** A fenced block of a page. */
export interface CodeBlock {
  /** What stands behind the opening fence. */
  readonly language: string
  readonly code: string
}

/**
 * The fenced blocks of one section, in their order.
 * @param title the section's heading, without its number signs
 */
export function codeBlocks(page: string, title: string): readonly CodeBlock[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? ''
  return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', code = '']) => ({ language, code }))
}
