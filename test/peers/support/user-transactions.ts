import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import { user } from './dev-accounts.ts'
import { L2_CHAIN_ID } from './l2-genesis.ts'

const RECIPIENT: Hex = `0x${'00'.repeat(16)}c0ffee00`

/** A transaction of {@link user}, of any type that an L2 block can hold: which one follows from its nonce. */
export async function userTransaction(nonce: number, setCode: boolean): Promise<Hex> {
  const common = { chainId: L2_CHAIN_ID, nonce, gas: 100_000n, to: RECIPIENT, value: BigInt(nonce) }
  const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
  const accessList = [{ address: RECIPIENT, storageKeys: [`0x${'01'.repeat(32)}` as Hash] }]
  const { account } = user
  switch (nonce % (setCode ? 5 : 4)) {
    case 0:
      return account.signTransaction({ ...common, type: 'legacy', gasPrice: 10n ** 11n, data: '0x0102' })
    case 1:
      return account.signTransaction({ ...common, type: 'eip2930', gasPrice: 10n ** 11n, accessList })
    case 2:
      return account.signTransaction({ ...common, ...fees, accessList })
    case 3:
      // A contract without code.
      return account.signTransaction({ ...common, ...fees, to: null, value: 0n, data: '0x00' })
    default: {
      const signed = account.signAuthorization?.({ chainId: 0, address: RECIPIENT, nonce: 1_000_000 })
      if (signed === undefined) throw new TypeError('the account signs no authorizations')
      return account.signTransaction({ ...common, ...fees, type: 'eip7702', authorizationList: [await signed] })
    }
  }
}
