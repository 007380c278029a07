import { AppError, isAppError } from '../primitives/errors.ts'
import { bytesToHex, EMPTY_BYTES, equalBytes, type Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { decodeAttributesParams, decodeExtraData, eip1559ConstantsAt } from '../protocol/extra-data.ts'
import type { Payload } from '../protocol/payload.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { DriverErrorCode } from './ports.ts'

/** What comparing needs of the rollup's configuration. */
export type MatchConfig = Pick<RollupConfig, 'forks' | 'chainOpConfig'>

/**
 * Why a block is not the one that attributes make, in op-node's words; undefined: as far as these say, it is.
 * @param parentHash of the block that the attributes are for
 * @throws AppError CHAIN_MISMATCH (critical) where the chain's EIP-1559 constants are needed and not known
 * @see OP specs: derivation, "L1 Consolidation: Payload Attributes Matching"; op-node, rollup/attributes AttributesMatchBlock
 */
export function attributesMismatch(
  config: MatchConfig,
  attributes: PayloadAttributes,
  parentHash: Hash,
  block: Payload,
): string | undefined {
  const { header } = block
  if (parentHash !== header.parentHash) {
    return `parent hash field does not match. expected: ${parentHash}. got: ${header.parentHash}`
  }
  if (attributes.timestamp !== header.timestamp) {
    return `timestamp field does not match. expected: ${attributes.timestamp}. got: ${header.timestamp}`
  }
  if (attributes.prevRandao !== header.mixHash) {
    return `random field does not match. expected: ${attributes.prevRandao}. got: ${header.mixHash}`
  }
  return (
    transactionsMismatch(attributes.transactions, block.transactions) ??
    gasLimitMismatch(attributes, block) ??
    withdrawalsMismatch(config, attributes, block) ??
    beaconRootMismatch(attributes.parentBeaconBlockRoot, header.parentBeaconBlockRoot) ??
    feeRecipientMismatch(attributes, block) ??
    extraDataMismatch(config, attributes, block)
  )
}

function transactionsMismatch(derived: readonly Uint8Array[], found: readonly Uint8Array[]): string | undefined {
  if (derived.length !== found.length) {
    return `transaction count does not match. expected: ${derived.length}. got: ${found.length}`
  }
  const at = derived.findIndex((raw, index) => !equalBytes(raw, found[index] as Uint8Array))
  if (at < 0) return undefined
  return `transaction ${at} does not match. expected: ${shortened(derived[at])}. got: ${shortened(found[at])}`
}

/** A transaction may have as many bytes as a block. */
function shortened(raw: Uint8Array = EMPTY_BYTES): string {
  const head = bytesToHex(raw.subarray(0, 32))
  return raw.length <= 32 ? head : `${head}… (${raw.length} bytes)`
}

function gasLimitMismatch({ gasLimit }: PayloadAttributes, { header }: Payload): string | undefined {
  return gasLimit === header.gasLimit
    ? undefined
    : `gas limit does not match. expected ${gasLimit}. got: ${header.gasLimit}`
}

function withdrawalsMismatch(
  { forks }: MatchConfig,
  attributes: PayloadAttributes,
  { header, withdrawals }: Payload,
): string | undefined {
  const { timestamp, withdrawalsRoot } = header
  if (!forks.isActive('canyon', timestamp)) {
    const count = attributes.withdrawals?.length
    return count === undefined ? undefined : `bedrock: expected withdrawals in attributes to be nil: got ${count}`
  }
  const wrong = 'canyon: expected withdrawals in block to be non-nil and empty'
  if (withdrawals?.length !== 0) return `${wrong}: block`
  if (attributes.withdrawals?.length !== 0) return `${wrong}: attributes`
  if (forks.isActive('isthmus', timestamp)) {
    return withdrawalsRoot === undefined ? 'isthmus: expected withdrawalsRoot in block to be non-nil' : undefined
  }
  return withdrawalsRoot === undefined || withdrawalsRoot === EMPTY_TRIE_ROOT
    ? undefined
    : `canyon: expected withdrawalsRoot in block to be default: got ${withdrawalsRoot}`
}

function beaconRootMismatch(derived: Hash | undefined, found: Hash | undefined): string | undefined {
  if (derived === found) return undefined
  if (found === undefined) return `expected non-nil parent beacon block root ${derived} but got nil`
  if (derived === undefined) return `expected nil parent beacon block root but got non-nil ${found}`
  return `parent beacon block root does not match. expected ${derived}. got: ${found}`
}

function feeRecipientMismatch({ suggestedFeeRecipient }: PayloadAttributes, { header }: Payload): string | undefined {
  return suggestedFeeRecipient === header.beneficiary
    ? undefined
    : `fee recipient data does not match, expected ${suggestedFeeRecipient} but got ${header.beneficiary}`
}

function extraDataMismatch(
  { forks, chainOpConfig }: MatchConfig,
  { eip1559Params, minBaseFee }: PayloadAttributes,
  { header: { timestamp, extraData } }: Payload,
): string | undefined {
  if (eip1559Params === undefined) {
    if (extraData.length === 0) return undefined
    return `nil EIP1559Params in attributes but non-nil extraData in block: ${bytesToHex(extraData)}`
  }
  try {
    const stated = decodeAttributesParams(eip1559Params)
    const translated = stated.denominator === 0n
    const wanted = translated ? eip1559ConstantsAt(forks, known(chainOpConfig), timestamp) : stated
    const found = decodeExtraData(forks, timestamp, extraData)
    if (found?.denominator !== wanted.denominator || found.elasticity !== wanted.elasticity) {
      const how = translated ? ' (translated from 0,0)' : ''
      return `eip1559 parameters do not match, attributes: ${wanted.denominator}, ${wanted.elasticity}${how}, block: ${found?.denominator}, ${found?.elasticity}`
    }
    if (found.minBaseFee === minBaseFee) return undefined
    return `minBaseFee does not match, attributes: ${minBaseFee}, block: ${found.minBaseFee}`
  } catch (error) {
    if (isAppError(error, 'EIP1559_PARAMS_INVALID')) return `invalid attributes EIP1559 parameters: ${error.message}`
    if (isAppError(error, 'EXTRA_DATA_INVALID')) return `invalid block extraData: ${error.message}`
    throw error
  }
}

function known<T>(constants: T | undefined): T {
  if (constants !== undefined) return constants
  throw new AppError<DriverErrorCode>('CHAIN_MISMATCH', {
    message: 'the EIP-1559 constants of the chain are not known (chain_op_config)',
    severity: 'critical',
  })
}
