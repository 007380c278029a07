import { maxSequencerDrift } from '../../../src/derive/limits.ts'
import { concatBytes } from '../../../src/primitives/hex.ts'
import { prepareAttributes } from '../../../src/protocol/attributes.ts'
import { encodeSigned } from '../../../src/protocol/transaction-encoding.ts'
import { L1_CHAIN } from './chain-rules.ts'
import type { L1Block, L1Model } from './l1-model.ts'
import { INVALID_MARK, type L2Block, type L2Blocks } from './l2-blocks.ts'
import type { Oracle } from './oracle.ts'

/** How a sequencer makes its next block. */
export interface SequencedBlock {
  readonly transactions: number
  /** Takes the next L1 origin where it may; where it must, it always does. */
  readonly advance: boolean
  /** L1 blocks behind the head that it does not look at. */
  readonly depth: number
}

/** As good as any: nobody looks at the signatures of what is in a batch. */
export function userTransaction(nonce: number, invalid = false): Uint8Array {
  const data = invalid ? concatBytes(new Uint8Array(3), INVALID_MARK) : new Uint8Array(nonce % 7)
  const fields = { chainId: 901n, nonce: BigInt(nonce), gasLimit: 21_000n, to: undefined, value: 1n, data }
  const signature = { yParity: 1, r: 5n, s: 6n } as const
  if (nonce % 2 === 0) return encodeSigned({ ...fields, type: 0, gasPrice: 1n }, signature)
  const fees = { maxFeePerGas: 2n, maxPriorityFeePerGas: 1n, accessList: [] }
  return encodeSigned({ ...fields, type: 2, ...fees }, signature)
}

/** The node that makes the blocks: it follows L1 without any fault, and builds on what is safe where its own blocks were not. */
export class SequencerModel {
  readonly #blocks: L2Blocks
  readonly #l1: L1Model
  readonly #oracle: Oracle
  #chain: L2Block[]
  #nonce = 0

  constructor(blocks: L2Blocks, l1: L1Model, oracle: Oracle) {
    this.#blocks = blocks
    this.#l1 = l1
    this.#oracle = oracle
    this.#chain = [blocks.genesis]
  }

  get head(): L2Block {
    return this.#chain.at(-1) as L2Block
  }

  /** By number, from genesis on. */
  get chain(): readonly L2Block[] {
    return this.#chain
  }

  has(block: L2Block): boolean {
    return this.#chain[Number(block.ref.number)] === block
  }

  /** Gives up blocks whose origins are gone from L1, and those that are not what is safe. */
  reorganize(): void {
    while (!this.#l1.isCanonical(this.head.ref.l1Origin)) this.#chain.pop()
    const { safeHead, safeChain } = this.#oracle
    if (this.has(safeHead)) return
    // A safe block after the head, or beside it.
    const fits = this.head.ref.number < safeHead.ref.number && safeChain[this.#chain.length - 1] === this.head
    this.#chain = fits ? [...this.#chain, ...safeChain.slice(this.#chain.length)] : [...safeChain]
  }

  /** Makes a block on the head. */
  build(plan: SequencedBlock): L2Block {
    const block = this.#build(this.head, plan, (count) =>
      Array.from({ length: count }, () => userTransaction(this.#nonce++)),
    )
    this.#chain.push(block)
    return block
  }

  /** A block beside the head that is not its own. @param invalid one that no engine takes */
  rival(plan: SequencedBlock, invalid: boolean): L2Block {
    const parent = this.#chain.at(-2) ?? this.head
    return this.#build(parent, plan, (count) =>
      Array.from({ length: count + 1 }, () => userTransaction(1_000_000 + this.#nonce++, invalid)),
    )
  }

  #build(parent: L2Block, plan: SequencedBlock, transactions: (count: number) => Uint8Array[]): L2Block {
    const { config } = this.#blocks
    const timestamp = parent.ref.timestamp + config.blockTime
    const origin = this.#origin(parent, timestamp, plan)
    const { attributes } = prepareAttributes({
      ...{ config, l1Chain: L1_CHAIN, parent: parent.ref, systemConfig: parent.systemConfig },
      origin: { hash: origin.ref.hash, header: origin.header, receipts: origin.receipts },
    })
    const late = timestamp > origin.ref.timestamp + maxSequencerDrift(config, origin.ref.timestamp)
    const forks = (['ecotone', 'fjord', 'isthmus', 'jovian'] as const).some((fork) =>
      config.forks.isActivationBlock(fork, timestamp, config.blockTime),
    )
    const added = late || forks ? [] : transactions(plan.transactions)
    return this.#blocks.build(parent, { ...attributes, transactions: [...attributes.transactions, ...added] })
  }

  #origin(parent: L2Block, timestamp: bigint, { advance, depth }: SequencedBlock): L1Block {
    const current = this.#l1.byHash(parent.ref.l1Origin.hash) as L1Block
    const next = this.#l1.byNumber(current.ref.number + 1n)
    if (next === undefined || next.parent !== current || next.ref.timestamp > timestamp) return current
    const must = timestamp > current.ref.timestamp + maxSequencerDrift(this.#blocks.config, current.ref.timestamp)
    const may = advance && next.ref.number + BigInt(depth) <= this.#l1.head.ref.number
    return must || may ? next : current
  }
}
