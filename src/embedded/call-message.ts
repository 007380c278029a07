import type { Message, MessagePolicy } from '../evm/message.ts'
import type { CallErrorCode } from '../evm/state-overrides.ts'
import { AppError } from '../primitives/errors.ts'
import { EMPTY_BYTES, ZERO_ADDRESS } from '../primitives/hex.ts'
import type { CallArguments } from '../protocol/call-arguments.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import { unsignedTransaction } from '../protocol/unsigned-transaction.ts'

/** As much gas as geth lets a call have. */
export const RPC_GAS_CAP = 50_000_000n
/** As many milliseconds as geth lets a call take. */
export const CALL_TIME_MS = 5_000
/** What geth says of a call that took longer. */
export const CALL_TIMED_OUT = 'execution aborted (timeout = 5s)'

/** A call need not be what the chain would take: nobody has signed it. */
export const CALL_POLICY: MessagePolicy = {
  nonce: false,
  gasCap: false,
  ofNoContract: false,
  freeWithoutFees: true,
}

/** A message with what it pays. */
export interface PricedMessage {
  readonly message: Message
  /** wei per gas */
  readonly gasPrice: bigint
  /** Whether it says its price in the legacy way. */
  readonly legacy: boolean
}

function invalid(message: string): AppError<CallErrorCode> {
  return new AppError('CALL_INVALID', { message })
}

/** wei per gas: nothing for a message that offers nothing, whatever the base fee is. */
function priceOf(maxFeePerGas: bigint, tip: bigint, baseFee: bigint): bigint {
  if (maxFeePerGas === 0n && tip === 0n) return 0n
  return tip + baseFee < maxFeePerGas ? tip + baseFee : maxFeePerGas
}

/** What a message takes from where it runs. */
export interface MessageDefaults {
  /** What it has when it does not say. */
  readonly gas: bigint
  /** The most that it may have; undefined: as much as it says. */
  readonly gasCap: bigint | undefined
  /** wei per gas, of the block that the call was made on */
  readonly baseFee: bigint
  readonly chainId: bigint
}

/**
 * The message that a call's arguments stand for.
 * @throws AppError CALL_INVALID in geth's words
 * @see geth, internal/ethapi CallDefaults and ToMessage
 */
export function messageOf(args: CallArguments, { gas, gasCap, baseFee, chainId }: MessageDefaults): PricedMessage {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, blobVersionedHashes, maxFeePerBlobGas, authorizationList } =
    args
  if (gasPrice !== undefined && (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined)) {
    throw invalid('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
  }
  if (args.chainId !== undefined && args.chainId !== chainId) {
    throw invalid(`chainId does not match node's (have=${args.chainId}, want=${chainId})`)
  }
  const wanted = args.gas ?? gas
  const cap = gasPrice ?? maxFeePerGas ?? 0n
  const tip = gasPrice ?? maxPriorityFeePerGas ?? 0n
  const blobCap = maxFeePerBlobGas ?? (blobVersionedHashes === undefined ? undefined : 0n)
  return {
    message: {
      sender: args.from ?? ZERO_ADDRESS,
      to: args.to,
      value: args.value ?? 0n,
      gasLimit: gasCap !== undefined && gasCap < wanted ? gasCap : wanted,
      data: args.data ?? EMPTY_BYTES,
      nonce: args.nonce ?? 0n,
      maxFeePerGas: cap,
      maxPriorityFeePerGas: tip,
      accessList: args.accessList ?? [],
      ...(blobVersionedHashes !== undefined && { blobVersionedHashes }),
      ...(blobCap !== undefined && { maxFeePerBlobGas: blobCap }),
      ...(authorizationList !== undefined && { authorizationList }),
    },
    gasPrice: gasPrice ?? priceOf(cap, tip, baseFee),
    legacy: gasPrice !== undefined,
  }
}

/** The transaction that a message would be if somebody signed it. */
export function wouldBeTransaction({ message, legacy }: PricedMessage, chainId: bigint): SignedTransaction {
  const { authorizationList, blobVersionedHashes } = message
  const typed = authorizationList !== undefined ? 4 : blobVersionedHashes !== undefined ? 3 : 2
  return unsignedTransaction({ ...message, type: legacy ? 0 : typed, chainId })
}
