import { afterEach, describe, expect, it } from 'vitest'
import { NO_ANSWER } from '../../test/support/driver-fakes.ts'
import { l1Ref } from '../../test/support/driver-world.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import { watchL1 } from './l1-watcher.ts'
import type { L1View } from './ports.ts'

const ended: AbortController[] = []
afterEach(() => {
  for (const controller of ended.splice(0)) controller.abort()
})

async function watching(first: L1View | Error) {
  const clock = new VirtualClock(0)
  const world = { answer: first, looks: 0, seen: [] as L1View[], warnings: 0 }
  const end = new AbortController()
  ended.push(end)
  const logger = { warn: () => world.warnings++ } as unknown as Logger
  const labels = {
    async read() {
      world.looks++
      if (world.answer instanceof Error) throw world.answer
      return { ...world.answer }
    },
  }
  const work = watchL1({ labels, clock, everyMs: 1_000, logger, onChange: (view) => world.seen.push(view) }, end.signal)
  await clock.advance(0)
  return { clock, world, end, work }
}

const view = (head: bigint, finalized?: bigint, branch = 0n): L1View => ({
  head: l1Ref(head, branch),
  safe: undefined,
  finalized: finalized === undefined ? undefined : l1Ref(finalized),
})

describe('watching L1', () => {
  it('tells at once, and then of what has changed', async () => {
    const { clock, world } = await watching(view(5n))
    expect(world.seen).toEqual([view(5n)])
    await clock.advance(3_000)
    expect(world.looks).toBe(4)
    expect(world.seen).toHaveLength(1)
    for (const next of [view(6n), view(6n, 2n), view(6n, 2n, 1n)]) {
      world.answer = next
      await clock.advance(1_000)
      expect(world.seen.at(-1)).toEqual(next)
    }
    expect(world.seen).toHaveLength(4)
  })

  it('asks again a node that does not answer, and says so once', async () => {
    const { clock, world } = await watching(NO_ANSWER)
    await clock.advance(3_000)
    expect(world).toMatchObject({ looks: 4, warnings: 1, seen: [] })
    world.answer = view(5n)
    await clock.advance(1_000)
    expect(world.seen).toEqual([view(5n)])
    world.answer = NO_ANSWER
    await clock.advance(2_000)
    expect(world.warnings).toBe(2)
    world.answer = view(5n)
    await clock.advance(1_000)
    expect(world.seen).toHaveLength(1)
  })

  it('ends with its signal, also in the middle of a pause', async () => {
    const { clock, world, end, work } = await watching(view(5n))
    end.abort()
    await work
    await clock.advance(5_000)
    expect(world.looks).toBe(1)
  })
})
