import { beforeEach, describe, expect, it } from 'vitest'
import {
  applied,
  FakeForkchoice,
  FakeSafeHeads,
  failureOf,
  isStale,
  NO_ANSWER,
} from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, pending, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import type { DerivedAttributes } from '../../derive/attributes-queue.ts'
import { AppError } from '../../primitives/errors.ts'
import type { BlockId } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import { type ReplacementForm, replacementAttributes } from '../replacement-attributes.ts'
import { attributesProcessing } from './attributes-processing.ts'

const USER = Uint8Array.of(2, 1)
const blocks = new L2Blocks()
const [one, two, three] = blocks.chain(blocks.genesis, 3) as [WorldBlock, WorldBlock, WorldBlock]
/** What L1 says the second block is. */
const derived = blocks.on(one.ref, { transactions: [USER] })

let forkchoice: FakeForkchoice
let safeHeads: FakeSafeHeads
let flushed: string[]
beforeEach(() => {
  forkchoice = new FakeForkchoice()
  forkchoice.onBuild = () => ({ tag: 'built', payload: derived.payload })
  safeHeads = new FakeSafeHeads()
  flushed = []
})

function effect(config = blocks.config, checksMessages = false) {
  const pipeline = {
    depositsOnly(parent: BlockId, derivedFrom: BlockId): DerivedAttributes {
      flushed.push(`${parent.number} from ${derivedFrom.number}`)
      return { attributes: two.attributes, parent: one.ref, derivedFrom: l1Ref(10n), concluding: true }
    },
  }
  return attributesProcessing({ config, forkchoice, pipeline, safeHeads, checksMessages })
}

const tip = stateWith(headsAt(one.ref, { safe: one.ref, finalized: blocks.genesis }), {
  attributes: pending(derived, one.ref),
})
/** An unsafe chain that L1 contradicts. */
const longer = stateWith(headsAt(three.ref, { safe: one.ref, finalized: blocks.genesis }), {
  attributes: pending(derived, one.ref, { mismatch: 'transaction count does not match' }),
})

describe('whether derived attributes are built', () => {
  it.each<[string, DriverState, string | undefined]>([
    ['the chain has no block there', tip, 'there is no block 2 yet'],
    ['it has another one', longer, 'transaction count does not match'],
    ['nobody has compared them', { ...longer, attributes: pending(derived, one.ref) }, undefined],
    ['there are none', { ...tip, attributes: undefined }, undefined],
    ['they follow another block', { ...tip, attributes: pending(three, two.ref) }, undefined],
    ['the heads are to be found anew', { ...tip, reset: { reason: 'asked' } }, undefined],
    ['the engine may be elsewhere', { ...tip, engine: { ...tip.engine, doubt: 'no answer' } }, undefined],
    ['derivation stands still', { ...tip, halted: 'broken' }, undefined],
  ])('where %s', (_, state, why) => {
    expect(effect().when(state, 0)?.why).toBe(why)
  })

  it('keeps engine, pipeline and the record of safe heads to itself', () => {
    expect(effect().when(tip, 0)?.uses).toEqual(['engine', 'pipeline', 'safe-heads'])
  })
})

