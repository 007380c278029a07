import type { Address } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { headerFromJson } from '../protocol/block-json.ts'
import type { Header } from '../protocol/header.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { RpcTransport } from './transport.ts'

/** The head, and one account as it stands there. */
export interface HeadAccount {
  readonly header: Header
  readonly nonce: bigint
  /** wei */
  readonly balance: bigint
}

/** Reads the head and an account in one round trip. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
export async function readHeadAccount(transport: RpcTransport, address: Address, io: IoOptions): Promise<HeadAccount> {
  const [block, nonce, balance] = await transport.batch(
    [
      { method: 'eth_getBlockByNumber', params: ['latest', false] },
      { method: 'eth_getTransactionCount', params: [address, 'latest'] },
      { method: 'eth_getBalance', params: [address, 'latest'] },
    ],
    { ...io, idempotent: true },
  )
  const values = { block: outcomeValue(block), nonce: outcomeValue(nonce), balance: outcomeValue(balance) }
  return parseAnswer(transport.endpoint, 'eth_getBalance', () => {
    const json = new JsonObject(values)
    return { header: headerFromJson(values.block), nonce: json.uint('nonce'), balance: json.uint('balance') }
  })
}
