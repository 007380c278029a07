import type { Hash } from '../../../src/primitives/hex.ts'
import { devAccounts, unsafeBlockSigner } from './dev-accounts.ts'
import { atGenesis } from './fork-schedule.ts'
import { freePort } from './free-port.ts'
import type { GethProcess } from './geth-process.ts'
import { L1Chain } from './l1-chain.ts'
import { l2Genesis } from './l2-genesis.ts'
import { type OpConductor, startOpConductor } from './op-conductor.ts'
import { startOpGeth } from './op-geth.ts'
import { type OpNode, startOpNode } from './op-node.ts'
import { type OpSequencer, startOpSequencer } from './op-sequencer.ts'
import { peerId } from './p2p-identity.ts'
import { RaftNetwork } from './raft-network.ts'
import { startRecordingProxy } from './recording-proxy.ts'
import { rollupJson } from './rollup-json.ts'
import { TempFolder } from './temp-folder.ts'
import { startTrickle } from './trickle.ts'
import { waitFor } from './wait-for.ts'

/** One of the sequencers: an op-geth, an op-node that only follows, the service, and its op-conductor. */
export interface ClusterMember {
  readonly name: string
  readonly el: GethProcess
  readonly node: OpNode
  readonly sequencer: OpSequencer
  readonly conductor: OpConductor
  /** Of its conductor's raft. */
  readonly raft: string
  /** Whether its conductor leads; false where it does not answer in a second. */
  leads(): Promise<boolean>
  /** Whether its sequencer says that it is active; false where it does not answer in a second. */
  active(): Promise<boolean>
}

/** A block as it went to an op-node to be gossiped. */
export interface PublishedBlock {
  readonly by: string
  readonly number: number
  readonly hash: Hash
}

/** Three sequencers of one chain, of which the one whose op-conductor leads is active. */
export interface ConductorCluster extends AsyncDisposable {
  readonly members: readonly ClusterMember[]
  /** Everything that any of them had published, in its order. */
  readonly published: readonly PublishedBlock[]
  readonly network: RaftNetwork
}

interface Envelope {
  readonly envelope: { readonly executionPayload: { readonly blockHash: Hash; readonly blockNumber: string } }
}

const P2P_KEYS = [1, 2, 3].map((index) => `0x${`6${index}`.repeat(32)}` as const)

/** Starts the cluster, with the first member's sequencer active. */
export async function startConductorCluster({ blockTime = 1 } = {}): Promise<ConductorCluster> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(new TempFolder())
  const genesisTime = Math.floor(Date.now() / 1000) - 4
  const l1 = stack.use(await L1Chain.start({ folder, timestamp: genesisTime - 2, blockTime: 2 }))
  await l1.mine()
  l1.run()
  // op-conductor knows payloads from Ecotone on only.
  const forks = atGenesis()
  const genesis = await l2Genesis({ timestamp: genesisTime, forks })
  const network = stack.use(new RaftNetwork())
  const published: PublishedBlock[] = []
  const ports = await Promise.all(P2P_KEYS.map(() => freePort()))
  const multiaddrs = P2P_KEYS.map((key, index) => `/ip4/127.0.0.1/tcp/${ports[index]}/p2p/${peerId(key)}`)
  const keyFile = folder.write('signer.key', unsafeBlockSigner.privateKey)
  const startMember = async (index: number): Promise<ClusterMember> => {
    const name = `s${index + 1}`
    const el = stack.use(await startOpGeth({ folder, genesis, name: `${name}-geth` }))
    const [l1Start, l2Start] = [await l1.el.block(0), await el.block(0)]
    const rollupFile = folder.write(
      `${name}-rollup.json`,
      rollupJson({ l1: l1Start, l2Genesis: l2Start, forks, blockTime }),
    )
    const [privateKey, listen] = [P2P_KEYS[index] as `0x${string}`, ports[index] as number]
    const others = multiaddrs.filter((_, other) => other !== index)
    const p2p = { privateKey, listen, static: others }
    const node = stack.use(await startOpNode({ folder, name: `${name}-node`, l1, el, rollupFile, p2p }))
    const heard = stack.use(
      await startRecordingProxy(node.url, (method, params) => {
        if (method !== 'opstack_publishBlockV1') return
        const { blockHash: hash, blockNumber } = (params[0] as Envelope).envelope.executionPayload
        published.push({ by: name, number: Number(blockNumber), hash })
      }),
    )
    const port = await freePort()
    const sequencer = stack.use(
      await startOpSequencer({
        folder,
        name: `${name}-sequencer`,
        root: { datadir: folder.path(`${name}-data`) },
        l1: { url: l1.el.url, configFile: l1.configFile },
        el,
        rollupFile,
        chain: {
          mode: 'auto',
          insert: 'op-node',
          node: { rpc: heard.url },
          signer: { keyFile },
          conductor: { rpc: `http://127.0.0.1:${port}` },
          sequencer: { l1Confs: 0, stopped: true },
        },
      }),
    )
    // Each has transactions of its own: no two of them would build the same block.
    stack.use(startTrickle(sequencer.rpc, devAccounts[index + 4] as (typeof devAccounts)[number]))
    const raftPort = await freePort()
    const raft = await network.route(raftPort)
    const conductor = stack.use(
      await startOpConductor({
        folder,
        name,
        port,
        raft: { port: raftPort, advertised: raft },
        bootstrap: index === 0,
        sequencer: { url: sequencer.rpc.url },
        el: { url: sequencer.rpc.url },
        rollupFile,
      }),
    )
    const says = (rpc: { call(method: string, params: [], options: object): Promise<unknown> }, method: string) =>
      rpc.call(method, [], { signal: AbortSignal.timeout(1_000) }).then(
        (answer) => answer === true,
        () => false,
      )
    return {
      name,
      el,
      node,
      sequencer,
      conductor,
      raft,
      leads: () => says(conductor.rpc, 'conductor_leader'),
      active: () => says(sequencer.rpc, 'admin_sequencerActive'),
    }
  }
  const members = await Promise.all([0, 1, 2].map(startMember))
  const [first, ...followers] = members as [ClusterMember, ClusterMember, ClusterMember]
  await waitFor('the first conductor leads a cluster of one', () => first.leads())
  for (const { name, raft } of followers) await first.conductor.rpc.call('conductor_addServerAsVoter', [name, raft, 0])
  await waitFor('the op-nodes are connected', async () => {
    const stats = members.map(({ node }) => node.rpc.call<{ connected: number }>('opp2p_peerStats'))
    return (await Promise.all(stats)).every(({ connected }) => connected === 2)
  })
  const { hash } = await first.el.block('latest')
  await waitFor('the first sequencer starts', async () => {
    await first.sequencer.rpc.call('admin_startSequencer', [hash])
    return true
  })
  await waitFor('all are healthy', async () => {
    const healthy = members.map(({ conductor }) => conductor.rpc.call('conductor_sequencerHealthy'))
    const heads = members.map(({ el }) => el.block('latest'))
    const now = Date.now() / 1000
    const young = (await Promise.all(heads)).every(({ timestamp }) => now - Number(timestamp) < 5)
    return young && (await Promise.all(healthy)).every((each) => each === true)
  })
  for (const { conductor } of members) await conductor.rpc.call('conductor_resume')
  const owned = stack.move()
  return { members, published, network, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
