import { expect, it } from 'vitest'
import { L2Blocks, l1Ref } from '../../../test/support/driver-world.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import type { ManagedEvent } from '../../protocol/managed-mode.ts'
import { Repeats } from './repeats.ts'

const blocks = new L2Blocks()
const [one, two] = blocks.chain(blocks.genesis, 2).map(({ ref }) => ref) as [
  typeof blocks.genesis,
  typeof blocks.genesis,
]
const [first, second] = [l1Ref(1n), l1Ref(2n)]

it.each<[string, ManagedEvent, ManagedEvent | undefined, number]>([
  ['a reset', { tag: 'reset', reason: 'a' }, undefined, 100],
  ['an unsafe block', { tag: 'unsafe-block', block: one }, { tag: 'unsafe-block', block: two }, 100],
  [
    'a safe block',
    { tag: 'derivation-update', pair: { source: first, derived: one } },
    { tag: 'derivation-update', pair: { source: first, derived: two } },
    100,
  ],
  [
    'another L1 block',
    { tag: 'derivation-update', pair: { source: first, derived: one }, origin: first },
    { tag: 'derivation-update', pair: { source: second, derived: one }, origin: second },
    500,
  ],
  [
    'an L1 block at its end',
    { tag: 'exhausted', pair: { source: first, derived: one } },
    { tag: 'exhausted', pair: { source: second, derived: one } },
    500,
  ],
  [
    'a replacement',
    { tag: 'replaced', replaced: { replacement: one, invalidated: two.hash } },
    { tag: 'replaced', replaced: { replacement: two, invalidated: one.hash } },
    100,
  ],
])('%s is told once in a while', async (_, event, other, ms) => {
  const clock = new VirtualClock(0)
  const repeats = new Repeats(clock)
  expect(repeats.admit(event)).toBe(true)
  await clock.advance(ms - 1)
  expect(repeats.admit(event)).toBe(false)
  await clock.advance(1)
  expect(repeats.admit(event)).toBe(true)
  if (other === undefined) return
  expect(repeats.admit(other)).toBe(true)
  // What was told before it is another one again.
  expect(repeats.admit(event)).toBe(true)
})

it('keeps kinds apart', () => {
  const repeats = new Repeats(new VirtualClock(0))
  const pair = { source: first, derived: one }
  expect(repeats.admit({ tag: 'derivation-update', pair })).toBe(true)
  expect(repeats.admit({ tag: 'derivation-update', pair, origin: first })).toBe(true)
  expect(repeats.admit({ tag: 'exhausted', pair })).toBe(true)
  expect(repeats.admit({ tag: 'derivation-update', pair })).toBe(false)
})
