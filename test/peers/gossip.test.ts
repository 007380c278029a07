import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { unsafeBlockSigner } from './support/dev-accounts.ts'
import { type ForkSchedule, forksUpTo } from './support/fork-schedule.ts'
import { freePort } from './support/free-port.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import { startOpNode } from './support/op-node.ts'
import { type OpSequencer, type Sealed, startOpSequencer } from './support/op-sequencer.ts'
import { peerId } from './support/p2p-identity.ts'
import { startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

const OUR_KEY = `0x${'61'.repeat(32)}` as const
const VERIFIER_KEY = `0x${'62'.repeat(32)}` as const
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 30)

/** Bedrock first, the newest after a few blocks: each version of the encoding is gossiped. */
function schedule(genesisTime: number): ForkSchedule {
  const late: Partial<Record<string, number>> = {
    regolith: 0,
    canyon: 4,
    delta: 4,
    ecotone: 8,
    fjord: 8,
    granite: 12,
    holocene: 12,
    isthmus: 16,
    jovian: 20,
  }
  return Object.fromEntries(
    forksUpTo('jovian').map((fork) => [fork, genesisTime + (late[fork] ?? 0)]),
  ) as unknown as ForkSchedule
}

async function block(sequencer: OpSequencer, seal: object = {}): Promise<Sealed> {
  const job = await sequencer.rpc.call<string>('test_open')
  return sequencer.rpc.call<Sealed>('test_seal', [job, seal])
}

describe('block gossip by our own host', () => {
  it('reaches a verifier op-node from Bedrock to Jovian, none lost', { timeout: 300_000 + BLOCKS * 3000 }, async () => {
    await using stack = await startSingleStack({ forks: schedule, back: BLOCKS + 40, sequencer: 'stopped' })
    const { folder, l1, el, rollupFile, forks, genesisTime } = stack
    const ourPort = await freePort()
    const ours = `/ip4/127.0.0.1/tcp/${ourPort}/p2p/${peerId(OUR_KEY)}`
    const genesis = await l2Genesis({ timestamp: genesisTime, forks })
    await using verifierEl = await startOpGeth({ folder, genesis, name: 'verifier-geth' })
    await using verifier = await startOpNode({
      folder,
      name: 'verifier',
      l1,
      el: verifierEl,
      rollupFile,
      p2p: { privateKey: VERIFIER_KEY, static: [ours] },
      flags: ['--p2p.gossip.timestamp.threshold', '1h'],
    })
    const keyFile = folder.write('signer.key', unsafeBlockSigner.privateKey)
    const p2pKey = folder.write('p2p.key', OUR_KEY)
    await using sequencer = await startOpSequencer({
      folder,
      l1: { url: l1.el.url, configFile: l1.configFile },
      el,
      rollupFile,
      chain: {
        signer: { keyFile },
        p2p: { listen: `/ip4/127.0.0.1/tcp/${ourPort}`, static: [verifier.multiaddr], keyFile: p2pKey, maxAge: '1h' },
      },
    })
    const subscribed = async (): Promise<boolean> => {
      const { blocksTopicV4: peers } = await sequencer.rpc.call<{ blocksTopicV4: number }>('opp2p_peerStats')
      return peers > 0
    }
    await waitFor('the hosts are connected', subscribed, { timeout: 90_000 })
    let last: Hash | undefined
    for (let i = 0; i < BLOCKS; i++) {
      const sealed = await block(sequencer)
      expect(sealed).toMatchObject({ committed: true, published: true })
      last = sealed.hash
    }
    await waitFor('the verifier has the last block', async () => (await verifier.syncStatus()).unsafe_l2.hash === last)
  })
})
