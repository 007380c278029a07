import { z } from 'zod'
import type { Clock } from '../../src/primitives/clock.ts'
import { AppError, isAppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { RpcErrorCode } from '../error-codes.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { data, optional, quantity64 } from '../schema.ts'
import { sendTransaction, type TransactionPoolService } from './eth.ts'

/** Knows when a transaction stands in a block of the canonical chain. */
export interface InclusionService {
  /** Its receipt in JSON; null as long as there is none. @throws AppError RPC_UNAVAILABLE, RPC_ERROR of a node behind */
  receipt(hash: Hash, io: IoOptions): Promise<unknown>
  /** Calls after each change of the canonical chain that is seen here. @returns ends it */
  onChange(listener: () => void): () => void
  /** Milliseconds between looks at a chain that others change, too; absent where every change is seen. */
  readonly pollMs?: number
}

/** What {@link sendSyncMethod} stands on. */
export interface SendSyncOptions {
  readonly pool: TransactionPoolService
  readonly inclusion: InclusionService
  readonly clock: Clock
}

/** geth's; milliseconds. */
const DEFAULT_TIMEOUT = 20_000
const MAX_TIMEOUT = 60_000

/** Milliseconds as Go writes a duration of at most an hour. */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`
  const minutes = Math.floor(ms / 60_000)
  return `${minutes === 0 ? '' : `${minutes}m`}${(ms % 60_000) / 1000}s`
}

function timeoutOf(asked: bigint | undefined): number {
  if (asked === undefined || asked === 0n) return DEFAULT_TIMEOUT
  return asked > MAX_TIMEOUT ? MAX_TIMEOUT : Number(asked)
}

/**
 * The receipt; null also while the node that has it does not tell: the transaction is sent, whatever comes. A geth that
 * indexes answers an error for every transaction that it does not know.
 */
async function receiptNow(inclusion: InclusionService, hash: Hash, io: IoOptions): Promise<unknown> {
  try {
    return await inclusion.receipt(hash, io)
  } catch (error) {
    if (isAppError(error, 'RPC_UNAVAILABLE') || isAppError(error, 'RPC_ERROR')) return null
    throw error
  }
}

/** Waits for the receipt. @returns null when there is none after `timeout` milliseconds. @throws the signal's reason */
async function waitForReceipt(
  { inclusion, clock }: SendSyncOptions,
  hash: Hash,
  timeout: number,
  { signal }: IoOptions,
): Promise<unknown> {
  const { pollMs } = inclusion
  const ended = new AbortController()
  const state = { expired: false, wake: (): void => undefined }
  const unsubscribe = inclusion.onChange(() => state.wake())
  const onAbort = (): void => {
    ended.abort()
    state.wake()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const sleep = (ms: number): Promise<boolean> =>
    clock.sleep(ms, { signal: ended.signal }).then(
      () => true,
      () => false,
    )
  const expire = async (): Promise<void> => {
    if (!(await sleep(timeout))) return
    state.expired = true
    state.wake()
  }
  const poll = async (ms: number): Promise<void> => {
    while (await sleep(ms)) state.wake()
  }
  const timers = [expire(), ...(pollMs === undefined ? [] : [poll(pollMs)])]
  try {
    for (;;) {
      signal?.throwIfAborted()
      // Listens before it looks: what changes meanwhile wakes it at once.
      const changed = new Promise<void>((resolve) => {
        state.wake = resolve
      })
      const { expired } = state
      const receipt = await receiptNow(inclusion, hash, signal === undefined ? {} : { signal })
      if (receipt !== null || expired) return receipt
      await changed
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    unsubscribe()
    ended.abort()
    await Promise.all(timers)
  }
}

/** geth reads a quantity, op-geth a number. */
const milliseconds = z
  .union([quantity64, z.number().int().nonnegative().transform(BigInt)])
  .meta({ description: 'milliseconds, a 0x quantity or a number' })

/** `eth_sendRawTransactionSync`. @see EIP-7966, and geth's internal/ethapi */
export function sendSyncMethod(options: SendSyncOptions): Method {
  return defineMethod({
    name: 'eth_sendRawTransactionSync',
    summary: 'Adds a transaction to the pool and answers when it is in a block; waits 20 s unless told, at most 60 s',
    params: z.tuple([data, optional(milliseconds)]),
    paramNames: ['transaction', 'timeoutMs'],
    result: described('receipt'),
    async handler([raw, timeoutMs], io) {
      const hash = await sendTransaction(options.pool, raw, io)
      const timeout = timeoutOf(timeoutMs)
      const receipt = await waitForReceipt(options, hash, timeout, io)
      if (receipt !== null) return receipt
      throw new AppError<RpcErrorCode>('TX_NOT_INCLUDED', {
        message: `The transaction was added to the transaction pool but wasn't processed in ${goDuration(timeout)}`,
        data: { hash },
      })
    },
  })
}
