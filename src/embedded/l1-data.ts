import type { L1DataSource } from '../derive/ports.ts'
import type { L1Labels, L1Refs, L1View } from '../driver/ports.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { Header } from '../protocol/header.ts'
import type { Receipt } from '../protocol/receipt.ts'
import { blockRef, type L1BlockRef } from '../protocol/refs.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { ChainStore } from './chain-store.ts'

/** An L1 in this process, as derivation and the driver read it. */
export class EmbeddedL1Data implements L1DataSource, L1Refs, L1Labels {
  readonly #chain: ChainStore

  constructor(chain: ChainStore) {
    this.#chain = chain
  }

  async block(id: Hash | bigint): Promise<{ readonly hash: Hash; readonly header: Header } | undefined> {
    const hash = typeof id === 'bigint' ? this.#chain.canonicalHash(id) : id
    const header = hash && this.#chain.header(hash)
    return hash && header && { hash, header }
  }

  async receipts(hash: Hash): Promise<readonly Receipt[] | undefined> {
    return this.#chain.receipts(hash)
  }

  async transactions(hash: Hash): Promise<readonly Transaction[] | undefined> {
    return this.#chain.block(hash)?.transactions
  }

  async ref(id: Hash | bigint): Promise<L1BlockRef | undefined> {
    const block = await this.block(id)
    return block && blockRef(block)
  }

  async read(): Promise<L1View> {
    const { head, safe, finalized } = this.#chain.labels
    const labelled = (hash: Hash) => (hash === ZERO_HASH ? undefined : this.ref(hash))
    return { head: await labelled(head), safe: await labelled(safe), finalized: await labelled(finalized) }
  }
}
