import { describe, expect, test } from 'vitest'
import type { Settled } from '../../derive/pipeline.ts'
import type { ForkchoiceState } from '../../engine/engine-api.ts'
import { AppError } from '../../primitives/errors.ts'
import { type Hash, toWord } from '../../primitives/hex.ts'
import { EMPTY_HEADER } from '../../protocol/header.ts'
import type { Payload } from '../../protocol/payload.ts'
import type { L1BlockRef, L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import { MemoryStore } from '../../storage/memory-store.ts'
import { type DriverState, INITIAL_STATE, type PendingAttributes, type Slice } from '../driver-state.ts'
import { SafeHeadDb } from '../safe-head-db.ts'
import { EMPTY_QUEUE, withPayload } from '../unsafe-queue.ts'
import { safetyReversal } from './safety-reversal.ts'

const WINDOW = 3n

function l1Block(number: number, branch = 0): L1BlockRef {
  const at = (height: number): Hash => toWord(BigInt(height) + BigInt(height >= 20 ? branch : 0) * 1000n + 1n)
  return { hash: at(number), number: BigInt(number), parentHash: at(number - 1), timestamp: BigInt(number) * 12n }
}

/** One block an epoch, of the L1 without branches; block 0 is the genesis block. */
function l2Block(number: number): L2BlockRef {
  const { hash } = l1Block(number)
  return {
    hash: toWord(0xb000n + BigInt(number)),
    number: BigInt(number),
    parentHash: toWord(0xb000n + BigInt(number - 1)),
    timestamp: BigInt(number) * 2n,
    l1Origin: { hash, number: BigInt(number) },
    sequenceNumber: 0n,
  }
}

interface WorldOptions {
  readonly latest: number
  readonly safe?: number
  readonly finalized?: number
  /** Of L1 from block 20 on. */
  readonly branch?: number
  readonly checksMessages?: boolean
}

async function world({ latest, safe, finalized, branch = 0, checksMessages = false }: WorldOptions) {
  const l2 = Array.from({ length: latest + 1 }, (_, number) => l2Block(number))
  const l1 = Array.from({ length: 40 }, (_, number) => l1Block(number, branch))
  const find = <T extends L1BlockRef>(chain: readonly T[], id: Hash | bigint): T | undefined =>
    chain.find(({ hash, number }) => hash === id || number === id)
  const safeHeads = await SafeHeadDb.open(new MemoryStore())
  const seen = {
    resets: [] as bigint[],
    settled: [] as (Settled | undefined)[],
    told: [] as ForkchoiceState[],
    forgotten: 0,
  }
  const answers: { update: 'valid' | 'syncing'; head: L2BlockRef | undefined; strayed: L2BlockRef | undefined } = {
    update: 'valid',
    head: undefined,
    // The engine's head until it is told of another.
    strayed: undefined,
  }
  const labels = { latest, safe, finalized }
  const effect = safetyReversal({
    config: {
      genesis: { l1: l1Block(0), l2: { hash: l2Block(0).hash, number: 0n } },
      seqWindowSize: WINDOW,
    } as unknown as RollupConfig,
    l1: { ref: async (id) => find(l1, id) },
    l2: {
      ref: async (id: Hash | bigint) => find(l2, id),
      labelled: async (label: 'latest' | 'safe' | 'finalized') => {
        if (label === 'latest' && seen.told.length > 0 && answers.head !== undefined) return answers.head
        if (label === 'latest' && seen.told.length === 0 && answers.strayed !== undefined) return answers.strayed
        const at = labels[label]
        return at === undefined ? undefined : l2[at]
      },
    } as never,
    pipeline: {
      origin: l1Block(1),
      async reset({ number }, _, settled) {
        seen.resets.push(number)
        seen.settled.push(settled)
      },
    },
    forkchoice: {
      forget: () => void seen.forgotten++,
      async update(state) {
        seen.told.push(state)
        return answers.update
      },
    },
    safeHeads,
    checksMessages,
  })
  return { effect, safeHeads, seen, answers }
}

/** A state in which blocks became safe: each with the L1 block of its own number and one more. More of L1 was read. */
function stateWith(...safe: readonly number[]): DriverState {
  const finality = safe.map((number) => ({ safe: l2Block(number), derivedFrom: l1Block(number + 1) }))
  const derivation = { tag: 'ready', origin: l1Block(30) } as const
  return { ...INITIAL_STATE, finality, derivation, reset: { reason: 'L1 block 20 is another one' } }
}

async function run({ effect }: Awaited<ReturnType<typeof world>>, state: DriverState): Promise<DriverState> {
  const { patch } = await effect.run(state, {})
  return { ...state, ...patch(state) }
}

function recorded(safeHeads: SafeHeadDb): [l1: number, safe: number][] {
  return [...safeHeads.entries()].map(({ l1, safe }) => [Number(l1.number), Number(safe.number)])
}

describe('when it runs', () => {
  test('only when the heads are to be found', async () => {
    const { effect } = await world({ latest: 3 })
    expect(effect.when(INITIAL_STATE, 0)).toMatchObject({ why: 'start' })
    expect(effect.when({ ...INITIAL_STATE, reset: undefined }, 0)).toBeUndefined()
  })
})

describe('where nothing is remembered', () => {
  test('safe is what a whole sequencing window of L1 makes so', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5 })
    const { heads, derivation, reset, engine } = await run(at, INITIAL_STATE)
    // The head's origin is 15; that of block 11 is the newest more than a window below.
    expect(heads).toEqual({
      unsafe: l2Block(15),
      crossUnsafe: l2Block(15),
      pendingSafe: l2Block(10),
      localSafe: l2Block(10),
      crossSafe: l2Block(10),
      finalized: l2Block(5),
    })
    expect({ derivation, reset }).toEqual({ derivation: { tag: 'ready', origin: l1Block(1) }, reset: undefined })
    expect(engine).toMatchObject({ toldSafe: l2Block(10), leftBehind: undefined })
    expect(at.seen).toEqual({
      resets: [10n],
      settled: [undefined],
      told: [{ head: l2Block(15).hash, safe: l2Block(10).hash, finalized: l2Block(5).hash }],
      forgotten: 1,
    })
  })

  test('what is written down of safe blocks is as good, but for the newest: its L1 block may make more of them safe', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5 })
    for (const number of [9, 11, 13]) await at.safeHeads.record(l2Block(number), l1Block(number + 1), {})
    expect((await run(at, INITIAL_STATE)).heads?.crossSafe).toEqual(l2Block(11))
    expect(at.seen.settled).toEqual([{ block: { hash: l1Block(12).hash, number: 12n }, whole: true }])
  })

  test('the newest is taken where there is no other', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5 })
    await at.safeHeads.record(l2Block(13), l1Block(14), {})
    expect((await run(at, INITIAL_STATE)).heads?.crossSafe).toEqual(l2Block(13))
    expect(at.seen.settled).toEqual([{ block: { hash: l1Block(14).hash, number: 14n }, whole: false }])
  })

  test('the newest is as good where it is final: its L1 block was read to its end by then', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 13 })
    for (const number of [9, 11, 13]) await at.safeHeads.record(l2Block(number), l1Block(number + 1), {})
    expect((await run(at, INITIAL_STATE)).heads?.crossSafe).toEqual(l2Block(13))
    expect(at.seen.settled).toEqual([{ block: { hash: l1Block(14).hash, number: 14n }, whole: true }])
    expect(recorded(at.safeHeads)).toEqual([
      [14, 13],
      [12, 11],
      [10, 9],
    ])
  })

  test('what is written down becomes final, though it is not derived again', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5 })
    for (const number of [4, 9, 11, 13]) await at.safeHeads.record(l2Block(number), l1Block(number + 1), {})
    const { finality } = await run(at, INITIAL_STATE)
    expect(finality).toEqual(
      [9, 11].map((number) => ({
        safe: l2Block(number),
        derivedFrom: { hash: l1Block(number + 1).hash, number: BigInt(number + 1) },
      })),
    )
  })
})

