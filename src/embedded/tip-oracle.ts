import type { Hash } from '../primitives/hex.ts'
import type { Block } from '../protocol/block.ts'
import type { Receipt } from '../protocol/receipt.ts'
import { effectiveTip } from './chain-fees.ts'
import type { ChainKind } from './chain-kind.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'

/** Blocks that are sampled, transactions in each, and which of the sorted tips is suggested: geth's defaults. */
const SAMPLED_BLOCKS = 20
const SAMPLED_TRANSACTIONS = 3
const PERCENTILE = 60
/** wei per gas */
const IGNORED_BELOW = 2n
const MAX_SUGGESTION = 500_000_000_000n
/** What L1 suggests before any transaction was seen: geth's least price for its own blocks. */
const FIRST_SUGGESTION = 1_000_000n
/** The least that op-geth suggests. */
const OP_MINIMUM = 1_000_000n

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** The cheapest tips of a block that say something: not dust, and not of the block's own maker. */
function cheapestTips({ header, transactions }: Block): bigint[] {
  const baseFee = header.baseFeePerGas ?? 0n
  return transactions
    .filter(({ sender }) => sender !== header.beneficiary)
    .map((transaction) => effectiveTip(transaction, baseFee))
    .filter((tip) => tip >= IGNORED_BELOW)
    .sort(ascending)
    .slice(0, SAMPLED_TRANSACTIONS)
}

/** A tenth above the median where the block had no room for another transaction like its largest. */
function opSuggestion({ header, transactions }: Block, receipts: readonly Receipt[]): bigint {
  let before = 0n
  let largest = 0n
  for (const { cumulativeGasUsed } of receipts) {
    const used = cumulativeGasUsed - before
    if (used > largest) largest = used
    before = cumulativeGasUsed
  }
  if (header.gasUsed + largest <= header.gasLimit) return OP_MINIMUM
  const tips = transactions.map((transaction) => effectiveTip(transaction, header.baseFeePerGas ?? 0n)).sort(ascending)
  const median = tips[Math.floor(tips.length / 2)] ?? 0n
  const raised = median + median / 10n
  return raised > OP_MINIMUM ? raised : OP_MINIMUM
}

/** Suggests tips as geth and op-geth do. One suggestion holds for one head; L1's depend on those before. */
export class TipOracle {
  readonly #chain: ChainStore
  readonly #kind: ChainKind
  #last: { readonly head: Hash | undefined; readonly tip: bigint } = { head: undefined, tip: FIRST_SUGGESTION }

  constructor(chain: ChainStore, kind: ChainKind) {
    this.#chain = chain
    this.#kind = kind
  }

  /** A tip with which a transaction is likely to stand in the next blocks, wei per gas. */
  suggest(): bigint {
    const { head } = this.#chain.labels
    if (head !== this.#last.head) this.#last = { head, tip: least(this.#fresh(head), MAX_SUGGESTION) }
    return this.#last.tip
  }

  #fresh(head: Hash): bigint {
    const block = this.#block(head)
    if (this.#kind.tag === 'op') return opSuggestion(block, this.#chain.receipts(head) ?? [])
    return this.#sampled(block)
  }

  /** @see geth, eth/gasprice SuggestTipCap */
  #sampled(head: Block): bigint {
    const tips: bigint[] = []
    // The first block, and what a chain that grew out of another one does not have, say nothing.
    let block = head.hash === this.#chain.genesis ? undefined : head
    let wanted = SAMPLED_BLOCKS
    for (let seen = 0; seen < wanted && block !== undefined; seen++) {
      const found = cheapestTips(block)
      // A block that says nothing counts as the last suggestion; one that says little is made up for by another.
      if (found.length === 0) found.push(this.#last.tip)
      const open = wanted - seen - 1
      if (found.length === 1 && tips.length + 1 + open < SAMPLED_BLOCKS * 2) wanted++
      tips.push(...found)
      const { parentHash } = block.header
      block = parentHash === this.#chain.genesis ? undefined : this.#block(parentHash)
    }
    tips.sort(ascending)
    return tips[Math.floor(((tips.length - 1) * PERCENTILE) / 100)] ?? this.#last.tip
  }

  #block(hash: Hash): Block {
    const block = this.#chain.block(hash)
    if (block === undefined) throw unknownBlock(hash)
    return block
  }
}
