import { expect, it } from 'vitest'
import { type Hash, toWord } from '../../src/primitives/hex.ts'
import { blockFromJson } from '../../src/protocol/block-json.ts'
import { invalidatedOutput } from '../../src/protocol/invalidated-block.ts'
import { payloadOf } from '../../src/protocol/payload.ts'
import { type InteropChain, InteropDevnet } from './support/interop-devnet.ts'
import { JsonRpc } from './support/json-rpc.ts'
import type { SyncStatus } from './support/op-node.ts'
import {
  type OpSupervisor,
  type SupervisedStatus,
  startOpSupervisor,
  supervisedStatus,
} from './support/op-supervisor.ts'
import type { PeerProcess } from './support/peer-process.ts'
import { waitFor } from './support/wait-for.ts'

/** What `optimism_syncStatus` has beside what {@link SyncStatus} lists. */
interface ManagedStatus extends SyncStatus {
  readonly local_safe_l2: { readonly hash: Hash; readonly number: number }
  readonly cross_unsafe_l2: { readonly hash: Hash; readonly number: number }
}

const TOPIC = toWord(0x1234n)

/** Whoever manages the devnet. */
interface Supervision {
  status(chainId: number): Promise<SupervisedStatus>
  readonly process: PeerProcess
}

/** The devnet and the supervisor that manages it. */
class Managed {
  readonly devnet: InteropDevnet
  readonly supervisor: Supervision

  constructor(devnet: InteropDevnet, supervisor: Supervision) {
    this.devnet = devnet
    this.supervisor = supervisor
  }

  readonly check = (): void => {
    this.devnet.process.assertRunning()
    this.supervisor.process.assertRunning()
  }

  ours(chain: InteropChain): Promise<ManagedStatus> {
    return chain.rpc.call('optimism_syncStatus')
  }

  /** Waits until supervisor and node have a block as cross-safe, and agree about it. */
  async crossSafe(chain: InteropChain, number: number): Promise<void> {
    let seen: unknown
    const probe = async (): Promise<boolean> => {
      const [theirs, ours] = [await this.supervisor.status(chain.chainId), await this.ours(chain)]
      seen = { theirs, ours }
      return theirs.safe.number >= number && ours.safe_l2.hash === theirs.safe.hash
    }
    await waitFor(`block ${number} of ${chain.chainId} is cross-safe`, probe, { check: this.check }).catch((cause) => {
      throw new Error(`${String(cause)}: ${JSON.stringify(seen, undefined, 1)}`, { cause })
    })
  }

  /** Waits until supervisor and node have a block as final. */
  async finalized(chain: InteropChain, number: number): Promise<void> {
    const probe = async (): Promise<boolean> => {
      const [theirs, ours] = [await this.supervisor.status(chain.chainId), await this.ours(chain)]
      return theirs.finalized.number >= number && ours.finalized_l2.hash === theirs.finalized.hash
    }
    await waitFor(`block ${number} of ${chain.chainId} is final`, probe, { check: this.check })
  }

  /** Waits until both name the same heads. */
  async agree(): Promise<void> {
    for (const chain of this.devnet.chains) {
      let seen: unknown
      const probe = async (): Promise<boolean> => {
        const [theirs, ours] = [await this.supervisor.status(chain.chainId), await this.ours(chain)]
        const pairs = {
          localUnsafe: [theirs.localUnsafe, ours.unsafe_l2],
          localSafe: [theirs.localSafe, ours.local_safe_l2],
          crossUnsafe: [theirs.crossUnsafe, ours.cross_unsafe_l2],
          crossSafe: [theirs.safe, ours.safe_l2],
        } as const
        seen = Object.entries(pairs).map(
          ([name, heads]) => `${name} ${heads.map(({ number }) => number).join(' and ')}`,
        )
        return Object.values(pairs).every(([a, b]) => a.hash === b.hash)
      }
      await waitFor(`both agree about ${chain.chainId}`, probe, { check: this.check }).catch((cause) => {
        throw new Error(`${String(cause)}: ${JSON.stringify(seen)}`, { cause })
      })
    }
  }
}

/** Puts blocks of both chains on L1, and as many L1 blocks on top that the supervisor looks at them. */
async function batched(
  { devnet }: Managed,
  ranges: readonly (readonly [InteropChain, number, number])[],
): Promise<void> {
  for (const [chain, from, to] of ranges) await devnet.submit(chain, from, to)
  await devnet.mine(4)
}

