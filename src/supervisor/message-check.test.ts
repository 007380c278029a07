import { beforeEach, describe, expect, it } from 'vitest'
import { messageAt, SupervisedWorld } from '../../test/support/supervised-world.ts'
import { messageEntries } from '../protocol/inbox-entries.ts'
import { SAFETY_LEVELS } from '../protocol/safety-level.ts'
import { checkAccessList, linkedLevel, messageLevel } from './message-check.ts'

let world: SupervisedWorld
beforeEach(async () => {
  world = await SupervisedWorld.open()
  world.heads(901n, { crossUnsafe: 8, localSafe: 6, crossSafe: 4, finalized: 2 })
})

const level = (number: bigint, logIndex = 0, chainId = 901n) =>
  messageLevel(world, messageAt(chainId, number, logIndex))
const executing = { chainId: 902n, timestamp: 1100n, timeout: 0n }

function refusal(check: () => void) {
  try {
    check()
  } catch (error) {
    return error
  }
  return undefined
}

describe('a message', () => {
  it('is as safe as the strongest head that has come to its block', () => {
    expect([2n, 3n, 5n, 7n, 9n].map((number) => level(number))).toEqual([
      'finalized',
      'safe',
      'local-safe',
      'cross-unsafe',
      'unsafe',
    ])
    // Derived, but its own messages are not known to hold.
    world.heads(901n, { crossUnsafe: 5, localSafe: 9, crossSafe: 4 })
    expect(level(7n)).toBe('unsafe')
  })

  it('is unknown before its block is there, and conflicts once it cannot be there any more', () => {
    expect(level(11n)).toBe('unknown')
    expect(level(10n, 1)).toBe('unsafe')
    expect(level(10n, 2)).toBe('conflicts')
    expect(messageLevel(world, { ...messageAt(901n, 9n, 0), timestamp: 1019n })).toBe('conflicts')
    expect(messageLevel(world, { ...messageAt(901n, 9n, 0), logIndex: 1 })).toBe('conflicts')
    expect(level(0n)).toBe('conflicts')
    expect(level(5n, 0, 903n)).toBe('conflicts')
    expect(level(5n, 0, 902n)).toBe('unsafe')
  })

  it('is not safe through a head of another branch', () => {
    const chain = world.chains.get(901n)
    if (chain?.heads === undefined) throw new TypeError('no heads')
    const other = { ...chain.heads.crossUnsafe, hash: `0x${'99'.repeat(32)}` as const }
    chain.heads = {
      ...chain.heads,
      crossUnsafe: other,
      localSafe: undefined,
      crossSafe: undefined,
      finalized: undefined,
    }
    expect(level(2n)).toBe('unsafe')
  })

  it('conflicts where the block may not execute it', () => {
    const at = (timestamp: bigint) => linkedLevel(world, messageAt(901n, 9n, 0), { chainId: 902n, timestamp })
    expect(at(1018n)).toBe('unsafe')
    expect(at(1017n)).toBe('conflicts')
    expect(at(1_001_018n)).toBe('unsafe')
    expect(at(1_001_019n)).toBe('conflicts')
  })
})

describe('a check of an access list', () => {
  it('passes where every message is known well enough', () => {
    const pass = [
      ['unsafe', 10n],
      ['cross-unsafe', 8n],
      ['local-safe', 6n],
      ['safe', 4n],
      ['finalized', 2n],
    ] as const
    expect(pass.map(([name]) => name)).toEqual(SAFETY_LEVELS)
    for (const [name, number] of pass) {
      const good = messageEntries(messageAt(901n, number, 1))
      checkAccessList(world, good, name, executing)
      if (name === 'unsafe') continue
      const low = [...good, ...messageEntries(messageAt(901n, number + 1n, 0))]
      expect(refusal(() => checkAccessList(world, low, name, executing))).toMatchObject({
        code: 'SUPERVISOR_CONFLICT',
        message: 'conflicting data',
        data: { reason: 'insufficient' },
      })
    }
    checkAccessList(world, [], 'finalized', executing)
  })

  it('says whether more time may help', () => {
    const reason = (...of: Parameters<typeof messageAt>) => {
      const error = refusal(() => checkAccessList(world, messageEntries(messageAt(...of)), 'unsafe', executing))
      return (error as { readonly data: { readonly reason: string } }).data.reason
    }
    expect(reason(901n, 11n, 0)).toBe('unknown')
    expect(reason(901n, 10n, 5)).toBe('conflicts')
    expect(reason(903n, 5n, 0)).toBe('conflicts')
  })

  it('holds for as long as is asked for', () => {
    const entries = messageEntries(messageAt(901n, 5n, 0))
    const check = (timestamp: bigint, timeout: bigint, chainId: bigint | undefined = 902n) =>
      refusal(() => checkAccessList(world, entries, 'unsafe', { chainId, timestamp, timeout }))
    expect(check(1010n, 1_000_000n)).toBeUndefined()
    expect(check(1010n, 1_000_001n)).toMatchObject({ code: 'SUPERVISOR_CONFLICT' })
    expect(check(1009n, 0n)).toMatchObject({ code: 'SUPERVISOR_CONFLICT' })
    expect(check((1n << 64n) - 1n, (1n << 64n) - 1n)).toMatchObject({ code: 'SUPERVISOR_CONFLICT' })
    expect(check(1010n, 0n, undefined)).toBeUndefined()
    expect(check(1010n, 0n, 903n)).toMatchObject({ code: 'SUPERVISOR_CONFLICT' })
  })

  it('is refused in failsafe, and where it holds what is no message', () => {
    const good = messageEntries(messageAt(901n, 5n, 0))
    expect(refusal(() => checkAccessList(world, good.slice(1), 'unsafe', executing))).toMatchObject({
      code: 'SUPERVISOR_ACCESS_LIST_INVALID',
    })
    // The first thing that is wrong is told.
    const both = [...messageEntries(messageAt(901n, 11n, 0)), ...good.slice(1)]
    expect(refusal(() => checkAccessList(world, both, 'unsafe', executing))).toMatchObject({
      code: 'SUPERVISOR_CONFLICT',
    })
    world.failsafe = true
    expect(refusal(() => checkAccessList(world, [], 'unsafe', executing))).toMatchObject({
      code: 'SUPERVISOR_FAILSAFE',
      message: 'failsafe is enabled, rejecting all CheckAccessList requests',
    })
  })
})