describe('building derived attributes', () => {
  it('appends a block, which is safe then and written down', async () => {
    const next = applied(effect(), await effect().run(tip, {}), tip)
    expect(forkchoice.calls).toEqual([`build on ${one.ref.hash}`])
    expect(forkchoice.labels).toEqual({ safe: one.ref.hash, finalized: blocks.genesis.hash })
    expect(next.heads).toEqual(headsAt(derived.ref, { finalized: blocks.genesis }))
    expect(next.finality).toEqual([{ safe: derived.ref, derivedFrom: l1Ref(10n) }])
    expect(next.attributes).toBeUndefined()
    expect(next.backupUnsafe).toBeUndefined()
    expect(next.branch).toBe(tip.branch)
    expect(safeHeads.calls).toEqual(['record 2 with 10'])
    // The label that went with it is that of the block before.
    expect(next.engine.toldSafe).toBe(one.ref)
  })

  it('replaces the unsafe chain from there on, and remembers its head until the span is complete', async () => {
    const state = { ...longer, attributes: pending(derived, one.ref, { mismatch: 'other', concluding: false }) }
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.heads).toEqual(
      headsAt(derived.ref, { pendingSafe: derived.ref, safe: one.ref, finalized: blocks.genesis }),
    )
    expect(next.backupUnsafe).toBe(three.ref)
    expect(next.branch).toBe(state.branch + 1)
    expect(safeHeads.calls).toEqual([])

    const child = blocks.on(derived.ref)
    forkchoice.onBuild = () => ({ tag: 'built', payload: child.payload })
    const goesOn = { ...next, attributes: pending(child, derived.ref, { concluding: false }) }
    const further = applied(effect(), await effect().run(goesOn, {}), goesOn)
    // Not the block of the span that was the head in between.
    expect(further.backupUnsafe).toBe(three.ref)
    const ends = { ...next, attributes: pending(child, derived.ref) }
    expect(applied(effect(), await effect().run(ends, {}), ends).backupUnsafe).toBeUndefined()
  })

  it('keeps what has become final meanwhile', async () => {
    const outcome = await effect().run(tip, {})
    const now = { ...tip, heads: { ...tip.heads, finalized: one.ref } }
    expect(applied(effect(), outcome, now).heads?.finalized).toBe(one.ref)
  })

  it('does not make a block cross-safe whose messages nobody has looked at', async () => {
    const checking = effect(blocks.config, true)
    const next = applied(checking, await checking.run(tip, {}), tip)
    expect(next.heads).toMatchObject({ unsafe: derived.ref, localSafe: derived.ref })
    expect(next.heads).toMatchObject({ crossUnsafe: one.ref, crossSafe: one.ref })
  })

  it('is out of date with other attributes, another branch, a reset', () => {
    expect(isStale(effect(), tip, { ...tip, attributes: pending(derived, one.ref) })).toBe(true)
    expect(isStale(effect(), tip, { ...tip, branch: 1 })).toBe(true)
    expect(isStale(effect(), tip, { ...tip, reset: { reason: 'asked' } })).toBe(true)
    expect(isStale(effect(), tip, { ...tip, l1: { ...tip.l1 } })).toBe(false)
  })

  it('passes on what the engine, or the record of safe heads, does not do', async () => {
    safeHeads.fault = () => {
      throw new AppError('STORE_FAILED', { severity: 'reset' })
    }
    expect(await failureOf(effect().run(tip, {}))).toEqual({ code: 'STORE_FAILED', severity: 'reset' })
    forkchoice.onBuild = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(tip, {}))).toEqual({ code: 'RPC_UNAVAILABLE', severity: 'temporary' })
  })
})

describe('attributes that the engine refuses', () => {
  beforeEach(() => {
    forkchoice.onBuild = () => ({ tag: 'refused', reason: 'nonce too high' })
  })

  it('are replaced by their deposits from Holocene, and what is left of the channel goes', async () => {
    const outcome = await effect().run(tip, {})
    const next = applied(effect(), outcome, tip)
    expect(outcome.note).toBe('attributes of block 2 refused: nonce too high')
    expect(next.attributes).toEqual(pending(two, one.ref, { depositsOnly: true }))
    expect(flushed).toEqual(['1 from 10'])
    expect(next.heads).toBe(tip.heads)
    // They are built next, or compared where the chain has a block.
    expect(effect().when(next, 0)?.why).toBe('there is no block 2 yet')
  })

  it('leave the engine on its head, also one that goes back to what a block is begun on', async () => {
    await effect().run(tip, {})
    expect(forkchoice.calls).toEqual([`build on ${one.ref.hash}`])
    await effect().run(longer, {})
    expect(forkchoice.calls.slice(1)).toEqual([`build on ${one.ref.hash}`, `update ${three.ref.hash}`])
  })

  it('stop derivation where they are deposits alone', async () => {
    const state = { ...tip, attributes: pending(two, one.ref) }
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'DEPOSITS_REFUSED', severity: 'critical' })
    expect(flushed).toEqual([])
  })

  it('are those, too, whose block other chains have found invalid', async () => {
    forkchoice.onBuild = () => ({ tag: 'built', payload: derived.payload })
    const state = { ...tip, denied: new Set([derived.ref.hash]) }
    const outcome = await effect().run(state, {})
    expect(outcome.note).toContain('was found invalid by other chains')
    expect(applied(effect(), outcome, state).attributes?.depositsOnly).toBe(true)
    expect(safeHeads.calls).toEqual([])
  })
})

