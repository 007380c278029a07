import { expect, it } from 'vitest'
import { type Hash, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { blockFromJson } from '../../src/protocol/block-json.ts'
import { invalidatedOutput } from '../../src/protocol/invalidated-block.ts'
import { envelopeToJson, payloadOf } from '../../src/protocol/payload.ts'
import { type InteropChain, InteropDevnet, type MadeBlock } from './support/interop-devnet.ts'
import { messageEntries } from './support/interop-message.ts'
import { JsonRpcError } from './support/json-rpc.ts'
import { type ManagedOpNode, startManagedOpNode } from './support/managed-op-node.ts'
import { type OpSupervisor, type SupervisedStatus, startOpSupervisor } from './support/op-supervisor.ts'
import { startOurSupervisor } from './support/our-supervisor.ts'
import { waitFor } from './support/wait-for.ts'

const TOPIC = toWord(0x1234n)
/** Blocks that both supervisors have as safe before anything else is looked at. */
const FIRST = 2
const HEADS = ['localUnsafe', 'localSafe', 'crossUnsafe', 'safe', 'finalized'] as const

/** A supervisor, and a node of each chain that it manages. */
interface Side {
  readonly name: string
  readonly supervisor: OpSupervisor
  readonly nodes: readonly ManagedOpNode[]
}

/** Two supervisors that have op-nodes follow the same chains. */
class Sides {
  readonly devnet: InteropDevnet
  readonly ours: Side
  readonly theirs: Side

  constructor(devnet: InteropDevnet, ours: Side, theirs: Side) {
    this.devnet = devnet
    this.ours = ours
    this.theirs = theirs
  }

  readonly check = (): void => {
    this.devnet.process.assertRunning()
    for (const { supervisor, nodes } of [this.ours, this.theirs]) {
      supervisor.process.assertRunning()
      for (const { node, el } of nodes) for (const each of [node, el]) each.process.assertRunning()
    }
  }

  /** Waits until a head of a chain is at a number, or past it, on both sides. */
  async reached(chain: InteropChain, head: (typeof HEADS)[number], number: number): Promise<void> {
    for (const { name, supervisor } of [this.ours, this.theirs]) {
      let seen: unknown
      const probe = async (): Promise<boolean> => {
        const status = await supervisor.status(chain.chainId)
        seen = status
        return status[head].number >= number
      }
      await waitFor(`${head} ${number} of ${chain.chainId}, ${name}`, probe, {
        check: this.check,
        timeout: 90_000,
      }).catch((cause) => {
        throw new Error(`${String(cause)}: ${JSON.stringify(seen, undefined, 1)}`, { cause })
      })
    }
  }

  /** Waits until both say the same of every chain. */
  async agree(): Promise<void> {
    let seen: unknown
    const heads = async ({ supervisor }: Side, { chainId }: InteropChain): Promise<string[]> => {
      const status: SupervisedStatus = await supervisor.status(chainId)
      return HEADS.map((head) => `${head} ${status[head].number} ${status[head].hash}`)
    }
    const probe = async (): Promise<boolean> => {
      const of = (side: Side) => Promise.all(this.devnet.chains.map((chain) => heads(side, chain)))
      const [ours, theirs] = [await of(this.ours), await of(this.theirs)]
      seen = { ours, theirs }
      return JSON.stringify(ours) === JSON.stringify(theirs)
    }
    await waitFor('both agree', probe, { check: this.check, timeout: 60_000 }).catch((cause) => {
      throw new Error(`${String(cause)}: ${JSON.stringify(seen, undefined, 1)}`, { cause })
    })
  }

  /**
   * Waits until both supervisors have gone on from genesis. op-supervisor passes over what a node tells during a reset, and the node tells it again
   * only when there is more of L1.
   */
  async begun(): Promise<void> {
    let mined = Date.now()
    const probe = async (): Promise<boolean> => {
      if (Date.now() - mined > 4_000) {
        await this.devnet.mine()
        mined = Date.now()
      }
      const safe = await Promise.all(
        [this.ours, this.theirs].flatMap(({ supervisor }) =>
          this.devnet.chains.map(async ({ chainId }) => (await supervisor.status(chainId)).safe.number),
        ),
      )
      return safe.every((number) => number >= FIRST)
    }
    await waitFor('both have begun', probe, { check: this.check, timeout: 90_000 })
  }

  /** What both say of every block that is cross-safe, and of every time. */
  async sameHistory(): Promise<void> {
    for (const { chainId, el } of this.ours.nodes) {
      const { safe } = await this.ours.supervisor.status(chainId)
      for (let number = 0; number <= safe.number; number++) {
        const { hash, timestamp } = await el.block(number)
        const [root, otherRoot] = await this.ask('supervisor_superRootAtTimestamp', [timestamp])
        expect(root, `super root at block ${number}`).toEqual(otherRoot)
        const [source, otherSource] = await this.ask('supervisor_crossDerivedToSource', [
          String(chainId),
          { hash, number },
        ])
        expect(source, `source of block ${number} of ${chainId}`).toEqual(otherSource)
      }
    }
  }

  /** Hands a block to every node of its chain, as gossip would. */
  async gossip(chain: InteropChain, { number }: MadeBlock): Promise<void> {
    const json = await chain.rpc.call('eth_getBlockByNumber', [toQuantity(number), true])
    const envelope = envelopeToJson(payloadOf(blockFromJson(json)))
    for (const { chainId, node } of [...this.ours.nodes, ...this.theirs.nodes])
      if (chainId === chain.chainId) await node.rpc.call('admin_postUnsafePayload', [envelope])
  }

  /** The same question to both. @returns the answers, errors by their code */
  async ask(method: string, params: readonly unknown[]): Promise<readonly [ours: unknown, theirs: unknown]> {
    const answer = async ({ supervisor }: Side): Promise<unknown> => {
      try {
        return await supervisor.rpc.call(method, params)
      } catch (error) {
        if (error instanceof JsonRpcError) return { code: error.code }
        throw error
      }
    }
    return [await answer(this.ours), await answer(this.theirs)]
  }
}

async function startSides(devnet: InteropDevnet, owned: AsyncDisposableStack): Promise<Sides> {
  const nodesOf = (name: string): Promise<ManagedOpNode[]> =>
    Promise.all(devnet.chains.map(async (chain) => owned.use(await startManagedOpNode(devnet, chain, name))))
  const nodes = await nodesOf('ours')
  const ours = owned.use(await startOurSupervisor(devnet, nodes))
  const others = await nodesOf('theirs')
  const theirs = owned.use(
    await startOpSupervisor({
      folder: devnet.folder,
      l1Url: devnet.l1.url,
      nodes: others.map(({ wsUrl }) => wsUrl),
      jwtSecretFile: devnet.jwtSecretFile,
      dependencySetFile: devnet.dependencySetFile,
      rollupFiles: devnet.rollupFiles,
    }),
  )
  return new Sides(
    devnet,
    { name: 'ours', supervisor: ours, nodes },
    { name: 'theirs', supervisor: theirs, nodes: others },
  )
}

it('supervises op-nodes as op-supervisor does: messages, an invalid one and what depends on it, a crash', {
  timeout: 300_000,
}, async () => {
  await using owned = new AsyncDisposableStack()
  const devnet = owned.use(await InteropDevnet.start({ driver: false, skipKarst: true }))
  const [a, b] = devnet.chains
  // op-supervisor trusts L1 two blocks behind its head: blocks whose origin is younger keep its resets from going through.
  for (const chain of devnet.chains) {
    for (let number = 1; number <= FIRST; number++) await chain.block()
    await devnet.submit(chain, 1, FIRST)
  }
  await devnet.mine(8)
  const sides = await startSides(devnet, owned)
  await sides.begun()

  // Messages both ways, unsafe first.
  const [a1, b1] = [await a.block([await a.emitting(TOPIC)]), await b.block([await b.emitting(TOPIC)])]
  const b2 = await b.block([await b.executing(a.message(a1))])
  const a2 = await a.block([await a.executing(b.message(b1))])
  for (const block of [a1, a2]) await sides.gossip(a, block)
  for (const block of [b1, b2]) await sides.gossip(b, block)
  for (const chain of devnet.chains) await sides.reached(chain, 'crossUnsafe', b2.number)
  await sides.agree()

  for (const chain of devnet.chains) await devnet.submit(chain, b1.number, b2.number)
  await devnet.mine(4)
  for (const chain of devnet.chains) await sides.reached(chain, 'safe', b2.number)
  await devnet.mine(8)
  for (const chain of devnet.chains) await sides.reached(chain, 'finalized', b2.number)
  await sides.agree()

  // Access lists, by what is known of their messages.
  const executing = { chainID: '902', timestamp: toQuantity(b2.timestamp) }
  const lists: readonly (readonly Hash[])[] = [
    [],
    messageEntries(a.message(a1)),
    messageEntries({ ...a.message(a1), logIndex: 9n }),
    messageEntries({ ...a.message(a1), blockNumber: 99n, timestamp: BigInt(a1.timestamp) + 200n }),
    messageEntries({ ...a.message(a1), chainId: 999n }),
    messageEntries(a.message(a1)).slice(0, 1),
    messageEntries(a.message(a1)).slice(1),
  ]
  for (const list of lists)
    for (const level of ['unsafe', 'cross-unsafe', 'safe', 'finalized', 'invalid', 'x']) {
      const [ours, theirs] = await sides.ask('supervisor_checkAccessList', [list, level, executing])
      expect(ours, `${level} ${JSON.stringify(list)}`).toEqual(theirs)
    }

  // A message that was never sent, and one that stands in the block that executes it.
  const a3 = await a.block([await a.emitting(TOPIC), await a.executing({ ...b.message(b1), logIndex: 7n }, 1)])
  const b3 = await b.block()
  const b4 = await b.block([await b.executing(a.message(a3))])
  await a.block()
  for (const chain of devnet.chains) await devnet.submit(chain, b3.number, b4.number)
  await devnet.mine(4)
  for (const [chain, number, bad] of [
    [a, a3.number, a3.hash],
    [b, b4.number, b4.hash],
  ] as const)
    for (const { name, nodes } of [sides.ours, sides.theirs]) {
      const replaced = async (): Promise<boolean> => {
        const el = nodes.find(({ chainId }) => chainId === chain.chainId)?.el
        const json = await el?.rpc.call('eth_getBlockByNumber', [toQuantity(number), true])
        return json ? invalidatedOutput(payloadOf(blockFromJson(json)).transactions)?.blockHash === bad : false
      }
      await waitFor(`block ${number} of ${chain.chainId} is replaced, ${name}`, replaced, {
        check: sides.check,
        timeout: 90_000,
      })
    }
  for (const [chain, number] of [
    [a, a3.number],
    [b, b4.number],
  ] as const)
    await sides.reached(chain, 'safe', number)
  await sides.agree()
  const [ours, theirs] = await sides.ask('admin_getFailsafeEnabled', [])
  expect([ours, theirs]).toEqual([true, true])

  await sides.sameHistory()

  // Killed, our supervisor goes on with what it had decided, and a node of it from where that is.
  const [node] = sides.ours.nodes
  for (const program of [sides.ours.supervisor.process, node?.node.process]) {
    await program?.kill9()
    await program?.start({ timeout: 60_000 })
  }
  await devnet.mine(12)
  await sides.reached(a, 'finalized', a3.number)
  await sides.reached(b, 'finalized', b4.number)
  await sides.agree()
  await sides.sameHistory()
})
