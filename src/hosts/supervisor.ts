import type { Method } from '../../rpc/method.ts'
import { supernodeMethods } from '../../rpc/methods/supernode.ts'
import { supervisorMethods } from '../../rpc/methods/supervisor.ts'
import { type SupervisorControl, supervisorAdminMethods } from '../../rpc/methods/supervisor-admin.ts'
import { ManagedNodeClient } from '../clients/managed-node.ts'
import type { SupervisorSettings } from '../config/supervisor.ts'
import type { L1Labels, L1Refs } from '../driver/ports.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import type { BlockId } from '../protocol/refs.ts'
import { openSupervisorStore, type SupervisorStore } from '../supervisor/db/supervisor-store.ts'
import { checkAccessList, linkedLevel } from '../supervisor/message-check.ts'
import type { ManagedNode, SupervisedL1 } from '../supervisor/ports.ts'
import { queryError } from '../supervisor/query-errors.ts'
import { rewindTo } from '../supervisor/rewind-to.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { SupervisorQueries } from '../supervisor/supervisor-queries.ts'
import type { SupervisorView } from '../supervisor/view.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { SupervisedMessages } from './message-checks.ts'

/** What a supervisor is wired with. */
export interface HostedSupervisorParts {
  readonly settings: SupervisorSettings
  readonly l1: { readonly source: L1Refs; readonly labels: L1Labels; readonly pollMs: number }
  /** Absolute; undefined: what it decides ends with the process. */
  readonly datadir: string | undefined
  readonly logger: Logger
}

/** A supervisor, and what the rest of the process sees of it. */
export interface HostedSupervisor {
  /** All that it serves. */
  readonly methods: readonly Method[]
  /** For pools and builders of this process. */
  readonly messages: SupervisedMessages
  /** What it knows now. */
  readonly view: () => SupervisorView
  /** What it cannot begin without: words for each. */
  readonly waiting: readonly string[]
  /** Manages a node of this process, too, ahead of those elsewhere. Before it runs. */
  manage(node: ManagedNode): void
  /** Works until the signal is aborted, or it is closed. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** L1 of the service, as a supervisor follows it. */
function supervisedL1({ source, labels }: HostedSupervisorParts['l1']): SupervisedL1 {
  return {
    async ref(id, io) {
      if (id !== 'latest' && id !== 'safe' && id !== 'finalized') return source.ref(id, io)
      const { head, safe, finalized } = await labels.read(io)
      return { latest: head, safe, finalized }[id]
    },
  }
}

/** Milliseconds between two attempts to reach a node for the first time. */
const RETRY_MS = 1_000

interface Managed {
  readonly node: ManagedNode
  /** Undefined before it has told. */
  chainId?: bigint
  /** Why it has not. */
  trouble?: string
}

/** One run of a supervisor over the store; another one begins where it ended. */
interface Run {
  readonly end: AbortController
  readonly work: Promise<void>
}

class SupervisorHost implements SupervisorControl {
  readonly #parts: HostedSupervisorParts
  readonly #store: SupervisorStore
  readonly #l1: SupervisedL1
  readonly #managed: Managed[] = []
  readonly #clients: ManagedNodeClient[] = []
  /** Starts and stops, one after another. */
  readonly #changes = new SerialQueue()
  readonly #closed = new AbortController()
  #supervisor: Supervisor
  #run: Run | undefined
  #stopped = false
  #failure: string | undefined

  constructor(parts: HostedSupervisorParts, store: SupervisorStore) {
    this.#parts = parts
    this.#store = store
    this.#l1 = supervisedL1(parts.l1)
    this.#supervisor = this.#create()
    for (const [index, { url, jwtSecret }] of parts.settings.nodes.entries())
      this.#connect(`supervisor.nodes[${index}]`, url, jwtSecret)
  }

  get view(): Supervisor {
    return this.#supervisor
  }

  get l1(): SupervisedL1 {
    return this.#l1
  }

  get failsafe(): boolean {
    return this.#supervisor.failsafe
  }

  set failsafe(enabled: boolean) {
    this.#parts.logger.warn({ enabled }, "the supervisor's failsafe was set by hand")
    this.#supervisor.setFailsafe(enabled)
  }

  get isRunning(): boolean {
    return this.#run !== undefined && this.#failure === undefined
  }

  get waiting(): readonly string[] {
    if (this.#failure !== undefined) return [`supervisor: ${this.#failure}`]
    return this.#managed.flatMap(({ node, chainId, trouble }) =>
      chainId === undefined ? [trouble ?? `${node.name}: not reached yet`] : [],
    )
  }

  manage(node: ManagedNode): void {
    this.#managed.splice(this.#managed.length - this.#clients.length, 0, { node })
  }

  async run(signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#closed.signal])
    const found = Promise.allSettled(this.#managed.map((each) => this.#find(each, ended)))
    await new Promise<void>((resolve) => {
      if (ended.aborted) resolve()
      else ended.addEventListener('abort', () => resolve(), { once: true })
    })
    await found
    await this.#changes.run(() => this.#end())
  }

  async start(): Promise<void> {
    await this.#changes.run(async () => {
      if (!this.#stopped) throw queryError('SUPERVISOR_RUNNING')
      this.#stopped = false
      await this.#restart()
    })
  }

  async stop(): Promise<void> {
    await this.#changes.run(async () => {
      if (this.#stopped) throw queryError('SUPERVISOR_STOPPED')
      this.#stopped = true
      await this.#end()
    })
  }

