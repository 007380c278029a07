import type { IoOptions } from '../primitives/io.ts'
import type { DriverState, Slice } from './driver-state.ts'

/** The driver's effects: the headings of the driver's specification. */
export type EffectName =
  | 'engine-consistency'
  | 'safety-reversal'
  | 'interop-safety-reversal'
  | 'sequencing-seal'
  | 'sequencing-start'
  | 'attributes-processing'
  | 'unsafe-processing'
  | 'safety-progression'
  | 'finality-progression'
  | 'interop-safety-progression'
  | 'attributes-generation'
  | 'unsafe-sync-trigger'
  | 'unsafe-addition'

/** What only one effect at a time uses. */
export type Resource = 'engine' | 'pipeline' | 'safe-heads' | 'peers'

/** What changes of the state. */
export type Patch = Partial<DriverState>

/** Why an effect is to be run, and what it will use. */
export interface Cause {
  readonly why: string
  readonly uses: readonly Resource[]
}

/** What an effect has come to. */
export interface Outcome {
  /** Made of the state as it is when it is applied: what the effect did not read may have changed meanwhile. */
  readonly patch: (now: DriverState) => Patch
  /** Said to whoever follows the trace. */
  readonly note?: string
}

/**
 * One thing that the driver does: a condition on the state, and what is done when it holds. Effects know nothing of each other.
 * @see driver specification, "Effects"
 */
export interface Effect {
  readonly name: EffectName
  /**
   * What the outcome follows from: where one of these values is another one by then, the outcome is thrown away, and the
   * condition asked anew.
   */
  reads(state: DriverState): readonly unknown[]
  /** Slices that a patch may hold. */
  readonly writes: readonly Slice[]
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number
  /** Undefined: it is not to be run now. Pure and cheap: asked whenever the state has changed. */
  when(state: DriverState, now: number): Cause | undefined
  /** When time alone may make it due, in milliseconds since the epoch. Absent: it never does. */
  dueAt?(state: DriverState): number | undefined
  /**
   * @throws AppError `temporary`: it is run again after a pause; `reset`: the heads are to be found anew; `critical`: derivation stops.
   * What it has done outside by then must bear to be done again.
   */
  run(state: DriverState, io: IoOptions): Promise<Outcome>
}
