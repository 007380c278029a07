import { type HDAccount, mnemonicToAccount } from 'viem/accounts'
import { bytesToHex, type Hex } from '../../../src/primitives/hex.ts'

/** The public development mnemonic: its keys are worth nothing. */
const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** A funded account of every chain that the harness starts. */
export interface DevAccount {
  readonly account: HDAccount
  /** Lowercase. */
  readonly address: Hex
  /** 32 bytes */
  readonly privateKey: Hex
}

function derive(addressIndex: number): DevAccount {
  const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex })
  const key = account.getHdKey().privateKey
  if (!key) throw new Error('the mnemonic gives no key')
  return { account, address: account.address.toLowerCase() as Hex, privateKey: bytesToHex(key) }
}

/** The first ten accounts of {@link DEV_MNEMONIC}; each chain funds them with a million ether. */
export const devAccounts: readonly DevAccount[] = Array.from({ length: 10 }, (_, index) => derive(index))

function role(index: number): DevAccount {
  return devAccounts[index] as DevAccount
}

/** For the transactions of tests. */
export const user: DevAccount = role(0)
/** Signs unsafe blocks; L1's SystemConfig names it. */
export const unsafeBlockSigner: DevAccount = role(1)
/** Sends batches; the rollup configuration names it. */
export const batcher: DevAccount = role(2)
/** Another user, where a test needs two. */
export const otherUser: DevAccount = role(3)
