import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { type ClusterMember, type ConductorCluster, startConductorCluster } from './support/conductor-cluster.ts'
import type { SyncStatus } from './support/op-node.ts'
import { waitFor } from './support/wait-for.ts'

/** Times that each of the faults strikes; left out: once, and without the slow ones. */
const ROUNDS = Number(process.env.OP_SEQUENCER_ROUNDS ?? 0)

/** Looks at the cluster all the time: who is active, and whether a block of any node is ever taken back. */
class Watch {
  readonly #cluster: ConductorCluster
  readonly #chains = new Map<string, Map<number, Hash>>()
  readonly #stop = new AbortController()
  readonly #work: Promise<void>
  /**
   * How often so many sequencers said that they were active. One whose conductor is dead or hangs says so, too, with nobody to stop it:
   * `severalLead` are those whose conductors said besides that they lead.
   */
  #looks = { none: 0, one: 0, several: 0, severalLead: 0 }
  readonly reorgs: string[] = []

  constructor(cluster: ConductorCluster) {
    this.#cluster = cluster
    this.#work = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await Promise.all([this.#lookAtSequencers(), ...this.#cluster.members.map((member) => this.#lookAtChain(member))])
      await delay(100)
    }
  }

  async #lookAtSequencers(): Promise<void> {
    const states = await Promise.all(
      this.#cluster.members.map(async (member) => {
        const [active, leads] = await Promise.all([member.active(), member.leads()])
        return { active, able: active && leads }
      }),
    )
    const active = states.filter((state) => state.active).length
    this.#looks[active === 0 ? 'none' : active === 1 ? 'one' : 'several']++
    if (states.filter((state) => state.able).length > 1) this.#looks.severalLead++
  }

  /** What was seen of the sequencers since the last time. */
  taken(): object {
    const looks = this.#looks
    this.#looks = { none: 0, one: 0, several: 0, severalLead: 0 }
    return looks
  }

  async #lookAtChain({ name, el }: ClusterMember): Promise<void> {
    const seen = this.#chains.get(name) ?? new Map<number, Hash>()
    this.#chains.set(name, seen)
    const head = await el.block('latest').catch(() => undefined)
    if (head === undefined) return
    for (let number = Number(head.number); !seen.has(number) && number > 0; number--) {
      seen.set(number, (await el.block(number)).hash)
    }
    const known = seen.get(Number(head.number))
    if (known !== head.hash) this.reorgs.push(`${name}: ${head.number}: ${known} became ${head.hash}`)
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#work
  }
}

/** The member that leads and sequences, when there is exactly one. */
async function leader(cluster: ConductorCluster, except?: ClusterMember): Promise<ClusterMember> {
  return waitFor('exactly one leads, and is active', async () => {
    const states = await Promise.all(
      cluster.members.map(async (member) => ({ member, leads: await member.leads(), active: await member.active() })),
    )
    const [only, ...more] = states.filter(({ leads, active, member }) => leads && active && member !== except)
    return more.length === 0 ? only?.member : undefined
  })
}

/** Waits until a member has so many blocks more. */
async function grows({ el }: ClusterMember, blocks: number): Promise<void> {
  const from = Number((await el.block('latest')).number)
  await waitFor(`${blocks} blocks more`, async () => Number((await el.block('latest')).number) >= from + blocks)
}

/** Waits until a member is as before a fault: it follows, and its conductor finds it healthy. */
async function recovers(member: ClusterMember, cluster: ConductorCluster): Promise<void> {
  await waitFor(`${member.name} is back`, async () => {
    const leading = await leader(cluster)
    const [own, head] = await Promise.all([member.el.block('latest'), leading.el.block('latest')])
    const healthy = await member.conductor.rpc.call('conductor_sequencerHealthy')
    const active = (await Promise.all(cluster.members.map((each) => each.active()))).filter(Boolean)
    return active.length === 1 && healthy === true && Number(own.number) >= Number(head.number) - 2
  })
}

function signal(process: { readonly pid: number | undefined }, name: NodeJS.Signals): void {
  if (process.pid === undefined) throw new Error('it does not run')
  globalThis.process.kill(process.pid, name)
}

/** Those for which op-conductor needs its own time-outs, one after the other. */
const SLOW: readonly string[] = ['its sequencer is paused']

type Fault = (member: ClusterMember, cluster: ConductorCluster) => Promise<() => Promise<void>>

