import { type EvmRules, l1EvmRules, opEvmRules } from '../evm/chain.ts'
import type { ExecutedTransaction } from '../evm/executor.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import { nextL1BaseFee, nextOpBaseFee } from '../protocol/base-fee.ts'
import { GAS_PER_BLOB, nextExcessBlobGas } from '../protocol/blob-fee.ts'
import { receiptsRoot, transactionsRoot, withdrawalsRoot } from '../protocol/block.ts'
import { requestsHash } from '../protocol/execution-requests.ts'
import { EMPTY_HEADER, type Header } from '../protocol/header.ts'
import { mergeBlooms } from '../protocol/receipt.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { Withdrawal } from '../protocol/withdrawal.ts'
import { type ChainKind, gethLine } from './chain-kind.ts'
import { blockFootprint } from './op-chain-rules.ts'
import { type PlacedCalls, simulationError } from './simulated-chain.ts'

/** A block with its hash. */
export interface HashedHeader {
  readonly hash: Hash
  readonly header: Header
}

/** What the headers of one simulation have in common. */
export interface HeaderContext {
  readonly kind: ChainKind
  /** The block that it begins on. */
  readonly base: Header
  /** That block's first transaction: on an OP-Stack chain the one with the attributes of L1. */
  readonly attributes: Transaction | undefined
  /** Whether blocks have the base fee that the chain would give them. */
  readonly validation: boolean
}

/** What ran in a simulated block, and what came of it. */
export interface SimulatedEnd {
  readonly executed: readonly Pick<ExecutedTransaction, 'transaction' | 'receipt'>[]
  readonly withdrawals: readonly Withdrawal[]
  readonly requests: readonly Uint8Array[]
  readonly stateRoot: Hash
  /** Storage root of the L2ToL1MessagePasser after the block. */
  readonly messagePasserRoot: Hash
}

function rulesAt(kind: ChainKind, timestamp: bigint): EvmRules {
  return kind.tag === 'op' ? opEvmRules(kind.forks, timestamp) : l1EvmRules(kind.config, timestamp)
}

/** wei per gas. The parameters of an OP-Stack chain stay those of the block that all begins on: simulated ones state none. */
function nextBaseFee({ kind, base }: HeaderContext, parent: Header, timestamp: bigint): bigint {
  if (kind.tag === 'l1') return nextL1BaseFee(parent)
  return nextOpBaseFee(kind.forks, kind.constants, { ...parent, extraData: base.extraData }, timestamp)
}

/** What is known of a simulated block before anything runs in it. @see geth, internal/ethapi makeHeaders */
export function openHeader(context: HeaderContext, parent: HashedHeader, { header: wanted }: PlacedCalls): Header {
  const { kind, validation } = context
  const { number, time: timestamp } = wanted
  const next = () => (validation ? nextBaseFee(context, parent.header, timestamp) : 0n)
  return {
    ...EMPTY_HEADER,
    parentHash: parent.hash,
    number,
    timestamp,
    beneficiary: wanted.feeRecipient ?? parent.header.beneficiary,
    gasLimit: wanted.gasLimit ?? parent.header.gasLimit,
    mixHash: wanted.prevRandao ?? ZERO_HASH,
    baseFeePerGas: wanted.baseFeePerGas ?? next(),
    ...(rulesAt(kind, timestamp).cancun && {
      excessBlobGas: kind.tag === 'op' ? 0n : nextExcessBlobGas(kind.config, parent.header, timestamp),
      parentBeaconBlockRoot: wanted.beaconRoot ?? ZERO_HASH,
    }),
  }
}

function blobGasUsed({ kind, attributes }: HeaderContext, { timestamp }: Header, transactions: readonly Transaction[]) {
  const blobs = transactions.reduce((sum, tx) => sum + (tx.type === 3 ? tx.blobVersionedHashes.length : 0), 0)
  if (kind.tag === 'l1' || blobs > 0 || !kind.forks.isActive('jovian', timestamp)) return BigInt(blobs) * GAS_PER_BLOB
  const footprint = blockFootprint(attributes === undefined ? transactions : [attributes, ...transactions])
  if (typeof footprint === 'bigint') return footprint
  throw simulationError('CALL_INVALID', `error calculating DA footprint: ${footprint}`)
}

/** Whether an OP-Stack block tells the storage root of its withdrawals. */
function tellsPasserRoot(kind: ChainKind, timestamp: bigint): boolean {
  return kind.tag === 'op' && kind.forks.isActive('isthmus', timestamp)
}

/** @throws AppError CALL_INVALID for withdrawals where no block has any */
export function checkWithdrawals(kind: ChainKind, timestamp: bigint, withdrawals: readonly Withdrawal[]): void {
  if (withdrawals.length === 0) return
  if (!rulesAt(kind, timestamp).shanghai) {
    throw simulationError('CALL_INVALID', 'withdrawals set before Shanghai activation')
  }
  if (tellsPasserRoot(kind, timestamp)) {
    throw simulationError('CALL_INVALID', 'expected non-nil empty withdrawals operation list in Isthmus')
  }
}

/** The header of a simulated block in which all has run. @throws AppError CALL_INVALID where it has no DA footprint */
export function sealHeader(context: HeaderContext, opened: Header, end: SimulatedEnd): Header {
  const { kind } = context
  const { timestamp } = opened
  const rules = rulesAt(kind, timestamp)
  const transactions = end.executed.map(({ transaction }) => transaction)
  const receipts = end.executed.map(({ receipt }) => receipt)
  return {
    ...opened,
    stateRoot: end.stateRoot,
    transactionsRoot: transactionsRoot(transactions.map(({ raw }) => raw)),
    receiptsRoot: receiptsRoot(receipts),
    logsBloom: mergeBlooms(receipts.map(({ logsBloom }) => logsBloom)),
    gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? 0n,
    // geth's simulated blocks have it at all times.
    withdrawalsRoot: tellsPasserRoot(kind, timestamp) ? end.messagePasserRoot : withdrawalsRoot(end.withdrawals),
    ...(rules.cancun && { blobGasUsed: blobGasUsed(context, opened, transactions) }),
    ...(rules.prague && { requestsHash: requestsHash(end.requests) }),
  }
}

/** What geth calls the chain id of a legacy transaction that nobody has signed. */
export function legacyChainId(kind: ChainKind, chainId: bigint): bigint {
  // The older line works it out from a v of 0, and ends below zero, so to speak.
  return gethLine(kind) === '1.17' ? chainId : ((1n << 64n) - 35n) / 2n
}
