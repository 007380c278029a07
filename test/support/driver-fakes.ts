import type { DriverState } from '../../src/driver/driver-state.ts'
import type { Effect, Outcome } from '../../src/driver/effect.ts'
import type { ForkchoiceState } from '../../src/engine/engine-api.ts'
import type { BlockPlan, Built, EngineLabels, Inserted } from '../../src/engine/forkchoice-controller.ts'
import { AppError, isAppError, type Severity } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { PayloadAttributes } from '../../src/protocol/attributes.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import type { BlockId, L2BlockRef } from '../../src/protocol/refs.ts'
import type { WorldBlock } from './driver-world.ts'

/** The state after an outcome, as the scheduler makes it. @param now what the state has become meanwhile */
export function applied(effect: Effect, outcome: Outcome, now: DriverState): DriverState {
  const patch = outcome.patch(now)
  const foreign = Object.keys(patch).filter((slice) => !effect.writes.includes(slice as keyof DriverState))
  if (foreign.length > 0) throw new Error(`${effect.name} writes ${foreign} without saying so`)
  return { ...now, ...patch }
}

/** Whether the scheduler would throw an outcome away: what it follows from has changed. */
export function isStale(effect: Effect, before: DriverState, now: DriverState): boolean {
  const [read, reread] = [effect.reads(before), effect.reads(now)]
  return read.length !== reread.length || read.some((value, index) => !Object.is(value, reread[index]))
}

/** Code and severity of what a run fails with. */
export async function failureOf(run: Promise<unknown>): Promise<{ code: string; severity: Severity } | 'none'> {
  try {
    await run
    return 'none'
  } catch (error) {
    if (!isAppError(error)) throw error
    return { code: error.code, severity: error.severity }
  }
}

/** A node that does not answer. */
export const NO_ANSWER = new AppError('RPC_UNAVAILABLE', { message: 'no answer', severity: 'temporary' })

/** An engine that answers what it is told to. */
export class FakeForkchoice {
  readonly calls: string[] = []
  /** The labels of the last call. */
  labels: Partial<ForkchoiceState> = {}
  onInsert: () => Inserted = () => ({ tag: 'valid' })
  onUpdate: () => 'valid' | 'syncing' = () => 'valid'
  onBuild: (attributes: PayloadAttributes) => Built = () => {
    throw NO_ANSWER
  }

  async insert(payload: Payload, labels: EngineLabels): Promise<Inserted> {
    this.calls.push(`insert ${payload.hash}`)
    this.labels = labels
    return this.onInsert()
  }

  async update(state: ForkchoiceState): Promise<'valid' | 'syncing'> {
    this.calls.push(`update ${state.head}`)
    this.labels = state
    return this.onUpdate()
  }

  async build(parent: BlockId, labels: EngineLabels, { attributes, refuses }: BlockPlan): Promise<Built> {
    this.calls.push(`build on ${parent.hash}`)
    this.labels = labels
    const built = this.onBuild(attributes)
    const reason = built.tag === 'built' ? refuses?.(built.payload) : undefined
    return reason === undefined ? built : { tag: 'refused', reason }
  }

  forget(): void {
    this.calls.push('forget')
  }
}

/** The chain of an engine, as reads see it. */
export class FakeL2Chain {
  blocks: readonly WorldBlock[]
  readonly genesis: L2BlockRef
  labels: Partial<Record<'latest' | 'safe' | 'finalized', L2BlockRef | undefined>> = {}
  reads = 0
  fault: () => void = () => {}

  constructor(genesis: L2BlockRef, blocks: readonly WorldBlock[]) {
    this.genesis = genesis
    this.blocks = blocks
  }

  async ref(id: Hash | bigint): Promise<L2BlockRef | undefined> {
    this.#read()
    return [this.genesis, ...this.blocks.map(({ ref }) => ref)].find(({ hash, number }) => hash === id || number === id)
  }

  async payload(id: Hash | bigint): Promise<Payload | undefined> {
    this.#read()
    return this.blocks.find(({ ref }) => ref.number === id || ref.hash === id)?.payload
  }

  async labelled(label: 'latest' | 'safe' | 'finalized'): Promise<L2BlockRef | undefined> {
    this.#read()
    return label in this.labels ? this.labels[label] : label === 'latest' ? this.blocks.at(-1)?.ref : this.genesis
  }

  #read(): void {
    this.reads++
    this.fault()
  }
}

/** What was written down of safe heads. */
export class FakeSafeHeads {
  readonly calls: string[] = []
  written: { readonly l1: BlockId; readonly safe: BlockId }[] = []
  fault: () => void = () => {}

  async record(safe: BlockId, derivedFrom: BlockId): Promise<void> {
    this.fault()
    this.calls.push(`record ${safe.number} with ${derivedFrom.number}`)
  }

  async truncate(safe: BlockId): Promise<void> {
    this.fault()
    this.calls.push(`truncate ${safe.number}`)
  }

  entries(): Iterable<{ readonly l1: BlockId; readonly safe: BlockId }> {
    return this.written
  }
}
