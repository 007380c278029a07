import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { devAccounts, otherUser, unsafeBlockSigner } from './support/dev-accounts.ts'
import { upgrading } from './support/fork-schedule.ts'
import { JsonRpcError } from './support/json-rpc.ts'
import { type OpSequencer, type Sealed, startOpSequencer } from './support/op-sequencer.ts'
import { startRecordingProxy } from './support/recording-proxy.ts'
import { type SingleStack, startSingleStack } from './support/single-stack.ts'
import { startVerifier } from './support/verifier.ts'
import { waitFor } from './support/wait-for.ts'

const SENDER_KEY = `0x${'51'.repeat(32)}` as const
const VERIFIER_KEY = `0x${'52'.repeat(32)}` as const
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 30)
/** All blocks lie in the past: they are made as fast as they can be, and none of them is too old to be gossiped. */
const AGE = BLOCKS + 60
const TAKES_OLD = ['--p2p.gossip.timestamp.threshold', `${10 * AGE}s`]

/** Bedrock first, the newest after a few blocks: each version of the encoding is gossiped. */
const schedule = upgrading({ canyon: 4, ecotone: 8, granite: 12, isthmus: 16, jovian: 20 })

function deliver(
  stack: SingleStack,
  signerKey: string,
  node: { readonly url: string } = stack.node,
): Promise<OpSequencer> {
  const { folder, l1, el, rollupFile } = stack
  const keyFile = folder.write('signer.key', signerKey)
  return startOpSequencer({
    folder,
    name: `deliver-${signerKey.slice(2, 6)}`,
    l1: { url: l1.el.url, configFile: l1.configFile },
    el,
    rollupFile,
    chain: { node: { rpc: node.url }, insert: 'op-node', signer: { keyFile } },
  })
}

async function block(sequencer: OpSequencer, seal: object = {}): Promise<Sealed> {
  const job = await sequencer.rpc.call<string>('test_open')
  return sequencer.rpc.call<Sealed>('test_seal', [job, seal])
}

describe('delivery through op-node', () => {
  const timeout = 180_000 + BLOCKS * 2_000
  it('commits and publishes: the blocks reach another op-node by gossip', { timeout }, async () => {
    await using stack = await startSingleStack({
      forks: schedule,
      back: AGE,
      sequencer: 'stopped',
      p2p: { privateKey: SENDER_KEY },
      opNodeFlags: TAKES_OLD,
    })
    const { node } = stack
    await using verifier = await startVerifier(stack, {
      p2p: { privateKey: VERIFIER_KEY, static: [node.multiaddr] },
      flags: [...TAKES_OLD, '--log.level', 'debug'],
    })
    const connected = async (): Promise<boolean> => {
      const { connected: peers } = await node.rpc.call<{ connected: number }>('opp2p_peerStats')
      return peers > 0
    }
    await waitFor('the op-nodes are connected', connected, { timeout: 60_000 })
    await using sequencer = await deliver(stack, unsafeBlockSigner.privateKey)
    const hashes: Hash[] = []
    for (let i = 0; i < BLOCKS; i++) {
      const sealed = await block(sequencer)
      expect(sealed).toMatchObject({ committed: true, published: true })
      const { unsafe_l2: unsafe } = await node.syncStatus()
      expect(unsafe.hash).toBe(sealed.hash)
      hashes.push(sealed.hash)
    }
    await waitFor(
      'the verifier has the last block',
      async () => (await verifier.node.syncStatus()).unsafe_l2.hash === hashes.at(-1),
      { timeout: 60_000 },
    )
    for (const [index, hash] of hashes.entries()) expect((await verifier.el.block(index + 1)).hash).toBe(hash)
    // What was sent before the two knew of each other's subscriptions is asked for afterwards.
    const gossiped = verifier.node.process.log().match(/Received signed execution payload from p2p/g) ?? []
    process.stderr.write(`${gossiped.length} of ${BLOCKS} blocks were gossiped\n`)
    expect(gossiped.length).toBeGreaterThan(0)
  })

  it('tells why a block is not delivered, and delivers it later', { timeout: 120_000 }, async () => {
    await using stack = await startSingleStack({ forks: schedule, back: 40, sequencer: 'stopped' })
    const { node } = stack
    await using proxy = await startRecordingProxy(node.url)
    const { privateKey } = devAccounts[3] as (typeof devAccounts)[number]
    await using sequencer = await deliver(stack, privateKey, proxy)
    // This op-node has no P2P.
    const failure = await block(sequencer).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(JsonRpcError)
    expect(failure).toMatchObject({ code: -38540, message: expect.stringMatching(/P2P/i) })
    const { unsafe_l2: unsafe } = await node.syncStatus()
    expect(unsafe.number).toBe(1)
    const unpublished = await block(sequencer, { publish: false })
    expect(unpublished).toMatchObject({ committed: true, published: false })
    // A block that is wrong.
    const job = await sequencer.rpc.call<string>('test_open')
    const wrong = await sequencer.rpc
      .call('test_seal', [job, { publish: false, header: { stateRoot: `0x${'11'.repeat(32)}` } }])
      .catch((error: unknown) => error)
    expect(wrong).toMatchObject({ code: -38530 })
    // A sibling of the head: a reorg that op-node goes along with.
    const parent = (await node.syncStatus()).unsafe_l2
    const sibling = await sequencer.rpc.call<string>('test_open', [
      { l2Parent: unsafe.hash, feeRecipient: otherUser.address },
    ])
    const reorged = await sequencer.rpc.call<Sealed>('test_seal', [sibling, { publish: false }])
    expect(reorged.committed).toBe(true)
    const after = (await node.syncStatus()).unsafe_l2
    expect(after).toMatchObject({ hash: reorged.hash, number: parent.number })
    expect(after.hash).not.toBe(parent.hash)
    // An op-node without that interface takes the block all the same.
    proxy.without = 'opstack_'
    const posted = await block(sequencer, { publish: false })
    expect(proxy.methods.slice(-6)).toContain('admin_postUnsafePayload')
    expect((await node.syncStatus()).unsafe_l2.hash).toBe(posted.hash)
    // op-node goes on from it.
    await node.rpc.call('admin_startSequencer', [posted.hash])
    await waitFor('op-node builds on it', async () => (await node.syncStatus()).unsafe_l2.number > after.number + 1)
  })
})
