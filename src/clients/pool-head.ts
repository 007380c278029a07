import type { Address } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { headerFromJson } from '../protocol/block-json.ts'
import type { HeadAccounts, OpHeadAccounts } from '../protocol/head-accounts.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS, type L1BlockSlots } from '../protocol/l1-fee.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { RpcCall, RpcTransport } from './transport.ts'

const HEAD: RpcCall = { method: 'eth_getBlockByNumber', params: ['latest', false] }
/** A head that moves faster than it can be read is read as it comes. */
const MAX_TRIES = 4

const SLOT_NAMES = Object.keys(L1_BLOCK_SLOTS) as (keyof L1BlockSlots)[]

/** The head, and what `calls` answer at it: the head is asked for before and after, and all again where it has moved. */
async function readAtHead(transport: RpcTransport, calls: readonly RpcCall[], io: IoOptions): Promise<unknown[]> {
  for (let tries = 1; ; tries++) {
    const outcomes = await transport.batch([HEAD, ...calls, HEAD], { ...io, idempotent: true, ordered: true })
    const values = outcomes.map(outcomeValue)
    const hashOf = (value: unknown): unknown => (value as { hash?: unknown } | null)?.hash
    if (hashOf(values[0]) === hashOf(values.at(-1)) || tries === MAX_TRIES) return values.slice(0, -1)
  }
}

function accountCalls(addresses: readonly Address[]): RpcCall[] {
  return addresses.flatMap((address) => [
    { method: 'eth_getTransactionCount', params: [address, 'latest'] },
    { method: 'eth_getBalance', params: [address, 'latest'] },
    { method: 'eth_getCode', params: [address, 'latest'] },
  ])
}

function parseAccounts(block: unknown, values: readonly unknown[], addresses: readonly Address[]): HeadAccounts {
  const accounts = addresses.map((address, index) => {
    const [nonce, balance, code] = values.slice(3 * index, 3 * index + 3)
    const json = new JsonObject({ nonce, balance, code })
    const hasCode = json.bytes('code').length > 0
    return [address, { nonce: json.uint('nonce'), balance: json.uint('balance'), hasCode }] as const
  })
  const header = headerFromJson(block)
  const hash = new JsonObject(block).hash('hash')
  return { hash, header, stateRoot: header.stateRoot, accounts: new Map(accounts) }
}

/** Reads the head and accounts in one round trip. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
export async function readHeadAccounts(
  transport: RpcTransport,
  addresses: readonly Address[],
  io: IoOptions,
): Promise<HeadAccounts> {
  const [block, ...values] = await readAtHead(transport, accountCalls(addresses), io)
  return parseAnswer(transport.endpoint, 'eth_getBalance', () => parseAccounts(block, values, addresses))
}

/** As {@link readHeadAccounts}, with what L1Block holds. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
export async function readOpHeadAccounts(
  transport: RpcTransport,
  addresses: readonly Address[],
  io: IoOptions,
): Promise<OpHeadAccounts> {
  const slotCalls = SLOT_NAMES.map((name) => ({
    method: 'eth_getStorageAt',
    params: [L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS[name], 'latest'],
  }))
  const [block, ...values] = await readAtHead(transport, [...slotCalls, ...accountCalls(addresses)], io)
  return parseAnswer(transport.endpoint, 'eth_getBalance', () => {
    const words = new JsonObject(Object.fromEntries(SLOT_NAMES.map((name, index) => [name, values[index]])))
    const feeSlots = Object.fromEntries(
      SLOT_NAMES.map((name) => [name, BigInt(words.hash(name))]),
    ) as unknown as L1BlockSlots
    return { ...parseAccounts(block, values.slice(SLOT_NAMES.length), addresses), feeSlots }
  })
}
