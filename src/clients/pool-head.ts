import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { headerFromJson } from '../protocol/block-json.ts'
import type { AccountsChange, HeadAccount, HeadAccounts, OpHeadAccounts } from '../protocol/head-accounts.ts'
import type { Header } from '../protocol/header.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS, type L1BlockSlots } from '../protocol/l1-fee.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { RpcCall, RpcTransport } from './transport.ts'

/** As much of a transport as reading needs. */
type Batches = Pick<RpcTransport, 'batch' | 'endpoint'>

const HEAD: RpcCall = { method: 'eth_getBlockByNumber', params: ['latest', false] }
/** A head that moves faster than it can be read is read as it comes. */
const MAX_TRIES = 4
/** Accounts whose reading fits into one request beside the head. */
const FEW = 250

const SLOT_NAMES = Object.keys(L1_BLOCK_SLOTS) as (keyof L1BlockSlots)[]

/** The head, and what `calls` answer at it: the head is asked for before and after, and all again where it has moved. */
async function readAtHead(transport: Batches, calls: readonly RpcCall[], io: IoOptions): Promise<unknown[]> {
  for (let tries = 1; ; tries++) {
    const outcomes = await transport.batch([HEAD, ...calls, HEAD], { ...io, idempotent: true, ordered: true })
    const values = outcomes.map(outcomeValue)
    const hashOf = (value: unknown): unknown => (value as { hash?: unknown } | null)?.hash
    if (hashOf(values[0]) === hashOf(values.at(-1)) || tries === MAX_TRIES) return values.slice(0, -1)
  }
}

function accountCalls(addresses: readonly Address[], at: unknown): RpcCall[] {
  return addresses.flatMap((address) => [
    { method: 'eth_getTransactionCount', params: [address, at] },
    { method: 'eth_getBalance', params: [address, at] },
    { method: 'eth_getCode', params: [address, at] },
  ])
}

function parseAccounts(values: readonly unknown[], addresses: readonly Address[]): Map<Address, HeadAccount> {
  const accounts = addresses.map((address, index) => {
    const [nonce, balance, code] = values.slice(3 * index, 3 * index + 3)
    const json = new JsonObject({ nonce, balance, code })
    const hasCode = json.bytes('code').length > 0
    return [address, { nonce: json.uint('nonce'), balance: json.uint('balance'), hasCode }] as const
  })
  return new Map(accounts)
}

function parseSlots(values: readonly unknown[]): L1BlockSlots {
  const words = new JsonObject(Object.fromEntries(SLOT_NAMES.map((name, index) => [name, values[index]])))
  return Object.fromEntries(SLOT_NAMES.map((name) => [name, BigInt(words.hash(name))])) as unknown as L1BlockSlots
}

/** The head as it is read, with a list of values that were read at it. */
interface ReadHead {
  readonly hash: Hash
  readonly header: Header
  readonly stateRoot: Hash
  readonly values: readonly unknown[]
}

/**
 * Reads a node's head with accounts as they stand there: a few in one round trip. Many are read once, by the hash of the block, and
 * carried from head to head over the blocks whose changes are known; where others made a block, they are read again.
 */
export class PoolHeadReader {
  readonly #transport: Batches
  readonly #changesOf: (hash: Hash) => AccountsChange | undefined
  #carried: Pick<HeadAccounts, 'hash' | 'accounts'> | undefined

  /** @param changesOf undefined: what the block changed is not known */
  constructor(transport: Batches, changesOf: (hash: Hash) => AccountsChange | undefined) {
    this.#transport = transport
    this.#changesOf = changesOf
  }

  /** @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async accounts(addresses: readonly Address[], io: IoOptions): Promise<HeadAccounts> {
    const { hash, header, stateRoot, accounts } = await this.#read([], addresses, io)
    return { hash, header, stateRoot, accounts }
  }

  /** Of an OP-Stack chain: with what L1Block holds. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async opAccounts(addresses: readonly Address[], io: IoOptions): Promise<OpHeadAccounts> {
    const slotCalls = SLOT_NAMES.map((name) => ({
      method: 'eth_getStorageAt',
      params: [L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS[name], 'latest'],
    }))
    const { hash, header, stateRoot, values, accounts } = await this.#read(slotCalls, addresses, io)
    const feeSlots = this.#parse('eth_getStorageAt', () => parseSlots(values))
    return { hash, header, stateRoot, accounts, feeSlots }
  }

  async #read(
    calls: readonly RpcCall[],
    addresses: readonly Address[],
    io: IoOptions,
  ): Promise<ReadHead & Pick<HeadAccounts, 'accounts'>> {
    if (addresses.length <= FEW) {
      const head = await this.#head([...calls, ...accountCalls(addresses, 'latest')], io)
      const own = head.values.slice(calls.length)
      return { ...head, accounts: this.#parse('eth_getBalance', () => parseAccounts(own, addresses)) }
    }
    const head = await this.#head(calls, io)
    const accounts = await this.#manyAt(head.hash, addresses, io)
    this.#carried = { hash: head.hash, accounts }
    return { ...head, accounts }
  }

  async #head(calls: readonly RpcCall[], io: IoOptions): Promise<ReadHead> {
    const [block, ...values] = await readAtHead(this.#transport, calls, io)
    return this.#parse('eth_getBlockByNumber', () => {
      const header = headerFromJson(block)
      return { hash: new JsonObject(block).hash('hash'), header, stateRoot: header.stateRoot, values }
    })
  }

  async #manyAt(hash: Hash, addresses: readonly Address[], io: IoOptions): Promise<HeadAccounts['accounts']> {
    const known = this.#carriedTo(hash)
    const missing = addresses.filter((address) => !known.has(address))
    const calls = accountCalls(missing, { blockHash: hash })
    const values = (await this.#transport.batch(calls, { ...io, idempotent: true })).map(outcomeValue)
    const read = this.#parse('eth_getBalance', () => parseAccounts(values, missing))
    // What nobody asks for any more is not carried on.
    return new Map(addresses.map((address) => [address, (known.get(address) ?? read.get(address)) as HeadAccount]))
  }

  /** What is known of accounts at a block because all since the last reading was made here. */
  #carriedTo(hash: Hash): ReadonlyMap<Address, HeadAccount> {
    const changes: AccountsChange[] = []
    for (let at = hash; at !== this.#carried?.hash; ) {
      const change = this.#changesOf(at)
      if (change === undefined || this.#carried === undefined) return new Map()
      changes.unshift(change)
      at = change.parentHash
    }
    const accounts = new Map(this.#carried.accounts)
    for (const change of changes) for (const [address, account] of change.accounts) accounts.set(address, account)
    return accounts
  }

  #parse<T>(method: string, read: () => T): T {
    return parseAnswer(this.#transport.endpoint, method, read)
  }
}
