import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { bytesToHex, type Hex, hexToBytes } from '../primitives/hex.ts'
import { createDeposit, decodeTransaction, type Transaction } from './transaction.ts'
import { type TransactionPlace, transactionFromJson, transactionToJson } from './transaction-json.ts'

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const to = `0x${'c0'.repeat(20)}` as const
const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 3n }
const common = { chainId: 901, nonce: 4, gas: 50_000n, to, value: 6n, data: '0x0102' } as const
const accessList = [{ address: to, storageKeys: [`0x${'01'.repeat(32)}`] }] as const

const place: TransactionPlace = {
  blockHash: `0x${'bb'.repeat(32)}`,
  blockNumber: 16n,
  blockTimestamp: 1_000n,
  index: 2,
  baseFeePerGas: 10n,
}

const signed: readonly (readonly [string, () => Promise<Hex>])[] = [
  ['legacy', () => account.signTransaction({ ...common, gasPrice: 7n })],
  ['creation', () => account.signTransaction({ ...common, to: null, gasPrice: 7n })],
  ['access list', () => account.signTransaction({ ...common, gasPrice: 7n, type: 'eip2930', accessList })],
  ['fee market', () => account.signTransaction({ ...common, ...fees, accessList })],
  [
    'blob',
    () =>
      account.signTransaction({
        ...common,
        ...fees,
        maxFeePerBlobGas: 9n,
        blobVersionedHashes: [`0x01${'07'.repeat(31)}`],
        sidecars: undefined,
        type: 'eip4844',
      }),
  ],
  [
    'set code',
    async () => {
      const authorization = await account.signAuthorization({ contractAddress: to, chainId: 901, nonce: 5 })
      return account.signTransaction({ ...common, ...fees, type: 'eip7702', authorizationList: [authorization] })
    },
  ],
]

const decode = (raw: Hex): Transaction => decodeTransaction(hexToBytes(raw))

describe('a signed transaction', () => {
  test.each(signed)('%s goes out and comes in', async (_, sign) => {
    const transaction = decode(await sign())
    for (const json of [transactionToJson(transaction, place), transactionToJson(transaction)]) {
      expect(transactionFromJson(JSON.parse(JSON.stringify(json)))).toEqual(transaction)
    }
  })

  test('shows what it pays in its block, and its bid outside of one', async () => {
    const transaction = decode(await account.signTransaction({ ...common, ...fees }))
    expect(transactionToJson(transaction, place).gasPrice).toBe('0xd')
    expect(transactionToJson(transaction, { ...place, baseFeePerGas: 99n }).gasPrice).toBe('0x64')
    expect(transactionToJson(transaction)).toMatchObject({
      gasPrice: '0x64',
      blockHash: null,
      blockNumber: null,
      blockTimestamp: null,
      transactionIndex: null,
    })
  })

  test('without replay protection shows no chain id', async () => {
    const { chainId: _, ...rest } = common
    const transaction = decode(await account.signTransaction({ ...rest, gasPrice: 7n }))
    expect(transactionToJson(transaction, place)).not.toHaveProperty('chainId')
  })

  test('whose hash does not fit is refused', async () => {
    const json = transactionToJson(decode(await account.signTransaction({ ...common, ...fees })), place)
    expect(() => transactionFromJson({ ...json, value: '0x7' })).toThrow(
      expect.objectContaining({ code: 'JSON_VALUE_INVALID' }) as Error,
    )
  })
})

describe('a deposit', () => {
  const fields = {
    sourceHash: `0x${'05'.repeat(32)}`,
    from: to,
    to: undefined,
    mint: 0n,
    value: 1n,
    gasLimit: 21_000n,
    isSystemTx: false,
    data: new Uint8Array(3),
  } as const

  test('shows the nonce and version that its receipt holds', () => {
    const receipt = { depositNonce: 9n, depositReceiptVersion: 1n }
    const json = transactionToJson(createDeposit(fields), { ...place, receipt })
    expect(json).toMatchObject({ nonce: '0x9', depositReceiptVersion: '0x1', mint: '0x0', gasPrice: '0x0', to: null })
    expect(json).not.toHaveProperty('isSystemTx')
    expect(json).not.toHaveProperty('chainId')
    expect(transactionToJson(createDeposit(fields), place)).not.toHaveProperty('depositReceiptVersion')
  })

  test.each([
    ['plain', {}],
    ['of a system', { isSystemTx: true, to }],
    ['that mints', { mint: 10n ** 20n }],
  ] as const)('%s goes out and comes in', (_, change) => {
    const deposit = createDeposit({ ...fields, ...change })
    expect(transactionFromJson(transactionToJson(deposit, place))).toEqual(deposit)
  })

  test('may lack its mint', () => {
    const { mint: _, ...json } = transactionToJson(createDeposit(fields), place)
    expect(bytesToHex(transactionFromJson(json).raw)).toBe(bytesToHex(createDeposit(fields).raw))
  })
})

test('a type that is not known is named', () => {
  expect(() => transactionFromJson({ type: '0x7d', hash: `0x${'00'.repeat(32)}` })).toThrow(
    expect.objectContaining({ code: 'TX_TYPE_UNSUPPORTED' }) as Error,
  )
})