describe('where a supervisor says what is safe', () => {
  const pipeline = {
    depositsOnly: (): DerivedAttributes => ({
      attributes: two.attributes,
      parent: one.ref,
      derivedFrom: l1Ref(10n),
      concluding: true,
    }),
  }
  const directed = (replacement: ReplacementForm = 'marked') =>
    attributesProcessing({
      ...{ config: blocks.config, forkchoice, pipeline, safeHeads, checksMessages: false, replacement },
      directed: ({ timestamp }) => timestamp >= derived.ref.timestamp,
    })

  it('a derived block is local-safe, and not written down', async () => {
    const next = applied(directed(), await directed().run(tip, {}), tip)
    expect(next.heads).toMatchObject({ localSafe: derived.ref, crossSafe: one.ref, crossUnsafe: one.ref })
    expect(safeHeads.calls).toEqual([])
    expect(next.finality).toEqual([])
  })

  it.each(['marked', 'plain'] as const)(
    'one that is denied has the %s replacement derived in its place',
    async (form) => {
      const state = { ...tip, denied: new Set([derived.ref.hash]) }
      const next = applied(directed(form), await directed(form).run(state, {}), state)
      expect(next.attributes).toMatchObject({ depositsOnly: true, mismatch: undefined })
      expect(next.attributes?.attributes).toEqual(replacementAttributes(blocks.config, derived.payload, form))
    },
  )
})

describe('attributes that the engine refuses before Holocene', () => {
  const older = new L2Blocks('granite')
  const [first, second, third] = older.chain(older.genesis, 3) as [WorldBlock, WorldBlock, WorldBlock]
  const wanted = older.on(first.ref, { transactions: [USER] })
  const third2 = older.on(wanted.ref, { transactions: [USER] })
  /** The first block of a span has replaced an unsafe chain; the second one is refused. */
  const inSpan = stateWith(
    headsAt(wanted.ref, { pendingSafe: wanted.ref, safe: first.ref, finalized: older.genesis }),
    { attributes: pending(third2, wanted.ref), backupUnsafe: third.ref },
  )
  beforeEach(() => {
    forkchoice.onBuild = () => ({ tag: 'refused', reason: 'nonce too high' })
  })

  it('are passed over: what they replaced comes back', async () => {
    const next = applied(effect(older.config), await effect(older.config).run(inSpan, {}), inSpan)
    expect(forkchoice.calls).toEqual([`build on ${wanted.ref.hash}`, `update ${third.ref.hash}`])
    expect(forkchoice.labels).toMatchObject({ safe: first.ref.hash, finalized: older.genesis.hash })
    expect(next.heads).toEqual(headsAt(third.ref, { safe: first.ref, finalized: older.genesis }))
    expect(next).toMatchObject({ attributes: undefined, backupUnsafe: undefined, branch: inSpan.branch + 1 })
    expect(flushed).toEqual([])
  })

  it('leave the chain as it is where they replaced nothing', async () => {
    const state = { ...inSpan, backupUnsafe: undefined }
    const next = applied(effect(older.config), await effect(older.config).run(state, {}), state)
    expect(forkchoice.calls).toEqual([`build on ${wanted.ref.hash}`])
    expect(next.heads).toEqual(headsAt(wanted.ref, { safe: first.ref, finalized: older.genesis }))
    expect(next.attributes).toBeUndefined()
  })

  it('do not bring back what the engine does not know any more', async () => {
    forkchoice.onUpdate = () => 'syncing'
    const next = applied(effect(older.config), await effect(older.config).run(inSpan, {}), inSpan)
    expect(next.heads).toEqual(headsAt(wanted.ref, { safe: first.ref, finalized: older.genesis }))
    expect(next).toMatchObject({ attributes: undefined, backupUnsafe: undefined })
    expect(next.engine.doubt).toContain(third.ref.hash)
  })

  it('are dealt with again where the engine does not answer: nothing has changed by then', async () => {
    forkchoice.onUpdate = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect(older.config).run(inSpan, {}))).toMatchObject({ severity: 'temporary' })
    expect(second.ref.parentHash).toBe(first.ref.hash)
  })
})
