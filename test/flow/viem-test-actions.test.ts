import { createWalletClient, getAddress, http, parseEther, testActions, toHex } from 'viem'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ActionCase, type Layer, type ViemWorld, viemWorld } from '../support/viem-world.ts'

const TO = getAddress(`0x${'77'.repeat(20)}`)

/** viem's actions of anvil, each with what shall come of it on a chain of the devnet. */
const CASES: Readonly<Record<string, ActionCase>> = {
  async dropTransaction({ test, wallet }) {
    await test.setAutomine(false)
    const hash = await wallet.sendTransaction({ to: TO, chain: null })
    await test.dropTransaction({ hash })
    expect(await test.getTxpoolStatus()).toEqual({ pending: 0, queued: 0 })
  },
  async getAutomine({ test }) {
    expect(await test.getAutomine()).toBe(true)
  },
  async getTxpoolContent({ test, wallet, alice }) {
    await test.setAutomine(false)
    const hash = await wallet.sendTransaction({ to: TO, chain: null })
    const { pending } = await test.getTxpoolContent()
    expect(Object.values(pending[alice.address] ?? {})).toMatchObject([{ hash, to: TO.toLowerCase() }])
  },
  async getTxpoolStatus({ test, wallet }) {
    await test.setAutomine(false)
    await wallet.sendTransaction({ to: TO, chain: null })
    expect(await test.getTxpoolStatus()).toEqual({ pending: 1, queued: 0 })
  },
  async impersonateAccount({ test, rpcWallet, reads }) {
    await test.setBalance({ address: TO, value: parseEther('1') })
    await test.impersonateAccount({ address: TO })
    const hash = await rpcWallet.sendTransaction({ account: TO, to: TO, value: 1n, chain: null })
    expect(await reads.waitForTransactionReceipt({ hash })).toMatchObject({ status: 'success', from: TO.toLowerCase() })
  },
  async increaseTime({ test, reads }) {
    const { timestamp } = await reads.getBlock()
    await test.increaseTime({ seconds: 3600 })
    await test.mine({ blocks: 1 })
    expect((await reads.getBlock()).timestamp).toBeGreaterThanOrEqual(timestamp + 3600n)
  },
  async inspectTxpool({ test, wallet, alice }) {
    await test.setAutomine(false)
    await wallet.sendTransaction({ to: TO, value: 1n, chain: null })
    const { pending } = await test.inspectTxpool()
    expect(Object.values(pending[alice.address] ?? {})).toEqual([expect.stringMatching(/1 wei \+ 21000 gas/)])
  },
  async mine({ test, reads }) {
    const { number, timestamp } = await reads.getBlock()
    await test.mine({ blocks: 3, interval: 10 })
    expect(await reads.getBlock()).toMatchObject({ number: number + 3n })
    expect((await reads.getBlock()).timestamp).toBeGreaterThanOrEqual(timestamp + 20n)
  },
  async removeBlockTimestampInterval({ test, reads, layer }) {
    await test.setBlockTimestampInterval({ interval: 50 })
    await test.removeBlockTimestampInterval()
    const { timestamp } = await reads.getBlock()
    await test.mine({ blocks: 1 })
    expect((await reads.getBlock()).timestamp).toBe(timestamp + (layer === 'l1' ? 6n : 2n))
  },
  async revert({ test, reads }) {
    const id = await test.snapshot()
    const { hash } = await reads.getBlock()
    await test.mine({ blocks: 2 })
    await test.setBalance({ address: TO, value: 5n })
    await test.revert({ id })
    expect((await reads.getBlock()).hash).toBe(hash)
    expect(await reads.getBalance({ address: TO })).toBe(0n)
  },
  async setAutomine({ test, wallet, reads }) {
    const before = await reads.getBlockNumber()
    await test.setAutomine(false)
    await wallet.sendTransaction({ to: TO, chain: null })
    expect(await reads.getBlockNumber()).toBe(before)
    await test.setAutomine(true)
    expect(await test.getAutomine()).toBe(true)
  },
  async setBalance({ test, reads }) {
    await test.setBalance({ address: TO, value: 5n })
    expect(await reads.getBalance({ address: TO })).toBe(5n)
  },
  async setBlockGasLimit({ test, reads, layer }) {
    const { gasLimit } = await reads.getBlock()
    await test.setBlockGasLimit({ gasLimit: gasLimit - 1000n })
    await test.mine({ blocks: 1 })
    expect((await reads.getBlock()).gasLimit, layer).toBe(gasLimit - 1000n)
  },
  async setBlockTimestampInterval({ test, reads }) {
    await test.setBlockTimestampInterval({ interval: 50 })
    const { timestamp } = await reads.getBlock()
    await test.mine({ blocks: 2 })
    expect((await reads.getBlock()).timestamp).toBe(timestamp + 100n)
  },
  async setCode({ test, reads }) {
    await test.setCode({ address: TO, bytecode: '0x6001' })
    expect(await reads.getCode({ address: TO })).toBe('0x6001')
  },
  async setCoinbase({ test, reads }) {
    await test.setCoinbase({ address: TO })
    await test.mine({ blocks: 1 })
    expect(await reads.getBlock()).toMatchObject({ miner: TO.toLowerCase() })
  },
  async setIntervalMining({ test, reads }) {
    const before = await reads.getBlockNumber()
    await test.setIntervalMining({ interval: 0.01 })
    await expect.poll(() => reads.getBlockNumber()).toBeGreaterThan(before + 1n)
    await test.setIntervalMining({ interval: 0 })
  },
  async setNextBlockTimestamp({ test, reads }) {
    const { timestamp } = await reads.getBlock()
    await test.setNextBlockTimestamp({ timestamp: timestamp + 77n })
    await test.mine({ blocks: 1 })
    expect((await reads.getBlock()).timestamp).toBe(timestamp + 77n)
  },
  async setNonce({ test, reads }) {
    await test.setNonce({ address: TO, nonce: 7 })
    expect(await reads.getTransactionCount({ address: TO })).toBe(7)
  },
  async setStorageAt({ test, reads, token: { address } }) {
    await test.setStorageAt({ address, index: 0, value: toHex(3, { size: 32 }) })
    expect(await reads.getStorageAt({ address, slot: '0x0' })).toBe(toHex(3, { size: 32 }))
  },
  async snapshot({ test }) {
    expect(await test.snapshot()).toMatch(/^0x[0-9a-f]+$/)
  },
  async stopImpersonatingAccount({ test, rpcWallet }) {
    await test.setBalance({ address: TO, value: parseEther('1') })
    await test.impersonateAccount({ address: TO })
    await test.stopImpersonatingAccount({ address: TO })
    const send = rpcWallet.sendTransaction({ account: TO, to: TO, value: 1n, chain: null })
    await expect(send).rejects.toThrow(/unknown account/)
  },
  // The last one: it goes back behind what every other needs.
  async reset({ test, reads }) {
    await test.reset()
    expect(await reads.getBlockNumber()).toBe(0n)
  },
}

