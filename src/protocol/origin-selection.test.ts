import { describe, expect, test } from 'vitest'
import { OpForks } from './forks.ts'
import { isQuietActivation, maxSequencerDrift, mustExcludePool, nextOrigin } from './origin-selection.ts'
import type { L1BlockRef, L2BlockRef } from './refs.ts'

const config = {
  forks: new OpForks({ ecotone: 500n, fjord: 1_000n, granite: 3_000n }),
  blockTime: 2n,
  maxSequencerDrift: 600n,
}

const current: L1BlockRef = { hash: '0xaa', number: 10n, parentHash: '0xa9', timestamp: 100n }
const next: L1BlockRef = { hash: '0xab', number: 11n, parentHash: '0xaa', timestamp: 112n }
const parentAt = (timestamp: bigint): L2BlockRef => ({
  hash: '0x20',
  number: 50n,
  parentHash: '0x19',
  timestamp,
  l1Origin: { hash: '0xaa', number: 10n },
  sequenceNumber: 0n,
})

describe('the origin of the next block', () => {
  test.each([
    ['stays while the next origin is in the future', 109n, next, current],
    ['advances as soon as it may', 110n, next, next],
    ['stays when no next one is known', 110n, undefined, current],
    ['stays up to the drift', 698n, undefined, current],
  ] as const)('%s', (_, timestamp, known, origin) => {
    expect(nextOrigin({ config, parent: parentAt(timestamp), current, next: known })).toEqual({ tag: 'origin', origin })
  })

  test('cannot be told beyond the drift, without the next one', () => {
    expect(nextOrigin({ config, parent: parentAt(699n), current, next: undefined })).toEqual({ tag: 'needNext' })
  })

  test('cannot be told in recovery, without the next one', () => {
    const choice = { config, parent: parentAt(100n), current, recover: true }
    expect(nextOrigin({ ...choice, next: undefined })).toEqual({ tag: 'needNext' })
    expect(nextOrigin({ ...choice, next })).toEqual({ tag: 'origin', origin: current })
  })

  test('does not exist where the chains do not fit', () => {
    const reset = (code: string): Error => expect.objectContaining({ code, severity: 'reset' }) as Error
    const orphan = { ...next, parentHash: '0xff' } as const
    expect(() => nextOrigin({ config, parent: parentAt(100n), current, next: orphan })).toThrow(
      reset('ORIGIN_ORPHANED'),
    )
    expect(() => nextOrigin({ config, parent: parentAt(100n), current: next, next: undefined })).toThrow(
      reset('ORIGIN_MISMATCH'),
    )
  })
})

test('from Fjord the drift is a constant', () => {
  expect(maxSequencerDrift(config, 999n)).toBe(600n)
  expect(maxSequencerDrift(config, 1_000n)).toBe(1_800n)
})

test('the pool stays out beyond the drift and in activation blocks', () => {
  expect(mustExcludePool(config, 400n, 100n)).toBe(false)
  expect(mustExcludePool(config, 701n, 101n)).toBe(false)
  expect(mustExcludePool(config, 702n, 101n)).toBe(true)
  expect(mustExcludePool(config, 1_000n, 999n)).toBe(true)
  expect(mustExcludePool(config, 1_002n, 999n)).toBe(false)
})

test('Granite lets users in from its first block', () => {
  expect(isQuietActivation(config.forks, 500n, 2n)).toBe(true)
  expect(isQuietActivation(config.forks, 3_000n, 2n)).toBe(false)
})
