import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Hex, hexToBytes, toQuantity } from '../../src/primitives/hex.ts'
import { OP_FORKS, type OpFork } from '../../src/protocol/forks.ts'
import { devAccounts, user } from './support/dev-accounts.ts'
import { EngineDriver, FAKE_L1 } from './support/engine-driver.ts'
import { atGenesis, staggered } from './support/fork-schedule.ts'
import { L1Chain } from './support/l1-chain.ts'
import { L2_CHAIN_ID, l2Genesis } from './support/l2-genesis.ts'
import { startOpBatcher } from './support/op-batcher.ts'
import { startOpGeth } from './support/op-geth.ts'
import { startOpNode } from './support/op-node.ts'
import { startOpTestSequencer } from './support/op-test-sequencer.ts'
import { startSingleStack } from './support/single-stack.ts'
import { depositCalldata, PORTAL } from './support/stand-in-contracts.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

const TIMESTAMP = 1_700_000_000
const RECIPIENT = '0x00000000000000000000000000000000c0ffee00'

function transfer(nonce: number, chainId = L2_CHAIN_ID): Promise<Hex> {
  const price = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
  return user.account.signTransaction({ chainId, nonce, gas: 21_000n, ...price, to: RECIPIENT, value: 5n })
}

describe.each(['hash', 'path'] as const)('op-geth, %s scheme', (scheme) => {
  test.each(['full', 'archive'] as const)('%s: builds blocks, and keeps them over a restart', async (gcmode) => {
    await using folder = new TempFolder()
    const forks = atGenesis('canyon')
    const genesis = await l2Genesis({ timestamp: TIMESTAMP, forks })
    await using el = await startOpGeth({ folder, genesis, scheme, gcmode })
    const driver = new EngineDriver(el, forks)

    const first = await driver.extendHead({ transactions: [await transfer(0)] })
    const second = await driver.extendHead()
    expect(first.transactions).toHaveLength(2)
    expect(second.parentHash).toBe(first.hash)
    const receipts = await el.rpc.call<{ status: string }[]>('eth_getBlockReceipts', [first.hash])
    expect(receipts.map((receipt) => receipt.status)).toEqual(['0x1', '0x1'])

    await el.process.restart()
    expect((await el.block('latest')).hash).toBe(second.hash)
  })
})

// Interop and Karst are no rules of this op-geth.
test.each(OP_FORKS.slice(0, OP_FORKS.indexOf('jovian') + 1))('a chain starts at %s', async (fork) => {
  await using folder = new TempFolder()
  const forks = atGenesis(fork)
  const genesis = await l2Genesis({ timestamp: TIMESTAMP, forks, minBaseFee: 0n })
  await using el = await startOpGeth({ folder, genesis })
  const driver = new EngineDriver(el, forks)
  const block = await driver.extendHead({ transactions: [await transfer(0)] })
  const receipts = await el.rpc.call<{ status: string }[]>('eth_getBlockReceipts', [block.hash])
  expect(receipts.map((receipt) => receipt.status)).toEqual(['0x1', '0x1'])

  // L1Block.number(): the L1-info deposit was in the format that the predeploy of this fork understands.
  const call = { to: '0x4200000000000000000000000000000000000015', data: '0x8381f58a' }
  expect(BigInt(await el.rpc.call<Hex>('eth_call', [call, 'latest']))).toBe(FAKE_L1.number)
})

