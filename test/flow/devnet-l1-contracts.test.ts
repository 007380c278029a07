import { concat, encodeAbiParameters, encodeFunctionData, parseAbi, parseAbiParameters, toFunctionSelector } from 'viem'
import { beforeEach, describe, expect, it } from 'vitest'
import { DEV_ACCOUNTS, DEV_ROLES } from '../../src/devnet/dev-accounts.ts'
import { devnetL1Addresses, systemConfigOf } from '../../src/devnet/devnet-chain.ts'
import { devnetL1Genesis } from '../../src/devnet/l1-genesis.ts'
import { DEPOSIT_CONTRACT } from '../../src/devnet/well-known-contracts.ts'
import { depositRequests } from '../../src/evm/block-requests.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { encodeEcotoneScalar, encodeOperatorFeeParams, type SystemConfig } from '../../src/protocol/system-config.ts'
import { applyConfigUpdates } from '../../src/protocol/system-config-updates.ts'
import { userDeposits } from '../../src/protocol/user-deposits.ts'
import { AllocEvm } from '../support/alloc-evm.ts'

const chain = { chainId: 901n }
const { optimismPortal, systemConfig } = devnetL1Addresses(chain.chainId)
const [alice] = DEV_ACCOUNTS
const OTHER: Address = `0x${'77'.repeat(20)}`
/** Calls what its calldata names: 20 bytes of address, then data; the value goes along. */
const FORWARDER: Address = `0x${'fa'.repeat(20)}`
const FORWARDER_CODE = '0x60143603806014600037600060008260003460003560601c5af100'
const DELEGATED: Address = `0x${'de'.repeat(20)}`

const PORTAL = parseAbi([
  'function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes data) payable',
  'function donateETH() payable',
])

let evm: AllocEvm
beforeEach(() => {
  const file = devnetL1Genesis({ timestamp: 1_000n, chains: [chain] })
  const extra = {
    [FORWARDER]: { balance: '0x0', code: FORWARDER_CODE },
    [DELEGATED]: { balance: '0x10', code: `0xef0100${FORWARDER.slice(2)}` },
  }
  evm = new AllocEvm(parseGenesis({ ...file, alloc: { ...file.alloc, ...extra } }).alloc)
})

async function send(to: Address, data: Hex, options: { from?: Address; value?: bigint } = {}) {
  const result = await evm.call({ from: alice.address, to, data, ...options })
  return {
    status: result.success ? (1 as const) : (0 as const),
    logs: result.logs,
    error: bytesToHex(result.returnValue),
  }
}

