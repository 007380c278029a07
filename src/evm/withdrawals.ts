import type { Overlay } from '../state/overlay.ts'
import { addBalance } from './balances.ts'
import type { BlockEnv } from './executor.ts'

const WEI_PER_GWEI = 1_000_000_000n

/** Gives accounts what validators withdraw in a block. @see EIP-4895 */
export async function payWithdrawals(overlay: Overlay, { withdrawals = [] }: BlockEnv): Promise<void> {
  for (const { address, amount } of withdrawals) await addBalance(overlay, address, amount * WEI_PER_GWEI)
}
