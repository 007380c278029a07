import type { Driver } from '../../../src/driver/driver.ts'
import type { SafeHeadRecord } from '../../../src/driver/ports.ts'
import type { EngineModel } from './engine-model.ts'
import type { L1Model } from './l1-model.ts'
import type { Oracle } from './oracle.ts'
import type { SequencerModel } from './sequencer-model.ts'
import { shown } from './violation.ts'

/** A world in which nothing happens any more. */
export interface CalmWorld {
  readonly driver: Pick<Driver, 'state'>
  readonly engine: EngineModel
  readonly l1: L1Model
  readonly oracle: Oracle
  readonly sequencer: SequencerModel
  readonly safeHeads: Pick<SafeHeadRecord, 'at' | 'entries'>
}

/**
 * @param goesOn whether more becomes safe; else nobody tells a driver that it is on a rival of the sequencer's blocks
 * @returns why the driver is not where it has to get to; undefined when it is there
 */
export function unsettled({ driver, engine, oracle, sequencer, l1 }: CalmWorld, goesOn: boolean): string | undefined {
  const { heads, derivation, reset, halted } = driver.state
  if (halted !== undefined) return `it stands still: ${halted}`
  if (heads === undefined) return 'no heads'
  if (reset !== undefined) return `a reset is to be done: ${reset.reason}`
  const safe = oracle.safeHead.ref
  if (heads.localSafe.hash !== safe.hash) return `local-safe is ${shown(heads.localSafe)}, derived is ${shown(safe)}`
  if (heads.crossSafe.hash !== safe.hash) return `safe is ${shown(heads.crossSafe)}, derived is ${shown(safe)}`
  if (derivation.origin?.hash !== l1.head.ref.hash) return `L1 is read up to ${derivation.origin?.number}`
  const unsafe = sequencer.head.ref
  if (goesOn && heads.unsafe.hash !== unsafe.hash)
    return `unsafe is ${shown(heads.unsafe)}, the sequencer's ${shown(unsafe)}`
  const final = oracle.safeAt(l1.finalized.ref.number)
  if (heads.finalized.hash !== final.hash) return `finalized is ${shown(heads.finalized)}, L1 says ${shown(final)}`
  const labels = { latest: heads.unsafe, safe: heads.crossSafe, finalized: heads.finalized }
  for (const [label, head] of Object.entries(labels)) {
    const told = engine.labelled(label as keyof typeof labels)?.ref
    if (told?.hash !== head.hash && head.number > 0n)
      return `the engine's ${label} is ${shown(told)}, not ${shown(head)}`
  }
  return undefined
}

/** What the record of safe heads has to say of each L1 block. @returns what is wrong */
export function wrongRecord({ safeHeads, oracle, l1 }: CalmWorld): string | undefined {
  const entries = [...safeHeads.entries()]
  for (const [index, { l1: derivedFrom, safe }] of entries.entries()) {
    const below = entries[index + 1]
    if (below !== undefined && (below.l1.number >= derivedFrom.number || below.safe.number > safe.number)) {
      return `it does not rise: ${shown(below.safe)} at ${below.l1.number}, ${shown(safe)} at ${derivedFrom.number}`
    }
  }
  const first = entries.at(-1)
  if (first === undefined) return undefined
  for (let number = first.l1.number; number <= l1.head.ref.number; number++) {
    const { safe } = safeHeads.at(number)
    const expected = oracle.safeAt(number)
    if (safe.hash !== expected.hash) return `at L1 block ${number} it has ${shown(safe)}, derived is ${shown(expected)}`
  }
  return undefined
}
