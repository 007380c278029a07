import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { otherUser, unsafeBlockSigner } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { startOpSequencer } from './support/op-sequencer.ts'
import { type RecordingProxy, startRecordingProxy } from './support/recording-proxy.ts'
import { startSingleStack } from './support/single-stack.ts'
import { startTrickle } from './support/trickle.ts'
import { waitFor } from './support/wait-for.ts'

/** Times that each of the programs is killed. */
const ROUNDS = Number(process.env.OP_SEQUENCER_ROUNDS ?? 1)
const SENDER_KEY = `0x${'53'.repeat(32)}` as const

/** What a block is delivered with, in the order of its steps. */
const CALLS = ['opstack_publishBlockV1', 'opstack_commitBlockV1'] as const

interface Envelope {
  readonly envelope: { readonly executionPayload: { readonly blockHash: Hash; readonly blockNumber: string } }
}

describe('delivery through programs that are killed', () => {
  it('publishes one block of a height, and loses none', { timeout: 240_000 + ROUNDS * 120_000 }, async () => {
    await using stack = await startSingleStack({
      forks: () => atGenesis(),
      sequencer: 'stopped',
      p2p: { privateKey: SENDER_KEY },
    })
    const { folder, l1, el, rollupFile, node } = stack
    const published = new Map<number, Set<Hash>>()
    /** Called with each method, before op-node hears of it. */
    let onCall: (method: string) => void = () => undefined
    await using heard: RecordingProxy = await startRecordingProxy(node.url, (method, params) => {
      if (method === 'opstack_publishBlockV1') {
        const { blockHash, blockNumber } = (params[0] as Envelope).envelope.executionPayload
        published.set(Number(blockNumber), (published.get(Number(blockNumber)) ?? new Set()).add(blockHash))
      }
      onCall(method)
    })
    await using sequencer = await startOpSequencer({
      folder,
      root: { datadir: folder.path('data') },
      l1: { url: l1.el.url, configFile: l1.configFile },
      el,
      rollupFile,
      chain: {
        mode: 'auto',
        insert: 'op-node',
        node: { rpc: heard.url },
        signer: { keyFile: folder.write('signer.key', unsafeBlockSigner.privateKey) },
        sequencer: { l1Confs: 0 },
      },
    })
    // Without its pool, which ends with it, the service would not build the same block a second time.
    await using _trickle = startTrickle(sequencer.rpc, otherUser)
    const number = async (): Promise<number> => Number((await el.block('latest')).number)
    const grows = async (blocks: number): Promise<void> => {
      const from = await number()
      await waitFor(`${blocks} blocks more`, async () => (await number()) >= from + blocks)
    }
    /** Kills the service at the moment of a call. */
    const killAt = async (call: string): Promise<void> => {
      const killed = new Promise<void>((resolve) => {
        onCall = (method) => {
          if (method !== call) return
          onCall = () => undefined
          const { pid } = sequencer.process
          if (pid !== undefined) process.kill(pid, 'SIGKILL')
          resolve()
        }
      })
      await killed
      await sequencer.process.kill9()
      await sequencer.process.start()
    }
    await grows(2)
    for (let round = 0; round < ROUNDS; round++) {
      for (const call of CALLS) {
        await killAt(call)
        await grows(2)
      }
      await el.process.kill9()
      await el.process.start()
      await grows(2)
      await node.process.kill9()
      await node.process.start()
      await grows(2)
      heard.cut = true
      await waitFor('it waits', async () => {
        const { state } = await sequencer.rpc.call<{ state: string }>('admin_sequencerStatus')
        return state === 'waiting'
      })
      heard.cut = false
      await grows(2)
    }
    await sequencer.rpc.call('admin_stopSequencer')
    expect([...published].filter(([, hashes]) => hashes.size > 1)).toEqual([])
    const last = await number()
    for (let at = 1; at <= last; at++) {
      expect([...(published.get(at) ?? [])], `block ${at}`).toEqual([(await el.block(at)).hash])
    }
    expect(published.size).toBe(last)
    const sent = await sequencer.rpc.call<string>('eth_getTransactionCount', [otherUser.address, 'latest'])
    expect(Number(sent)).toBeGreaterThan(0)
    process.stdout.write(`${last} blocks, ${Number(sent)} transactions\n`)
  })
})
