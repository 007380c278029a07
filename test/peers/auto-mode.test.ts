import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { otherUser, unsafeBlockSigner, user } from './support/dev-accounts.ts'
import { upgrading } from './support/fork-schedule.ts'
import { HeadLog } from './support/head-log.ts'
import { LoadSender } from './support/load.ts'
import { startOpBatcher } from './support/op-batcher.ts'
import { type OpSequencer, type Sealed, startOpSequencer } from './support/op-sequencer.ts'
import { type SingleStack, startSingleStack } from './support/single-stack.ts'
import { startVerifier } from './support/verifier.ts'
import { waitFor } from './support/wait-for.ts'

const SENDER_KEY = `0x${'61'.repeat(32)}` as const
const VERIFIER_KEY = `0x${'62'.repeat(32)}` as const

/** How many times the sequencer changes. */
const ROTATIONS = Number(process.env.OP_SEQUENCER_ROTATIONS ?? 4)

/** Up to Isthmus at genesis, and the last one while the chain runs. */
const schedule = upgrading({ jovian: 8 })

function sequence(stack: SingleStack, section: object): Promise<OpSequencer> {
  const { folder, l1, el, rollupFile, node } = stack
  const keyFile = folder.write('signer.key', unsafeBlockSigner.privateKey)
  return startOpSequencer({
    folder,
    l1: { url: l1.el.url, configFile: l1.configFile },
    el,
    rollupFile,
    chain: { mode: 'auto', node: { rpc: node.url }, insert: 'op-node', signer: { keyFile }, ...section },
  })
}

/** Makes the head a block on a parent of the caller's. */
async function byHand({ rpc }: OpSequencer, l2Parent: Hash): Promise<Hash> {
  const job = await rpc.call<string>('test_open', [{ l2Parent, feeRecipient: otherUser.address }])
  return (await rpc.call<Sealed>('test_seal', [job, { publish: false }])).hash
}

