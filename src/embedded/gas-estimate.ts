import { MAX_TX_GAS } from '../evm/message-checks.ts'
import type { CallOutcome, ScratchBlock } from '../evm/scratch-block.ts'
import type { CallErrorCode } from '../evm/state-overrides.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { GAS_PER_BLOB } from '../protocol/blob-fee.ts'
import { CALL_POLICY, type PricedMessage } from './call-message.ts'

const TX_GAS = 21_000n
const CALL_STIPEND = 2_300n
/** The share by which an estimate may be above the least gas that suffices. */
const ERROR_RATIO = 0.015

const OUT_OF_GAS = 'out of gas'

/** What a message needs, or the data that it reverts with however much it has. */
export type Estimate =
  | { readonly tag: 'gas'; readonly gas: bigint }
  | { readonly tag: 'reverted'; readonly data: Uint8Array }

/** Undefined: it has too little gas to begin, or more than a transaction may have. */
type Attempt = CallOutcome | undefined

function invalid(message: string): AppError<CallErrorCode> {
  return new AppError('CALL_INVALID', { message })
}

async function attempt(block: ScratchBlock, { message, gasPrice }: PricedMessage, gas: bigint): Promise<Attempt> {
  const mark = block.overlay.mark()
  try {
    return await block.call({ ...message, gasLimit: gas }, { gasPrice, gasPool: gas, policy: CALL_POLICY })
  } catch (error) {
    if (!isAppError(error, 'TX_REFUSED')) throw error
    const reason = error.data?.reason
    if (reason === 'intrinsicGasTooLow' || reason === 'gasLimitTooHigh') return undefined
    throw invalid(`failed with ${gas} gas: ${error.message}`)
  } finally {
    block.overlay.revertTo(mark)
  }
}

const succeeds = (outcome: Attempt): boolean => outcome?.status === 1

/** The gas that the sender can pay for, beside the value and the blobs. */
async function affordable(block: ScratchBlock, { message }: PricedMessage): Promise<bigint | undefined> {
  const { maxFeePerGas, value, sender, blobVersionedHashes = [], maxFeePerBlobGas = 0n } = message
  if (maxFeePerGas === 0n) return undefined
  let available = (await block.overlay.account(sender))?.balance ?? 0n
  if (value >= available) throw invalid('insufficient funds for transfer')
  available -= value
  if (blobVersionedHashes.length > 0 && block.rules.cancun) {
    const blobs = BigInt(blobVersionedHashes.length) * GAS_PER_BLOB * maxFeePerBlobGas
    if (blobs >= available) throw invalid('insufficient funds for gas * price + value')
    available -= blobs
  }
  return available / maxFeePerGas
}

async function isPlainTransfer(block: ScratchBlock, { message: { to, data } }: PricedMessage): Promise<boolean> {
  if (to === undefined || data.length > 0) return false
  const account = await block.overlay.account(to)
  return account === undefined || account.codeHash === KECCAK_EMPTY
}

const least = (a: bigint, b: bigint | undefined): bigint => (b !== undefined && b < a ? b : a)

/**
 * The least gas limit that a message succeeds with, within geth's tolerance: as geth finds it, so that the number is the same.
 * @param block with all overrides made; left as it is
 * @param blockGasLimit gas, of the block that the call was made on
 * @param gasCap the most that is tried
 * @throws AppError CALL_INVALID @see geth, eth/gasestimator
 */
export async function estimateGas(
  block: ScratchBlock,
  priced: PricedMessage,
  blockGasLimit: bigint,
  gasCap: bigint,
): Promise<Estimate> {
  const { gasLimit } = priced.message
  let high = gasLimit >= TX_GAS ? gasLimit : blockGasLimit
  if (block.rules.osaka) high = least(high, MAX_TX_GAS)
  high = least(least(high, await affordable(block, priced)), gasCap)
  if (await isPlainTransfer(block, priced)) {
    const transfer = await attempt(block, priced, TX_GAS).catch((error: unknown) => {
      // What forbids it is told by the attempt with all of the gas.
      if (isAppError(error, 'CALL_INVALID')) return undefined
      throw error
    })
    if (succeeds(transfer)) return { tag: 'gas', gas: TX_GAS }
  }
  const first = await attempt(block, priced, high)
  if (first?.reverted) return { tag: 'reverted', data: first.returnValue }
  const error = first === undefined ? OUT_OF_GAS : first.error
  if (first === undefined || error !== undefined) {
    throw invalid(error?.startsWith(OUT_OF_GAS) ? `gas required exceeds allowance (${high})` : `${error}`)
  }
  let low = first.gasUsed - 1n
  const optimistic = ((first.maxGasUsed + CALL_STIPEND) * 64n) / 63n
  if (optimistic < high) {
    if (succeeds(await attempt(block, priced, optimistic))) high = optimistic
    else low = optimistic
  }
  while (low + 1n < high) {
    if (Number(high - low) / Number(high) < ERROR_RATIO) break
    const middle = low + (high - low) / 2n
    const gas = middle > low * 2n ? low * 2n : middle
    if (succeeds(await attempt(block, priced, gas))) high = gas
    else low = gas
  }
  return { tag: 'gas', gas: high }
}
