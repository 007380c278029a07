import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeFunctionData, parseAbi } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import { devnetL1Addresses } from '../../src/devnet/devnet-chain.ts'
import { type DevnetSettings, devnetConfig } from '../../src/devnet/devnet-config.ts'
import { startNode } from '../../src/node.ts'
import { type Address, bytesToHex, type Hex } from '../../src/primitives/hex.ts'
import { BLOB_SIZE, versionedHash } from '../../src/protocol/blob-sidecar.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { blobTransaction, type TestBlob } from '../peers/support/blob-tx.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'

const [alice, bob] = devAccounts as [(typeof devAccounts)[0], (typeof devAccounts)[0]]
const RECIPIENT: Address = `0x${'77'.repeat(20)}`
const ETHER = 10n ** 18n

/** The commitment to a blob of zeros, and its proof, are the point at infinity. */
const INFINITY = Uint8Array.from({ length: 48 }, (_, at) => (at === 0 ? 0xc0 : 0))
const EMPTY_BLOB: TestBlob = {
  blob: new Uint8Array(BLOB_SIZE),
  commitment: INFINITY,
  proof: INFINITY,
  cellProofs: [],
  hash: versionedHash(INFINITY),
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function devnet(settings: Partial<DevnetSettings> = {}) {
  const node = await startNode(
    devnetConfig({
      shape: {
        genesisTime: 1_000_000,
        chainIds: [901],
        blockTime: 2,
        l1BlockTime: 6,
        fork: 'jovian',
        l1Fork: 'prague',
      },
      automine: false,
      rpc: { host: '127.0.0.1', port: 0 },
      ...settings,
    }),
    { logger: silentLogger(), signal: new AbortController().signal },
  )
  closing.push(() => node.close())
  return { l1: new JsonRpc(`${node.url}/l1`), l2: new JsonRpc(`${node.url}/op-901`), close: () => node.close() }
}

const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }

function transfer(chainId: number, nonce: number, value = 1n): Promise<Hex> {
  return alice.account.signTransaction({ chainId, nonce, to: RECIPIENT, value, gas: 21_000n, ...fees })
}

async function balance(chain: JsonRpc, address: Address): Promise<bigint> {
  return BigInt(await chain.call<Hex>('eth_getBalance', [address, 'latest']))
}

async function head(chain: JsonRpc): Promise<{ number: number; timestamp: number; hash: Hex }> {
  const block = await chain.call<{ number: Hex; timestamp: Hex; hash: Hex }>('eth_getBlockByNumber', ['latest', false])
  return { number: Number(block.number), timestamp: Number(block.timestamp), hash: block.hash }
}

