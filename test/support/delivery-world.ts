import { SealedBlocks } from '../../src/builder/sealed-blocks.ts'
import type { DeliverableBlock } from '../../src/builder/service.ts'
import { BlockSignatures } from '../../src/delivery/block-signatures.ts'
import { EngineCommitter, type EnginePort, type EngineStatus } from '../../src/delivery/committers/engine.ts'
import { Delivery } from '../../src/delivery/delivery.ts'
import { DeliveryJournal, type DeliveryRecord } from '../../src/delivery/delivery-journal.ts'
import { ConductorLeadership } from '../../src/delivery/leadership.ts'
import { OpNodePublisher } from '../../src/delivery/publishers/op-node.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { bigIntToBytes, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { EMPTY_HEADER, hashHeader } from '../../src/protocol/header.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import type { BlockId } from '../../src/protocol/refs.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Where a fault can strike: what is asked of others, in its order, and what is written down in between. */
export type FaultyStep =
  | 'check'
  | 'write down'
  | 'conductor'
  | 'write conducted'
  | 'sign'
  | 'publish'
  | 'write published'
  | 'insert'
  | 'write inserted'

/** What happens there, once. `lost answer`, `crash after`: what was asked for has taken effect. */
export type FaultKind = 'error' | 'refusal' | 'time-out' | 'lost answer' | 'crash before' | 'crash after'

/** Seconds between blocks. */
const BLOCK_TIME = 2n
const WRITES: readonly FaultyStep[] = ['write down', 'write conducted', 'write published', 'write inserted']

function unavailable(method: string): AppError {
  return new AppError('RPC_UNAVAILABLE', { message: `${method}: connection refused`, severity: 'temporary' })
}

function answered(code: number, message: string): AppError {
  return new AppError('RPC_ERROR', { message, data: { code, message } })
}

/** A process that has ended: nothing that it waits for ever comes. */
function never(): Promise<never> {
  return new Promise(() => undefined)
}

/**
 * Everything around a delivery, as programs of others would behave: a raft that keeps the first block it is given of a height, a
 * network that has seen what it has seen, an execution layer with its head, and a disk. The process in the middle can end and
 * come back.
 */
export class DeliveryWorld {
  readonly clock = new VirtualClock(1_000_000_000)
  readonly genesis: DeliverableBlock
  /** What the raft has, by height, and everything that it was given. */
  readonly raft = new Map<bigint, Hash>()
  readonly conducted: Hash[] = []
  /** What peers have got, in its order. */
  readonly network: DeliverableBlock['hash'][] = []
  /** All that the execution layer has. */
  readonly blocks = new Map<Hash, Pick<Payload, 'hash' | 'header'>>()
  head: Hash
  readonly built: DeliverableBlock[] = []
  readonly abandoned: { readonly record: DeliveryRecord; readonly why: string }[] = []
  readonly unpublished: Hash[] = []
  readonly restored: Hash[] = []
  /** What consensus takes for the head, where that is not the execution layer's. */
  remembered: BlockId | undefined
  /** What the last attempt to deliver threw. */
  readonly errors: unknown[] = []
  /** L1 origins that are not canonical any more: of these blocks. */
  readonly orphaned = new Set<Hash>()
  /** Answers of this kind until it is taken away. */
  publishing: 'works' | 'down' | 'silent' = 'works'
  leads = true
  delivery: Delivery
  #fault: { readonly step: FaultyStep; readonly kind: FaultKind } | undefined
  #crashed: (() => void) | undefined
  readonly #store = new MemoryStore()
  #writes = 0
  #processes = 0
  #salt = 0n

  readonly #checks: boolean

  /** @param options.checks whether the node can look at a block before it is inserted */
  constructor({ checks = true }: { readonly checks?: boolean } = {}) {
    this.#checks = checks
    this.genesis = this.#block(ZERO_HASH, 0n)
    this.blocks.set(this.genesis.hash, this.genesis)
    this.head = this.genesis.hash
    this.delivery = this.#start()
  }