/** What is not there, and why. */
const NOT_HERE: Readonly<Record<string, string>> = {
  dumpState: 'the state is in the datadir; a snapshot goes back within a run',
  loadState: 'as dumpState',
  sendUnsignedTransaction: 'eth_sendUnsignedTransaction is of no node that is still maintained; impersonation does it',
  setLoggingEnabled: 'the log is the process’s own, not the chain’s',
  setMinGasPrice: 'of the time before EIP-1559',
  setNextBlockBaseFeePerGas:
    'a base fee is what the parent makes it; another is an invalid block, which test_seal can craft',
  setRpcUrl: 'a fork’s source is in the configuration',
}

describe.each<Layer>(['l1', 'l2'])('an action of viem’s test client on %s', (layer) => {
  let world: ViemWorld
  let clean: `0x${string}`

  beforeAll(async () => {
    world = await viemWorld(layer)
    clean = await world.test.snapshot()
  })

  beforeEach(async () => {
    await world.test.setAutomine(true)
    await world.test.revert({ id: clean })
    clean = await world.test.snapshot()
  })

  afterAll(() => world.close())

  it('is one of those that are tried here', () => {
    const all = Object.keys(testActions({ mode: 'anvil' })(createWalletClient({ transport: http('http://127.0.0.1') })))
    expect([...Object.keys(CASES), ...Object.keys(NOT_HERE)].sort()).toEqual(all.sort())
  })

  for (const [name, run] of Object.entries(CASES)) it(name, () => run(world))
})
