import { z } from 'zod'
import type { FeeHistory } from '../../src/embedded/fee-history.ts'
import { toQuantity } from '../../src/primitives/hex.ts'
import type { BlockId } from '../../src/protocol/block-id.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { blockNumber, optional } from '../schema.ts'

/** What a chain's head says of prices, all in wei per gas. */
export interface FeeReads {
  /** A tip with which a transaction is likely to be taken. */
  suggestTip(): bigint
  /** The head's base fee. */
  baseFee(): bigint
  /** The head's blob base fee; undefined before there are blobs. */
  blobBaseFee(): bigint | undefined
  /** Undefined when no block is asked for. @throws AppError FEE_HISTORY_INVALID, BLOCK_NOT_FOUND in geth's words */
  history(blocks: bigint, last: BlockId, percentiles: readonly number[]): FeeHistory | undefined
}

const MAX_UINT64 = (1n << 64n) - 1n

/** A number of blocks, as hex, in decimal or as a JSON number: geth takes all three. */
const blockCount = z.union([z.string(), z.number()]).transform((given, context) => {
  const text = String(given)
  if (/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) {
    const count = BigInt(text)
    if (count <= MAX_UINT64) return count
  }
  context.addIssue(`invalid hex or decimal integer ${JSON.stringify(text)}`)
  return z.NEVER
})

function historyToJson(history: FeeHistory | undefined): unknown {
  if (history === undefined) return { oldestBlock: '0x0', gasUsedRatio: null }
  return {
    oldestBlock: toQuantity(history.oldestBlock),
    ...(history.rewards && { reward: history.rewards.map((row) => row.map(toQuantity)) }),
    baseFeePerGas: history.baseFees.map(toQuantity),
    gasUsedRatio: history.gasUsedRatios,
    baseFeePerBlobGas: history.blobBaseFees.map(toQuantity),
    blobGasUsedRatio: history.blobGasUsedRatios,
  }
}

/** Prices, as geth and op-geth tell them. */
export function ethFeeMethods(fees: FeeReads): readonly Method[] {
  const price = z.string().meta({ description: 'wei per gas, a quantity' })
  return [
    defineMethod({
      name: 'eth_gasPrice',
      summary: 'A price with which a legacy transaction is likely to be taken: the base fee and a tip',
      params: z.tuple([]),
      paramNames: [],
      result: price,
      handler: () => toQuantity(fees.suggestTip() + fees.baseFee()),
    }),
    defineMethod({
      name: 'eth_maxPriorityFeePerGas',
      summary: 'A tip with which a transaction is likely to be taken',
      params: z.tuple([]),
      paramNames: [],
      result: price,
      handler: () => toQuantity(fees.suggestTip()),
    }),
    defineMethod({
      name: 'eth_blobBaseFee',
      summary: 'The head’s blob base fee',
      params: z.tuple([]),
      paramNames: [],
      result: price.nullable(),
      handler() {
        const fee = fees.blobBaseFee()
        return fee === undefined ? null : toQuantity(fee)
      },
    }),
    defineMethod({
      name: 'eth_feeHistory',
      summary: 'Prices and fullness of the blocks up to one, and tips at percentiles of their gas',
      params: z.tuple([blockCount, blockNumber, optional(z.array(z.number()))]),
      paramNames: ['blocks', 'last', 'percentiles'],
      result: described('fee history'),
      handler: ([count, last, percentiles]) => historyToJson(fees.history(count, last, percentiles ?? [])),
    }),
  ]
}