  get headNumber(): bigint {
    return this.blocks.get(this.head)?.header.number ?? -1n
  }

  /** The canonical chain without genesis. */
  get chain(): readonly Hash[] {
    const chain: Hash[] = []
    for (let at = this.blocks.get(this.head); at !== undefined && at.header.number > 0n; ) {
      chain.unshift(at.hash)
      at = this.blocks.get(at.header.parentHash)
    }
    return chain
  }

  /** A block like no other. */
  #block(parentHash: Hash, number: bigint): DeliverableBlock {
    const header = {
      ...EMPTY_HEADER,
      beneficiary: ZERO_ADDRESS,
      parentHash,
      number,
      timestamp: 1_000_000n + number * BLOCK_TIME,
      baseFeePerGas: 7n,
      withdrawalsRoot: EMPTY_HEADER.transactionsRoot,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: ZERO_HASH,
      extraData: bigIntToBytes(++this.#salt),
    }
    return { hash: hashHeader(header), header, transactions: [], withdrawals: [] }
  }

  build(parent: Hash = this.head): DeliverableBlock {
    const block = this.#block(parent, (this.blocks.get(parent)?.header.number ?? 0n) + 1n)
    this.built.push(block)
    return block
  }

  /** Somebody else's block becomes the head. */
  overtake(parent: Hash = this.head): Hash {
    const block = this.#block(parent, (this.blocks.get(parent)?.header.number ?? 0n) + 1n)
    this.blocks.set(block.hash, block)
    this.head = block.hash
    return block.hash
  }

  /** Has something fail the next time that it is done. */
  strike(step: FaultyStep, kind: FaultKind): void {
    this.#fault = { step, kind }
    this.#writes = 0
  }

  /** Whether the fault that was wanted has happened. */
  get struck(): boolean {
    return this.#fault === undefined
  }

  restart(): void {
    this.delivery = this.#start()
  }

