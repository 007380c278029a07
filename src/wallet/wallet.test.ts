import fc from 'fast-check'
import { hashTypedData, recoverMessageAddress, recoverTypedDataAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { decodeTransaction } from '../protocol/transaction.ts'
import { Wallet, type WalletChain } from './wallet.ts'

const KEY: Hash = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const ALICE: Address = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
const NOBODY: Address = `0x${'99'.repeat(20)}`
const TO: Address = `0x${'77'.repeat(20)}`

function wallet() {
  const sent: Uint8Array[] = []
  const chain: WalletChain = {
    chainId: 901n,
    nextNonce: async () => 7n,
    estimateGas: async () => 21_000n,
    fees: async () => ({ baseFee: 1000n, tip: 10n }),
    add: async (raw) => {
      sent.push(raw)
      return decodeTransaction(raw).hash
    },
    addImpersonated: async (raw) => {
      sent.push(raw)
      return decodeTransaction(raw, { impersonation: true }).hash
    },
  }
  return { wallet: new Wallet(chain, [{ address: ALICE, privateKey: KEY }]), sent }
}

describe('a wallet', () => {
  it('completes what is left open, and signs', async () => {
    const { wallet: w, sent } = wallet()
    const hash = await w.send({ from: ALICE, to: TO, value: 5n }, {})
    expect(sent.map((raw) => decodeTransaction(raw))).toMatchObject([
      {
        type: 2,
        hash,
        sender: ALICE,
        chainId: 901n,
        nonce: 7n,
        gasLimit: 21_000n,
        to: TO,
        value: 5n,
        maxFeePerGas: 2010n,
        maxPriorityFeePerGas: 10n,
      },
    ])
  })

  it.each([
    [{ gasPrice: 5n }, { type: 0, maxFeePerGas: 5n }],
    [{ gasPrice: 5n, accessList: [] }, { type: 1 }],
    [{ maxFeePerGas: 50n }, { type: 2, maxFeePerGas: 50n, maxPriorityFeePerGas: 10n }],
    [
      { nonce: 1n, gas: 50_000n },
      { type: 2, nonce: 1n, gasLimit: 50_000n },
    ],
    [{ authorizationList: [] }, { type: 4 }],
  ])('takes what is given: %o', async (args, expected) => {
    const raw = await wallet().wallet.sign({ from: ALICE, to: TO, ...args }, {})
    expect(decodeTransaction(raw)).toMatchObject(expected)
  })

  it.each([
    [{ to: TO }, 'missing sender'],
    [{ from: ALICE }, 'contract creation without any data provided'],
    [
      { from: ALICE, to: TO, gasPrice: 1n, maxFeePerGas: 1n },
      'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified',
    ],
    [{ from: ALICE, to: TO, maxFeePerGas: 1n }, 'maxFeePerGas (0x1) < maxPriorityFeePerGas (0xa)'],
    [{ from: ALICE, to: TO, chainId: 1n }, "chainId does not match node's (have=1, want=901)"],
    [{ from: NOBODY, to: TO }, 'unknown account'],
  ])('refuses %o', async (args, message) => {
    const { wallet: w, sent } = wallet()
    await expect(w.send(args, {})).rejects.toThrow(message)
    expect(sent).toEqual([])
  })

  it('sends for accounts without a key only while they are impersonated', async () => {
    const { wallet: w, sent } = wallet()
    w.impersonate(NOBODY)
    expect(w.accounts).toEqual([ALICE, NOBODY])
    await w.send({ from: NOBODY, to: TO }, {})
    expect(decodeTransaction(sent[0] as Uint8Array, { impersonation: true }).sender).toBe(NOBODY)
    expect(w.stopImpersonating(NOBODY)).toBe(true)
    await expect(w.send({ from: NOBODY, to: TO }, {})).rejects.toMatchObject({ code: 'ACCOUNT_UNKNOWN' })
    w.autoImpersonate = true
    await w.send({ from: NOBODY, to: TO }, {})
    // Who has a key signs with it.
    expect(decodeTransaction(await w.sign({ from: ALICE, to: TO }, {})).sender).toBe(ALICE)
  })

  it('signs messages as other wallets do', async () => {
    const account = privateKeyToAccount(KEY)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
        const signature = wallet().wallet.signMessage(ALICE, bytes)
        const message = { raw: bytesToHex(bytes) }
        expect(signature).toBe(await account.signMessage({ message }))
        expect((await recoverMessageAddress({ message, signature })).toLowerCase()).toBe(ALICE)
      }),
      { numRuns: 20 },
    )
  })

  it('signs typed data as JSON carries it', async () => {
    const types = {
      Person: [
        { name: 'name', type: 'string' },
        { name: 'wallets', type: 'address[]' },
      ],
      Mail: [
        { name: 'from', type: 'Person' },
        { name: 'amount', type: 'uint256' },
        { name: 'delta', type: 'int64' },
        { name: 'data', type: 'bytes' },
        { name: 'ok', type: 'bool' },
      ],
    } as const
    const domain = { name: 'Test', version: '1', chainId: 901, verifyingContract: TO } as const
    const from = { name: 'Ann', wallets: ['0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826'] } as const
    const typed = { domain, types, primaryType: 'Mail' } as const
    const message = { from, amount: 12n, delta: -5n, data: '0x1234', ok: true } as const
    const json = { ...typed, message: { ...message, amount: '12', delta: -5 } }
    const signature = await wallet().wallet.signTypedData(ALICE, json)
    expect((await recoverTypedDataAddress({ ...typed, message, signature })).toLowerCase()).toBe(ALICE)
    expect(hexToBytes(hashTypedData({ ...typed, message }))).toHaveLength(32)
    for (const wrong of [
      { ...json, primaryType: 'None' },
      { ...json, message: { ...json.message, amount: 'x' } },
      { ...json, message: { ...json.message, from: 5 } },
    ]) {
      await expect(wallet().wallet.signTypedData(ALICE, wrong)).rejects.toMatchObject({ code: 'TYPED_DATA_INVALID' })
    }
    await expect(wallet().wallet.signTypedData(NOBODY, json)).rejects.toMatchObject({ code: 'ACCOUNT_UNKNOWN' })
  })
})