  async addNode(url: string, jwtSecret: Uint8Array, { signal }: IoOptions): Promise<void> {
    const added = this.#connect(`supervisor.added[${this.#clients.length}]`, url, jwtSecret)
    const ended = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
    try {
      await this.#join(added, await added.node.chainId({ signal: ended }))
    } catch (error) {
      this.#managed.splice(this.#managed.indexOf(added), 1)
      throw error
    }
  }

  async rewind(chainId: bigint, block: BlockId): Promise<void> {
    await this.#changes.run(async () => {
      const decision = rewindTo(this.#supervisor, chainId, block)
      this.#parts.logger.warn({ chainId: chainId.toString(), number: block.number.toString() }, 'rewinding by hand')
      await this.#end()
      await this.#store.decide(decision, {})
      await this.#restart()
    })
  }

  async close(): Promise<void> {
    this.#closed.abort(new DOMException('shutting down', 'AbortError'))
    await this.#changes.run(() => this.#end())
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.#store.close()
  }

  #connect(name: string, url: string, jwtSecret: Uint8Array): Managed {
    const client = new ManagedNodeClient({ name, url, jwtSecret, clock: systemClock })
    const managed = { node: client }
    this.#clients.push(client)
    this.#managed.push(managed)
    return managed
  }

  /** Asks a node for its chain until it tells. */
  async #find(managed: Managed, signal: AbortSignal): Promise<void> {
    const { logger } = this.#parts
    for (;;) {
      try {
        const chainId = await managed.node.chainId({ signal })
        return await this.#join(managed, chainId)
      } catch (error) {
        signal.throwIfAborted()
        const trouble = errorMessage(error)
        if (trouble !== managed.trouble) logger.warn({ node: managed.node.name, trouble }, 'waiting for a managed node')
        managed.trouble = trouble
      }
      await systemClock.sleep(RETRY_MS, { signal })
    }
  }

  /** @throws AppError SUPERVISOR_UNKNOWN_CHAIN */
  async #join(managed: Managed, chainId: bigint): Promise<void> {
    const { settings, logger } = this.#parts
    if (!settings.dependencySet.chainIds.includes(chainId))
      throw queryError('SUPERVISOR_UNKNOWN_CHAIN', `${managed.node.name}: ${chainId}`)
    managed.chainId = chainId
    logger.info({ node: managed.node.name, chainId: chainId.toString() }, 'managed node found')
    await this.#changes.run(() => this.#restart())
  }

  /** Begins anew with the nodes that are known, once every chain has one. */
  async #restart(): Promise<void> {
    await this.#end()
    const { settings, logger } = this.#parts
    const isCovered = settings.dependencySet.chainIds.every((id) => this.#managed.some(({ chainId }) => chainId === id))
    if (!isCovered || this.#stopped || this.#closed.signal.aborted) return
    const { failsafe } = this.#supervisor
    const supervisor = this.#create()
    if (failsafe) supervisor.setFailsafe(true)
    this.#supervisor = supervisor
    const end = new AbortController()
    const work = supervisor.run(end.signal).catch((error: unknown) => {
      if (end.signal.aborted) return
      this.#failure = errorMessage(error)
      logger.error({ error: this.#failure }, 'the supervisor has stopped')
    })
    this.#run = { end, work }
  }

  async #end(): Promise<void> {
    this.#run?.end.abort(new DOMException('the supervisor ends', 'AbortError'))
    await this.#run?.work
    this.#run = undefined
  }

  #create(): Supervisor {
    const { settings, l1, logger } = this.#parts
    return new Supervisor({
      store: this.#store,
      dependencySet: settings.dependencySet,
      chains: settings.rollups.map((rollup) => ({
        chainId: rollup.l2ChainId,
        rollup,
        nodes: this.#managed.filter(({ chainId }) => chainId === rollup.l2ChainId).map(({ node }) => node),
      })),
      l1: this.#l1,
      clock: systemClock,
      logger,
      l1PollMs: l1.pollMs,
    })
  }
}

/** @throws AppError CONFIG_INVALID where what is stored cannot be used */
async function openStore({ settings, datadir }: HostedSupervisorParts): Promise<SupervisorStore> {
  const chains = settings.rollups.map(({ l2ChainId: chainId, genesis }) => ({ chainId, genesis: genesis.l2.hash }))
  try {
    return await openSupervisorStore(datadir, chains)
  } catch (cause) {
    if (!isAppError(cause)) throw cause
    throw new AppError('CONFIG_INVALID', { message: `supervisor: ${cause.message}`, cause })
  }
}

/** Hosts a supervisor. Nothing happens before it runs. @throws AppError CONFIG_INVALID */
export async function hostSupervisor(parts: HostedSupervisorParts): Promise<HostedSupervisor> {
  const host = new SupervisorHost(parts, await openStore(parts))
  const queries = new SupervisorQueries(() => host.view, host.l1)
  return {
    methods: [...supervisorMethods(queries), ...supernodeMethods(queries), ...supervisorAdminMethods(host)],
    messages: {
      index() {
        if (!host.isRunning) return undefined
        return {
          failsafe: host.failsafe,
          epoch: host.view.epoch,
          level: async (message, executing) => linkedLevel(host.view, message, executing),
        }
      },
      checkAccessList: async (entries, executing) => checkAccessList(host.view, entries, 'cross-unsafe', executing),
      failsafeEnabled: async () => host.failsafe,
    },
    view: () => host.view,
    get waiting() {
      return host.waiting
    },
    manage: (node) => host.manage(node),
    run: (signal) => host.run(signal),
    close: () => host.close(),
  }
}