describe('automatic sequencing through op-node', () => {
  it('builds on time with what users send; another op-node follows, and L1 confirms it', {
    timeout: 240_000,
  }, async () => {
    await using stack = await startSingleStack({
      forks: schedule,
      sequencer: 'stopped',
      p2p: { privateKey: SENDER_KEY },
    })
    const { folder, l1, el, node } = stack
    const p2p = { privateKey: VERIFIER_KEY, static: [node.multiaddr] }
    await using verifier = await startVerifier(stack, { p2p })
    await using sequencer = await sequence(stack, { sequencer: { l1Confs: 1 } })
    await using heads = new HeadLog(el)
    await using _batches = await startOpBatcher({ folder, l1, el, node })
    const sender = new LoadSender(user, { gas: 500_000n })
    const sent: string[] = []
    for (let i = 0; i < 20; i++) sent.push(await sequencer.rpc.call('eth_sendRawTransaction', [await sender.next()]))
    const mined = async (hash: string): Promise<boolean> =>
      (await el.rpc.call('eth_getTransactionReceipt', [hash])) !== null
    for (const hash of sent) await waitFor(`${hash} is mined`, () => mined(hash))
    // Past the last fork, on origins that move.
    const far = await waitFor(
      'the chain goes on',
      async () => {
        const status = await node.syncStatus()
        return status.unsafe_l2.number >= 14 && status.safe_l2.number > 2 ? status : undefined
      },
      { timeout: 120_000 },
    )
    expect(far.unsafe_l2.l1origin.number).toBeGreaterThan(2)
    // In step with the clock.
    const tip = await waitFor('the chain is in time', async () => {
      const { unsafe_l2: unsafe } = await node.syncStatus()
      return Math.abs(unsafe.timestamp - Date.now() / 1000) < 3 ? unsafe : undefined
    })
    await waitFor(
      'the verifier follows',
      async () => (await verifier.node.syncStatus()).unsafe_l2.number >= tip.number,
      {
        timeout: 60_000,
      },
    )
    expect((await verifier.el.block(tip.number)).hash).toBe(tip.hash)
    await heads.stop()
    expect(await heads.replaced()).toEqual([])
    // A batch on its way to L1 has another block than the one that is now put in its place.
    await l1.pause()
    const pending = async (): Promise<boolean> =>
      (await l1.el.rpc.call<{ pending: string }>('txpool_status')).pending !== '0x0'
    const { number: l1Head } = await l1.el.block('latest')
    let before = -1
    const safe = await waitFor('what is on L1 is derived', async () => {
      const { current_l1: derived, safe_l2: now } = await node.syncStatus()
      const isSame = now.number === before
      before = now.number
      await delay(1000)
      return isSame && derived.number === Number(l1Head) ? now : undefined
    })
    await waitFor('a batch waits for L1', pending)
    const { hash: batched } = await el.block(safe.number + 1)
    const replaced = await byHand(sequencer, safe.hash)
    expect(replaced).not.toBe(batched)
    await waitFor('it is built on', async () => (await node.syncStatus()).unsafe_l2.number > safe.number + 3)
    expect((await el.block(safe.number + 1)).hash).toBe(replaced)
    l1.run()
    const canonical = async (): Promise<boolean> => (await el.block(safe.number + 1)).hash === batched
    await waitFor('op-node derives what was batched', canonical)
    await waitFor('the sequencer backs off', () => sequencer.process.log().includes('"reason":"conflict"'))
    await waitFor('the chain goes on', async () => (await node.syncStatus()).unsafe_l2.number > safe.number + 8)
    expect(await canonical()).toBe(true)
    // What op-conductor asks.
    expect(await sequencer.rpc.call('admin_sequencerActive')).toBe(true)
    expect(await sequencer.rpc.call('optimism_syncStatus')).toMatchObject({ unsafe_l2: { number: expect.any(Number) } })
  })

  it('hands over to op-node and back without a reorg', { timeout: 120_000 + ROTATIONS * 20_000 }, async () => {
    await using stack = await startSingleStack({
      forks: schedule,
      back: 10,
      sequencer: 'stopped',
      p2p: { privateKey: SENDER_KEY },
    })
    const { el, node } = stack
    const section = { sequencer: { l1Confs: 0, stopped: true } }
    await using sequencer = await sequence(stack, section)
    await using heads = new HeadLog(el)
    expect(await sequencer.rpc.call('admin_sequencerActive')).toBe(false)
    await expect(sequencer.rpc.call('admin_stopSequencer')).rejects.toMatchObject({
      code: -38550,
      text: 'sequencer not running',
    })
    const goesOn = async (from: number): Promise<void> => {
      await waitFor('the chain goes on', async () => (await node.syncStatus()).unsafe_l2.number >= from + 2)
    }
    let { hash: head, number } = (await node.syncStatus()).unsafe_l2
    const wrong = `0x${'12'.repeat(32)}`
    await expect(sequencer.rpc.call('admin_startSequencer', [wrong])).rejects.toMatchObject({
      text: `block hash does not match: head ${head}:${number}, received ${wrong}`,
    })
    for (let rotation = 0; rotation < ROTATIONS; rotation++) {
      for (const rpc of [sequencer.rpc, node.rpc]) {
        await waitFor(`start on ${head}`, async () => {
          await rpc.call('admin_startSequencer', [head])
          return true
        })
        await expect(rpc.call('admin_startSequencer', [head])).rejects.toMatchObject({
          text: 'sequencer already running',
        })
        await goesOn(number)
        head = await rpc.call('admin_stopSequencer')
        const { unsafe_l2: unsafe } = await node.syncStatus()
        expect(unsafe.hash).toBe(head)
        number = unsafe.number
      }
    }
    expect(number).toBeGreaterThanOrEqual(ROTATIONS * 4)
    await heads.stop()
    expect(await heads.replaced()).toEqual([])
    // A block by hand, in place of the head: the sequencer goes on from there.
    await sequencer.rpc.call('admin_startSequencer', [head])
    await goesOn(number)
    const { parentHash } = await el.block('latest')
    const replacement = await byHand(sequencer, parentHash)
    const { number: height } = await el.rpc.call<{ number: Hex }>('eth_getBlockByHash', [replacement, false])
    await goesOn(Number(height))
    expect((await el.block(Number(height))).hash).toBe(replacement)
    // Without op-node it waits; with it, it goes on by itself.
    await node.process.kill9()
    await waitFor('the sequencer waits', async () => {
      const { reason } = await sequencer.rpc.call<{ reason?: string }>('admin_sequencerStatus')
      return reason === 'nodeUnavailable'
    })
    const { number: last, hash: lastHash } = await el.block('latest')
    await node.process.start()
    await goesOn(Number(last))
    expect((await el.block(Number(last))).hash).toBe(lastHash)
  })
})
