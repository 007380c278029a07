import {
  createPublicClient,
  defineChain,
  encodeAbiParameters,
  encodeFunctionData,
  erc20Abi,
  http,
  keccak256,
  parseAbi,
} from 'viem'
import { chainConfig, getWithdrawalHashStorageSlot, publicActionsL2 } from 'viem/op-stack'
import { afterEach, describe, expect, it } from 'vitest'
import { devnetL1Addresses } from '../../src/devnet/devnet-chain.ts'
import { devnetConfig } from '../../src/devnet/devnet-config.ts'
import { PREDEPLOYS } from '../../src/devnet/predeploys.ts'
import { MULTICALL3 } from '../../src/devnet/well-known-contracts.ts'
import { startNode } from '../../src/node.ts'
import { type Address, type Hex, toWord } from '../../src/primitives/hex.ts'
import { OP_FORKS, type OpFork } from '../../src/protocol/forks.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { user } from '../peers/support/dev-accounts.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'
import type { RpcBlock, RpcReceipt } from '../peers/support/rpc-types.ts'

const STRANGER: Address = `0x${'5a'.repeat(20)}`
const { optimismPortal, systemConfig } = devnetL1Addresses(901n)
const ABI = parseAbi([
  'function depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes data) payable',
  'function setGasLimit(uint64)',
  'function setGasConfigEcotone(uint32,uint32)',
  'function setGasConfig(uint256,uint256)',
  'function initiateWithdrawal(address target, uint256 gasLimit, bytes data) payable',
])

interface Devnet {
  readonly l1: JsonRpc
  readonly l2: JsonRpc
  /** Puts a transaction of the first development account, which owns SystemConfig, into the next block. */
  send(
    layer: 'l1' | 'l2',
    to: Address,
    data: Hex,
    options?: { value?: bigint; accessList?: readonly AccessEntry[] },
  ): Promise<RpcReceipt>
}

