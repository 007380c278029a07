import { isDeepStrictEqual } from 'node:util'
import { toQuantity } from '../../../src/primitives/hex.ts'
import { blockFromJson } from '../../../src/protocol/block-json.ts'
import { envelopeToJson, payloadOf } from '../../../src/protocol/payload.ts'
import { type InteropChain, InteropDevnet, type MadeBlock } from './interop-devnet.ts'
import { JsonRpcError } from './json-rpc.ts'
import { type ManagedOpNode, startManagedOpNode } from './managed-op-node.ts'
import { type OpSupervisor, type SupervisedStatus, startOpSupervisor } from './op-supervisor.ts'
import { startOurSupervisor } from './our-supervisor.ts'
import { waitFor } from './wait-for.ts'

/** Blocks that both supervisors have as safe before anything else is looked at. */
const FIRST = 2
const HEADS = ['localUnsafe', 'localSafe', 'crossUnsafe', 'safe', 'finalized'] as const

function same(what: string, ours: unknown, theirs: unknown): void {
  if (isDeepStrictEqual(ours, theirs)) return
  throw new Error(`${what}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`)
}

/** A supervisor, and a node of each chain that it manages. */
interface Side {
  readonly name: string
  readonly supervisor: OpSupervisor
  readonly nodes: readonly ManagedOpNode[]
}

/** Two supervisors, ours and op-supervisor, that each have op-nodes of their own follow the same chains. */
export class SupervisorSides implements AsyncDisposable {
  readonly devnet: InteropDevnet
  readonly ours: Side
  readonly theirs: Side

  readonly #owned: AsyncDisposable

  private constructor(devnet: InteropDevnet, ours: Side, theirs: Side, owned: AsyncDisposable) {
    this.devnet = devnet
    this.ours = ours
    this.theirs = theirs
    this.#owned = owned
  }

  /** Starts all, with the first two blocks of both chains safe on both sides. */
  static async start(): Promise<SupervisorSides> {
    await using owned = new AsyncDisposableStack()
    const devnet = owned.use(await InteropDevnet.start({ driver: false, skipKarst: true }))
    for (const chain of devnet.chains) {
      for (let number = 1; number <= FIRST; number++) await chain.block()
      await devnet.submit(chain, 1, FIRST)
    }
    // op-supervisor trusts L1 two blocks behind its head: blocks whose origin is younger keep its resets from going through.
    await devnet.mine(8)
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
    const sides = new SupervisorSides(
      devnet,
      { name: 'ours', supervisor: ours, nodes },
      { name: 'theirs', supervisor: theirs, nodes: others },
      owned.move(),
    )
    try {
      await sides.#begun()
      return sides
    } catch (error) {
      await sides[Symbol.asyncDispose]()
      throw error
    }
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
  async #begun(): Promise<void> {
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

  /** Waits until both have no more than that as safe. */
  async backTo(number: number): Promise<void> {
    for (const { name, supervisor } of [this.ours, this.theirs]) {
      const probe = async (): Promise<boolean> => {
        const all = await Promise.all(this.devnet.chains.map(({ chainId }) => supervisor.status(chainId)))
        return all.every(({ safe }) => safe.number === number)
      }
      await waitFor(`safe is back at ${number}, ${name}`, probe, { check: this.check, timeout: 60_000 })
    }
  }

  /** What both say of every block that is cross-safe, and of every time. */
  async sameHistory(): Promise<void> {
    for (const { chainId, el } of this.ours.nodes) {
      const { safe } = await this.ours.supervisor.status(chainId)
      for (let number = 0; number <= safe.number; number++) {
        const { hash, timestamp } = await el.block(number)
        const [root, otherRoot] = await this.ask('supervisor_superRootAtTimestamp', [timestamp])
        same(`super root at block ${number}`, root, otherRoot)
        const [source, otherSource] = await this.ask('supervisor_crossDerivedToSource', [
          String(chainId),
          { hash, number },
        ])
        same(`source of block ${number} of ${chainId}`, source, otherSource)
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }
}
