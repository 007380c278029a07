import type { BlockId } from '../protocol/block-id.ts'
import type { Header } from '../protocol/header.ts'
import { blobFees } from './chain-fees.ts'
import type { ChainKind } from './chain-kind.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'
import { type FeeHistory, feeHistory } from './fee-history.ts'
import { TipOracle } from './tip-oracle.ts'

/** What a chain's head says of prices, all in wei per gas. */
export class FeeReads {
  readonly #chain: ChainStore
  readonly #kind: ChainKind
  readonly #oracle: TipOracle

  constructor(chain: ChainStore, kind: ChainKind) {
    this.#chain = chain
    this.#kind = kind
    this.#oracle = new TipOracle(chain, kind)
  }

  /** A tip with which a transaction is likely to be taken. */
  suggestTip(): bigint {
    return this.#oracle.suggest()
  }

  /** The head's base fee. */
  baseFee(): bigint {
    return this.#head().baseFeePerGas ?? 0n
  }

  /** The head's blob base fee; undefined before there are blobs. */
  blobBaseFee(): bigint | undefined {
    const header = this.#head()
    return header.excessBlobGas === undefined ? undefined : blobFees(this.#kind, header).baseFee
  }

  /** {@link feeHistory} of the chain. @throws AppError FEE_HISTORY_INVALID, BLOCK_NOT_FOUND in geth's words */
  history(blocks: bigint, last: BlockId, percentiles: readonly number[]): FeeHistory | undefined {
    return feeHistory(this.#chain, this.#kind, blocks, last, percentiles)
  }

  #head(): Header {
    const { head } = this.#chain.labels
    const header = this.#chain.header(head)
    if (header === undefined) throw unknownBlock(head)
    return header
  }
}
