import { expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { AppError } from '../primitives/errors.ts'
import { untilReachable } from './until-reachable.ts'

const down = (message: string) => new AppError('RPC_UNAVAILABLE', { message, severity: 'temporary' })

function setup(outcomes: readonly (AppError | string)[]) {
  const clock = new VirtualClock()
  const stop = new AbortController()
  const told: string[] = []
  const left = [...outcomes]
  const done = untilReachable(
    async () => {
      const next = left.shift()
      if (next instanceof AppError) throw next
      return next
    },
    { clock, signal: stop.signal, onTrouble: (message) => void told.push(message) },
  )
  return { clock, stop, told, left, done }
}

it('tries again every second, and tells each reason once', async () => {
  const { clock, told, left, done } = setup([down('refused'), down('refused'), down('timeout'), 'up'])
  for (let second = 0; second < 3; second++) {
    await clock.advance(0)
    expect(left).toHaveLength(3 - second)
    await clock.advance(1_000)
  }
  expect(await done).toBe('up')
  expect(told).toEqual(['refused', 'timeout'])
})

it('ends with what does not pass, and with the signal', async () => {
  await expect(setup([new AppError('CHAIN_MISMATCH')]).done).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' })
  const { clock, stop, done } = setup([down('refused'), 'up'])
  await clock.advance(0)
  stop.abort(new Error('shutting down'))
  await expect(done).rejects.toThrow()
})
