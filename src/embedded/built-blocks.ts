import { LRUCache } from 'lru-cache'
import type { SealedBlock } from '../builder/service.ts'
import type { Hash } from '../primitives/hex.ts'
import { type Block, transactionsOf } from '../protocol/block.ts'
import { hashHeader } from '../protocol/header.ts'
import type { Payload } from '../protocol/payload.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { StateRoots } from '../state/root-pass.ts'

/** What running a block gave, as far as it is stored. */
export interface BlockResult {
  readonly receipts: readonly Receipt[]
  readonly newNodes: StateRoots['newNodes']
  readonly codes: ReadonlyMap<Hash, Uint8Array>
}

/** A block that was built here, with what running it gave. */
export interface BuiltBlock extends BlockResult {
  readonly block: Block
  /** The state that it ran on. */
  readonly parentRoot: Hash
}

/** A block is usually handed over as soon as it is sealed; what is not there any more runs again. */
const MAX_BLOCKS = 16

/**
 * Blocks that were built on this chain's states and sealed as they came out, so that their hashes stand for what running them
 * gives: importing them need not run them a second time. Blocks with headers that a caller made up are never here.
 */
export class BuiltBlocks {
  readonly #blocks = new LRUCache<Hash, BuiltBlock>({ max: MAX_BLOCKS })

  add(sealed: SealedBlock, state: Omit<BuiltBlock, 'block' | 'receipts'>): void {
    const { hash, header, transactions, withdrawals } = sealed
    const block: Block = {
      hash,
      header,
      transactions: transactionsOf(sealed),
      ...(withdrawals !== undefined && { withdrawals }),
    }
    this.#blocks.set(hash, { ...state, block, receipts: transactions.map(({ receipt }) => receipt) })
  }

  /** What running a block on a state gives; undefined when that is not known. */
  result({ hash, header }: Block, parentRoot: Hash): BlockResult | undefined {
    const built = this.#blocks.get(hash)
    if (built === undefined || built.parentRoot !== parentRoot) return undefined
    return built.block.header === header || hashHeader(header) === hash ? built : undefined
  }

  /** The block that a payload was made of in this process: of the very same objects, so that nothing has to be decoded. */
  blockOf({ hash, header, transactions }: Payload): Block | undefined {
    const block = this.#blocks.get(hash)?.block
    const same =
      block !== undefined &&
      block.header === header &&
      block.transactions.length === transactions.length &&
      block.transactions.every(({ raw }, index) => raw === transactions[index])
    return same ? block : undefined
  }

  /** To be called when the block is stored. */
  delete(hash: Hash): void {
    this.#blocks.delete(hash)
  }
}
