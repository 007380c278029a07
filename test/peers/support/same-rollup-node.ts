import { expect } from 'vitest'
import { toQuantity } from '../../../src/primitives/hex.ts'
import { type JsonRpc, JsonRpcError } from './json-rpc.ts'

/** Calls, and how two rollup nodes that follow the same chain answer them. */
export interface RollupNodes {
  readonly ours: JsonRpc
  /** op-node. */
  readonly theirs: JsonRpc
  /** Numbers of the newest blocks. */
  readonly head: { readonly l1: number; readonly l2: number }
}

type Answer = { readonly result: unknown } | { readonly code: number; readonly message?: string }

async function answer(rpc: JsonRpc, method: string, params: readonly unknown[]): Promise<Answer> {
  try {
    return { result: await rpc.call(method, params) }
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    // Go and zod have words of their own for parameters that do not fit.
    return { code: error.code, ...(error.code !== -32602 && { message: error.text }) }
  }
}

/** Expects every `optimism_*` to be answered as op-node answers it: the same values, shapes, codes and words. */
export async function expectSameRollupNode({ ours, theirs, head }: RollupNodes): Promise<void> {
  const same = async (method: string, ...params: readonly unknown[]): Promise<unknown> => {
    const [own, their] = await Promise.all([answer(ours, method, params), answer(theirs, method, params)])
    expect(own, `${method}(${params.join()})`).toEqual(their)
    return 'result' in own ? own.result : undefined
  }
  await same('optimism_rollupConfig')
  await same('optimism_syncStatus')
  await same('optimism_dependencySet')
  const roots = new Set<unknown>()
  for (let number = 0; number <= head.l2; number++) {
    const output = (await same('optimism_outputAtBlock', toQuantity(number))) as Readonly<Record<string, unknown>>
    roots.add(output.outputRoot)
  }
  expect(roots.size).toBe(head.l2 + 1)
  for (let number = 0; number <= head.l1 + 1; number++) await same('optimism_safeHeadAtL1Block', toQuantity(number))
  await same('optimism_outputAtBlock', toQuantity(head.l2 + 1))
  for (const method of ['optimism_outputAtBlock', 'optimism_safeHeadAtL1Block']) {
    for (const wrong of [[1], ['1'], ['0x01'], ['latest'], [], [toQuantity(2n ** 64n)]]) await same(method, ...wrong)
  }
  for (const rpc of [ours, theirs]) expect(await rpc.call('optimism_version')).toEqual(expect.any(String))
}