describe('what was known of other heads', () => {
  const waiting = ({ number }: L2BlockRef): Payload => ({
    hash: toWord(number + 1n),
    header: { ...EMPTY_HEADER, number },
    transactions: [],
  })

  test('is put aside, and what waits above the unsafe head is kept', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5 })
    const stale = l2Block(14)
    const before: DriverState = {
      ...INITIAL_STATE,
      reset: { reason: 'asked for' },
      attributes: { parent: stale, derivedFrom: l1Block(9) } as PendingAttributes,
      backupUnsafe: stale,
      build: { parent: stale, startedAt: 1 },
      undecided: { after: stale.hash, branch: 4, view: 0 },
      branch: 4,
      queue: [15, 16].reduce((queue, number) => withPayload(queue, waiting(l2Block(number))), EMPTY_QUEUE),
      engine: { ...INITIAL_STATE.engine, doubt: 'no answer', syncTarget: stale },
    }
    const next = await run(at, before)
    expect(next).toMatchObject({ branch: 5, engine: { doubt: undefined, syncTarget: undefined } })
    for (const slice of ['attributes', 'backupUnsafe', 'build', 'undecided', 'reset'] as const) {
      expect(next[slice]).toBeUndefined()
    }
    expect(next.queue.payloads.map(({ header }) => header.number)).toEqual([16n])
    const foreign = Object.keys(next).filter((slice) => next[slice as Slice] !== before[slice as Slice])
    expect(at.effect.writes).toEqual(expect.arrayContaining(foreign))
  })

  test('counts for nothing with another reset', async () => {
    const { effect } = await world({ latest: 3 })
    const again = { ...INITIAL_STATE, reset: { reason: 'start' } }
    expect(Object.is(effect.reads(INITIAL_STATE)[0], effect.reads(again)[0])).toBe(false)
  })

  test('is not cross-unsafe above the safe head where messages are looked at', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5, checksMessages: true })
    expect((await run(at, INITIAL_STATE)).heads).toMatchObject({ unsafe: l2Block(15), crossUnsafe: l2Block(10) })
  })
})

