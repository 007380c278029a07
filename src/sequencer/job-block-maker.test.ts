import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { DaLimits } from '../builder/da-limits.ts'
import type { OpenOptions, SealedBlock } from '../builder/service.ts'
import { AppError } from '../primitives/errors.ts'
import { toWord } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { JobBlockMaker, type JobBuilder } from './job-block-maker.ts'
import type { BlockPlan } from './ports.ts'

const BLOCK = { hash: toWord(5n) } as SealedBlock

/** Jobs of which only what is asked of them is of interest. */
class ScriptedJobs implements JobBuilder {
  readonly calls: string[] = []
  readonly opened: OpenOptions[] = []
  readonly limits: DaLimits[] = []
  /** What looking into the pool does. */
  fill: (io: IoOptions) => Promise<number> = async () => 0
  cancelling: () => void = () => undefined

  async open(options: OpenOptions): Promise<string> {
    this.opened.push(options)
    return 'job'
  }

  async includeAll(_: string, io: IoOptions, limits: DaLimits): Promise<number> {
    this.calls.push('includeAll')
    this.limits.push(limits)
    return this.fill(io)
  }

  async seal(_: string, { commit, publish }: { commit: boolean; publish: boolean }): Promise<SealedBlock> {
    this.calls.push(`seal ${commit} ${publish}`)
    return BLOCK
  }

  async cancel(): Promise<void> {
    this.calls.push('cancel')
    this.cancelling()
  }

  forget(): void {
    this.calls.push('forget')
  }
}

/** Jobs, a pool that tells of arrivals, and a clock that stands still. */
function setup() {
  const clock = new VirtualClock(1_000_000)
  const jobs = new ScriptedJobs()
  const listeners = new Set<() => void>()
  const maker = new JobBlockMaker({
    builder: () => jobs,
    clock,
    arrivals(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })
  const plan = (fields: Partial<BlockPlan> = {}): BlockPlan => ({
    parent: { hash: toWord(3n), number: 3n } as BlockPlan['parent'],
    l1Origin: { hash: toWord(9n), number: 9n },
    timestamp: 77n,
    noTxPool: false,
    fillUntil: clock.now() + 2000,
    allowance: {},
    ...fields,
  })
  const arrive = (): void => {
    for (const listener of listeners) listener()
  }
  return { clock, jobs, listeners, maker, plan, arrive }
}

describe('a block made by a job', () => {
  it('stands where the plan says, under its limits, and is sealed without being delivered', async () => {
    const { jobs, maker, plan, listeners, clock } = setup()
    const making = await maker.begin(plan({ allowance: { maxBlockBytes: 900n } }), {})
    await clock.advance(1)
    expect(jobs.opened).toEqual([{ l2Parent: toWord(3n), l1Origin: toWord(9n), timestamp: 77n }])
    expect(jobs.limits).toEqual([{ transaction: 0n, block: 900n }])
    expect(await making.seal({})).toBe(BLOCK)
    expect(jobs.calls).toEqual(['includeAll', 'seal false false', 'forget'])
    expect(listeners.size).toBe(0)
  })

  it('takes what arrives meanwhile, several at once', async () => {
    const { jobs, maker, plan, arrive, clock } = setup()
    const making = await maker.begin(plan(), {})
    await clock.advance(60)
    for (let i = 0; i < 5; i++) {
      arrive()
      await clock.advance(5)
    }
    await clock.advance(60)
    expect(jobs.calls).toEqual(['includeAll', 'includeAll', 'includeAll'])
    await making.cancel()
  })

  it('ends a look into the pool that takes too long', async () => {
    const { jobs, maker, plan } = setup()
    jobs.fill = ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
    const making = await maker.begin(plan(), {})
    expect(await making.seal({})).toBe(BLOCK)
  })

  it('gives a late block a moment, but no more', async () => {
    const { jobs, maker, plan, clock } = setup()
    const late = plan({ fillUntil: clock.now() - 1 })
    expect(await (await maker.begin(late, {})).seal({})).toBe(BLOCK)
    expect(jobs.calls).toEqual(['includeAll', 'seal false false', 'forget'])
    jobs.fill = ({ signal }) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve(0)))
    let sealed = false
    const sealing = (await maker.begin(late, {})).seal({}).then(() => {
      sealed = true
    })
    await clock.advance(99)
    expect(sealed).toBe(false)
    await clock.advance(1)
    await sealing
  })

  it('leaves the pool alone where it has to', async () => {
    const { jobs, maker, plan, clock } = setup()
    const making = await maker.begin(plan({ noTxPool: true }), {})
    await clock.advance(3000)
    await making.seal({})
    expect(jobs.calls).toEqual(['seal false false', 'forget'])
  })

  it('tells what filling failed of, and seals nothing', async () => {
    const { jobs, maker, plan, clock } = setup()
    const failure = new AppError('NODE_UNAVAILABLE')
    jobs.fill = () => Promise.reject(failure)
    const making = await maker.begin(plan(), {})
    await clock.advance(10)
    await expect(making.seal({})).rejects.toBe(failure)
    jobs.cancelling = () => {
      throw new AppError('JOB_STATE')
    }
    await making.cancel()
    expect(jobs.calls).toEqual(['includeAll', 'cancel', 'forget'])
  })
})