describe('OptimismPortal', () => {
  const deposit = (args: readonly [Address, bigint, bigint, boolean, Hex]): Hex =>
    encodeFunctionData({ abi: PORTAL, functionName: 'depositTransaction', args })

  const derived = (receipt: Awaited<ReturnType<typeof send>>) => userDeposits([receipt], optimismPortal, ZERO_HASH)

  it.each([0, 1, 31, 32, 33, 1000])('emits deposits that derivation reads, with %i bytes of data', async (size) => {
    const data: Hex = `0x${'a5'.repeat(size)}`
    const receipt = await send(optimismPortal, deposit([OTHER, 5n, 200_000n, false, data]), { value: 7n })
    expect(derived(receipt)).toMatchObject([
      {
        sender: alice.address,
        to: OTHER,
        mint: 7n,
        value: 5n,
        gasLimit: 200_000n,
        data: hexToBytes(data),
        isSystemTx: false,
      },
    ])
  })

  it('emits creations', async () => {
    const [made] = derived(await send(optimismPortal, deposit([ZERO_ADDRESS, 0n, 200_000n, true, '0x6001'])))
    expect(made).toMatchObject({ to: undefined, mint: 0n, data: Uint8Array.of(0x60, 1) })
  })

  it('deposits plain ether for its sender, and keeps donations', async () => {
    const [made] = derived(await send(optimismPortal, '0x', { value: 9n }))
    expect(made).toMatchObject({ sender: alice.address, to: alice.address, mint: 9n, value: 9n, gasLimit: 100_000n })
    const donation = await send(optimismPortal, encodeFunctionData({ abi: PORTAL, functionName: 'donateETH' }), {
      value: 1n,
    })
    expect(donation).toMatchObject({ status: 1, logs: [] })
  })

  it('moves the address of a contract, but not of an account with delegated code', async () => {
    const data = deposit([OTHER, 0n, 200_000n, false, '0x'])
    const through: Hex = `${optimismPortal}${data.slice(2)}`
    const [aliased] = derived(await send(FORWARDER, through))
    expect(aliased?.sender).toBe(
      `0x${(BigInt(FORWARDER) + BigInt(`0x1111${'0'.repeat(32)}1111`)).toString(16).slice(-40)}`,
    )
    const [direct] = derived(await send(DELEGATED, through))
    expect(direct?.sender).toBe(DELEGATED)
  })

  it.each([
    ['a creation with a target', [OTHER, 0n, 200_000n, true, '0x'], 'OptimismPortal_BadTarget()'],
    ['too little gas', [OTHER, 0n, 21_039n, false, '0x00'], 'OptimismPortal_GasLimitTooLow()'],
    [
      'too much data',
      [OTHER, 0n, 10_000_000n, false, `0x${'00'.repeat(120_001)}`],
      'OptimismPortal_CalldataTooLarge()',
    ],
  ] as const)('refuses %s', async (_case, args, error) => {
    expect(await send(optimismPortal, deposit(args))).toMatchObject({ status: 0, error: toFunctionSelector(error) })
  })
})

describe('SystemConfig', () => {
  /** Calldata of a function that is given by its signature. */
  const set = (signature: string, ...args: readonly unknown[]): Hex =>
    concat([
      toFunctionSelector(signature),
      encodeAbiParameters(parseAbiParameters(signature.slice(signature.indexOf('(') + 1, -1)), args),
    ])

  const start = systemConfigOf(chain)
  const overhead: Hex = `0x${'00'.repeat(31)}05`
  it.each<[string, readonly unknown[], Partial<SystemConfig>, boolean]>([
    ['setBatcherHash(address)', [OTHER], { batcherAddress: OTHER }, true],
    ['setBatcherHash(bytes32)', [`0x${'00'.repeat(12)}${OTHER.slice(2)}`], { batcherAddress: OTHER }, true],
    [
      'setGasConfig(uint256,uint256)',
      [5n, 684_000n],
      { overhead, scalar: `0x${(684_000).toString(16).padStart(64, '0')}` },
      false,
    ],
    [
      'setGasConfigEcotone(uint32,uint32)',
      [11, 22],
      { overhead: ZERO_HASH, scalar: encodeEcotoneScalar({ baseFeeScalar: 11n, blobBaseFeeScalar: 22n }) },
      true,
    ],
    ['setGasLimit(uint64)', [40_000_000n], { gasLimit: 40_000_000n }, true],
    ['setUnsafeBlockSigner(address)', [OTHER], {}, true],
    ['setEIP1559Params(uint32,uint32)', [300, 4], { eip1559Params: Uint8Array.of(0, 0, 1, 44, 0, 0, 0, 4) }, true],
    [
      'setOperatorFeeScalars(uint32,uint64)',
      [7, 8n],
      { operatorFeeParams: encodeOperatorFeeParams({ scalar: 7n, constant: 8n }) },
      true,
    ],
    ['setMinBaseFee(uint64)', [1_000n], { minBaseFee: 1_000n }, true],
    ['setDAFootprintGasScalar(uint16)', [123], { daFootprintGasScalar: 123 }, true],
  ])('tells derivation of %s %o', async (name, args, change, ecotone) => {
    const receipt = await send(systemConfig, set(name, ...args), { from: DEV_ROLES.owner.address })
    expect(receipt.status).toBe(1)
    expect(receipt.logs).toHaveLength(1)
    const { systemConfig: after, skipped } = applyConfigUpdates(start, [receipt], systemConfig, ecotone)
    expect(skipped).toEqual([])
    expect(after).toEqual({ ...start, ...change })
  })

  it('listens to its owner only', async () => {
    const receipt = await send(systemConfig, set('setGasLimit(uint64)', 40_000_000n), { from: OTHER })
    expect(receipt).toMatchObject({ status: 0, logs: [] })
  })

  it.each([
    ['setGasLimit(uint64)', [20_999_999n]],
    ['setGasLimit(uint64)', [500_000_001n]],
    ['setEIP1559Params(uint32,uint32)', [0, 1]],
    ['setEIP1559Params(uint32,uint32)', [1, 0]],
    ['setGasConfig(uint256,uint256)', [0n, 1n << 248n]],
  ])('refuses %s %o', async (name, args) => {
    expect((await send(systemConfig, set(name, ...args))).status).toBe(0)
  })

  it('answers with what it was made with', async () => {
    const settings = {
      ...chain,
      systemConfig: {
        eip1559Params: Uint8Array.of(0, 0, 1, 44, 0, 0, 0, 4),
        operatorFeeParams: encodeOperatorFeeParams({ scalar: 7n, constant: 8n }),
        minBaseFee: 9n,
        daFootprintGasScalar: 10,
      },
    }
    const made = new AllocEvm(parseGenesis(devnetL1Genesis({ timestamp: 1_000n, chains: [settings] })).alloc)
    const getters = {
      owner: DEV_ROLES.owner.address,
      batcherHash: DEV_ROLES.batcher.address,
      unsafeBlockSigner: DEV_ROLES.unsafeBlockSigner.address,
      gasLimit: 60_000_000n,
      basefeeScalar: 1368n,
      blobbasefeeScalar: 801_949n,
      overhead: 0n,
      scalar: start.scalar,
      eip1559Denominator: 300n,
      eip1559Elasticity: 4n,
      operatorFeeScalar: 7n,
      operatorFeeConstant: 8n,
      minBaseFee: 9n,
      daFootprintGasScalar: 10n,
      optimismPortal,
    }
    for (const [name, value] of Object.entries(getters)) {
      const data = toFunctionSelector(`${name}()`)
      const { success, returnValue } = await made.call({ to: systemConfig, data })
      expect([success, BigInt(bytesToHex(returnValue))], name).toEqual([true, BigInt(value)])
    }
  })
})