  /** As automatic sequencing does: what was begun on the head goes on, or else a new block is built. */
  async step(): Promise<void> {
    const process = this.#processes
    const crash = new Promise<'crash'>((resolve) => {
      this.#crashed = () => resolve('crash')
    })
    const work = (async () => {
      const head = this.remembered ?? { hash: this.head, number: this.headNumber }
      const bound = await this.delivery.next(head, {})
      if (!this.blocks.has(head.hash)) throw unavailable('state')
      await this.delivery.deliver(bound ?? this.build(), {})
    })()
    const outcome = Promise.race([crash, work.catch((error: unknown) => this.errors.push(error))])
    await this.clock.advance(2_000)
    if ((await outcome) === 'crash' && this.#processes === process) this.restart()
  }

  async until(number: bigint, steps = 12): Promise<void> {
    for (let i = 0; this.headNumber < number; i++) {
      if (i === steps) throw new Error(`the head is ${this.headNumber} after ${steps} steps`, { cause: this.errors })
      await this.step()
    }
  }

  #start(): Delivery {
    const process = ++this.#processes
    /** Something is asked of the world; a process that has ended asks nothing any more. */
    const at = async <T>(step: FaultyStep, effect: () => T, io: IoOptions, refusal?: () => AppError): Promise<T> => {
      if (process !== this.#processes) return never()
      io.signal?.throwIfAborted()
      if (this.#fault?.step !== step) return effect()
      const { kind } = this.#fault
      this.#fault = undefined
      if (kind === 'crash after' || kind === 'lost answer') effect()
      if (kind === 'crash before' || kind === 'crash after') {
        this.#crashed?.()
        return never()
      }
      if (kind === 'time-out') return this.#silence(step, io)
      throw kind === 'refusal' && refusal !== undefined ? refusal() : unavailable(step)
    }
    const journal = new DeliveryJournal({
      get: (key) => this.#store.get(key),
      write: async (changes, io) => {
        const step = WRITES[this.#writes++ % WRITES.length] as FaultyStep
        const disk = (): AppError => new AppError('RPC_UNAVAILABLE', { message: 'ENOSPC' })
        await at(step, () => this.#store.write(changes, io), io, disk)
      },
    })
    const conductor = new ConductorLeadership({
      leader: async () => this.leads,
      commitUnsafePayload: (payload, io) => {
        const follower = (): AppError => answered(-32_000, 'failed to apply payload envelope: node is not the leader')
        return at(
          'conductor',
          () => {
            if (!this.leads) throw follower()
            const { number } = payload.header
            if (!this.raft.has(number)) this.raft.set(number, payload.hash)
            this.conducted.push(payload.hash)
          },
          io,
          follower,
        )
      },
    })
    const signatures = new BlockSignatures({
      address: ZERO_ADDRESS,
      sign: (hash, io) =>
        at(
          'sign',
          () => hash,
          io,
          () => new AppError('SIGNING_FAILED', { message: 'unknown key' }),
        ),
    })
    const publisher = new OpNodePublisher(
      {
        publishBlock: async (payload, _signature, io) => {
          if (this.publishing === 'silent') return this.#silence('publish', io)
          if (this.publishing === 'down') throw unavailable('publish')
          const effect = (): void => {
            if (!this.network.includes(payload.hash)) this.network.push(payload.hash)
          }
          await at('publish', effect, io, () => answered(-32_000, 'P2P not enabled'))
        },
      },
      signatures,
    )
    const engine = new EngineCommitter(this.#engine(at), new SealedBlocks(), () => ({ calls: [], arrived() {} }))
    return new Delivery({
      journal,
      conductor,
      publisher,
      committer: this.#checks ? engine : { commit: (...args) => engine.commit(...args), setForkchoice: () => never() },
      has: async ({ hash }) => this.blocks.has(hash),
      stands: async ({ hash }) => !this.orphaned.has(hash),
      clock: this.clock,
      publishTimeoutMs: 500,
      listener: {
        restored: ({ hash }) => this.restored.push(hash),
        unpublished: ({ hash }) => this.unpublished.push(hash),
        abandoned: (record, why) => this.abandoned.push({ record, why }),
      },
    })
  }

  /** No answer until the caller has enough, at the latest after a second. */
  async #silence(method: string, { signal }: IoOptions): Promise<never> {
    await this.clock.sleep(1_000, signal ? { signal } : {})
    throw unavailable(method)
  }

  #engine(
    at: <T>(step: FaultyStep, effect: () => T, io: IoOptions, refusal?: () => AppError) => Promise<T>,
  ): EnginePort<never, never> {
    const valid: EngineStatus = { status: 'VALID', validationError: undefined }
    const invalid: EngineStatus = { status: 'INVALID', validationError: 'bad block' }
    const refused = new AppError('RPC_ERROR', { message: 'refused' })
    const store = (payload: Payload): EngineStatus => {
      if (!this.blocks.has(payload.header.parentHash)) return { status: 'SYNCING', validationError: undefined }
      this.blocks.set(payload.hash, payload)
      return valid
    }
    const verdict = async (asked: Promise<EngineStatus>): Promise<EngineStatus> => {
      try {
        return await asked
      } catch (error) {
        if (error === refused) return invalid
        throw error
      }
    }
    return {
      newPayload: (payload, io) =>
        verdict(
          at(
            'check',
            () => store(payload),
            io,
            () => refused,
          ),
        ),
      forkchoiceUpdated: async () => valid,
      insert: async (payload, _labels, _along, io) => {
        const effect = (): EngineStatus => {
          const status = store(payload)
          if (status.status === 'VALID') this.head = payload.hash
          return status
        }
        const status = await verdict(at('insert', effect, io, () => refused))
        return { payload: status, forkchoice: status, head: this.head, along: [] }
      },
      labels: async () => ({ head: this.head, safe: this.head, finalized: this.head }),
    }
  }
}
