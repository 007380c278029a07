import {
  encodeAbiParameters,
  encodeFunctionData,
  keccak256,
  parseAbi,
  serializeTransaction,
  toFunctionSelector,
} from 'viem'
import { getWithdrawalHashStorageSlot } from 'viem/op-stack'
import { describe, expect, it } from 'vitest'
import { DEV_ROLES } from '../../src/devnet/dev-accounts.ts'
import { DEVNET_L1_FORKS, devnetL1Genesis } from '../../src/devnet/l1-genesis.ts'
import { devnetL2Genesis } from '../../src/devnet/l2-genesis.ts'
import { PREDEPLOYS } from '../../src/devnet/predeploys.ts'
import { type Address, type Hex, toWord, ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import { OP_FORKS, type OpFork } from '../../src/protocol/forks.ts'
import { devAccounts, otherUser, user } from './support/dev-accounts.ts'
import { type DevnetStack, genesisBlock, startDevnetStack } from './support/devnet-stack.ts'
import { EngineDriver, FAKE_L1 } from './support/engine-driver.ts'
import { atGenesis, forksUpTo } from './support/fork-schedule.ts'
import { startGeth } from './support/geth-process.ts'
import { startOpGeth } from './support/op-geth.ts'
import type { RpcReceipt } from './support/rpc-types.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

const TIME = 1_700_000_000n
const L1_SOURCE = { hash: ZERO_HASH, number: 0n, timestamp: TIME, baseFeePerGas: 7n, blobBaseFee: 1n }
const STRANGER: Address = `0x${'5a'.repeat(20)}`
const ABI = parseAbi([
  'function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes data) payable',
  'function setGasLimit(uint64)',
  'function setOperatorFeeScalars(uint32,uint64)',
  'function initiateWithdrawal(address target, uint256 gasLimit, bytes data) payable',
  'function getL1Fee(bytes) view returns (uint256)',
])
const owner = devAccounts.find(({ address }) => address === DEV_ROLES.owner.address) ?? user

describe('the genesis block of the devnet', () => {
  it.each(DEVNET_L1_FORKS)('is the one of geth, with %s and all before it', async (fork) => {
    const file = devnetL1Genesis({ timestamp: TIME, fork, chains: [{ chainId: 901n }, { chainId: 902n }] })
    await using folder = new TempFolder()
    await using geth = await startGeth({ folder, name: 'geth', program: 'geth', genesis: { ...file } })
    expect(geth.genesisHash).toBe(genesisBlock(file).hash)
  })

  it.each(OP_FORKS)('is the one of op-geth, with %s and all before it', async (fork) => {
    const file = devnetL2Genesis({ chain: { chainId: 901n, fork }, timestamp: TIME, l1: L1_SOURCE })
    await using folder = new TempFolder()
    await using geth = await startGeth({ folder, name: 'op-geth', program: 'op-geth', genesis: { ...file } })
    expect(geth.genesisHash).toBe(genesisBlock(file).hash)
  })
})

/** A view without arguments. */
async function view(
  stack: Pick<DevnetStack, 'el'>,
  to: Address,
  signature: string,
  block: Hex | 'latest',
): Promise<bigint> {
  return BigInt(await stack.el.rpc.call<Hex>('eth_call', [{ to, data: toFunctionSelector(signature) }, block]))
}

// Interop and Karst are no rules of this op-geth.
it.each(OP_FORKS.slice(0, OP_FORKS.indexOf('jovian') + 1))('op-geth makes blocks from %s', async (fork) => {
  const timestamp = Number(TIME)
  const file = devnetL2Genesis({ chain: { chainId: 901n, fork }, timestamp: TIME, l1: L1_SOURCE })
  await using folder = new TempFolder()
  await using el = await startOpGeth({ folder, genesis: { ...file } })
  const driver = new EngineDriver(el, atGenesis(fork))
  const raw = await user.account.signTransaction({
    chainId: 901,
    nonce: 0,
    gas: 100_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 1n,
    to: PREDEPLOYS.weth,
    value: 5n,
  })
  const block = await driver.extendHead({ transactions: [raw] })
  const receipts = await el.rpc.call<RpcReceipt[]>('eth_getBlockReceipts', [block.hash])
  expect(receipts.map(({ status }) => status)).toEqual(['0x1', '0x1'])
  expect(Number(block.timestamp)).toBeGreaterThan(timestamp)
  expect(await view({ el }, PREDEPLOYS.l1Block, 'number()', 'latest')).toBe(FAKE_L1.number)
  expect(await view({ el }, PREDEPLOYS.weth, 'totalSupply()', 'latest')).toBe(5n)
})

/** Sends a deposit of one ether, and waits for it on L2. */
async function deposit(stack: DevnetStack, to: Address): Promise<void> {
  const data = encodeFunctionData({
    abi: ABI,
    functionName: 'depositTransaction',
    args: [to, 10n ** 18n, 100_000n, false, '0x'],
  })
  const receipt = await stack.send('l1', { from: otherUser, to: stack.portal, data, value: 10n ** 18n })
  expect(receipt.status).toBe('0x1')
  const balance = async (): Promise<bigint> => BigInt(await stack.el.rpc.call<Hex>('eth_getBalance', [to, 'latest']))
  await waitFor('the deposit on L2', async () => (await balance()) === 10n ** 18n, {
    check: () => stack.node.process.assertRunning(),
  })
}

describe('op-node on the devnet’s genesis', () => {
  it.each(['canyon', 'ecotone', 'granite', 'holocene', 'isthmus'] as const)(
    'sequences from %s, with deposits',
    async (fork) => {
      await using stack = await startDevnetStack({ chainId: 901n, fork, blockTime: 1n })
      await deposit(stack, STRANGER)
      expect(await view(stack, PREDEPLOYS.l1Block, 'number()', 'latest')).toBeGreaterThan(0n)
    },
  )

  it('takes changes of the settings, charges what the oracle says, and keeps withdrawals', async () => {
    await using stack = await startDevnetStack({ chainId: 901n, blockTime: 1n })
    const { el, systemConfig } = stack
    const { rpc } = el
    await deposit(stack, STRANGER)

    // The L1 origin, as L1Block has it and as op-node says.
    const head = await el.block('latest')
    const at = await stack.node.rpc.call<{ blockRef: { l1origin: { number: number } } }>('optimism_outputAtBlock', [
      head.number,
    ])
    const origin = await stack.l1.el.block(at.blockRef.l1origin.number)
    const known = await Promise.all(
      [
        'number()',
        'timestamp()',
        'basefee()',
        'hash()',
        'baseFeeScalar()',
        'blobBaseFeeScalar()',
        'daFootprintGasScalar()',
      ].map((signature) => view(stack, PREDEPLOYS.l1Block, signature, head.number)),
    )
    const { number, timestamp, baseFeePerGas, hash } = origin
    expect(known).toEqual([...[number, timestamp, baseFeePerGas, hash].map(BigInt), 1368n, 801_949n, 400n])

    // Settings.
    for (const [functionName, args] of [
      ['setGasLimit', [40_000_000n]],
      ['setOperatorFeeScalars', [3, 4_000n]],
    ] as const) {
      const data = encodeFunctionData({ abi: ABI, functionName, args } as Parameters<typeof encodeFunctionData>[0])
      expect((await stack.send('l1', { from: owner, to: systemConfig, data })).status).toBe('0x1')
    }
    await waitFor('the new settings on L2', async () => {
      const block = await el.block('latest')
      const scalar = await view(stack, PREDEPLOYS.l1Block, 'operatorFeeScalar()', block.number)
      return BigInt(block.gasLimit) === 40_000_000n && scalar === 3n
    })
    expect(await view(stack, PREDEPLOYS.l1Block, 'operatorFeeConstant()', 'latest')).toBe(4_000n)

    // Fees: a small transaction costs the minimum, signed or not, so that the oracle's estimate is exact.
    const transaction = { from: user, to: STRANGER, value: 1n, gas: 30_000n }
    const paid = await stack.send('l2', transaction)
    const unsigned = serializeTransaction({
      chainId: 901,
      type: 'eip1559',
      nonce: 0,
      to: STRANGER,
      value: 1n,
      gas: 30_000n,
    })
    const data = encodeFunctionData({ abi: ABI, functionName: 'getL1Fee', args: [unsigned] })
    const estimate = await rpc.call<Hex>('eth_call', [{ to: PREDEPLOYS.gasPriceOracle, data }, paid.blockNumber])
    expect(BigInt(estimate)).toBeGreaterThan(0n)
    expect(BigInt(paid.l1Fee ?? 0)).toBe(BigInt(estimate))
    const vault = (address: Address, block: Hex): Promise<Hex> => rpc.call<Hex>('eth_getBalance', [address, block])
    const parent = `0x${(BigInt(paid.blockNumber) - 1n).toString(16)}` as const
    const collected = async (address: Address): Promise<bigint> =>
      BigInt(await vault(address, paid.blockNumber)) - BigInt(await vault(address, parent))
    expect(await collected(PREDEPLOYS.l1FeeVault)).toBe(BigInt(estimate))
    expect(await collected(PREDEPLOYS.operatorFeeVault)).toBe(BigInt(paid.gasUsed) * 3n * 100n + 4_000n)

    // A withdrawal is a slot of the message passer, whose storage root is in the header.
    const withdraw = encodeFunctionData({
      abi: ABI,
      functionName: 'initiateWithdrawal',
      args: [STRANGER, 21_000n, '0x1234'],
    })
    const passer = PREDEPLOYS.l2ToL1MessagePasser
    const initiated = await stack.send('l2', { from: user, to: passer, data: withdraw, value: 9n })
    expect(initiated.status).toBe('0x1')
    const words = ['uint256', 'address', 'address', 'uint256', 'uint256', 'bytes'].map((type) => ({ type }))
    const nonce = 1n << 240n
    const withdrawal = keccak256(encodeAbiParameters(words, [nonce, user.address, STRANGER, 9n, 21_000n, '0x1234']))
    const slot = getWithdrawalHashStorageSlot({ withdrawalHash: withdrawal })
    const proof = await rpc.call<{ storageHash: Hex; storageProof: { value: Hex }[] }>('eth_getProof', [
      passer,
      [slot, toWord(1n)],
      initiated.blockNumber,
    ])
    expect(proof.storageProof.map(({ value }) => value)).toEqual(['0x1', '0x1'])
    const [before, after] = await Promise.all(
      [BigInt(initiated.blockNumber) - 1n, BigInt(initiated.blockNumber)].map((block) => el.block(Number(block))),
    )
    expect(after?.withdrawalsRoot).toBe(proof.storageHash)
    expect(before?.withdrawalsRoot).not.toBe(proof.storageHash)
  })

  it('upgrades from Bedrock to Jovian: the upgrades’ own contracts take the place of the devnet’s', async () => {
    const forks = forksUpTo('jovian')
    const laterForks = Object.fromEntries(forks.map((fork, index) => [fork, BigInt(2 * (index + 1))]))
    await using stack = await startDevnetStack({ chainId: 901n, fork: 'bedrock', laterForks, blockTime: 1n }, 20)
    const { el, node } = stack
    const last = 2 * forks.length + 1
    await waitFor('Jovian is active', async () => (await el.blockNumber()) >= last, {
      check: () => node.process.assertRunning(),
    })
    const numbers = Array.from({ length: last }, (_, index) => index + 1)
    const blocks = await Promise.all(
      numbers.map((number) => el.rpc.call<RpcReceipt[]>('eth_getBlockReceipts', [`0x${number.toString(16)}`])),
    )
    expect(blocks.flat().every(({ status }) => status === '0x1')).toBe(true)
    const activation = (fork: OpFork): number => blocks[2 * (forks.indexOf(fork) + 1) - 1]?.length ?? 0
    const upgrades = (['ecotone', 'fjord', 'isthmus', 'jovian'] as const).map(activation)
    expect(upgrades).toEqual([7, 4, 9, 6])
    const { gasPriceOracle, l1Block } = PREDEPLOYS
    for (const flag of ['isEcotone()', 'isFjord()', 'isIsthmus()', 'isJovian()']) {
      expect(await view(stack, gasPriceOracle, flag, 'latest')).toBe(1n)
    }
    expect(await view(stack, l1Block, 'number()', 'latest')).toBeGreaterThan(0n)
    expect(await view(stack, l1Block, 'daFootprintGasScalar()', 'latest')).toBe(400n)
    const implementation = await el.rpc.call<Hex>('eth_call', [
      { from: ZERO_ADDRESS, to: l1Block, data: toFunctionSelector('implementation()') },
      'latest',
    ])
    expect(implementation).toBe(toWord(0x3ba4007f5c922fbb33c454b41ea7a1f11e83df2cn))
    await deposit(stack, STRANGER)
  })
})
