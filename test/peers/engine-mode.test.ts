import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { ChainLog, type LoggedHead } from './support/chain-log.ts'
import { type DevAccount, devAccounts } from './support/dev-accounts.ts'
import { upgrading } from './support/fork-schedule.ts'
import type { GethProcess } from './support/geth-process.ts'
import type { JsonRpc } from './support/json-rpc.ts'
import { L1Chain } from './support/l1-chain.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { LoadSender } from './support/load.ts'
import { startOpGeth } from './support/op-geth.ts'
import { type OpSequencer, startOpSequencer } from './support/op-sequencer.ts'
import { startRollupBoost } from './support/rollup-boost.ts'
import { rollupJson } from './support/rollup-json.ts'
import { type SingleStack, startSingleStack } from './support/single-stack.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

/** How many blocks the chain that op-node leads gets. */
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 15)

/** Up to Isthmus at genesis, and the last one while the chain runs. */
const schedule = upgrading({ jovian: 6 })

async function headOf(el: GethProcess): Promise<LoggedHead> {
  const { number, hash } = await el.block('latest')
  return { number: Number(number), hash }
}

/** Sends a transaction of an account that has sent none before. */
async function send(rpc: JsonRpc, index: number): Promise<Hash> {
  const sender = new LoadSender(devAccounts[index] as DevAccount, { gas: 100_000n })
  return rpc.call('eth_sendRawTransaction', [await sender.next('transfer')])
}

async function mined(el: GethProcess, hash: Hash): Promise<void> {
  await waitFor(`${hash} is mined`, () => el.rpc.call('eth_getTransactionReceipt', [hash]), { timeout: 120_000 })
}

/** Ends the execution layer in some way, starts it again, and tells how long it took to the next block. */
async function restart(el: GethProcess, how: 'SIGTERM' | 'SIGKILL', head: () => Promise<LoggedHead>): Promise<string> {
  const { number } = await head()
  const begin = performance.now()
  await (how === 'SIGTERM' ? el.process.stop() : el.process.kill9())
  await el.process.start({ timeout: 120_000 })
  const served = performance.now()
  await waitFor('the next block', async () => (await head()).number > number + 1, { timeout: 120_000, interval: 10 })
  const next = performance.now()
  return `${how}: served again after ${(served - begin).toFixed(0)} ms, next block ${(next - served).toFixed(0)} ms later`
}

function sequence({ folder, l1, el, rollupFile, node }: SingleStack): Promise<OpSequencer> {
  return startOpSequencer({
    folder,
    l1: { url: l1.el.url, configFile: l1.configFile },
    el,
    rollupFile,
    // Its Engine API is op-node's alone.
    chain: {
      mode: 'engine',
      el: { rpc: el.url },
      node: { rpc: node.url },
      insert: undefined,
      sequencer: { l1Confs: 0 },
    },
  })
}

