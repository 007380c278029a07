import { mnemonicToAccount } from 'viem/accounts'
import { expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { privateKeyToAddress } from '../primitives/secp256k1.ts'
import { DEV_ACCOUNTS, DEV_MNEMONIC } from './dev-accounts.ts'

it('are those of the mnemonic', () => {
  expect(DEV_ACCOUNTS).toHaveLength(10)
  for (const [addressIndex, { address, privateKey }] of DEV_ACCOUNTS.entries()) {
    const key = mnemonicToAccount(DEV_MNEMONIC, { addressIndex }).getHdKey().privateKey
    expect(key && bytesToHex(key)).toBe(privateKey)
    expect(privateKeyToAddress(hexToBytes(privateKey))).toBe(address)
  }
})
