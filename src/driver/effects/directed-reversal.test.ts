import { beforeEach, describe, expect, it } from 'vitest'
import {
  applied,
  FakeForkchoice,
  FakeL2Chain,
  FakeSafeHeads,
  failureOf,
  NO_ANSWER,
} from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { AppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { OpForks } from '../../protocol/forks.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import { type DriverState, INITIAL_STATE, type ResetPoint } from '../driver-state.ts'
import { directedReversal } from './directed-reversal.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 6)
const ref = (number: number) => (chain[number - 1] as WorldBlock).ref
/** From block 4 on. */
const since = ref(4).timestamp
const given = headsAt(ref(6), {
  crossUnsafe: ref(5),
  localSafe: ref(5),
  crossSafe: ref(4),
  finalized: ref(2),
})

let l2: FakeL2Chain
let forkchoice: FakeForkchoice
let safeHeads: FakeSafeHeads
let begun: L2BlockRef[]
let onReset: () => void
let branchOfL1: bigint
beforeEach(() => {
  l2 = new FakeL2Chain(genesis, chain)
  forkchoice = new FakeForkchoice()
  safeHeads = new FakeSafeHeads()
  begun = []
  onReset = () => undefined
  branchOfL1 = 0n
})
const effect = (at = since) =>
  directedReversal({
    config: { ...blocks.config, forks: new OpForks({ ...blocks.config.forks.times, interop: at }) },
    l1: {
      ref: async (id: Hash | bigint) => (typeof id === 'bigint' ? l1Ref(id, id >= 5n ? branchOfL1 : 0n) : l1Ref(0n)),
    },
    l2: l2 as never,
    pipeline: {
      origin: l1Ref(1n),
      async reset(head) {
        onReset()
        begun.push(head)
      },
    },
    forkchoice,
    safeHeads,
    directed: ({ timestamp }) => timestamp >= at,
  })
const asked = (to: ResetPoint, patch: Partial<DriverState> = {}): DriverState => ({
  ...INITIAL_STATE,
  reset: { reason: 'for a test', to },
  ...patch,
})
const run = async (state: DriverState, at?: bigint) => applied(effect(at), await effect(at).run(state, {}), state)

it('waits until a supervisor has said where to go on', () => {
  expect(effect().when({ ...INITIAL_STATE, reset: { reason: 'L1 is another one' } }, 0)).toBeUndefined()
  expect(effect().when(asked({ tag: 'given', heads: given }), 0)?.why).toBe('for a test')
  expect(effect().when(stateWith(given), 0)).toBeUndefined()
})

describe('given heads', () => {
  it('are taken, the engine is told, and derivation begins behind the local-safe one', async () => {
    const next = await run(asked({ tag: 'given', heads: given }, { provided: l1Ref(9n), branch: 3 }))
    expect(next).toMatchObject({
      heads: given,
      reset: undefined,
      provided: undefined,
      derivation: { tag: 'ready', origin: l1Ref(1n) },
      branch: 4,
      engine: { toldSafe: ref(4), leftBehind: undefined },
    })
    expect(begun).toEqual([ref(5)])
    expect(safeHeads.calls).toEqual(['truncate 4'])
    expect(forkchoice.labels).toEqual({ head: ref(6).hash, safe: ref(4).hash, finalized: ref(2).hash })
  })

  it('may leave newer blocks in the engine', async () => {
    const next = await run(asked({ tag: 'given', heads: { ...given, unsafe: ref(5) } }))
    expect(next.engine.leftBehind).toBe(ref(6).hash)
  })

  it('keep unsafe blocks that came on top of them meanwhile, but none that is denied, elsewhere, or of another L1', async () => {
    const to = { tag: 'given', heads: { ...given, unsafe: ref(5) } } as const
    const now = headsAt(ref(6), { localSafe: ref(5), crossSafe: ref(4), finalized: ref(2) })
    const unsafe = async (patch: Partial<DriverState> = {}) =>
      (await run(asked(to, { heads: now, ...patch }))).heads?.unsafe
    expect(await unsafe()).toEqual(ref(6))
    expect(await unsafe({ denied: new Set([ref(6).hash]) })).toEqual(ref(5))
    // Of an L1 block that is another one by now.
    const moved = blocks.on(ref(5), { origin: l1Ref(5n) })
    l2.blocks = [...chain.slice(0, 5), moved]
    expect(await unsafe({ heads: { ...now, unsafe: moved.ref } })).toEqual(moved.ref)
    branchOfL1 = 1n
    expect(await unsafe({ heads: { ...now, unsafe: moved.ref } })).toEqual(ref(5))
    l2.blocks = chain
    const [sibling] = blocks.chain(ref(5), 1, { transactions: [Uint8Array.of(2)] }) as [WorldBlock]
    expect(await unsafe({ heads: { ...now, unsafe: sibling.ref } })).toEqual(ref(5))
  })

  it('have the supervisor asked again where nothing can be derived from there', async () => {
    onReset = () => {
      throw new AppError('L1_DATA_MISSING', { message: 'no such L1 block', severity: 'reset' })
    }
    const next = await run(asked({ tag: 'given', heads: given }))
    expect(next).toMatchObject({ reset: { reason: 'no such L1 block' }, heads: undefined })
    expect(next.reset?.to).toBeUndefined()
  })

  it('are tried again where somebody does not answer', async () => {
    onReset = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(asked({ tag: 'given', heads: given }), {}))).toMatchObject({
      severity: 'temporary',
    })
    onReset = () => undefined
    forkchoice.onUpdate = () => 'syncing'
    expect(await failureOf(effect().run(asked({ tag: 'given', heads: given }), {}))).toMatchObject({
      code: 'ENGINE_SYNCING',
      severity: 'temporary',
    })
  })
})