test('a chain with L1 geth, op-geth and an op-node that sequences crosses every fork', async () => {
  const blockTime = 1
  await using stack = await startSingleStack({
    blockTime,
    back: 18,
    forks: (genesisTime) => staggered(genesisTime, 2 * blockTime),
  })
  const { el, l1, node, genesisTime } = stack
  const forks = Object.entries(stack.forks) as [OpFork, number][]
  const last = (Math.max(...forks.map(([, time]) => time)) - genesisTime) / blockTime
  const check = (): void => node.process.assertRunning()
  await waitFor('Jovian is active', async () => (await el.blockNumber()) >= last, { check })

  const seen = await Promise.all(
    forks.map(async ([fork, time]) => {
      const number = (time - genesisTime) / blockTime
      const block = await el.block(number)
      const receipts = await el.rpc.call<{ type: string }[]>('eth_getBlockReceipts', [block.hash])
      const deposits = receipts.filter(({ type }) => type === '0x7e').length
      return [fork, number, deposits, hexToBytes(block.extraData).length]
    }),
  )
  expect(seen).toEqual([
    ['regolith', 2, 1, 0],
    ['canyon', 4, 1, 0],
    ['delta', 6, 1, 0],
    ['ecotone', 8, 7, 0],
    ['fjord', 10, 4, 0],
    ['granite', 12, 1, 0],
    ['holocene', 14, 1, 9],
    ['isthmus', 16, 9, 9],
    ['jovian', 18, 6, 17],
  ])

  const deposit = await user.account.signTransaction({
    chainId: 900,
    nonce: 0,
    gas: 200_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
    to: PORTAL,
    data: depositCalldata({ from: user.address, to: RECIPIENT, mint: 7n, value: 7n }),
  })
  await l1.el.rpc.call('eth_sendRawTransaction', [deposit])
  const balance = (): Promise<Hex> => el.rpc.call('eth_getBalance', [RECIPIENT, 'latest'])
  await waitFor('the deposit runs on L2', async () => BigInt(await balance()) === 7n, { check })

  await using _batcher = await startOpBatcher({ folder: stack.folder, l1, el, node, da: 'blobs' })
  await waitFor('the safe head follows', async () => (await node.syncStatus()).safe_l2.number > 0, { check })
  await waitFor('the finalized head follows', async () => (await node.syncStatus()).finalized_l2.number > 0, { check })
})

test('op-test-sequencer builds the block it is asked for, and another op-node hears of it', async () => {
  const p2p = { privateKey: (devAccounts[4] as (typeof devAccounts)[number]).privateKey }
  await using stack = await startSingleStack({ forks: () => atGenesis(), p2p, sequencer: 'stopped', gcmode: 'full' })
  const { folder, l1, el, node, forks, genesisTime } = stack
  const genesis = await l2Genesis({ timestamp: genesisTime, forks })
  await using followerEl = await startOpGeth({ folder, genesis, name: 'follower-el' })
  await using follower = await startOpNode({
    folder,
    name: 'follower',
    l1,
    el: followerEl,
    rollupFile: stack.rollupFile,
    p2p: { privateKey: (devAccounts[5] as (typeof devAccounts)[number]).privateKey, static: [node.multiaddr] },
  })
  await waitFor('the nodes meet', async () => {
    const { connected } = await follower.rpc.call<{ connected: number }>('opp2p_peerStats')
    return connected > 0
  })
  await using service = await startOpTestSequencer({ folder, l1: l1.el, el, node })
  const raw = await transfer(0)
  await service.sequencer.call('sequencer_new', [{ parent: el.genesisHash }])
  await service.sequencer.call('sequencer_includeTx', [raw])
  await service.sequencer.call('sequencer_next')
  const block = await el.block(1)
  expect(block.transactions).toHaveLength(2)
  await waitFor('the follower has the block', async () => (await followerEl.block('latest')).hash === block.hash)
})

test('L1 blocks come when the test asks, with safe and finalized ones behind', async () => {
  await using folder = new TempFolder()
  await using l1 = await L1Chain.start({ folder, timestamp: TIMESTAMP, blockTime: 12, finality: 4 })
  await l1.el.rpc.call('eth_sendRawTransaction', [await transfer(0, 900)])
  const first = await l1.mine()
  expect(first.transactions).toHaveLength(1)
  const sixth = await l1.mineMany(5)
  expect(sixth.timestamp).toBe(toQuantity(TIMESTAMP + 6 * 12))
  expect((await l1.el.block('safe')).number).toBe('0x4')
  expect((await l1.el.block('finalized')).number).toBe('0x2')
})

test('nothing outlives a test runner that was killed', async () => {
  const script = fileURLToPath(new URL('./support/hold-op-geth.ts', import.meta.url))
  const runner: ChildProcess = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    if (runner.stdout === null) throw new Error('no output of the runner')
    const [line] = (await once(createInterface({ input: runner.stdout }), 'line')) as [string]
    const { pid, root } = JSON.parse(line) as { pid: number; root: string }
    const alive = (): boolean => {
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    }
    expect(alive()).toBe(true)
    expect(existsSync(root)).toBe(true)
    runner.kill('SIGKILL')
    await waitFor('op-geth is gone', () => !alive(), { timeout: 10_000 })
    await waitFor('its folder is gone', () => !existsSync(root), { timeout: 10_000 })
  } finally {
    runner.kill('SIGKILL')
  }
})
