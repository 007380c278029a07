import type { DerivationPipeline } from '../../derive/pipeline.ts'
import { AppError } from '../../primitives/errors.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { BlockId } from '../../protocol/refs.ts'
import type { Derivation, DriverState } from '../driver-state.ts'
import type { Effect, Outcome } from '../effect.ts'
import { isReady } from '../heads.ts'
import type { DriverErrorCode } from '../ports.ts'

/** Steps of the pipeline in one run, so that what waits for the pipeline waits no longer than these take. */
const STEPS = 64

/** What {@link attributesGeneration} works with. */
export interface AttributesGenerationParts {
  readonly pipeline: Pick<DerivationPipeline, 'origin' | 'step'>
  /** Where the L2 chain begins. */
  readonly genesis: BlockId
  /** Whether unsafe blocks come by the engine's own sync, before anything is derived. */
  readonly engineSync: boolean
  /** Whether L1 is read no further than a supervisor lets it be; up to L1's head when left out. */
  readonly directed?: boolean
}

function behind(origin: bigint, head: bigint): never {
  throw new AppError<DriverErrorCode>('L1_BEHIND', {
    message: `L1 has block ${head}, but does not give the one after ${origin}`,
    severity: 'temporary',
  })
}

/**
 * Derives the attributes of the block after the pending-safe head, or reads on in L1. Nothing is derived while there are attributes
 * that have not been dealt with: there are never two for one height.
 * @see driver specification, "Attributes generation"
 */
export function attributesGeneration({
  pipeline,
  genesis,
  engineSync,
  directed = false,
}: AttributesGenerationParts): Effect {
  /** Later, what the engine cannot fetch is derived meanwhile: nobody may have it but L1. */
  const isFirstSync = ({ heads }: DriverState): boolean => engineSync && heads?.unsafe.number === genesis.number

  /** The highest L1 block that may be read. */
  const limit = ({ l1, provided }: DriverState): bigint | undefined => (directed ? provided : l1.head)?.number

  return {
    name: 'attributes-generation',
    timeoutMs: 120_000,
    reads: ({ heads, attributes, reset, derivation }) => [heads?.pendingSafe, attributes, reset, derivation],
    writes: ['attributes', 'derivation'],
    when(state) {
      const { attributes, derivation, halted } = state
      if (!isReady(state) || attributes !== undefined || halted !== undefined) return undefined
      if (derivation.tag === 'unready' || isFirstSync(state)) return undefined
      const origin = derivation.origin?.number ?? 0n
      if (derivation.tag === 'exhausted' && (limit(state) ?? 0n) <= origin) return undefined
      return { why: `L1 block ${derivation.tag === 'ready' ? origin : origin + 1n}`, uses: ['pipeline'] }
    },
    async run(state: DriverState, io: IoOptions): Promise<Outcome> {
      const { heads } = state
      if (heads === undefined) throw new TypeError('there are no heads to derive from')
      const now = (tag: Derivation['tag']): Derivation => ({ tag, origin: pipeline.origin })
      for (let steps = 0; steps < STEPS; steps++) {
        const step = await pipeline.step(heads.pendingSafe, io)
        switch (step.tag) {
          case 'attributes': {
            const attributes = { ...step.derived, mismatch: undefined, depositsOnly: false }
            return { patch: () => ({ attributes, derivation: now('ready') }) }
          }
          case 'advanced':
            return { patch: () => ({ derivation: now('ready') }) }
          case 'exhausted': {
            const origin = pipeline.origin?.number ?? 0n
            const head = limit(state)
            if (head !== undefined && head > origin) behind(origin, head)
            return { patch: () => ({ derivation: now('exhausted') }) }
          }
          case 'again':
        }
      }
      return { patch: () => ({ derivation: now('ready') }) }
    },
  }
}