describe('heads that are found', () => {
  it('are at most the last block before the upgrade, so that it is derived', async () => {
    l2.labels = { safe: ref(5), finalized: ref(5) }
    const next = await run(asked({ tag: 'found', derives: true }))
    expect(next.heads).toEqual(headsAt(ref(6), { safe: ref(3), finalized: ref(3), crossUnsafe: ref(3) }))
    expect(begun).toEqual([ref(3)])
    expect(next.derivation.tag).toBe('ready')
  })

  it('are as without a supervisor before the upgrade', async () => {
    l2.labels = { safe: ref(5), finalized: ref(5) }
    const next = await run(asked({ tag: 'found', derives: true }), 100_000n)
    expect(next.heads).toEqual(headsAt(ref(6), { safe: ref(5) }))
  })

  it('begin with genesis where the upgrade does', async () => {
    l2.labels = { safe: ref(5), finalized: ref(5) }
    expect((await run(asked({ tag: 'found', derives: true }), 0n)).heads?.localSafe).toEqual(genesis)
  })

  it('take in unsafe blocks, where nothing is to be derived yet', async () => {
    l2.labels = { safe: ref(5), finalized: ref(2) }
    const next = await run(asked({ tag: 'found', derives: false }))
    expect(next).toMatchObject({ heads: { unsafe: ref(6) }, derivation: { tag: 'unready', origin: undefined } })
    expect(begun).toEqual([])
    expect(safeHeads.calls).toEqual([])
  })
})

it('keeps out what is invalid as long as L1 is the same', async () => {
  const replaced = (number: number, origin: bigint) =>
    [ref(number).hash, { block: ref(number), replacement: ref(6), origin: l1Ref(origin) }] as const
  const held = {
    replaced: new Map([replaced(3, 4n), replaced(4, 7n)]),
    denied: new Set([ref(3).hash, ref(4).hash, ref(1).hash]),
  }
  const same = await run(asked({ tag: 'given', heads: given }, held))
  expect([...same.denied]).toEqual([...held.denied])
  branchOfL1 = 1n
  const next = await run(asked({ tag: 'given', heads: given }, held))
  expect([...next.denied]).toEqual([ref(3).hash, ref(1).hash])
  expect([...next.replaced.keys()]).toEqual([ref(3).hash])
})
