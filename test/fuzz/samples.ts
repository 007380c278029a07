import { privateKeyToAccount } from 'viem/accounts'
import { type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { BLOB_SIZE, encodeNetworkTransaction } from '../../src/protocol/blob-sidecar.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'

const [{ privateKey }] = devAccounts as [(typeof devAccounts)[0]]
const account = privateKeyToAccount(privateKey)
const TO = `0x${'77'.repeat(20)}` as const
const HASH = `0x01${'33'.repeat(31)}` as const
const common = { chainId: 901, nonce: 3, gas: 60_000n, to: TO, data: `0x${'ab'.repeat(70)}` as Hex }
const fees = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 5n }
const accessList = [{ address: TO, storageKeys: [HASH, HASH] }]

const authorization = await account.signAuthorization({ chainId: 901, address: TO, nonce: 1 })
const blob = hexToBytes(
  await account.signTransaction({
    ...common,
    ...fees,
    type: 'eip4844',
    maxFeePerBlobGas: 7n,
    blobVersionedHashes: [HASH],
  }),
)

/** A transaction of every type, as it stands in a block. */
export const TRANSACTIONS: readonly Uint8Array[] = [
  ...(
    await Promise.all([
      account.signTransaction({ ...common, type: 'legacy', gasPrice: 9n }),
      account.signTransaction({ ...common, type: 'eip2930', gasPrice: 9n, accessList }),
      account.signTransaction({ ...common, ...fees, accessList }),
      account.signTransaction({ ...common, ...fees, type: 'eip7702', authorizationList: [authorization] }),
    ])
  ).map((raw) => hexToBytes(raw)),
  blob,
]

/** Blob transactions with their blobs, in both forms. */
export const NETWORK_TRANSACTIONS: readonly Uint8Array[] = [0, 1].map((version) =>
  encodeNetworkTransaction({
    raw: blob,
    sidecar: {
      version,
      blobs: [new Uint8Array(BLOB_SIZE)],
      commitments: [new Uint8Array(48)],
      proofs: Array.from({ length: version === 0 ? 1 : 128 }, () => new Uint8Array(48)),
    },
  }),
)
