import type { ChainBlock, ChainReader, L1Reader, StateSource } from '../builder/ports.ts'
import type { EnginePort, EngineStatus } from '../delivery/committers/engine.ts'
import { isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Payload } from '../protocol/payload.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { ChainStore, Labels } from './chain-store.ts'
import type { EmbeddedEngine, Forkchoice } from './engine.ts'

/** The chain as block building reads it. */
export class EmbeddedReader implements ChainReader, L1Reader {
  readonly #chain: ChainStore

  constructor(chain: ChainStore) {
    this.#chain = chain
  }

  async block(id: Hash | bigint | 'latest'): Promise<ChainBlock | undefined> {
    const hash = id === 'latest' ? this.#chain.labels.head : typeof id === 'bigint' ? this.#chain.canonicalHash(id) : id
    const block = hash === undefined ? undefined : this.#chain.block(hash)
    return block && { hash: block.hash, header: block.header, firstTransaction: block.transactions[0] }
  }

  async ancestorHash(tip: ChainBlock, number: bigint, io: IoOptions): Promise<Hash | undefined> {
    const { hash, header } = tip
    if (number >= header.number) return number === header.number ? hash : undefined
    // The tip may be a block that is not stored yet.
    const stored = [hash, header.parentHash].find((each) => this.#chain.has(each))
    return stored && this.#chain.ancestor(stored, number, io)
  }

  async receipts(hash: Hash): Promise<readonly Receipt[] | undefined> {
    return this.#chain.receipts(hash)
  }
}

/** Opens the states of a chain. */
export function storedStates(chain: ChainStore): StateSource {
  return ({ hash }) => chain.state(hash)
}

/** An {@link EmbeddedEngine} as committing needs it; nothing can travel along. */
export class EmbeddedEnginePort implements EnginePort<never, never> {
  readonly #engine: EmbeddedEngine

  constructor(engine: EmbeddedEngine) {
    this.#engine = engine
  }

  newPayload(payload: Payload, io: IoOptions): Promise<EngineStatus> {
    return this.#engine.newPayload(payload, io)
  }

  async forkchoiceUpdated(forkchoice: Forkchoice, io: IoOptions): Promise<EngineStatus> {
    try {
      return await this.#engine.forkchoiceUpdated(forkchoice, io)
    } catch (error) {
      if (!isAppError(error, 'FORKCHOICE_INVALID')) throw error
      return { status: 'INVALID', validationError: error.message }
    }
  }

  async insert(
    payload: Payload,
    labels: Omit<Forkchoice, 'head'>,
    _along: readonly never[],
    io: IoOptions,
  ): Promise<Awaited<ReturnType<EnginePort<never, never>['insert']>>> {
    const status = await this.newPayload(payload, io)
    const forkchoice =
      status.status === 'VALID' ? await this.forkchoiceUpdated({ head: payload.hash, ...labels }, io) : status
    return { payload: status, forkchoice, head: this.#engine.chain.labels.head, along: [] }
  }

  async labels(): Promise<Labels> {
    return this.#engine.chain.labels
  }
}
