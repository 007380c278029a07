import { expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { AppError } from '../primitives/errors.ts'
import { toWord } from '../primitives/hex.ts'
import { messageEntries } from '../protocol/inbox-entries.ts'
import { RemoteMessageIndex } from './remote-message-index.ts'

const message = { chainId: 902n, blockNumber: 7n, timestamp: 990n, logIndex: 3, checksum: toWord(5n) }
const executing = { chainId: 901n, timestamp: 1000n }

function world() {
  const clock = new VirtualClock(10_000)
  const asked: unknown[] = []
  let failure: Error | undefined
  const checks = {
    async checkAccessList(...args: readonly unknown[]) {
      asked.push(args)
      if (failure !== undefined) throw failure
    },
  }
  const index = new RemoteMessageIndex(checks, { minSafety: 'safe', failsafe: () => true, clock })
  return { clock, asked, index, fail: (error: Error) => (failure = error) }
}

it('asks about the message as its access list would', async () => {
  const { asked, index } = world()
  expect(await index.level(message, executing, {})).toBe('safe')
  expect(asked).toEqual([[messageEntries(message), { ...executing, timeout: 0n }, {}, 'safe']])
  expect(index.failsafe).toBe(true)
})

it('takes a refusal for what its reason says, and silence for an error', async () => {
  const { index, fail } = world()
  const refusal = (data?: unknown) =>
    new AppError('RPC_ERROR', { message: 'conflicting data', data: { code: -320_600, data } })
  for (const [data, level] of [
    [undefined, 'insufficient'],
    [{ reason: 'insufficient' }, 'insufficient'],
    [{ reason: 'unknown' }, 'unknown'],
    [{ reason: 'conflicts' }, 'conflicts'],
    [{ reason: 7 }, 'insufficient'],
  ]) {
    fail(refusal(data))
    expect(await index.level(message, executing, {})).toBe(level)
  }
  fail(new AppError('RPC_UNAVAILABLE', { message: 'down' }))
  await expect(index.level(message, executing, {})).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
})

it('may know more each second', async () => {
  const { clock, index } = world()
  const before = index.epoch
  await clock.advance(999)
  expect(index.epoch).toBe(before)
  await clock.advance(1)
  expect(index.epoch).toBe(before + 1)
})
