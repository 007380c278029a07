import { expect } from 'vitest'
import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import { EngineDriver } from './engine-driver.ts'
import type { ForkSchedule } from './fork-schedule.ts'
import type { GethProcess } from './geth-process.ts'
import type { Sealed } from './op-sequencer.ts'
import type { ExecutionPayload, RpcBlock } from './rpc-types.ts'

type Json = Readonly<Record<string, unknown>>

/** A receipt as the node has it: without what only the service adds, and with the block's hash. */
function asNodeReceipt(result: Json, hash: Hash): Json {
  const { revertData: _, ...receipt } = result
  const logs = (receipt.logs as readonly Json[]).map((log) => ({ ...log, blockHash: hash }))
  return { ...receipt, blockHash: hash, logs }
}

/**
 * op-geth's own view of a sealed block is what the service said: the block, and every receipt field by field.
 * @param results what including each transaction answered; the service's word before there was a block
 */
export async function expectSameOnNode(el: GethProcess, sealed: Sealed, results: readonly Json[] = []): Promise<void> {
  const { hash } = sealed
  const last = sealed.receipts.at(-1) as Json
  const [block, receipts, single] = await el.rpc.batch([
    { method: 'eth_getBlockByHash', params: [hash, true] },
    { method: 'eth_getBlockReceipts', params: [hash] },
    { method: 'eth_getTransactionReceipt', params: [last.transactionHash] },
  ])
  expect(block, `block ${sealed.number}`).toEqual(sealed.block)
  expect(receipts, `receipts of block ${sealed.number}`).toEqual(sealed.receipts.map((r) => asNodeReceipt(r, hash)))
  if (sealed.committed) expect(single).toEqual(asNodeReceipt(last, hash))
  const included = sealed.receipts.slice(sealed.receipts.length - results.length)
  expect(results.map((result) => ({ ...asNodeReceipt(result, hash), revertData: result.revertData }))).toEqual(
    included.map((receipt) => ({ ...asNodeReceipt(receipt, hash), revertData: receipt.revertData })),
  )
}

/** The block is op-geth's head. */
export async function expectHead(el: GethProcess, hash: Hash): Promise<void> {
  const head = await el.rpc.call<RpcBlock>('eth_getBlockByNumber', ['latest', false])
  expect(head.hash, `head of op-geth (${head.number})`).toBe(hash)
}

/** op-geth executes a sealed block that is not committed and finds it valid; its head stays. */
export async function expectValid(el: GethProcess, forks: ForkSchedule, sealed: Sealed): Promise<void> {
  const { executionPayload, parentBeaconBlockRoot } = sealed.payload as {
    executionPayload: ExecutionPayload
    parentBeaconBlockRoot?: Hash
  }
  const status = await new EngineDriver(el, forks).insert({
    executionPayload,
    ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }),
  })
  expect(status, `block ${sealed.number} ${sealed.hash}`).toEqual({
    status: 'VALID',
    latestValidHash: sealed.hash,
    validationError: null,
  })
}

/** What a revert returned, in op-geth's own trace. */
export async function expectSameRevert(el: GethProcess, result: Json): Promise<void> {
  const trace = await el.rpc.call<{ output?: Hex; error?: string }>('debug_traceTransaction', [
    result.transactionHash,
    { tracer: 'callTracer' },
  ])
  expect(trace.error).toBe('execution reverted')
  expect(result.revertData).toBe(trace.output ?? '0x')
}
