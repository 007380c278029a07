import { beforeEach, describe, expect, it } from 'vitest'
import {
  applied,
  FakeForkchoice,
  FakeL2Chain,
  FakeSafeHeads,
  failureOf,
  NO_ANSWER,
} from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, pending, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import type { PayloadAttributes } from '../../protocol/attributes.ts'
import { invalidatedBlockDeposit } from '../../protocol/invalidated-block.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import type { ReplacementForm } from '../replacement-attributes.ts'
import { blockReplacement } from './block-replacement.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const [one, two] = blocks.chain(genesis, 2) as [WorldBlock, WorldBlock]
const bad = blocks.on(two.ref, { transactions: [Uint8Array.of(2, 1)] })
const above = blocks.on(bad.ref)
const mark = invalidatedBlockDeposit({
  stateRoot: bad.payload.header.stateRoot,
  messagePasserStorageRoot: bad.payload.header.withdrawalsRoot as L2BlockRef['hash'],
  blockHash: bad.ref.hash,
})
const plain = blocks.on(two.ref)
const marked = blocks.on(two.ref, { transactions: [mark] })

let l2: FakeL2Chain
let forkchoice: FakeForkchoice
let safeHeads: FakeSafeHeads
let asked: PayloadAttributes | undefined
let begun: L2BlockRef | undefined
/** Blocks that the engine has beside its chain. */
let aside: readonly WorldBlock[]
beforeEach(() => {
  l2 = new FakeL2Chain(genesis, [one, two, bad, above])
  forkchoice = new FakeForkchoice()
  safeHeads = new FakeSafeHeads()
  begun = undefined
  aside = []
  forkchoice.onBuild = (attributes) => {
    asked = attributes
    return { tag: 'built', payload: (attributes.transactions.length > 1 ? marked : plain).payload }
  }
})
const effect = (form: ReplacementForm = 'marked') =>
  blockReplacement({
    config: blocks.config,
    l2: {
      ref: (id) => l2.ref(id),
      payload: async (id) => (await l2.payload(id)) ?? aside.find(({ ref }) => ref.hash === id)?.payload,
    },
    forkchoice,
    pipeline: {
      origin: l1Ref(3n),
      async reset(head) {
        begun = head
      },
    },
    safeHeads,
    form,
  })
const state = stateWith(headsAt(above.ref, { safe: bad.ref, crossSafe: one.ref, finalized: genesis }), {
  invalidations: [{ block: bad.ref, reason: 'the supervisor says so' }],
  attributes: pending(above, bad.ref),
  provided: l1Ref(11n),
})
const run = async (from: DriverState = state, form?: ReplacementForm) => {
  const outcome = await effect(form).run(from, {})
  return { note: outcome.note, next: applied(effect(), outcome, from) }
}

describe('a block that a supervisor has replaced', () => {
  it.each([
    ['marked', marked],
    ['plain', plain],
  ] as const)('has a %s one in its place, and derivation goes on from there', async (form, replacement) => {
    const { next } = await run(state, form)
    expect(asked?.transactions).toEqual(replacement.payload.transactions)
    expect(forkchoice.calls).toEqual([`build on ${two.ref.hash}`])
    expect(forkchoice.labels).toEqual({ safe: one.ref.hash, finalized: genesis.hash })
    expect(begun).toEqual(replacement.ref)
    expect(safeHeads.calls).toEqual([`truncate ${one.ref.number}`])
    expect(next).toMatchObject({
      heads: {
        unsafe: replacement.ref,
        // That its messages hold is not for this chain to say.
        crossUnsafe: two.ref,
        pendingSafe: replacement.ref,
        localSafe: replacement.ref,
        crossSafe: one.ref,
        finalized: genesis,
      },
      derivation: { tag: 'ready', origin: l1Ref(3n) },
      invalidations: [],
      attributes: undefined,
      provided: undefined,
      reset: undefined,
    })
    expect([...next.denied]).toEqual([bad.ref.hash])
    expect([...next.replaced]).toEqual([
      [bad.ref.hash, { block: bad.ref, replacement: replacement.ref, origin: l1Ref(10n) }],
    ])
  })

  it('is left alone where that stands there already', async () => {
    l2.blocks = [one, two, marked]
    aside = [bad]
    const { note, next } = await run()
    expect(note).toContain('is in its place already')
    expect(forkchoice.calls).toEqual([])
    expect(next.heads).toBe(state.heads)
    expect(next.replaced.get(bad.ref.hash)?.replacement).toEqual(marked.ref)
    expect([...next.denied]).toEqual([bad.ref.hash])
    // In the other form, it is not what is wanted.
    expect((await run(state, 'plain')).note).toBe(`${plain.ref.hash} in its place`)
  })

  it('may have left the chain already', async () => {
    const other = blocks.on(two.ref, { transactions: [Uint8Array.of(2, 9)] })
    l2.blocks = [one, two, other]
    aside = [bad]
    expect((await run()).next.heads?.unsafe).toEqual(marked.ref)
  })
})

describe('a block is passed over', () => {
  it('that nobody has, or whose parent is on another chain', async () => {
    l2.blocks = [one, two]
    expect((await run()).note).toBe('it is on another chain')
    l2.blocks = [one, blocks.on(one.ref, { transactions: [Uint8Array.of(2, 9)] })]
    aside = [bad]
    const { note, next } = await run()
    expect(note).toBe('it is on another chain')
    expect(next).toMatchObject({ invalidations: [], heads: state.heads })
    expect([...next.denied]).toEqual([])
  })

  it('that is final', async () => {
    const final = { ...state, heads: { ...state.heads, finalized: bad.ref } }
    expect((await run(final)).note).toBe('it is final')
    expect(forkchoice.calls).toEqual([])
  })
})

it('fails as the engine does', async () => {
  forkchoice.onBuild = () => ({ tag: 'refused', reason: 'no' })
  expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'DEPOSITS_REFUSED', severity: 'critical' })
  forkchoice.onBuild = () => {
    throw NO_ANSWER
  }
  expect(await failureOf(effect().run(state, {}))).toMatchObject({ severity: 'temporary' })
})
