import { bytesToHex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type RpcTransport, rpcErrorData } from './transport.ts'

/** How nodes say that they have a transaction: geth and reth, Erigon and Besu, Nethermind. */
const KNOWN = /already known|known transaction|alreadyknown|already imported/i

/**
 * Sends transactions to a node, in their order.
 * @param raws as wallets send them: blob transactions in their network form
 * @returns for each whether the node has it now, whoever sent it
 * @throws AppError RPC_UNAVAILABLE where the node did not say so of all of them
 */
export async function sendTransactions(
  transport: RpcTransport,
  raws: readonly Uint8Array[],
  io: IoOptions,
): Promise<readonly boolean[]> {
  const calls = raws.map((raw) => ({ method: 'eth_sendRawTransaction', params: [bytesToHex(raw)] }))
  const outcomes = await transport.batch(calls, { ...io, idempotent: true, ordered: true })
  return outcomes.map((outcome) => {
    if (outcome.ok) return true
    const refusal = rpcErrorData(outcome.error)
    if (refusal === undefined) throw outcome.error
    return KNOWN.test(refusal.message)
  })
}