describe('where L1 has reorged', () => {
  const reorged = { latest: 25, safe: 24, finalized: 5, branch: 1 } as const

  test('the newest block stays whose L1 block is still there', async () => {
    const at = await world(reorged)
    const { heads, finality, backupUnsafe } = await run(at, stateWith(16, 17, 18, 19, 20, 23))
    // Block 19 became safe with L1 block 20, which is another one now; and blocks from 20 on have another origin.
    expect(heads).toMatchObject({ unsafe: l2Block(19), crossSafe: l2Block(18), pendingSafe: l2Block(18) })
    expect(finality.map(({ safe }) => Number(safe.number))).toEqual([16, 17, 18])
    expect(backupUnsafe).toBeUndefined()
    expect(at.seen.resets).toEqual([18n])
    expect(at.seen.settled).toMatchObject([{ block: { number: 19n }, whole: true }])
  })

  test('the block before it stays where its L1 block was being read', async () => {
    const at = await world(reorged)
    const reading = (tag: 'ready' | 'exhausted') =>
      run(at, { ...stateWith(16, 17, 18), derivation: { tag, origin: l1Block(19) } })
    expect((await reading('ready')).heads?.crossSafe).toEqual(l2Block(17))
    expect((await reading('exhausted')).heads?.crossSafe).toEqual(l2Block(18))
  })

  test('one that is written down stays where none that is remembered does, however far back', async () => {
    const at = await world(reorged)
    for (const number of [9, 12, 20, 23]) await at.safeHeads.record(l2Block(number), l1Block(number + 1), {})
    const { heads, finality } = await run(at, stateWith(20, 23))
    // A window before the unsafe head is block 14.
    expect(heads).toMatchObject({ unsafe: l2Block(19), crossSafe: l2Block(12) })
    expect(at.seen.settled).toMatchObject([{ block: { number: 13n }, whole: true }])
    expect(finality.map(({ safe }) => Number(safe.number))).toEqual([9, 12])
    expect(recorded(at.safeHeads)).toEqual([
      [13, 12],
      [10, 9],
    ])
  })

  test('nothing below the finalized block stays', async () => {
    const at = await world({ ...reorged, finalized: 12 })
    for (const number of [9, 11, 20]) await at.safeHeads.record(l2Block(number), l1Block(number + 1), {})
    expect((await run(at, stateWith())).heads?.crossSafe).toEqual(l2Block(14))
  })

  test('a window is gone back where none is', async () => {
    const at = await world(reorged)
    const { heads, finality } = await run(at, stateWith(20, 23))
    expect(heads).toMatchObject({ unsafe: l2Block(19), crossSafe: l2Block(14) })
    expect(finality).toEqual([])
  })

  test('a block that the engine does not have does not stay', async () => {
    const at = await world(reorged)
    const other = { safe: { ...l2Block(18), hash: toWord(9n) }, derivedFrom: l1Block(19) }
    const state = stateWith(16, 17)
    const { heads } = await run(at, { ...state, finality: [...state.finality, other] })
    expect(heads?.crossSafe).toEqual(l2Block(17))
  })

  test('what became safe after it is forgotten', async () => {
    const at = await world(reorged)
    for (const number of [17, 18, 19, 23]) await at.safeHeads.record(l2Block(number), l1Block(number + 1), {})
    await run(at, stateWith(17, 18, 19, 23))
    expect(recorded(at.safeHeads)).toEqual([
      [19, 18],
      [18, 17],
    ])
  })
})

