import { AppError, errorMessage } from '../primitives/errors.ts'
import { type Address, bytesToBigInt, bytesToHex, type Hash, toWord, ZERO_HASH } from '../primitives/hex.ts'
import { decodeAttributesParams } from './extra-data.ts'
import type { Log, Receipt } from './receipt.ts'
import { isEcotoneScalar, type SystemConfig, type SystemConfigErrorCode } from './system-config.ts'

/** keccak of `ConfigUpdate(uint256,uint8,bytes)`. */
export const CONFIG_UPDATE_TOPIC: Hash = '0x1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be'

/** A configuration event that was passed over. */
export interface SkippedConfigUpdate {
  /** Position of the receipt in its block, and of the log in the receipt. */
  readonly receipt: number
  readonly log: number
  readonly reason: string
}

function malformed(what: string): never {
  throw new AppError<SystemConfigErrorCode>('SYSTEM_CONFIG_INVALID', {
    message: `error parsing system config: ${what}`,
  })
}

/** The words of an ABI-encoded `bytes` argument that holds exactly `count` of them. */
function payload(data: Uint8Array, count: number): Uint8Array[] {
  const word = (index: number): Uint8Array => data.subarray(index * 32, index * 32 + 32)
  if (data.length < 32 || bytesToBigInt(word(0)) !== 32n) malformed('invalid pointer field')
  if (data.length < 64 || bytesToBigInt(word(1)) !== BigInt(count * 32)) malformed('invalid length field')
  if (data.length < 64 + count * 32) malformed('payload is too short')
  if (data.length > 64 + count * 32) malformed('too many bytes')
  return Array.from({ length: count }, (_, index) => word(index + 2))
}

/** The last `size` bytes of a word whose other bytes are zero. */
function narrow(word: Uint8Array | undefined, size: number, what: string): Uint8Array {
  if (word === undefined || word.subarray(0, 32 - size).some((byte) => byte !== 0)) malformed(`could not read ${what}`)
  return word.subarray(32 - size)
}

/** The decoder of each update type, by its number. Each gives the fields that it changes. */
const UPDATES: readonly ((data: Uint8Array, ecotone: boolean) => Partial<SystemConfig>)[] = [
  (data) => ({ batcherAddress: bytesToHex(narrow(payload(data, 1)[0], 20, 'address')) }),
  (data, ecotone) => {
    const [overhead, scalar] = payload(data, 2).map(bytesToHex) as [Hash, Hash]
    if (!ecotone) return { overhead, scalar }
    // From Ecotone a scalar that is not understood is not an error: it changes nothing.
    return isEcotoneScalar(scalar) ? { overhead: ZERO_HASH, scalar } : {}
  },
  (data) => ({ gasLimit: bytesToBigInt(narrow(payload(data, 1)[0], 8, 'gas limit')) }),
  // The signer of unsafe blocks is no part of derivation; its data is not even looked at.
  () => ({}),
  (data) => {
    const params = (payload(data, 1)[0] as Uint8Array).slice(24)
    decodeAttributesParams(params)
    return { eip1559Params: params }
  },
  (data) => ({ operatorFeeParams: bytesToHex(payload(data, 1)[0] as Uint8Array) }),
  (data) => ({ minBaseFee: bytesToBigInt(narrow(payload(data, 1)[0], 8, 'minBaseFee')) }),
  (data) => {
    const scalar = narrow(payload(data, 1)[0], 2, 'DA footprint gas scalar')
    return { daFootprintGasScalar: Number(bytesToBigInt(scalar)) }
  },
]

/**
 * Applies one ConfigUpdate event.
 * @param ecotone whether Ecotone's rules hold at the time of the L1 block
 * @throws AppError SYSTEM_CONFIG_INVALID or EIP1559_PARAMS_INVALID; such an event is to be passed over
 */
export function applyConfigUpdate(
  config: SystemConfig,
  log: Pick<Log, 'topics' | 'data'>,
  ecotone: boolean,
): SystemConfig {
  const [topic, version, type] = log.topics
  if (log.topics.length !== 3) malformed(`expected 3 event topics, got ${log.topics.length}`)
  if (topic !== CONFIG_UPDATE_TOPIC) malformed(`invalid event: ${topic}`)
  if (version !== ZERO_HASH) malformed(`unknown event version: ${version}`)
  const kind = UPDATES.findIndex((_, index) => toWord(BigInt(index)) === type)
  const update = UPDATES[kind]
  if (update === undefined) malformed(`unknown event type: ${type}`)
  return { ...config, ...update(log.data, ecotone) }
}

/**
 * Applies the configuration events of an L1 block, each by itself: one that is malformed changes nothing, and those after
 * it still count.
 * @param address the L1 SystemConfig contract
 * @param ecotone whether Ecotone's rules hold at the time of the L1 block
 */
export function applyConfigUpdates(
  config: SystemConfig,
  receipts: readonly Pick<Receipt, 'status' | 'logs'>[],
  address: Address,
  ecotone: boolean,
): { readonly systemConfig: SystemConfig; readonly skipped: readonly SkippedConfigUpdate[] } {
  let systemConfig = config
  const skipped: SkippedConfigUpdate[] = []
  for (const [receiptIndex, receipt] of receipts.entries()) {
    if (receipt.status !== 1) continue
    for (const [logIndex, log] of receipt.logs.entries()) {
      if (log.address !== address || log.topics[0] !== CONFIG_UPDATE_TOPIC) continue
      try {
        systemConfig = applyConfigUpdate(systemConfig, log, ecotone)
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        skipped.push({ receipt: receiptIndex, log: logIndex, reason: errorMessage(error) })
      }
    }
  }
  return { systemConfig, skipped }
}