describe('the devnet', () => {
  it('builds blocks of both layers when told, and mints on L2 what is deposited on L1', async () => {
    const { l1, l2 } = await devnet()
    const abi = parseAbi(['function depositTransaction(address,uint256,uint64,bool,bytes) payable'])
    const data = encodeFunctionData({
      abi,
      functionName: 'depositTransaction',
      args: [RECIPIENT, 5n * ETHER, 100_000n, false, '0x'],
    })
    const deposit = await alice.account.signTransaction({
      chainId: 900,
      nonce: 0,
      to: devnetL1Addresses(901n).optimismPortal,
      value: 5n * ETHER,
      gas: 300_000n,
      data,
      ...fees,
    })
    const hash = await l1.call<Hex>('eth_sendRawTransaction', [deposit])
    await l1.call('test_mine')
    expect(await l1.call('eth_getTransactionReceipt', [hash])).toMatchObject({ status: '0x1', blockNumber: '0x1' })
    // The L2's clock is behind the new origin for three blocks.
    for (let i = 0; i < 2; i++) await l2.call('test_mine')
    expect(await balance(l2, RECIPIENT)).toBe(0n)
    await l2.call('test_mine')
    expect(await balance(l2, RECIPIENT)).toBe(5n * ETHER)
  })

  it('does to state and time what a test wants', async () => {
    const { l1, l2 } = await devnet()
    for (const chain of [l1, l2]) {
      await chain.call('anvil_setBalance', [RECIPIENT, '0x64'])
      expect(await balance(chain, RECIPIENT)).toBe(100n)
      await chain.call('test_fund', [RECIPIENT, '0x1'])
      await chain.call('anvil_setNonce', [RECIPIENT, '0x7'])
      await chain.call('hardhat_setCode', [RECIPIENT, '0x6001'])
      await chain.call('anvil_setStorageAt', [RECIPIENT, '0x1', `0x${'00'.repeat(31)}ff`])
      const before = await head(chain)
      expect(await chain.call('evm_increaseTime', ['0xe10'])).toBe(3600)
      await chain.call('evm_mine')
      const blockTime = chain === l1 ? 6 : 2
      expect((await head(chain)).timestamp).toBe(before.timestamp + 3600 + blockTime)
      await chain.call('evm_setNextBlockTimestamp', [before.timestamp + 10_000])
      await chain.call('anvil_mine', ['0x3', '0x64'])
      expect((await head(chain)).timestamp).toBe(before.timestamp + 10_200)
      await expect(chain.call('evm_setNextBlockTimestamp', [before.timestamp])).rejects.toMatchObject({
        code: -32602,
        message: expect.stringMatching(/is lower than or equal to previous block/),
      })
      // What was edited holds for the blocks that follow.
      expect(await balance(chain, RECIPIENT)).toBe(101n)
      expect(await chain.call('eth_getTransactionCount', [RECIPIENT, 'latest'])).toBe('0x7')
      expect(await chain.call('eth_getCode', [RECIPIENT, 'latest'])).toBe('0x6001')
      expect(await chain.call('eth_getStorageAt', [RECIPIENT, '0x1', 'latest'])).toBe(`0x${'00'.repeat(31)}ff`)
      await chain.call('anvil_setCoinbase', [bob.address])
      await chain.call('evm_setBlockGasLimit', ['0x3a00000'])
      await chain.call('evm_mine')
      expect(await chain.call('eth_getBlockByNumber', ['latest', false])).toMatchObject({
        miner: bob.address.toLowerCase(),
        gasLimit: chain === l1 ? '0x3946be0' : '0x3a00000',
      })
    }
  })

  it('goes back to a snapshot: head, state, pool and times', async () => {
    const { l2 } = await devnet()
    await l2.call('test_mine')
    await l2.call('test_setBalance', [RECIPIENT, '0x5'])
    await l2.call('eth_sendRawTransaction', [await transfer(901, 0)])
    await l2.call('evm_increaseTime', ['0x64'])
    const before = await head(l2)
    const id = await l2.call<Hex>('evm_snapshot')
    await l2.call('test_setBalance', [RECIPIENT, '0x6'])
    await l2.call('test_mine', ['0x2'])
    expect(await balance(l2, RECIPIENT)).toBe(7n)
    expect(await l2.call('evm_revert', [id])).toBe(true)
    expect(await head(l2)).toEqual(before)
    expect(await balance(l2, RECIPIENT)).toBe(5n)
    expect(await l2.call('txpool_status')).toEqual({ pending: '0x1', queued: '0x0' })
    await l2.call('test_mine')
    expect(await balance(l2, RECIPIENT)).toBe(6n)
    expect((await head(l2)).timestamp).toBe(before.timestamp + 102)
    expect(await l2.call('evm_revert', [id])).toBe(false)
    await l2.call('anvil_reset')
    expect((await head(l2)).number).toBe(0)
    expect(await balance(l2, RECIPIENT)).toBe(0n)
  })

  it('answers for a transaction that gets a block at once when it has it', async () => {
    const { l2 } = await devnet({ automine: true })
    expect(await l2.call('anvil_getAutomine')).toBe(true)
    const hashes = await Promise.all(
      [0, 1, 2].map(async (n) => l2.call<Hex>('eth_sendRawTransaction', [await transfer(901, n)])),
    )
    for (const hash of hashes)
      expect(await l2.call('eth_getTransactionReceipt', [hash])).toMatchObject({ status: '0x1' })
    // One that waits for another gets none.
    const { number } = await head(l2)
    await l2.call('eth_sendRawTransaction', [await transfer(901, 9)])
    expect((await head(l2)).number).toBe(number)
    await l2.call('evm_setAutomine', [false])
    await l2.call('eth_sendRawTransaction', [await transfer(901, 3)])
    expect((await head(l2)).number).toBe(number)
  })

  it('sends for its accounts, and for those that are impersonated', async () => {
    const { l1, l2 } = await devnet({ automine: true })
    for (const chain of [l1, l2]) {
      expect(await chain.call('eth_accounts')).toContain(alice.address.toLowerCase())
      const sent = await chain.call<Hex>('eth_sendTransaction', [{ from: alice.address, to: RECIPIENT, value: '0x5' }])
      expect(await chain.call('eth_getTransactionReceipt', [sent])).toMatchObject({ status: '0x1', gasUsed: '0x5208' })
      await chain.call('anvil_setBalance', [RECIPIENT, '0xde0b6b3a7640000'])
      const request = { from: RECIPIENT, to: bob.address, value: '0x1' }
      await expect(chain.call('eth_sendTransaction', [request])).rejects.toMatchObject({
        code: -32000,
        message: expect.stringMatching(/unknown account/),
      })
      await chain.call('anvil_impersonateAccount', [RECIPIENT])
      const hash = await chain.call<Hex>('eth_sendTransaction', [request])
      expect(await chain.call('eth_getTransactionReceipt', [hash])).toMatchObject({ status: '0x1', from: RECIPIENT })
      expect(await chain.call('eth_getTransactionByHash', [hash])).toMatchObject({ from: RECIPIENT, s: '0x0' })
      await chain.call('test_stopImpersonating', [RECIPIENT])
      await expect(chain.call('eth_sendTransaction', [request])).rejects.toMatchObject({ code: -32000 })
      // One that reverts is not sent: its gas cannot be estimated.
      const failing = { from: alice.address, data: '0x60006000fd' }
      await expect(chain.call('eth_sendTransaction', [failing])).rejects.toMatchObject({ code: 3 })
    }
    const message = '0x68656c6c6f'
    expect(await l2.call('personal_sign', [message, alice.address])).toBe(
      await alice.account.signMessage({ message: { raw: message } }),
    )
  })

  it('is where it was after a restart', async () => {
    const datadir = await mkdtemp(join(tmpdir(), 'devnet-'))
    closing.push(() => rm(datadir, { recursive: true }))
    const first = await devnet({ datadir })
    await first.l1.call('test_mine')
    await first.l1.call('eth_sendRawTransaction', [await blobTransaction(alice, 0, [EMPTY_BLOB], 0, undefined, 900)])
    await first.l1.call('test_mine')
    await first.l2.call('eth_sendRawTransaction', [await transfer(901, 0)])
    await first.l2.call('test_mine')
    await first.l2.call('test_setBalance', [bob.address, '0x1'])
    const heads = [await head(first.l1), await head(first.l2)]
    await closing.pop()?.()
    const second = await devnet({ datadir })
    expect([await head(second.l1), await head(second.l2)]).toEqual(heads)
    const beacon = await fetch(`${second.l1.url}/eth/v1/beacon/blobs/12`)
    expect(await beacon.json()).toEqual({ data: [bytesToHex(EMPTY_BLOB.blob)] })
    expect(await balance(second.l2, RECIPIENT)).toBe(1n)
    expect(await balance(second.l2, bob.address)).toBe(1n)
    await second.l2.call('test_mine')
    expect((await head(second.l2)).number).toBe(2)
  })
})
