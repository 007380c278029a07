import { beforeEach, describe, expect, it } from 'vitest'
import { applied, failureOf, isStale } from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, pending, stateWith } from '../../../test/support/driver-world.ts'
import type { DerivedAttributes } from '../../derive/attributes-queue.ts'
import type { PipelineStep } from '../../derive/pipeline.ts'
import { AppError } from '../../primitives/errors.ts'
import type { L1BlockRef, L2BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import { attributesGeneration } from './attributes-generation.ts'

const blocks = new L2Blocks()
const [one, two] = blocks.chain(blocks.genesis, 2) as [ReturnType<L2Blocks['on']>, ReturnType<L2Blocks['on']>]
const derived: DerivedAttributes = {
  attributes: two.attributes,
  parent: one.ref,
  derivedFrom: l1Ref(11n),
  concluding: true,
}

/** Gives one step after the other, the last one again and again. */
class FakePipeline {
  origin: L1BlockRef | undefined = l1Ref(10n)
  steps: PipelineStep[] = []
  readonly asked: L2BlockRef[] = []
  onStep: () => void = () => {}

  async step(safeHead: L2BlockRef): Promise<PipelineStep> {
    this.asked.push(safeHead)
    this.onStep()
    const step = (this.steps.length > 1 ? this.steps.shift() : this.steps[0]) as PipelineStep
    if (step.tag === 'advanced') this.origin = step.origin
    return step
  }
}

let pipeline: FakePipeline
beforeEach(() => {
  pipeline = new FakePipeline()
})
const effect = (engineSync = false) => attributesGeneration({ pipeline, genesis: blocks.genesis, engineSync })
const heads = headsAt(two.ref, { safe: blocks.genesis, pendingSafe: one.ref })
const l1 = { head: l1Ref(12n), safe: undefined, finalized: undefined }
const idle = stateWith(heads, { l1 })
const exhausted = { tag: 'exhausted', origin: l1Ref(12n) } as const

describe('whether attributes are derived', () => {
  it.each<[string, DriverState, string | undefined]>([
    ['none wait', idle, 'L1 block 10'],
    ['some wait', { ...idle, attributes: pending(two, one.ref) }, undefined],
    ['L1 has no other block', { ...idle, derivation: exhausted }, undefined],
    ['L1 has another block', { ...idle, derivation: exhausted, l1: { ...l1, head: l1Ref(13n) } }, 'L1 block 13'],
    ["L1's head is not known", { ...idle, derivation: exhausted, l1: { ...l1, head: undefined } }, undefined],
    ['the pipeline is not ready', { ...idle, derivation: { tag: 'unready', origin: undefined } }, undefined],
    ['there are no heads', { ...idle, heads: undefined }, undefined],
    ['the heads are to be found anew', { ...idle, reset: { reason: 'asked' } }, undefined],
    ['the engine may be elsewhere', { ...idle, engine: { ...idle.engine, doubt: 'no answer' } }, undefined],
    ['derivation stands still', { ...idle, halted: 'broken' }, undefined],
  ])('where %s', (_, state, why) => {
    expect(effect().when(state, 0)?.why).toBe(why)
  })

  it('uses nothing but the pipeline', () => {
    expect(effect().when(idle, 0)?.uses).toEqual(['pipeline'])
  })

  it('waits for an engine that fetches the chain by itself, from its first block on only', () => {
    const fresh = stateWith(headsAt(blocks.genesis), { l1 })
    const syncing = { ...fresh, engine: { ...fresh.engine, syncTarget: two.ref } }
    expect(effect(true).when(fresh, 0)).toBeUndefined()
    expect(effect(true).when(syncing, 0)).toBeUndefined()
    expect(effect(false).when(fresh, 0)).toBeDefined()
    // What it is fetching may not be had anywhere; L1 has it.
    const gap = { ...idle, engine: { ...idle.engine, syncTarget: two.ref } }
    expect(effect(true).when(gap, 0)).toBeDefined()
  })

  it('waits so also where the chain begins with another number', () => {
    const genesis = { ...blocks.genesis, number: 105_235_063n }
    const late = attributesGeneration({ pipeline, genesis, engineSync: true })
    expect(late.when(stateWith(headsAt(genesis), { l1 }), 0)).toBeUndefined()
  })
})

describe('deriving', () => {
  it('steps on from the pending-safe head to attributes, which wait then', async () => {
    pipeline.steps = [{ tag: 'again' }, { tag: 'again' }, { tag: 'attributes', derived }]
    const next = applied(effect(), await effect().run(idle, {}), idle)
    expect(pipeline.asked).toEqual([one.ref, one.ref, one.ref])
    expect(next.attributes).toEqual({ ...derived, mismatch: undefined, depositsOnly: false })
    expect(next.derivation).toEqual({ tag: 'ready', origin: l1Ref(10n) })
  })

  it('ends with each L1 block, so that others hear of it', async () => {
    pipeline.steps = [{ tag: 'advanced', origin: l1Ref(11n) }]
    const next = applied(effect(), await effect().run(idle, {}), idle)
    expect(pipeline.asked).toHaveLength(1)
    expect(next.derivation).toEqual({ tag: 'ready', origin: l1Ref(11n) })
    expect(next.attributes).toBeUndefined()
  })

  it('gives others a turn after many steps that came to nothing', async () => {
    pipeline.steps = [{ tag: 'again' }]
    const next = applied(effect(), await effect().run(idle, {}), idle)
    expect(pipeline.asked).toHaveLength(64)
    expect(next.derivation.tag).toBe('ready')
  })

  it('waits for L1 where all is read', async () => {
    pipeline.origin = l1Ref(12n)
    pipeline.steps = [{ tag: 'exhausted' }]
    const next = applied(effect(), await effect().run(idle, {}), idle)
    expect(next.derivation).toEqual(exhausted)
    expect(effect().when(next, 0)).toBeUndefined()
  })

  it('is tried again where L1 tells of blocks that it does not give', async () => {
    pipeline.steps = [{ tag: 'exhausted' }]
    expect(await failureOf(effect().run(idle, {}))).toEqual({ code: 'L1_BEHIND', severity: 'temporary' })
  })

  it.each(['temporary', 'reset', 'critical'] as const)('passes on what is %s', async (severity) => {
    pipeline.onStep = () => {
      throw new AppError('DEPOSIT_INVALID', { severity })
    }
    expect(await failureOf(effect().run(idle, {}))).toEqual({ code: 'DEPOSIT_INVALID', severity })
  })

  it('is out of date with another pending-safe head, another reset, or attributes of somebody else', () => {
    expect(isStale(effect(), idle, { ...idle, heads: { ...heads, pendingSafe: blocks.genesis } })).toBe(true)
    expect(isStale(effect(), idle, { ...idle, reset: { reason: 'asked' } })).toBe(true)
    expect(isStale(effect(), idle, { ...idle, attributes: pending(two, one.ref) })).toBe(true)
    expect(isStale(effect(), idle, { ...idle, heads: { ...heads, unsafe: one.ref }, l1: { ...l1 } })).toBe(false)
  })
})

describe('where a supervisor lets L1 be read', () => {
  const directed = () => attributesGeneration({ pipeline, genesis: blocks.genesis, engineSync: false, directed: true })
  const waiting = { ...idle, derivation: exhausted, l1: { ...l1, head: l1Ref(20n) } }

  it.each<[string, DriverState, string | undefined]>([
    ['none was provided', waiting, undefined],
    ['the next one was', { ...waiting, provided: l1Ref(13n) }, 'L1 block 13'],
    ['it was read already', { ...waiting, provided: l1Ref(12n) }, undefined],
    ['there is more of the one that is being read', idle, 'L1 block 10'],
  ])('goes on where %s', (_, state, why) => {
    expect(directed().when(state, 0)?.why).toBe(why)
  })

  it('is not behind L1, which it does not look at; but behind what was provided', async () => {
    pipeline.steps = [{ tag: 'exhausted' }]
    pipeline.origin = l1Ref(12n)
    expect(applied(directed(), await directed().run(waiting, {}), waiting).derivation).toEqual(exhausted)
    expect(await failureOf(directed().run({ ...waiting, provided: l1Ref(13n) }, {}))).toEqual({
      code: 'L1_BEHIND',
      severity: 'temporary',
    })
  })
})
