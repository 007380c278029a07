import type { L1DataSource } from '../derive/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Header } from '../protocol/header.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { Transaction } from '../protocol/transaction.ts'

/** L1 as far as somebody lets it be read: going on, derivation finds the block that was provided, and no other. */
export class ProvidedL1 implements L1DataSource {
  readonly #l1: L1DataSource
  readonly #provided: () => L1BlockRef | undefined

  constructor(l1: L1DataSource, provided: () => L1BlockRef | undefined) {
    this.#l1 = l1
    this.#provided = provided
  }

  async block(id: Hash | bigint, io: IoOptions): Promise<{ readonly hash: Hash; readonly header: Header } | undefined> {
    if (typeof id === 'string') return this.#l1.block(id, io)
    const provided = this.#provided()
    return provided?.number === id ? this.#l1.block(provided.hash, io) : undefined
  }

  receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined> {
    return this.#l1.receipts(hash, io)
  }

  transactions(hash: Hash, io: IoOptions): Promise<readonly Transaction[] | undefined> {
    return this.#l1.transactions(hash, io)
  }
}
