import { describe, expect, it } from 'vitest'
import { headsAt, L2Blocks, l1Ref, stateWith, type WorldBlock } from '../../test/support/driver-world.ts'
import { INITIAL_STATE } from './driver-state.ts'
import { type TraceEvent, traceRecord } from './trace.ts'
import { TraceLog } from './trace-log.ts'

const blocks = new L2Blocks()
const [one, two] = blocks.chain(blocks.genesis, 2) as [WorldBlock, WorldBlock]
const before = stateWith(headsAt(one.ref, { safe: blocks.genesis }))
const event: TraceEvent = {
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  effect: 'unsafe-processing',
  why: 'block 2',
  result: 'applied',
  ms: 12,
  before,
  after: { ...before, heads: { ...before.heads, unsafe: two.ref, crossUnsafe: two.ref } },
}

describe('a record of an effect', () => {
  it('says what was done, why, and which heads have moved where', () => {
    expect(traceRecord(event)).toEqual({
      at: '2026-01-02T03:04:05.678Z',
      effect: 'unsafe-processing',
      why: 'block 2',
      result: 'applied',
      ms: 12,
      heads: { unsafe: `2:${two.ref.hash}`, crossUnsafe: `2:${two.ref.hash}` },
    })
  })

  it('says nothing of heads that stay, and what there is to note', () => {
    const record = traceRecord({ ...event, after: before, result: 'temporary', note: 'no answer' })
    expect(record).not.toHaveProperty('heads')
    expect(record).not.toHaveProperty('l1')
    expect(record).toMatchObject({ result: 'temporary', note: 'no answer' })
  })

  it('tells the L1 block that is read from now on', () => {
    const after = { ...before, derivation: { tag: 'ready', origin: l1Ref(11n) } as const }
    expect(traceRecord({ ...event, after }).l1).toBe(`11:${l1Ref(11n).hash}`)
    expect(traceRecord({ ...event, after: { ...after, derivation: INITIAL_STATE.derivation } }).l1).toBe('none')
  })

  it('tells all heads where there were none', () => {
    const { heads = {} } = traceRecord({ ...event, before: INITIAL_STATE, after: before })
    expect(Object.keys(heads)).toEqual(['unsafe', 'crossUnsafe', 'pendingSafe', 'localSafe', 'crossSafe', 'finalized'])
    const gone = traceRecord({ ...event, after: { ...before, heads: undefined } })
    expect(gone.heads).toMatchObject({ unsafe: 'none' })
  })

  it('is JSON', () => {
    const record = traceRecord(event)
    expect(JSON.parse(JSON.stringify(record))).toEqual(record)
  })
})

describe('the newest records', () => {
  it('are kept, a thousand of them, oldest first', () => {
    const log = new TraceLog()
    for (let ms = 0; ms < 2_500; ms++) log.add({ ...event, ms })
    expect(log.last(3).map(({ ms }) => ms)).toEqual([2_497, 2_498, 2_499])
    expect(log.last(5_000)).toHaveLength(1_000)
    expect(log.last(5_000)[0]?.ms).toBe(1_500)
  })

  it('are told to whoever listens, for as long as he does', () => {
    const log = new TraceLog()
    const heard: number[] = []
    const end = log.onRecord(({ ms }) => heard.push(ms))
    log.add(event)
    end()
    log.add(event)
    expect(heard).toEqual([12])
  })
})
