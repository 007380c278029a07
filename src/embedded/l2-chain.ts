import type { L2Chain } from '../driver/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Block } from '../protocol/block.ts'
import { l2BlockRef, systemConfigOfBlock } from '../protocol/l2-block.ts'
import { type Payload, payloadOf } from '../protocol/payload.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { SystemConfig } from '../protocol/system-config.ts'
import type { ChainStore } from './chain-store.ts'

/** Blocks of an L2 chain in this process as derivation and the driver read them. */
export class EmbeddedL2Chain implements L2Chain {
  readonly #chain: ChainStore
  readonly #config: RollupConfig

  constructor(chain: ChainStore, config: RollupConfig) {
    this.#chain = chain
    this.#config = config
  }

  async ref(id: Hash | bigint, _io: IoOptions): Promise<L2BlockRef | undefined> {
    return this.#ref(this.#block(id))
  }

  async systemConfig(hash: Hash, _io: IoOptions): Promise<SystemConfig | undefined> {
    const block = this.#block(hash)
    return block && systemConfigOfBlock(this.#config, block)
  }

  async block(
    number: bigint,
    _io: IoOptions,
  ): Promise<{ readonly ref: L2BlockRef; readonly transactions: readonly Uint8Array[] } | undefined> {
    const block = this.#block(number)
    return block && { ref: l2BlockRef(this.#config, block), transactions: block.transactions.map(({ raw }) => raw) }
  }

  async labelled(label: 'latest' | 'safe' | 'finalized', _io: IoOptions): Promise<L2BlockRef | undefined> {
    const hash = this.#chain.labels[label === 'latest' ? 'head' : label]
    return hash === ZERO_HASH ? undefined : this.#ref(this.#block(hash))
  }

  async payload(id: Hash | bigint, _io: IoOptions): Promise<Payload | undefined> {
    const block = this.#block(id)
    return block && payloadOf(block)
  }

  #block(id: Hash | bigint): Block | undefined {
    const hash = typeof id === 'bigint' ? this.#chain.canonicalHash(id) : id
    return hash && this.#chain.block(hash)
  }

  #ref(block: Block | undefined): L2BlockRef | undefined {
    return block && l2BlockRef(this.#config, block)
  }
}
