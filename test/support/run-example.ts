import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Where the examples are. */
export const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))

/** To be preloaded: the library is then its source. */
export const LIBRARY_SOURCE: string = new URL('./library-source.ts', import.meta.url).href

/** Milliseconds that an example gets to end by itself. */
const LIMIT = 60_000

/**
 * Runs an example on the source tree, as a user would: in a process of its own, which has to end.
 * @param file its path, or its name in {@link EXAMPLES}
 * @param folder where it runs
 * @returns the lines that it printed
 * @throws Error when it fails, or says anything on stderr
 */
export async function runExample(
  file: string,
  env: Readonly<Record<string, string>> = {},
  folder: string = EXAMPLES,
): Promise<readonly string[]> {
  const path = file.startsWith('/') ? file : `${EXAMPLES}${file}`
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', LIBRARY_SOURCE, path], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...env },
    timeout: LIMIT,
  })
  if (stderr !== '') throw new Error(`${file}: ${stderr}`)
  return stdout.trimEnd().split('\n')
}
