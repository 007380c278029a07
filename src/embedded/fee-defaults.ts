import type { CallErrorCode } from '../evm/state-overrides.ts'
import { AppError } from '../primitives/errors.ts'
import { toQuantity } from '../primitives/hex.ts'
import type { CallArguments } from '../protocol/call-arguments.ts'

/** What a fee that is left out follows from. */
export interface FeeMarket {
  /** wei per gas */
  readonly baseFee: bigint
  /** wei per blob gas */
  readonly blobBaseFee: bigint
  readonly suggestTip: () => bigint
}

function invalid(message: string): AppError<CallErrorCode> {
  return new AppError('CALL_INVALID', { message })
}

/**
 * The call with fees like those of a transaction that a wallet would send.
 * @throws AppError CALL_INVALID in geth's words @see geth, internal/ethapi setFeeDefaults
 */
export function withFeeDefaults(args: CallArguments, market: FeeMarket): CallArguments {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, blobVersionedHashes } = args
  if (maxFeePerBlobGas === 0n) throw invalid('maxFeePerBlobGas, if specified, must be non-zero')
  const blobs =
    blobVersionedHashes !== undefined && maxFeePerBlobGas === undefined
      ? { maxFeePerBlobGas: market.blobBaseFee * 2n }
      : {}
  if (gasPrice !== undefined) {
    if (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined) {
      throw invalid('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
    }
    if (gasPrice === 0n) throw invalid('gasPrice must be non-zero after london fork')
    return { ...args, ...blobs }
  }
  const tip = maxPriorityFeePerGas ?? market.suggestTip()
  const cap = maxFeePerGas ?? tip + market.baseFee * 2n
  if (maxPriorityFeePerGas !== undefined && maxFeePerGas === 0n) throw invalid('maxFeePerGas must be non-zero')
  if (cap < tip) throw invalid(`maxFeePerGas (${toQuantity(cap)}) < maxPriorityFeePerGas (${toQuantity(tip)})`)
  return { ...args, ...blobs, maxFeePerGas: cap, maxPriorityFeePerGas: tip }
}
