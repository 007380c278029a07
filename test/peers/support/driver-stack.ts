import { type Hash, toQuantity } from '../../../src/primitives/hex.ts'
import { envelopeToJson, payloadOf } from '../../../src/protocol/payload.ts'
import type { SequencedBlock } from './batch-data.ts'
import type { GethProcess } from './geth-process.ts'
import type { MockL1 } from './mock-l1.ts'
import type { SyncStatus } from './op-node.ts'
import { type OpSequencer, startOpSequencer } from './op-sequencer.ts'
import type { PeerProcess } from './peer-process.ts'
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts'
import { FAST, type RollupNode, rollupNode, SequencedL1, type SequencedL1Options, statusOf } from './sequenced-l1.ts'
import type { TempFolder } from './temp-folder.ts'
import { startTwinEl, startVerifier } from './verifier.ts'
import { waitFor } from './wait-for.ts'

/** A block in answers of op-node. */
export interface HeadId {
  readonly hash: Hash
  readonly number: number
}

/** What the stack is made of. */
interface DriverParts {
  readonly base: SequencedL1
  readonly peer: RollupNode
  readonly ours: RollupNode
  /** The L1 as ours sees it. */
  readonly l1Proxy: RecordingProxy
}

/** A {@link SequencedL1} and two that follow it, each with an op-geth of its own: another op-node, and ours. */
export class DriverStack implements DriverParts, AsyncDisposable {
  readonly base: SequencedL1
  readonly peer: RollupNode
  readonly ours: RollupNode
  readonly l1Proxy: RecordingProxy
  /** What the test has ended, and is going to start again. */
  readonly down = new Set<PeerProcess>()
  readonly #owned: AsyncDisposable

  private constructor(parts: DriverParts, owned: AsyncDisposable) {
    this.base = parts.base
    this.peer = parts.peer
    this.ours = parts.ours
    this.l1Proxy = parts.l1Proxy
    this.#owned = owned
  }

  static async start(options: SequencedL1Options): Promise<DriverStack> {
    await using stack = new AsyncDisposableStack()
    const base = stack.use(await SequencedL1.start(options))
    const { folder, rollupFile, l1, sequencer } = base
    const followed = { folder, rollupFile, l1: l1.l1, el: sequencer.el }
    const flags = [...FAST, '--safedb.path', folder.path('verifier-safedb')]
    const verifier = stack.use(await startVerifier(followed, { flags }))
    const l1Proxy = stack.use(await startRecordingProxy(l1.l1.el.url))
    const el = stack.use(await startTwinEl(followed, { name: 'our-geth' }))
    const ours = stack.use(await startOurs({ ...followed, el, l1Url: l1Proxy.url }))
    const parts = {
      ...{ base, l1Proxy },
      peer: rollupNode('op-node', verifier.node, verifier.el),
      ours: rollupNode('ours', ours, el),
    }
    return new DriverStack(parts, stack.move())
  }

  get sequencer(): RollupNode {
    return this.base.sequencer
  }

  /** All three, the sequencer first. */
  get nodes(): readonly RollupNode[] {
    return [this.sequencer, this.peer, this.ours]
  }

  /** Fails where a program has ended that the test has not taken {@link down}. */
  readonly check = (): void => {
    for (const { process, el } of this.nodes) {
      for (const each of [process, el.process]) if (!this.down.has(each)) each.assertRunning()
    }
  }

  /** Hands blocks of the sequencer to those that follow, from the safe head on. */
  async relay(to: number): Promise<void> {
    const { safe_l2: safe } = await statusOf(this.peer)
    for (let at = safe.number + 1; at <= to; at++) {
      const envelope = envelopeToJson(payloadOf(await this.base.block(at)))
      for (const { rpc } of [this.peer, this.ours]) await rpc.call('admin_postUnsafePayload', [envelope])
    }
  }

  /** Waits until all have read L1 up to a block. */
  async read(l1Head: Hash, nodes: readonly RollupNode[] = this.nodes): Promise<void> {
    for (const node of nodes) {
      const there = async (): Promise<boolean> => {
        const { head_l1: head, current_l1: current } = await statusOf(node)
        return head.hash === l1Head && current.hash === l1Head
      }
      await waitFor(`${node.name} has read L1 up to ${l1Head}`, there, { check: this.check, timeout: 120_000 })
    }
  }

  /** The safe head as it was with an L1 block. */
  async safeHeadAt({ rpc }: RollupNode, l1Number: number): Promise<HeadId> {
    const { safeHead } = await rpc.call<{ safeHead: HeadId }>('optimism_safeHeadAtL1Block', [toQuantity(l1Number)])
    return safeHead
  }

  /** How many of the first blocks are on the chain of the node that is followed, up to a number. */
  async sameUntil(blocks: readonly SequencedBlock[], number: number): Promise<number> {
    let same = 0
    for (const { ref } of blocks) {
      if (Number(ref.number) > number || (await this.peer.el.block(Number(ref.number))).hash !== ref.hash) break
      same++
    }
    return same
  }

  /** Waits until both that follow have the same heads, and the sequencer the same safe ones. */
  async agree(): Promise<SyncStatus> {
    let seen: unknown
    const heads = ({ unsafe_l2: unsafe, safe_l2: safe, finalized_l2: finalized }: SyncStatus): string[] =>
      [unsafe, safe, finalized].map(({ number, hash }) => `${number}:${hash}`)
    try {
      return await waitFor(
        'all agree on the heads',
        async (): Promise<SyncStatus | undefined> => {
          const [sequencer, peer, ours] = await Promise.all(this.nodes.map(statusOf))
          if (sequencer === undefined || peer === undefined || ours === undefined) return undefined
          seen = { sequencer: heads(sequencer), peer: heads(peer), ours: heads(ours) }
          const [, safe, finalized] = heads(sequencer)
          const same =
            heads(peer).join() === heads(ours).join() && heads(peer).slice(1).join() === `${safe},${finalized}`
          return same ? peer : undefined
        },
        { check: this.check, timeout: 60_000 },
      )
    } catch (error) {
      throw new Error(`they do not agree: ${JSON.stringify(seen, undefined, 2)}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }
}

/** What our service is started with, as a rollup node. */
interface OurNodeOptions {
  readonly folder: TempFolder
  readonly rollupFile: string
  readonly l1: MockL1
  /** Where it finds L1; the L1's own when left out. */
  readonly l1Url?: string
  readonly el: GethProcess
}

/** Starts our service as the rollup node of an op-geth. */
export function startOurs({ folder, rollupFile, l1, l1Url, el }: OurNodeOptions): Promise<OpSequencer> {
  return startOpSequencer({
    ...{ folder, name: 'ours', rollupFile, el },
    l1: { url: l1Url ?? l1.el.url, configFile: l1.configFile, beacon: l1.beacon.url, poll: '100ms' },
    root: { datadir: folder.path('ours') },
    chain: { driver: true },
  })
}
