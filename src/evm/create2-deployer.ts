import type { Address } from '../primitives/hex.ts'
import { hexToBytes } from '../primitives/hex.ts'
import type { OpForks } from '../protocol/forks.ts'
import type { Overlay } from '../state/overlay.ts'
import { accountOrEmpty } from './balances.ts'
import deployer from './create2-deployer.json' with { type: 'json' }

/** Where Canyon puts the contract. */
export const CREATE2_DEPLOYER_ADDRESS: Address = '0x13b0d85ccb8bf860b6b79af3029fca081ae9bef2'

/**
 * Sets the code of the create2 deployer in the first block of Canyon; the account's nonce and balance stay.
 * @see OP specs: Canyon, "Create2Deployer"
 */
export async function ensureCreate2Deployer(overlay: Overlay, forks: OpForks, timestamp: bigint): Promise<void> {
  if (forks.times.canyon !== timestamp) return
  const account = await accountOrEmpty(overlay, CREATE2_DEPLOYER_ADDRESS)
  overlay.setAccount(CREATE2_DEPLOYER_ADDRESS, { ...account, codeHash: overlay.addCode(hexToBytes(deployer.code)) })
}