async function outputInPlaceOf(chain: InteropChain, number: number): Promise<Hash | undefined> {
  const json = await chain.rpc.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, true])
  return json === null ? undefined : invalidatedOutput(payloadOf(blockFromJson(json)).transactions)?.blockHash
}

async function startSupervisor(devnet: InteropDevnet): Promise<OpSupervisor> {
  return startOpSupervisor({
    folder: devnet.folder,
    l1Url: devnet.l1.url,
    nodes: devnet.chains.map(({ wsUrl }) => wsUrl),
    jwtSecretFile: devnet.jwtSecretFile,
    dependencySetFile: devnet.dependencySetFile,
    rollupFiles: devnet.rollupFiles,
  })
}

/** Messages, an invalid one and what depends on it, an L1 reorg, a process that is killed. */
async function everything(managed: Managed): Promise<void> {
  const { devnet, supervisor } = managed
  const [a, b] = devnet.chains
  // Messages both ways.
  const [a1, b1] = [await a.block([await a.emitting(TOPIC)]), await b.block([await b.emitting(TOPIC)])]
  const b2 = await b.block([await b.executing(a.message(a1))])
  const a2 = await a.block([await a.executing(b.message(b1))])
  for (const block of [a2, b2]) expect(block.receipts[1]?.status).toBe('0x1')
  await batched(managed, [
    [a, 1, 2],
    [b, 1, 2],
  ])
  for (const chain of devnet.chains) await managed.crossSafe(chain, 2)
  expect([await a.hashAt(2), await b.hashAt(2)]).toEqual([a2.hash, b2.hash])
  await devnet.mine(8)
  for (const chain of devnet.chains) await managed.finalized(chain, 2)

  // A message that was never sent, and one that stands in the block that executes it.
  const a3 = await a.block([await a.emitting(TOPIC), await a.executing({ ...b.message(b1), logIndex: 7n }, 1)])
  const b3 = await b.block()
  const b4 = await b.block([await b.executing(a.message(a3))])
  const a4 = await a.block()
  await batched(managed, [
    [a, 3, 4],
    [b, 3, 4],
  ])
  const replaced = async (chain: InteropChain, number: number, bad: Hash): Promise<void> => {
    const there = async (): Promise<boolean> => (await outputInPlaceOf(chain, number)) === bad
    await waitFor(`block ${number} of ${chain.chainId} is replaced`, there, { check: managed.check })
  }
  await replaced(a, 3, a3.hash)
  await replaced(b, 4, b4.hash)
  expect(await b.hashAt(3)).toBe(b3.hash)
  expect(await a.hashAt(4)).not.toBe(a4.hash)
  for (const [chain, number] of [
    [a, 3],
    [b, 4],
  ] as const)
    await managed.crossSafe(chain, number)
  await managed.agree()

  // The chains go on upon what stands there now.
  const a4b = await a.block([await a.emitting(TOPIC)])
  const b5 = await b.block([await b.executing(a.message(a4b))])
  expect([a4b.number, b5.number]).toEqual([4, 5])
  await batched(managed, [
    [a, 4, 4],
    [b, 5, 5],
  ])
  await managed.crossSafe(a, 4)
  await managed.crossSafe(b, 5)

  // L1 loses the blocks with these batches, and those that come in their place have none: they are unsafe again.
  const head = await devnet.mine()
  await devnet.reorgL1(head - 5, 7)
  const back = async (chain: InteropChain, number: number): Promise<void> => {
    const there = async (): Promise<boolean> => (await managed.ours(chain)).safe_l2.number < number
    await waitFor(`block ${number} of ${chain.chainId} is not safe any more`, there, { check: managed.check })
  }
  await back(a, 4)
  await back(b, 5)
  expect([await a.hashAt(4), await b.hashAt(5)]).toEqual([a4b.hash, b5.hash])
  await batched(managed, [
    [a, 4, 4],
    [b, 5, 5],
  ])
  await managed.crossSafe(a, 4)
  await managed.crossSafe(b, 5)
  expect([await a.hashAt(4), await b.hashAt(5)]).toEqual([a4b.hash, b5.hash])
  await managed.agree()

  // Our process is killed, with blocks on L1 that it has not derived yet.
  const a5 = await a.block([await a.executing(b.message(b1))])
  await devnet.submit(a, 5, 5)
  await devnet.mine(1)
  await devnet.process.kill9()
  await devnet.process.start()
  if (supervisor.process !== devnet.process) {
    // op-supervisor does not dial again what went away without a word.
    await supervisor.process.stop()
    await supervisor.process.start()
  }
  await devnet.mine(3)
  await managed.crossSafe(a, 5)
  expect(await a.hashAt(5)).toBe(a5.hash)
  await devnet.mine(8)
  await managed.finalized(a, 5)
  // Of unsafe heads it says nothing after a start before there are new ones.
  for (const chain of devnet.chains) await chain.block()
  await managed.agree()
}

