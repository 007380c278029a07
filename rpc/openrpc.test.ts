import { expect, it } from 'vitest'
import type { BlockBuilderService, L1OpenOptions } from '../src/builder/service.ts'
import { methodTable } from './method.ts'
import { ethMethods, passedOnMethods } from './methods/eth.ts'
import { serviceMethods } from './methods/service.ts'
import { l1TestMethods, testMethods } from './methods/test.ts'
import { createOpenRpc } from './openrpc.ts'

// The document is made of schemas alone: no service is ever called.
const nothing = {} as BlockBuilderService & BlockBuilderService<L1OpenOptions>

const table = methodTable([
  ...serviceMethods('1'),
  ...passedOnMethods({ call: () => Promise.resolve() }, false),
  ...ethMethods({ chainId: 1n, pool: { add: () => Promise.reject(new TypeError()) } }),
  ...testMethods(nothing),
])
const document = createOpenRpc(table, { title: 'op-sequencer', version: '1.0.0' })

interface Described {
  readonly name: string
  readonly summary: string
  readonly params: readonly { readonly name: string; readonly required: boolean; readonly schema: unknown }[]
  readonly result: { readonly name: string; readonly schema: unknown }
}
const methods = document.methods as unknown as readonly Described[]

it('describes every served method once', () => {
  expect(methods.map(({ name }) => name)).toEqual([...table.keys()].sort())
  for (const { name, summary, params, result } of methods) {
    expect(summary, name).not.toBe('')
    expect(result.schema, name).toBeTypeOf('object')
    expect(new Set(params.map((param) => param.name)).size, name).toBe(params.length)
    expect(
      params.every((param) => !param.name.startsWith('param')),
      name,
    ).toBe(true)
    // Optional parameters come last.
    const firstOptional = params.findIndex(({ required }) => !required)
    expect(params.slice(firstOptional < 0 ? params.length : firstOptional).every(({ required }) => !required)).toBe(
      true,
    )
  }
})

it('says what callers write, hex, not what becomes of it', () => {
  const undo = methods.find(({ name }) => name === 'test_includeRaw')
  expect(undo?.params).toMatchObject([
    { name: 'jobId', required: true, schema: { type: 'string' } },
    { name: 'transaction', required: true, schema: { type: 'string', pattern: '^0x([0-9a-fA-F]{2})*$' } },
  ])
})

it('names the options of each kind of chain', () => {
  const l1 = createOpenRpc(methodTable(l1TestMethods(nothing)), document.info).methods as unknown as Described[]
  const options = (described: readonly Described[]) =>
    JSON.stringify(described.find(({ name }) => name === 'test_open')?.params)
  expect(options(methods)).toContain('"l2Parent"')
  expect(options(methods)).toContain('"additionalProperties":false')
  expect(options(l1)).toContain('"withdrawals"')
  expect(options(l1)).not.toContain('"l2Parent"')
})

it('is plain JSON', () => {
  expect(JSON.parse(JSON.stringify(document))).toEqual(document)
})
