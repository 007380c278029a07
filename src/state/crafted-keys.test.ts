import { describe, expect, it } from 'vitest'
import { hexToBytes } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { CraftedKeys } from './crafted-keys.ts'

describe.each([20, 32] as const)('CraftedKeys, %i bytes', (size) => {
  it('finds keys under prefixes', async () => {
    const keys = new CraftedKeys(size)
    const prefixes = new Set(['', '7', 'ab', '0f3', 'beef'])
    const found = await keys.find(prefixes, 2 ** 20)
    expect(new Set(found.keys())).toEqual(prefixes)
    for (const [prefix, key] of found) {
      expect(hexToBytes(key)).toHaveLength(size)
      expect(keccakHash(hexToBytes(key)).slice(2)).toMatch(new RegExp(`^${prefix}`))
    }
  })

  it('remembers what it has tried', async () => {
    const keys = new CraftedKeys(size)
    const first = await keys.find(new Set(['abc']), 2 ** 20)
    // No budget: only what is remembered can be found.
    const again = await keys.find(new Set(['abc', 'ab', 'a']), 0)
    expect([...again.keys()].sort()).toEqual(['a', 'ab', 'abc'])
    expect(again.get('abc')).toBe(first.get('abc'))
    expect(await keys.find(new Set(['0123456789']), 0)).toEqual(new Map())
  })
})

it('gives up after the budget and stops when told', async () => {
  const keys = new CraftedKeys(32)
  expect(await keys.find(new Set(['0123456789']), 5000)).toEqual(new Map())
  const reason = { stop: true }
  await expect(keys.find(new Set(['0123456789']), 1e9, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
