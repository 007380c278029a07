import { nextL1BaseFee, nextOpBaseFee } from '../protocol/base-fee.ts'
import { blobBaseFee, GAS_PER_BLOB, nextExcessBlobGas } from '../protocol/blob-fee.ts'
import type { Header } from '../protocol/header.ts'
import { blobParamsAt, type L1ChainConfig } from '../protocol/l1-chain.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { ChainKind } from './chain-kind.ts'

/** What blobs cost in a block and after it, wei per blob gas, and how full it is of them. */
export interface BlobFees {
  readonly baseFee: bigint
  readonly nextBaseFee: bigint
  readonly gasUsedRatio: number
}

const NO_BLOBS: BlobFees = { baseFee: 0n, nextBaseFee: 0n, gasUsedRatio: 0 }
/** OP-Stack headers have the fields of blobs, but never one: the price stays the least. */
const OP_BLOBS: BlobFees = { baseFee: 1n, nextBaseFee: 1n, gasUsedRatio: 0 }

/** The base fee of a block that follows one second later, wei per gas. */
export function nextBaseFee(kind: ChainKind, header: Header): bigint {
  if (kind.tag === 'l1') return nextL1BaseFee(header)
  return nextOpBaseFee(kind.forks, kind.constants, header, header.timestamp + 1n)
}

function l1BlobFees(config: L1ChainConfig, header: Header): BlobFees {
  const { timestamp, excessBlobGas, blobGasUsed } = header
  const params = blobParamsAt(config, timestamp)
  if (excessBlobGas === undefined || params === undefined) return NO_BLOBS
  // The next block's price by the rules of this one, as geth reckons it.
  const next = nextExcessBlobGas(config, header, timestamp)
  return {
    baseFee: blobBaseFee(excessBlobGas, params.updateFraction),
    nextBaseFee: blobBaseFee(next, params.updateFraction),
    gasUsedRatio: params.max === 0 ? 0 : Number(blobGasUsed ?? 0n) / Number(BigInt(params.max) * GAS_PER_BLOB),
  }
}

/** What blobs cost around a block; zeros before there are any. */
export function blobFees(kind: ChainKind, header: Header): BlobFees {
  if (kind.tag === 'l1') return l1BlobFees(kind.config, header)
  return header.excessBlobGas === undefined ? NO_BLOBS : OP_BLOBS
}

/** What a transaction of a block pays the block's maker, wei per gas; nothing for a deposit. */
export function effectiveTip(transaction: Transaction, baseFee: bigint): bigint {
  if (transaction.type === 0x7e) return 0n
  const { maxFeePerGas, maxPriorityFeePerGas } = transaction
  const left = maxFeePerGas - baseFee
  return left < maxPriorityFeePerGas ? left : maxPriorityFeePerGas
}