// op-supervisor trusts L1 two blocks behind its head: blocks whose origin is younger keep its resets from going through.
const CONFIRMED = 8

it('is managed by op-supervisor', { timeout: 300_000 }, async () => {
  await using devnet = await InteropDevnet.start()
  await devnet.mine(CONFIRMED)
  await using supervisor = await startSupervisor(devnet)
  await everything(new Managed(devnet, supervisor))
})

it('is managed by the supervisor of its own process', { timeout: 300_000 }, async () => {
  await using devnet = await InteropDevnet.start({ supervised: true })
  await devnet.mine(CONFIRMED)
  const supervisor = new JsonRpc(`${devnet.url}/supervisor`)
  const status = (chainId: number) => supervisedStatus(supervisor, chainId)
  await everything(new Managed(devnet, { status, process: devnet.process }))
})

it('before the upgrade, reads L1 as far as op-supervisor lets it, and knows by itself what is safe', {
  timeout: 300_000,
}, async () => {
  await using devnet = await InteropDevnet.start({ interopAfter: 1000 })
  const [a, b] = devnet.chains
  await devnet.mine(CONFIRMED)
  // Before a supervisor is there, unsafe blocks come in, and nothing is derived.
  const first = await a.block()
  await devnet.submit(a, 1, 1)
  await devnet.mine()
  await using supervisor = await startSupervisor(devnet)
  const managed = new Managed(devnet, supervisor)
  expect(await managed.ours(a)).toMatchObject({ unsafe_l2: { hash: first.hash }, safe_l2: { number: 0 } })
  await a.block()
  for (let number = 1; number <= 2; number++) await b.block()
  await batched(managed, [
    [a, 2, 2],
    [b, 1, 2],
  ])
  for (const head of ['safe_l2', 'finalized_l2'] as const) {
    for (const chain of devnet.chains) {
      const there = async (): Promise<boolean> => (await managed.ours(chain))[head].number === 2
      await waitFor(`${head} of ${chain.chainId} is block 2`, there, { check: managed.check })
      expect((await managed.ours(chain)).cross_unsafe_l2.number).toBe(2)
    }
    await devnet.mine(8)
  }
})

it('replaces a block as the specification has it', { timeout: 300_000 }, async () => {
  await using devnet = await InteropDevnet.start({ driver: { replacement: 'plain' } })
  const [a, b] = devnet.chains
  await devnet.mine(CONFIRMED)
  await using supervisor = await startSupervisor(devnet)
  const managed = new Managed(devnet, supervisor)
  const message = a.message(await a.block([await a.emitting(TOPIC)]))
  await b.block()
  const b2 = await b.block([await b.executing(message), await b.executing({ ...message, timestamp: 1n }, 1)])
  await a.block()
  await batched(managed, [
    [a, 1, 2],
    [b, 1, 2],
  ])
  for (const chain of devnet.chains) await managed.crossSafe(chain, 2)
  await managed.agree()
  const found = await b.rpc.call<{ hash: Hash; transactions: readonly { type: string }[] }>('eth_getBlockByNumber', [
    '0x2',
    true,
  ])
  expect(found.hash).not.toBe(b2.hash)
  expect(found.transactions.map(({ type }) => type)).toEqual(['0x7e'])
  // What was there before is told, too.
  const [replaced, before] = await Promise.all(
    ['interop_outputV0AtTimestamp', 'interop_pendingOutputV0AtTimestamp'].map((method) =>
      b.interop.call<{ blockHash: Hash }>(method, [b2.timestamp]),
    ),
  )
  expect([replaced?.blockHash, before?.blockHash]).toEqual([found.hash, b2.hash])
})
