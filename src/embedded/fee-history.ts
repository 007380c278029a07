import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { type BlockId, LATEST } from '../protocol/block-id.ts'
import type { Header } from '../protocol/header.ts'
import { resolveBlock } from './block-lookup.ts'
import { type BlobFees, blobFees, effectiveTip, nextBaseFee } from './chain-fees.ts'
import type { ChainKind } from './chain-kind.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'
import type { ReadErrorCode } from './read-errors.ts'

/** What {@link feeHistory} tells. Prices in wei per gas; they go one block further than the rest. */
export interface FeeHistory {
  readonly oldestBlock: bigint
  readonly baseFees: readonly bigint[]
  readonly gasUsedRatios: readonly number[]
  readonly blobBaseFees: readonly bigint[]
  readonly blobGasUsedRatios: readonly number[]
  /** By block, then by percentile; absent when none was asked for. */
  readonly rewards?: readonly (readonly bigint[])[]
}

/** geth's limits: blocks, and percentiles. */
const MAX_BLOCKS = 1024n
const MAX_PERCENTILES = 100

function invalid(message: string): never {
  throw new AppError<ReadErrorCode>('FEE_HISTORY_INVALID', { message })
}

function checkPercentiles(percentiles: readonly number[]): void {
  const fault = 'invalid reward percentile'
  if (percentiles.length > MAX_PERCENTILES) invalid(`${fault}: over the query limit ${MAX_PERCENTILES}`)
  for (const [at, value] of percentiles.entries()) {
    if (value < 0 || value > 100) invalid(`${fault}: ${value.toFixed(6)}`)
    const before = percentiles[at - 1]
    if (before !== undefined && value <= before) {
      invalid(`${fault}: #${at - 1}:${before.toFixed(6)} >= #${at}:${value.toFixed(6)}`)
    }
  }
}

/** The tips at percentiles of a block's gas; zeros where no transaction is. */
function rewards(chain: ChainStore, hash: Hash, percentiles: readonly number[]): bigint[] {
  const block = chain.block(hash)
  const receipts = chain.receipts(hash)
  if (block === undefined || receipts === undefined) throw unknownBlock(hash)
  const { header, transactions } = block
  const paid = transactions.map((transaction, at) => ({
    gasUsed: (receipts[at]?.cumulativeGasUsed ?? 0n) - (receipts[at - 1]?.cumulativeGasUsed ?? 0n),
    tip: effectiveTip(transaction, header.baseFeePerGas ?? 0n),
  }))
  paid.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0))
  let at = 0
  let sum = paid[0]?.gasUsed ?? 0n
  return percentiles.map((percentile) => {
    const threshold = BigInt(Math.trunc((Number(header.gasUsed) * percentile) / 100))
    while (sum < threshold && at < paid.length - 1) sum += paid[++at]?.gasUsed ?? 0n
    return paid[at]?.tip ?? 0n
  })
}

/**
 * Prices and fullness of the canonical blocks up to one, as geth tells them.
 * @param blocks how many; more than there are, or than geth tells of, are left out
 * @param percentiles of each block's gas, rising, from 0 to 100
 * @returns undefined when no block is asked for
 * @throws AppError FEE_HISTORY_INVALID, BLOCK_NOT_FOUND in geth's words
 * @see geth, eth/gasprice FeeHistory
 */
export function feeHistory(
  chain: ChainStore,
  kind: ChainKind,
  blocks: bigint,
  last: BlockId,
  percentiles: readonly number[],
): FeeHistory | undefined {
  if (blocks < 1n) return undefined
  checkPercentiles(percentiles)
  const head = headerOf(chain, resolveBlock(chain, LATEST)).number
  if (last.tag === 'number' && last.number > head) {
    invalid(`request beyond head block: requested ${last.number}, head ${head}`)
  }
  const newest = headerOf(chain, resolveBlock(chain, last)).number
  const first = headerOf(chain, chain.genesis).number
  const wanted = [blocks, MAX_BLOCKS, newest + 1n - first].reduce((a, b) => (a < b ? a : b))
  const oldestBlock = newest + 1n - wanted
  const hashes = Array.from({ length: Number(wanted) }, (_, at) =>
    resolveBlock(chain, { tag: 'number', number: oldestBlock + BigInt(at) }),
  )
  const headers = hashes.map((hash) => headerOf(chain, hash))
  const blobs = headers.map((header) => blobFees(kind, header))
  const newestHeader = headers.at(-1) as Header
  const history: FeeHistory = {
    oldestBlock,
    baseFees: [...headers.map(({ baseFeePerGas }) => baseFeePerGas ?? 0n), nextBaseFee(kind, newestHeader)],
    gasUsedRatios: headers.map(({ gasUsed, gasLimit }) => Number(gasUsed) / Number(gasLimit)),
    blobBaseFees: [...blobs.map(({ baseFee }) => baseFee), (blobs.at(-1) as BlobFees).nextBaseFee],
    blobGasUsedRatios: blobs.map(({ gasUsedRatio }) => gasUsedRatio),
  }
  if (percentiles.length === 0) return history
  return { ...history, rewards: hashes.map((hash) => rewards(chain, hash, percentiles)) }
}

function headerOf(chain: ChainStore, hash: Hash): Header {
  const header = chain.header(hash)
  if (header === undefined) throw unknownBlock(hash)
  return header
}
