import { z } from 'zod'
import { AppError, isAppError } from '../../src/primitives/errors.ts'
import { type Hash, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { PoolErrorCode } from '../../txpool/validate.ts'
import { upstreamError } from '../errors.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { data } from '../schema.ts'
import { DEBUG_READ_METHODS, PASSED_ON_METHODS } from './pass-through.ts'

/** Takes transactions that wait for a block. */
export interface TransactionPoolService {
  /**
   * Adds an encoded transaction (blob transactions in their network form).
   * @throws AppError TX_REJECTED or TX_REFUSED with geth's wording, or a decoding code
   */
  add(raw: Uint8Array, io: IoOptions): Promise<Hash>
}

/** Asks the execution layer behind a chain. */
export interface PassThrough {
  /** @throws AppError RPC_ERROR with the node's own `{code, message, data}`, or RPC_UNAVAILABLE */
  call(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown>
}

/** What the `eth_*` methods of one chain stand on. */
export interface EthMethodsOptions {
  readonly chainId: bigint
  readonly pool: TransactionPoolService
}

/** The node checks these itself. */
const anyParams = z.tuple([]).rest(z.unknown())

/** The node's own error when it answered one, so that wallets read reverts and refusals as they know them. */
export function asUpstream(error: unknown): unknown {
  if (!isAppError(error, 'RPC_ERROR')) return error
  const { code, message, data: detail } = error.data ?? {}
  if (typeof code !== 'number' || typeof message !== 'string') return error
  return upstreamError(detail === undefined ? { code, message } : { code, message, data: detail }, error)
}

function passedOn(name: string, passThrough: PassThrough): Method {
  return defineMethod({
    name,
    summary: 'Passed on to the execution layer',
    params: anyParams,
    paramNames: [],
    result: described("as the execution layer's own"),
    handler: async (params, io) => {
      try {
        return await passThrough.call(name, params, io)
      } catch (error) {
        throw asUpstream(error)
      }
    },
  })
}

/** The reads that a node behind a chain answers. @param debug pass reading `debug_*` methods on, too */
export function passedOnMethods(passThrough: PassThrough, debug: boolean): readonly Method[] {
  const names = debug ? [...PASSED_ON_METHODS, ...DEBUG_READ_METHODS] : PASSED_ON_METHODS
  return names.map((name) => passedOn(name, passThrough))
}

/** Adds what a wallet sends to the pool. @throws AppError TX_REJECTED, or a decoding code, with geth's wording */
export async function sendTransaction(pool: TransactionPoolService, raw: Uint8Array, io: IoOptions): Promise<Hash> {
  try {
    return await pool.add(raw, io)
  } catch (error) {
    if (!isAppError(error, 'TX_REFUSED')) throw error
    // A refusal has a code of its own on test_*; here wallets expect geth's.
    throw new AppError<PoolErrorCode>('TX_REJECTED', { message: error.message, cause: error })
  }
}

/** `eth_*` of one chain that are answered here, whatever its execution layer is. */
export function ethMethods({ chainId, pool }: EthMethodsOptions): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_chainId',
      summary: 'The chain id',
      params: z.tuple([]),
      paramNames: [],
      result: z.string(),
      handler: () => toQuantity(chainId),
    }),
    defineMethod({
      name: 'eth_sendRawTransaction',
      summary: 'Adds a transaction to the pool',
      params: z.tuple([data]),
      paramNames: ['transaction'],
      result: z.string().meta({ description: 'transaction hash' }),
      handler: ([raw], io) => sendTransaction(pool, raw, io),
    }),
  ]
}