/** What happens to the member that leads. Each gives what takes it back. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'leadership is transferred': async ({ conductor }) => {
    await conductor.rpc.call('conductor_transferLeader')
    return async () => undefined
  },
  'its sequencer is killed': async ({ sequencer }) => {
    await sequencer.process.kill9()
    return () => sequencer.process.start()
  },
  'its conductor is killed': async ({ conductor, sequencer }) => {
    await conductor.process.kill9()
    return async () => {
      await conductor.process.start()
      await conductor.rpc.call('conductor_resume')
      await waitFor(
        'its sequencer is stopped',
        async () => (await sequencer.rpc.call('admin_sequencerActive')) === false,
      )
    }
  },
  'its conductor is cut off': async ({ raft }, { network }) => {
    network.cut(raft)
    return async () => network.heal()
  },
  'its sequencer is paused': async ({ sequencer }) => {
    signal(sequencer.process, 'SIGSTOP')
    return async () => signal(sequencer.process, 'SIGCONT')
  },
  'its conductor is paused': async ({ conductor }) => {
    signal(conductor.process, 'SIGSTOP')
    return async () => signal(conductor.process, 'SIGCONT')
  },
}

/** What op-conductor asks of its sequencer, and passes on to op-batcher and op-proposer, is answered. */
async function polls(cluster: ConductorCluster): Promise<void> {
  const { conductor, sequencer, node, name } = await leader(cluster)
  const { hash, number } = (await node.syncStatus()).unsafe_l2
  const status = await conductor.rpc.call<SyncStatus>('optimism_syncStatus')
  expect(status.unsafe_l2.number).toBeGreaterThanOrEqual(number)
  expect(await conductor.rpc.call('optimism_rollupConfig')).toEqual(await node.rpc.call('optimism_rollupConfig'))
  const output = [`0x${number.toString(16)}`]
  expect(await conductor.rpc.call('optimism_outputAtBlock', output)).toMatchObject({ blockRef: { hash } })
  expect(await conductor.rpc.call('eth_getBlockByNumber', [...output, false])).toMatchObject({ hash })
  expect(await conductor.rpc.call('admin_sequencerActive')).toBe(true)
  expect(await conductor.rpc.call('miner_setMaxDASize', ['0x0', '0x0'])).toBe(true)
  expect(await sequencer.rpc.call('admin_conductorEnabled')).toBe(true)
  const follower = cluster.members.find((member) => member.name !== name) as ClusterMember
  const head = (await follower.el.block('latest')).hash
  const refused = await follower.sequencer.rpc.call('admin_startSequencer', [head]).catch((error: unknown) => error)
  expect(refused).toMatchObject({ text: 'sequencer is not the leader, aborting' })
}

describe('three op-conductors over three sequencers', () => {
  it('one sequences at a time, whatever happens to it', { timeout: 240_000 + ROUNDS * 240_000 }, async () => {
    await using cluster = await startConductorCluster()
    await polls(cluster)
    const watch = new Watch(cluster)
    const faults = Object.entries(FAULTS).filter(([name]) => ROUNDS > 0 || !SLOW.includes(name))
    try {
      for (let round = 0; round < Math.max(1, ROUNDS); round++) {
        for (const [name, fault] of faults) {
          const struck = await leader(cluster)
          await grows(struck, 2)
          const begin = performance.now()
          const undo = await fault(struck, cluster)
          const next = await leader(cluster, struck)
          await grows(next, 2)
          const ms = Math.round(performance.now() - begin)
          await undo()
          await recovers(struck, cluster)
          const looks = JSON.stringify(watch.taken())
          process.stdout.write(`${name}: ${struck.name} -> ${next.name} in ${ms} ms; active in looks: ${looks}\n`)
        }
      }
      await grows(await leader(cluster), 2)
    } finally {
      await watch.end()
    }
    expect(watch.reorgs).toEqual([])
    const heights = new Map<number, Set<Hash>>()
    for (const { number, hash } of cluster.published) heights.set(number, (heights.get(number) ?? new Set()).add(hash))
    expect([...heights].filter(([, hashes]) => hashes.size > 1)).toEqual([])
    // Whatever is on the chain was published by somebody.
    const last = Number((await (await leader(cluster)).el.block('latest')).number) - 1
    const missing = Array.from({ length: last }, (_, index) => index + 1).filter((number) => !heights.has(number))
    expect(missing).toEqual([])
    process.stdout.write(`${last} blocks\n`)
  })
})