describe('the deposit contract', () => {
  const abi = parseAbi([
    'function deposit(bytes pubkey, bytes withdrawal_credentials, bytes signature, bytes32 root) payable',
  ])
  const [key, credentials, signature] = [48, 32, 96].map((size, index): Hex => `0x${`a${index}`.repeat(size)}`)
  const deposit = (value: bigint, pubkey = key) =>
    evm.call({
      from: alice.address,
      to: DEPOSIT_CONTRACT.address,
      value,
      data: encodeFunctionData({
        abi,
        functionName: 'deposit',
        args: [pubkey ?? '0x', credentials ?? '0x', signature ?? '0x', ZERO_HASH],
      }),
    })

  it('makes requests that execution reads', async () => {
    const logs = [...(await deposit(32n * 10n ** 18n)).logs, ...(await deposit(10n ** 18n + 10n ** 9n)).logs]
    const parts = [key, credentials, '0x0040597307000000', signature, '0x0000000000000000'] as const
    const others = [key, credentials, '0x01ca9a3b00000000', signature, '0x0100000000000000'] as const
    expect(bytesToHex(depositRequests(logs, DEPOSIT_CONTRACT.address))).toBe(concat([...parts, ...others] as Hex[]))
  })

  it.each([
    ['too little', 10n ** 18n - 1n, undefined],
    ['a part of a gwei', 10n ** 18n + 1n, undefined],
    ['a key of another length', 10n ** 18n, '0x00'],
  ] as const)('refuses %s', async (_case, value, pubkey) => {
    expect(await deposit(value, pubkey)).toMatchObject({ success: false, reverted: true })
  })
})
