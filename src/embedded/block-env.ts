import type { BlockEnv } from '../evm/executor.ts'
import type { Block } from '../protocol/block.ts'

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
