import { type Hash, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { BoundCall, Method } from '../method.ts'
import { asUpstream } from './eth.ts'
import { DEBUG_READ_METHODS, READ_METHODS } from './pass-through.ts'

/** The node of the chain that this one goes on from, as far as it is asked about blocks before that. */
export interface OlderBlocks {
  /** A call that names blocks by number. @throws AppError STATE_UNAVAILABLE, RPC_ERROR, RPC_UNAVAILABLE */
  byNumber(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown>
  /** A call that names its block, or transaction, by hash. @throws AppError RPC_ERROR, RPC_UNAVAILABLE */
  byHash(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown>
  /** Whether there is such a block before the first one here. */
  hasBlock(hash: Hash, io: IoOptions): Promise<boolean>
  /** Whether there is such a transaction before the first block here. */
  hasTransaction(hash: Hash, io: IoOptions): Promise<boolean>
}

/** What is here. */
export interface OwnBlocks {
  /** The number of the first block. */
  readonly first: bigint
  /** The number of a block; undefined when it is not here. */
  block(hash: Hash): bigint | undefined
  /** The number of the canonical block that a transaction is in; undefined when it is in none. */
  transaction(hash: Hash): bigint | undefined
  /** Whether a transaction waits for a block. */
  waits(hash: Hash): boolean
}

/** How a method names what it reads: the place of its parameter. */
type Names =
  /** A block; `before`: what is read is the state before it. */
  | { readonly tag: 'block'; readonly at: number; readonly before?: true }
  | { readonly tag: 'transaction'; readonly before?: true }
  | { readonly tag: 'logs' }
  | { readonly tag: 'fees' }

const blockAt = (at: number, ...names: readonly string[]): (readonly [string, Names])[] =>
  names.map((name) => [name, { tag: 'block', at }])
const stateBefore = (...names: readonly string[]): (readonly [string, Names])[] =>
  names.map((name) => [name, { tag: 'block', at: 0, before: true }])
const transaction = (...names: readonly string[]): (readonly [string, Names])[] =>
  names.map((name) => [name, { tag: 'transaction' }])

/** Every reading method that can name a block before the first one. */
const NAMES: ReadonlyMap<string, Names> = new Map<string, Names>([
  ...['eth_getBlock', 'eth_getHeader', 'eth_getBlockTransactionCount'].flatMap((name) =>
    blockAt(0, `${name}ByHash`, `${name}ByNumber`),
  ),
  ...['eth_getTransaction', 'eth_getRawTransaction', 'eth_getUncle'].flatMap((name) =>
    blockAt(0, `${name}ByBlockHashAndIndex`, `${name}ByBlockNumberAndIndex`),
  ),
  ...blockAt(0, 'eth_getBlockReceipts', 'eth_getUncleCountByBlockHash', 'eth_getUncleCountByBlockNumber'),
  ...blockAt(0, 'debug_getRawBlock', 'debug_getRawHeader', 'debug_getRawReceipts', 'debug_accountRange'),
  ...blockAt(1, 'eth_getBalance', 'eth_getTransactionCount', 'eth_getCode'),
  ...blockAt(1, 'eth_call', 'eth_estimateGas', 'eth_createAccessList', 'eth_simulateV1', 'debug_traceCall'),
  ...blockAt(2, 'eth_getStorageAt', 'eth_getProof'),
  ...stateBefore('debug_traceBlockByHash', 'debug_traceBlockByNumber', 'debug_storageRangeAt'),
  ...stateBefore('debug_executionWitness', 'debug_executionWitnessByHash'),
  ...transaction('eth_getTransactionByHash', 'eth_getTransactionReceipt', 'eth_getRawTransactionByHash'),
  ...transaction('debug_getRawTransaction'),
  ['debug_traceTransaction', { tag: 'transaction', before: true }],
  ['eth_getLogs', { tag: 'logs' }],
  ['eth_feeHistory', { tag: 'fees' }],
])

type Params = readonly unknown[]

/** A call of a method that is answered here as far as it can be. */
interface Call {
  readonly method: Method
  readonly params: Params
  readonly io: IoOptions
}

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})

/** What a block parameter that passed the gate names; undefined for a label that moves. */
function named(value: unknown): bigint | Hash | undefined {
  const { blockHash, blockNumber } = fieldsOf(value)
  const text = blockHash ?? blockNumber ?? value
  if (text === 'earliest') return 0n
  if (typeof text !== 'string' || !text.startsWith('0x')) return undefined
  return text.length === 66 ? (text.toLowerCase() as Hash) : BigInt(text)
}

/** Answers calls about blocks before the first one here out of the chain that they are of. */
class AcrossFork {
  readonly #own: OwnBlocks
  readonly #older: OlderBlocks

  constructor(own: OwnBlocks, older: OlderBlocks) {
    this.#own = own
    this.#older = older
  }

  answer(call: Call, names: Names): Promise<unknown> {
    switch (names.tag) {
      case 'block':
        return this.#block(call, named(call.params[names.at]), names.before ?? false)
      case 'transaction':
        return this.#transaction(call, call.params[0] as Hash, names.before ?? false)
      case 'logs':
        return this.#logs(call)
      case 'fees':
        return this.#fees(call)
    }
  }

  #here({ method, io }: Call, params: Params): Promise<unknown> {
    return method.bind(params).run(io)
  }

  #there({ method, io }: Call, by: 'byNumber' | 'byHash', params: Params): Promise<unknown> {
    return this.#older[by](method.name, params, io)
  }

  async #block(call: Call, block: bigint | Hash | undefined, before: boolean): Promise<unknown> {
    const { first } = this.#own
    const isOlder = (number: bigint): boolean => number < first || (before && number === first)
    if (typeof block === 'bigint') {
      return isOlder(block) ? this.#there(call, 'byNumber', call.params) : this.#here(call, call.params)
    }
    if (block === undefined) return this.#here(call, call.params)
    const number = this.#own.block(block)
    const there = number === undefined ? await this.#older.hasBlock(block, call.io) : isOlder(number)
    return there ? this.#there(call, 'byHash', call.params) : this.#here(call, call.params)
  }

  async #transaction(call: Call, hash: Hash, before: boolean): Promise<unknown> {
    const number = this.#own.transaction(hash)
    const waits = number === undefined && this.#own.waits(hash)
    const there =
      number === undefined
        ? !waits && (await this.#older.hasTransaction(hash, call.io))
        : before && number === this.#own.first
    return there ? this.#there(call, 'byHash', call.params) : this.#here(call, call.params)
  }

  /** A range that begins before the first block and ends behind it is asked for in two parts. */
  async #logs(call: Call): Promise<unknown> {
    const { first } = this.#own
    const filter = fieldsOf(call.params[0])
    if (filter.blockHash !== undefined && filter.blockHash !== null) {
      return this.#block(call, named(filter.blockHash), false)
    }
    const from = named(filter.fromBlock)
    if (typeof from !== 'bigint' || from >= first) return this.#here(call, call.params)
    const to = named(filter.toBlock)
    if (typeof to === 'bigint' && to < first) return this.#there(call, 'byNumber', call.params)
    const newer = await this.#here(call, [{ ...filter, fromBlock: toQuantity(first) }])
    const older = await this.#there(call, 'byNumber', [{ ...filter, toBlock: toQuantity(first - 1n) }])
    return [...(older as Params), ...(newer as Params)]
  }

  /** What is known here ends with the first block: the rest is put before it. */
  async #fees(call: Call): Promise<unknown> {
    const { first } = this.#own
    const [count, last, percentiles] = call.params
    const newest = named(last)
    if (typeof newest === 'bigint' && newest < first) return this.#there(call, 'byNumber', call.params)
    const newer = fieldsOf(await this.#here(call, call.params))
    const known = newer.gasUsedRatio as Params | null
    const missing = Math.min(Number(count), MAX_FEE_BLOCKS) - (known?.length ?? 0)
    if (known === null || missing <= 0 || first === 0n) return newer
    const asked = [toQuantity(BigInt(missing)), toQuantity(first - 1n), percentiles ?? []]
    return joinedFees(fieldsOf(await this.#there(call, 'byNumber', asked)), newer)
  }
}

/** As many blocks as geth tells of. */
const MAX_FEE_BLOCKS = 1024
/** These go one block further than the rest: the next base fee is that of the block that follows. */
const NEXT_TOO = new Set(['baseFeePerGas', 'baseFeePerBlobGas'])

function joinedFees(older: Fields, newer: Fields): Fields {
  const entries = Object.entries(newer).map(([key, list]) => {
    const before = older[key]
    if (!Array.isArray(list) || !Array.isArray(before)) return [key, list]
    return [key, [...(NEXT_TOO.has(key) ? before.slice(0, -1) : before), ...list]]
  })
  return { ...Object.fromEntries(entries), oldestBlock: older.oldestBlock }
}

/**
 * The reads of a chain that goes on from a block of another one: what is about blocks before that is passed on to the node of
 * that chain. Nothing but reading methods ever is.
 * @param debug pass reading `debug_*` methods on, too
 */
export function acrossFork(
  methods: readonly Method[],
  own: OwnBlocks,
  older: OlderBlocks,
  debug: boolean,
): readonly Method[] {
  const reads = new Set(debug ? [...READ_METHODS, ...DEBUG_READ_METHODS] : READ_METHODS)
  const fork = new AcrossFork(own, older)
  return methods.map((method): Method => {
    const names = reads.has(method.name) ? NAMES.get(method.name) : undefined
    if (names === undefined) return method
    return {
      ...method,
      bind(raw): BoundCall {
        const { params } = method.bind(raw)
        const given = Array.isArray(raw) ? raw : []
        return {
          params,
          async run(io) {
            try {
              return await fork.answer({ method, params: given, io }, names)
            } catch (error) {
              throw asUpstream(error)
            }
          },
        }
      },
    }
  })
}