describe('engine mode', () => {
  it(`has op-geth build ${BLOCKS} blocks through op-node, also after it was started again`, {
    timeout: 240_000 + BLOCKS * 3_000,
  }, async () => {
    // Killed, it comes back with blocks without their states, as these were in its memory alone.
    await using stack = await startSingleStack({
      forks: schedule,
      sequencer: 'stopped',
      scheme: 'path',
      gcmode: 'full',
    })
    const { el, node } = stack
    const head = async (): Promise<LoggedHead> => (await node.syncStatus()).unsafe_l2
    const reach = (number: number): Promise<unknown> =>
      waitFor(`block ${number}`, async () => (await head()).number >= number, { timeout: 60_000 + number * 3_000 })
    await using sequencer = await sequence(stack)
    await using log = new ChainLog(head)
    await mined(el, await send(sequencer.rpc, 1))
    await reach(Math.floor(BLOCKS / 3))
    const figures = [await restart(el, 'SIGTERM', head)]
    await mined(el, await send(sequencer.rpc, 2))
    await reach(Math.floor((2 * BLOCKS) / 3))
    figures.push(await restart(el, 'SIGKILL', head))
    await mined(el, await send(sequencer.rpc, 3))
    await reach(BLOCKS)
    // In step with the clock again.
    await waitFor('the chain is in time', async () => {
      const { timestamp } = (await node.syncStatus()).unsafe_l2
      return Math.abs(timestamp - Date.now() / 1000) < 3
    })
    process.stdout.write(`engine mode through op-node, ${(await head()).number} blocks; ${figures.join('; ')}\n`)
    expect(await log.replaced(async (number) => (await el.block(number)).hash)).toEqual([])
    expect(log.heights).toBeGreaterThan(BLOCKS / 2)
    // Its own builder has built them: ours is not asked for a block.
    expect(el.process.log().split('Starting work on payload').length).toBeGreaterThan(BLOCKS)
    // The same control as of any other sequencer.
    const stopped = await sequencer.rpc.call<Hash>('admin_stopSequencer')
    expect((await head()).hash).toBe(stopped)
    const job = await sequencer.rpc.call<string>('test_open')
    const sealed = await sequencer.rpc.call<{ hash: Hash; committed: boolean }>('test_seal', [job])
    expect(sealed.committed).toBe(true)
    const { number } = await head()
    await sequencer.rpc.call('admin_startSequencer', [sealed.hash])
    await reach(number + 2)
  })

  it('takes the blocks of a builder behind rollup-boost', { timeout: 240_000 }, async () => {
    await using folder = new TempFolder()
    const genesisTime = Math.floor(Date.now() / 1000) - 2
    await using l1 = await L1Chain.start({ folder, timestamp: genesisTime - 2 })
    await l1.mine()
    l1.run()
    const forks = schedule(genesisTime)
    const genesis = await l2Genesis({ timestamp: genesisTime, forks })
    await using el = await startOpGeth({ folder, genesis })
    await using builder = await startOpGeth({ folder, genesis, name: 'builder' })
    await using boost = await startRollupBoost({ folder, l2: el, builder })
    const rollupFile = folder.write(
      'rollup.json',
      rollupJson({ l1: await l1.el.block(0), l2Genesis: await el.block(0), forks, blockTime: 1 }),
    )
    await using sequencer = await startOpSequencer({
      folder,
      l1: { url: l1.el.url, configFile: l1.configFile },
      el: { url: el.url, ...boost },
      rollupFile,
      chain: { mode: 'engine', insert: 'engine', sequencer: { l1Confs: 0 } },
    })
    const head = (): Promise<LoggedHead> => headOf(el)
    await using log = new ChainLog(head)
    // Past the last fork, before which the versions are others.
    await waitFor('the chain grows', async () => (await head()).number >= 8, { timeout: 120_000 })
    // Only the builder knows of it.
    await mined(el, await send(builder.rpc, 1))
    expect(boost.blocks.builder).toBeGreaterThan(3)
    // A batcher limits both builders.
    expect(await sequencer.rpc.call('miner_setMaxDASize', ['0x0', '0x1'])).toBe(true)
    const goOn = async (count: number): Promise<void> => {
      const { number } = await head()
      await waitFor(`${count} blocks more`, async () => (await head()).number >= number + count)
    }
    // What is being built already was begun without.
    await goOn(2)
    const waiting = await send(builder.rpc, 2)
    await goOn(3)
    expect(await el.rpc.call('eth_getTransactionReceipt', [waiting])).toBeNull()
    expect(await sequencer.rpc.call('miner_setMaxDASize', ['0x0', '0x0'])).toBe(true)
    await mined(el, waiting)
    // Without a builder it is the proposer's own, which has what users send here.
    await builder.process.kill9()
    const own = boost.blocks.l2
    await mined(el, await send(sequencer.rpc, 3))
    expect(boost.blocks.l2).toBeGreaterThan(own)
    process.stdout.write(`engine mode through rollup-boost: ${await restart(el, 'SIGKILL', head)}\n`)
    await mined(el, await send(sequencer.rpc, 4))
    // The versions and calls that it has, and no others.
    expect(boost.refused).toEqual([])
    expect(await log.replaced(async (height) => (await el.block(height)).hash)).toEqual([])
  })
})