interface AccessEntry {
  readonly address: Address
  readonly storageKeys: readonly Hex[]
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A devnet whose blocks come on demand; L2 blocks are as far apart as those of L1. */
async function devnet(fork: OpFork): Promise<Devnet> {
  const shape = {
    genesisTime: 1_000_000,
    chainIds: [901],
    blockTime: 2,
    l1BlockTime: 2,
    fork,
    l1Fork: 'prague',
  } as const
  const config = devnetConfig({ shape, automine: false, rpc: { host: '127.0.0.1', port: 0 } })
  const node = await startNode(config, { logger: silentLogger(), signal: new AbortController().signal })
  closing.push(() => node.close())
  const l1 = new JsonRpc(`${node.url}/l1`)
  const l2 = new JsonRpc(`${node.url}/op-901`)
  return {
    l1,
    l2,
    async send(layer, to, data, { value = 0n, accessList = [] } = {}) {
      const chain = layer === 'l1' ? l1 : l2
      const raw = await user.account.signTransaction({
        type: 'eip1559',
        chainId: layer === 'l1' ? 900 : 901,
        nonce: Number(await chain.call<Hex>('eth_getTransactionCount', [user.address, 'latest'])),
        gas: 500_000n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 1n,
        to,
        data,
        value,
        accessList: accessList.map((entry) => ({ ...entry })),
      })
      const hash = await chain.call<Hex>('eth_sendRawTransaction', [raw])
      await chain.call('test_mine')
      return chain.call<RpcReceipt>('eth_getTransactionReceipt', [hash])
    },
  }
}

const block = (chain: JsonRpc, number: string = 'latest'): Promise<RpcBlock> =>
  chain.call<RpcBlock>('eth_getBlockByNumber', [number, false])

async function slot(chain: JsonRpc, address: Address, index: Hex): Promise<bigint> {
  return BigInt(await chain.call<Hex>('eth_getStorageAt', [address, index, 'latest']))
}

const since = (fork: OpFork, other: OpFork): boolean => OP_FORKS.indexOf(fork) >= OP_FORKS.indexOf(other)

describe.each(OP_FORKS.slice(1))('the devnet with %s and all before it', (fork) => {
  it('takes deposits and settings from L1, and withdrawals to it', async () => {
    const { l1, l2, send } = await devnet(fork)

    // The first block's attributes are in the format that L1Block understands.
    await l2.call('test_mine')
    const [start, first] = [await block(l1, '0x0'), await block(l2)]
    const receipts = await l2.call<RpcReceipt[]>('eth_getBlockReceipts', [first.hash])
    expect(receipts.map(({ status, type }) => [status, type])).toEqual([['0x1', '0x7e']])
    expect(await slot(l2, PREDEPLOYS.l1Block, toWord(2n))).toBe(BigInt(start.hash))

    // L1: a deposit, and settings, in one block each.
    const deposit = encodeFunctionData({
      abi: ABI,
      functionName: 'depositTransaction',
      args: [STRANGER, 3n, 100_000n, false, '0x'],
    })
    const gasLimit = encodeFunctionData({ abi: ABI, functionName: 'setGasLimit', args: [40_000_000n] })
    const scalars = since(fork, 'ecotone')
      ? encodeFunctionData({ abi: ABI, functionName: 'setGasConfigEcotone', args: [11, 22] })
      : encodeFunctionData({ abi: ABI, functionName: 'setGasConfig', args: [33n, 44n] })
    expect((await send('l1', optimismPortal, deposit, { value: 5n })).status).toBe('0x1')
    expect((await send('l1', systemConfig, gasLimit)).status).toBe('0x1')
    expect((await send('l1', systemConfig, scalars)).status).toBe('0x1')

    // L2 adopts one L1 block in each of its own.
    for (let i = 0; i < 3; i++) await l2.call('test_mine')
    const [origin, head] = [await block(l1), await block(l2)]
    expect(await slot(l2, PREDEPLOYS.l1Block, toWord(0n))).toBe(
      (BigInt(origin.timestamp) << 64n) | BigInt(origin.number),
    )
    expect(await slot(l2, PREDEPLOYS.l1Block, toWord(1n))).toBe(BigInt(origin.baseFeePerGas))
    expect(await slot(l2, PREDEPLOYS.l1Block, toWord(2n))).toBe(BigInt(origin.hash))
    const packed = await slot(l2, PREDEPLOYS.l1Block, toWord(3n))
    expect(packed >> 64n).toBe(since(fork, 'ecotone') ? (11n << 32n) | 22n : 0n)
    const [overhead, scalar] = await Promise.all([5n, 6n].map((index) => slot(l2, PREDEPLOYS.l1Block, toWord(index))))
    expect([overhead, scalar]).toEqual(since(fork, 'ecotone') ? [0n, 0n] : [33n, 44n])
    expect(BigInt(head.gasLimit)).toBe(40_000_000n)
    // What it mints is more than it sends: the rest is the sender's.
    expect(BigInt(await l2.call<Hex>('eth_getBalance', [STRANGER, 'latest']))).toBe(3n)

    // L2: a withdrawal.
    const withdraw = encodeFunctionData({
      abi: ABI,
      functionName: 'initiateWithdrawal',
      args: [STRANGER, 21_000n, '0x12'],
    })
    const passer = PREDEPLOYS.l2ToL1MessagePasser
    expect((await send('l2', passer, withdraw, { value: 9n })).status).toBe('0x1')
    const words = ['uint256', 'address', 'address', 'uint256', 'uint256', 'bytes'].map((type) => ({ type }))
    const parts = [1n << 240n, user.address, STRANGER, 9n, 21_000n, '0x12']
    const withdrawalHash = keccak256(encodeAbiParameters(words, parts))
    expect(await slot(l2, passer, getWithdrawalHashStorageSlot({ withdrawalHash }))).toBe(1n)
    const { withdrawalsRoot } = await block(l2)
    const { storageHash } = await l2.call<{ storageHash: Hex }>('eth_getProof', [passer, [], 'latest'])
    expect(withdrawalsRoot === storageHash).toBe(since(fork, 'isthmus'))
    expect(withdrawalsRoot === head.withdrawalsRoot).toBe(!since(fork, 'isthmus'))
  })
})

it('a message passes the inbox of the devnet when the access list states it', async () => {
  const { send } = await devnet('interop')
  const inbox = PREDEPLOYS.crossL2Inbox
  const abi = parseAbi([
    'function validateMessage((address origin, uint256 blockNumber, uint256 logIndex, uint256 timestamp, uint256 chainId) id, bytes32 msgHash)',
  ])
  // The vector of the specification.
  const id = {
    origin: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
    blockNumber: 4509n,
    logIndex: 0n,
    timestamp: 1_730_467_171n,
    chainId: 900_200n,
  } as const
  const msgHash = '0xc3f57e1f0dd62a4f77787d834029bfeaab8894022c47edbe13b044fb658c9190'
  const data = encodeFunctionData({ abi, functionName: 'validateMessage', args: [id, msgHash] })
  const sum = '0x0307d89c993b125400cb5868be4cbbafa6a6b1d9b8a6d530d49e8c4a30fb2aa1'
  expect((await send('l2', inbox, data)).status).toBe('0x0')
  expect((await send('l2', inbox, data, { accessList: [{ address: inbox, storageKeys: [sum] }] })).status).toBe('0x1')
})

describe('viem on the devnet', () => {
  async function client() {
    const { l2, send } = await devnet('jovian')
    const multicall3 = { address: MULTICALL3.address }
    const chain = defineChain({
      ...chainConfig,
      id: 901,
      name: 'devnet',
      sourceId: 900,
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [l2.url] } },
      contracts: { ...chainConfig.contracts, multicall3, portal: { 900: { address: optimismPortal } } },
    })
    return { send, viem: createPublicClient({ chain, transport: http() }).extend(publicActionsL2()) }
  }

  it('estimates the L1 fee that a transaction then pays', async () => {
    const { send, viem } = await client()
    // With the attributes of an L1 block in place.
    await send('l2', STRANGER, '0x')
    const estimate = await viem.estimateL1Fee({ account: user.address, to: STRANGER, data: '0x' })
    expect(estimate).toBeGreaterThan(0n)
    expect(BigInt((await send('l2', STRANGER, '0x')).l1Fee ?? 0)).toBe(estimate)
    expect(await viem.getL1BaseFee()).toBe(10n ** 9n)
  })

  it('puts many reads into one', async () => {
    const { send, viem } = await client()
    await send('l2', PREDEPLOYS.weth, '0x', { value: 6n })
    const weth = { address: PREDEPLOYS.weth, abi: erc20Abi } as const
    const answers = await viem.multicall({
      contracts: [
        { ...weth, functionName: 'symbol' },
        { ...weth, functionName: 'balanceOf', args: [user.address] },
        { ...weth, functionName: 'transfer', args: [STRANGER, 1n] },
      ],
    })
    expect(answers.slice(0, 2).map(({ result }) => result)).toEqual(['WETH', 6n])
    // Multicall3 itself has none to give.
    expect(answers[2]).toMatchObject({ status: 'failure' })
  })
})