describe('the record of safe heads', () => {
  test('the genesis block is safe with L1’s own', async () => {
    const at = await world({ latest: 3 })
    await run(at, INITIAL_STATE)
    expect(recorded(at.safeHeads)).toEqual([[0, 0]])
  })

  test('ends where blocks became safe that were not recorded', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 12 })
    for (const number of [3, 5]) await at.safeHeads.record(l2Block(number), l1Block(number + 1), {})
    const { heads } = await run(at, INITIAL_STATE)
    expect(heads?.crossSafe).toEqual(l2Block(12))
    expect(recorded(at.safeHeads)).toEqual([])
  })

  test('where it cannot be written, nothing goes on from there', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5 })
    const unwritten = new AppError('SAFE_HEADS_UNWRITTEN', { severity: 'reset' })
    at.safeHeads.truncate = () => Promise.reject(unwritten)
    await expect(at.effect.run(INITIAL_STATE, {})).rejects.toBe(unwritten)
    expect(at.seen.told).toEqual([])
  })
})

describe('the engine', () => {
  test('that does not know its own head any more is asked again', async () => {
    const at = await world({ latest: 15, safe: 14, finalized: 5 })
    at.answers.update = 'syncing'
    await expect(at.effect.run(INITIAL_STATE, {})).rejects.toMatchObject({
      code: 'ENGINE_SYNCING',
      severity: 'temporary',
    })
  })

  test('keeps a head that was let go of until there is another block', async () => {
    const at = await world({ latest: 25, safe: 24, finalized: 5, branch: 1 })
    at.answers.head = l2Block(25)
    expect((await run(at, stateWith(18))).engine.leftBehind).toBe(l2Block(25).hash)
  })
})

describe('an engine that went over to another chain', () => {
  const known = l2Block(30)
  const state: DriverState = {
    ...stateWith(),
    heads: {
      unsafe: known,
      crossUnsafe: known,
      pendingSafe: l2Block(10),
      localSafe: l2Block(10),
      crossSafe: l2Block(10),
      finalized: l2Block(5),
    },
  }
  const stray = { ...l2Block(12), hash: toWord(0xdeadn), parentHash: toWord(0xbeefn) }

  test('is put back on its own first', async () => {
    const w = await world({ latest: 30, safe: 10, finalized: 5 })
    w.answers.strayed = stray
    const next = await run(w, state)
    expect(w.seen.told[0]).toEqual({ head: known.hash, safe: l2Block(10).hash, finalized: l2Block(5).hash })
    expect(next.heads?.unsafe.hash).toBe(known.hash)
  })

  test('is left alone where no heads were known', async () => {
    const w = await world({ latest: 30, safe: 10, finalized: 5 })
    w.answers.strayed = stray
    await expect(run(w, { ...state, heads: undefined })).rejects.toMatchObject({ code: 'HEADS_NOT_FOUND' })
    expect(w.seen.told).toEqual([])
  })
})
