import { JsonRpcProvider, WebSocketProvider } from 'ethers'
import { createPublicClient, encodeEventTopics, type Hex, http, parseAbi, webSocket } from 'viem'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { devnetConfig } from '../../src/devnet/devnet-config.ts'
import { startNode } from '../../src/node.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'

const [alice, bob] = devAccounts as [(typeof devAccounts)[0], (typeof devAccounts)[0]]
const ABI = parseAbi(['event Seven(uint256 indexed second)'])
const [TOPIC] = encodeEventTopics({ abi: ABI, eventName: 'Seven' }) as [Hex]
const NO_WAIT = { pollingInterval: 10 }

let node: Awaited<ReturnType<typeof startNode>>
let url: string
const closing: (() => unknown)[] = []

beforeEach(async () => {
  const config = devnetConfig({
    shape: { genesisTime: 1_000_000, chainIds: [901], blockTime: 2, l1BlockTime: 6, fork: 'jovian', l1Fork: 'prague' },
    automine: true,
    rpc: { host: '127.0.0.1', port: 0 },
  })
  node = await startNode(config, { logger: silentLogger(), signal: new AbortController().signal })
  url = `${node.url}/op-901`
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await node.close()
})

const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }

function payment(nonce: number): Promise<Hex> {
  return alice.account.signTransaction({ chainId: 901, nonce, to: bob.address, value: 1n, gas: 21_000n, ...fees })
}

/** Init code that emits `Seven(second)`, signed as a creation. */
function emitting(nonce: number, second: number): Promise<Hex> {
  const data: Hex = `0x60${second.toString(16).padStart(2, '0')}7f${TOPIC.slice(2)}60006000a200`
  return alice.account.signTransaction({ chainId: 901, nonce, data, gas: 100_000n, ...fees })
}

