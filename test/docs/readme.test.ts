import { expect, it } from 'vitest'
import { z } from 'zod'
import { ERROR_NUMBERS } from '../../rpc/error-codes.ts'
import { runCli } from '../../src/cli/program.ts'
import { configSchema } from '../../src/config/schema.ts'
import { README } from './readme.ts'

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** The dotted paths of everything that a configuration may hold, down to the values. */
function paths(schema: Schema, at = ''): string[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
      paths(value, at === '' ? key : `${at}.${key}`),
    ),
    ...(schema.items?.properties === undefined ? [] : paths(schema.items, `${at}[]`)),
    ...(schema.anyOf ?? []).flatMap((branch) => paths(branch, at)),
  ]
  return inner.length > 0 ? inner : [at]
}

it('names every key of the configuration that this version takes', () => {
  const schema = z.toJSONSchema(configSchema('/'), { io: 'input', unrepresentable: 'any' }) as Schema
  const all = [...new Set(paths(schema))]
  expect(all).toContain('chains[].el.engine.url')
  const missing = all.filter((path) => !README.includes(`\`${path}\``))
  expect(missing).toEqual([])
})

it('names no key that there is not', () => {
  const schema = z.toJSONSchema(configSchema('/'), { io: 'input', unrepresentable: 'any' }) as Schema
  const known = new Set(paths(schema))
  const section = README.split(/^## /m).find((part) => part.startsWith('Configuration\n')) ?? ''
  const named = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path as string))
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !known.has(path))).toEqual([])
})

async function helpOf(...command: readonly string[]): Promise<string> {
  let text = ''
  const never = () => Promise.reject(new TypeError('not called'))
  const stdout = (part: string): void => {
    text += part
  }
  const io = { stdout, stderr: () => {}, signal: new AbortController().signal }
  await runCli([...command, '--help'], io, { startNode: never, openReplay: never })
  return text
}

it('names every command and option', async () => {
  const commands = [...(await helpOf()).matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name as string)
  expect(commands).toContain('run')
  for (const command of commands.filter((name) => name !== 'help')) {
    expect(README).toContain(`op-sequencer ${command}`)
    for (const help of [await helpOf(command), ...(command === 'config' ? [await helpOf('config', 'check')] : [])]) {
      for (const [option] of help.matchAll(/--[a-z0-9-]+(?:[.][a-z-]+)?/g))
        if (option !== '--help') expect(README).toContain(`\`${option}\``)
    }
  }
})

it('names error codes that there are', () => {
  const numbers = new Set<number>(Object.values(ERROR_NUMBERS))
  const named = [...README.matchAll(/^\| (-\d{5}) \|/gm)].map(([, code]) => Number(code))
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((code) => !numbers.has(code))).toEqual([])
})
