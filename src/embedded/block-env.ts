import type { BlockEnv } from '../evm/executor.ts'
import type { CallErrorCode } from '../evm/state-overrides.ts'
import { AppError } from '../primitives/errors.ts'
import type { Block } from '../protocol/block.ts'
import type { BlockOverrides } from '../protocol/call-arguments.ts'

/** What a block gives to its transactions, by its header. */
export function blockEnv(
  { header, withdrawals }: Pick<Block, 'header' | 'withdrawals'>,
  ancestorHash: BlockEnv['ancestorHash'],
): BlockEnv {
  const { parentBeaconBlockRoot, excessBlobGas } = header
  return {
    number: header.number,
    timestamp: header.timestamp,
    gasLimit: header.gasLimit,
    baseFeePerGas: header.baseFeePerGas ?? 0n,
    prevRandao: header.mixHash,
    feeRecipient: header.beneficiary,
    parentHash: header.parentHash,
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    ...(withdrawals !== undefined && { withdrawals }),
    ancestorHash,
  }
}

/** The block with what a caller wants of it. @throws AppError CALL_INVALID for what only simulated blocks can have */
export function overriddenEnv(env: BlockEnv, overrides: BlockOverrides): BlockEnv {
  const { number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas } = overrides
  for (const key of ['beaconRoot', 'withdrawals'] as const) {
    if (overrides[key] !== undefined) {
      const message = `block override "${key}" is not supported for this RPC method`
      throw new AppError<CallErrorCode>('CALL_INVALID', { message })
    }
  }
  return {
    ...env,
    ...(number !== undefined && { number }),
    ...(time !== undefined && { timestamp: time }),
    ...(gasLimit !== undefined && { gasLimit }),
    ...(feeRecipient !== undefined && { feeRecipient }),
    ...(prevRandao !== undefined && { prevRandao }),
    ...(baseFeePerGas !== undefined && { baseFeePerGas }),
  }
}