/** Resolves when it holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('viem', () => {
  it('reads blocks, transactions, state and prices', async () => {
    const client = createPublicClient({ transport: http(url), ...NO_WAIT })
    const hash = await client.sendRawTransaction({ serializedTransaction: await payment(0) })
    const receipt = await client.waitForTransactionReceipt({ hash })
    const { blockHash, blockNumber } = receipt
    expect(receipt).toMatchObject({ status: 'success', gasUsed: 21_000n, to: bob.address.toLowerCase() })
    expect(await client.getChainId()).toBe(901)
    expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(blockNumber)
    const block = await client.getBlock({ blockHash, includeTransactions: true })
    expect(block.transactions.at(-1)).toMatchObject({ hash, from: alice.address.toLowerCase(), nonce: 0 })
    for (const blockTag of ['latest', 'pending', 'earliest'] as const) {
      expect((await client.getBlock({ blockTag })).hash).not.toBe(null)
    }
    expect(await client.getBlockTransactionCount({ blockHash })).toBe(block.transactions.length)
    expect(await client.getTransaction({ blockHash, index: receipt.transactionIndex })).toMatchObject({ hash })
    expect(await client.getTransaction({ hash })).toMatchObject({ blockHash, gasPrice: receipt.effectiveGasPrice })
    expect(await client.getTransactionConfirmations({ hash })).toBe(1n)
    expect(await client.getTransactionCount({ address: alice.address, blockTag: 'pending' })).toBe(1)
    const before = { address: bob.address, blockNumber: blockNumber - 1n } as const
    expect((await client.getBalance({ address: bob.address })) - (await client.getBalance(before))).toBe(1n)
    expect(await client.getCode({ address: bob.address })).toBe(undefined)
    expect(await client.getCode({ address: '0x4200000000000000000000000000000000000015' })).toMatch(/^0x60/)
    const slot = { address: '0x4200000000000000000000000000000000000015', slot: '0x0' } as const
    const { storageProof, codeHash } = await client.getProof({ address: slot.address, storageKeys: [slot.slot] })
    expect(BigInt((await client.getStorageAt(slot)) as Hex)).toBe(storageProof[0]?.value)
    expect(codeHash).toMatch(/^0x/)
    const gasPrice = await client.getGasPrice()
    expect(gasPrice).toBe((block.baseFeePerGas ?? 0n) + (await client.estimateMaxPriorityFeePerGas()))
    expect((await client.estimateFeesPerGas()).maxFeePerGas).toBeGreaterThan(block.baseFeePerGas ?? 0n)
    expect(await client.getBlobBaseFee()).toBe(1n)
    const history = await client.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })
    expect(history).toMatchObject({
      oldestBlock: blockNumber - 1n,
      baseFeePerGas: { length: 3 },
      reward: { length: 2 },
    })
  })

  it('finds logs, and polls filters', async () => {
    const client = createPublicClient({ transport: http(url), ...NO_WAIT })
    const blocks = await client.createBlockFilter()
    const pending = await client.createPendingTransactionFilter()
    const events = await client.createEventFilter({ event: ABI[0], args: { second: [3n, 4n] } })
    for (const [nonce, second] of [2, 3, 4].entries()) {
      await client.sendRawTransaction({ serializedTransaction: await emitting(nonce, second) })
    }
    expect(await client.getFilterChanges({ filter: pending })).toHaveLength(3)
    const seen: bigint[] = []
    while (seen.length < 2) {
      for (const { args } of await client.getFilterChanges({ filter: events })) seen.push(args.second as bigint)
    }
    expect(seen).toEqual([3n, 4n])
    const logs = await client.getLogs({ event: ABI[0], fromBlock: 'earliest' })
    expect(logs.map(({ args }) => args.second)).toEqual([2n, 3n, 4n])
    const mined = [...new Set(logs.map(({ blockHash }) => blockHash))]
    expect(await client.getFilterChanges({ filter: blocks })).toEqual(mined)
    // A filter without a range names the head alone.
    const ofHead = (await client.getFilterLogs({ filter: events })).map(({ args }) => args.second)
    expect(ofHead).toEqual(seen.slice(-ofHead.length))
    expect(ofHead.length).toBeGreaterThan(0)
    expect(await client.uninstallFilter({ filter: events })).toBe(true)
    await expect(client.getFilterChanges({ filter: events })).rejects.toThrow('filter not found')
  })

  it('is told of blocks, events and transactions', async () => {
    const client = createPublicClient({ transport: webSocket(url.replace('http', 'ws')) })
    closing.push(async () => (await client.transport.getRpcClient()).close())
    const seen = { blocks: [] as unknown[], logs: [] as unknown[], pending: [] as unknown[] }
    const failures: Error[] = []
    const onError = (error: Error): void => void failures.push(error)
    const ends = [
      client.watchBlocks({ onBlock: ({ hash }) => seen.blocks.push(hash), onError }),
      client.watchEvent({ event: ABI[0], onLogs: (logs) => seen.logs.push(...logs), onError }),
      client.watchPendingTransactions({ onTransactions: (hashes) => seen.pending.push(...hashes), onError }),
    ]
    // The subscriptions are on their way: a call behind them is answered after them.
    await new Promise((resolve) => setImmediate(resolve))
    await client.getBlockNumber({ cacheTime: 0 })
    const hash = await client.sendRawTransaction({ serializedTransaction: await emitting(0, 9) })
    await until(() => seen.logs.length > 0 && seen.blocks.length > 0 && seen.pending.length > 0)
    const { blockHash } = await client.getTransactionReceipt({ hash })
    expect(seen.blocks).toEqual([blockHash])
    expect(seen.pending).toEqual([hash])
    expect(seen.logs).toMatchObject([{ args: { second: 9n }, blockHash, removed: false }])
    expect(failures).toEqual([])
    for (const end of ends) end()
  })
})

describe('ethers', () => {
  it('reads blocks, transactions, state, prices and logs', async () => {
    const provider = new JsonRpcProvider(url, undefined, NO_WAIT)
    closing.push(() => provider.destroy())
    expect((await provider.getNetwork()).chainId).toBe(901n)
    const sent = await provider.broadcastTransaction(await emitting(0, 5))
    const receipt = await sent.wait()
    expect(receipt).toMatchObject({ status: 1, hash: sent.hash, logs: { length: 1 } })
    const number = receipt?.blockNumber ?? 0
    const block = await provider.getBlock(number, true)
    expect(block?.prefetchedTransactions.at(-1)?.hash).toBe(sent.hash)
    expect(await provider.getTransaction(sent.hash)).toMatchObject({ blockNumber: number, nonce: 0, type: 2 })
    expect(await provider.getTransactionCount(alice.address)).toBe(1)
    expect(await provider.getBalance(bob.address, 0)).toBe(await provider.getBalance(bob.address))
    expect(await provider.getStorage('0x4200000000000000000000000000000000000015', 0)).toMatch(/^0x[0-9a-f]{64}$/)
    const data = await provider.getFeeData()
    expect(data.gasPrice).toBe((block?.baseFeePerGas ?? 0n) + (data.maxPriorityFeePerGas ?? 0n))
    const logs = await provider.getLogs({ topics: [TOPIC], fromBlock: 0, toBlock: 'latest' })
    expect(logs).toMatchObject([{ transactionHash: sent.hash, index: 0, removed: false }])
    expect(await provider.getTransactionReceipt(`0x${'ab'.repeat(32)}`)).toBe(null)
  })

  it('is told of blocks, logs and transactions', async () => {
    const provider = new WebSocketProvider(url.replace('http', 'ws'))
    closing.push(() => provider.destroy())
    const seen = { blocks: [] as number[], logs: [] as string[], pending: [] as string[] }
    await provider.on('block', (number: number) => seen.blocks.push(number))
    await provider.on({ topics: [TOPIC] }, ({ transactionHash }) => seen.logs.push(transactionHash))
    await provider.on('pending', (hash: string) => seen.pending.push(hash))
    await provider.getBlockNumber()
    const { hash } = await provider.broadcastTransaction(await emitting(0, 6))
    await until(() => seen.logs.length > 0 && seen.blocks.length > 0 && seen.pending.length > 0)
    expect(seen).toEqual({ blocks: [1], logs: [hash], pending: [hash] })
  })
})
