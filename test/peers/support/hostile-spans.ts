import { concatBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { HostileKit } from './hostile-kit.ts'
import { always, from, type Scenario, until } from './hostile-scenario.ts'

/** One channel with these batches. */
function channel(batches: (kit: HostileKit) => Promise<readonly Uint8Array[]> | readonly Uint8Array[]): Scenario['l1'] {
  return async (kit) => [[kit.whole(await batches(kit))]]
}

/** Span batches that are not as they should be. */
export const SPAN_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a span batch, and batches of one block behind it',
    eras: ['regolith', 'delta', 'jovian'],
    l1: channel((kit) => [kit.span(0, 1), kit.singular(2), kit.singular(0), kit.span(3, 3)]),
    // Before Delta there are none, and what is behind counts.
    safe: until(1, 'delta', 4),
  },
  {
    name: 'a span batch that overlaps what is safe',
    eras: ['delta', 'holocene'],
    only: ['delta', 'fjord', 'holocene', 'jovian'],
    l1: (kit) => [[kit.whole([kit.span(0, 1)])], [kit.whole([kit.span(0, 3)])]],
    safe: always(4),
  },
  {
    name: 'a span batch that overlaps what is safe, with other transactions',
    eras: ['delta', 'holocene'],
    only: ['delta', 'fjord', 'holocene', 'jovian'],
    l1: async (kit) => {
      const transactions = { 0: kit.with(0, await kit.extra()) }
      return [[kit.whole([kit.span(0, 1)])], [kit.whole([kit.span(0, 3, { transactions })])]]
    },
    safe: until(2, 'holocene', 4),
  },
  {
    name: 'a span batch of what is safe already',
    eras: ['delta', 'jovian'],
    only: ['delta', 'fjord', 'holocene', 'jovian'],
    l1: (kit) => [[kit.whole([kit.span(0, 3)])], [kit.whole([kit.span(1, 2), kit.span(0, 3)])]],
    safe: always(4),
  },
  {
    name: 'a span batch on another parent',
    eras: ['delta', 'jovian'],
    l1: channel((kit) => [kit.span(0, 3, { parentHash: ZERO_HASH })]),
    safe: always(0),
  },
  {
    name: 'a span batch of another L1',
    eras: ['fjord', 'holocene'],
    l1: channel((kit) => [kit.span(0, 3, { originHash: ZERO_HASH })]),
    safe: always(0),
  },
  {
    name: 'a span batch whose times lie between blocks, or in the future',
    eras: ['delta', 'holocene'],
    l1: (kit) => [[kit.whole([kit.span(0, 1, { delay: 1n })]), kit.whole([kit.span(2, 3)])]],
    safe: always(0),
  },
  {
    name: 'a span batch whose second block the engine refuses',
    eras: ['delta', 'fjord', 'holocene', 'jovian'],
    l1: channel(async (kit) => [kit.span(0, 3, { transactions: { 1: kit.with(1, await kit.poor()) } })]),
    // All or nothing, until Holocene.
    safe: until(0, 'holocene', 1),
    replaced: from('holocene'),
  },
  {
    name: 'a span batch whose last block the engine refuses, and then the right one',
    eras: ['delta', 'jovian'],
    only: ['delta', 'fjord', 'holocene', 'jovian'],
    l1: channel(async (kit) => [
      kit.span(0, 2, { transactions: { 2: kit.with(2, await kit.poor()) } }),
      kit.span(0, 3),
    ]),
    safe: until(4, 'holocene', 2),
    replaced: from('holocene'),
  },
  {
    name: 'a span batch with a transaction that sets code',
    eras: ['delta', 'holocene', 'jovian'],
    l1: channel(async (kit) => [kit.span(0, 3, { transactions: { 2: kit.with(2, await kit.setCode()) } })]),
    safe: until(0, 'holocene', 2),
    replaced: from('jovian'),
  },
  {
    name: 'a span batch that ends too early, and one with something behind it',
    eras: ['delta', 'holocene'],
    only: ['delta', 'fjord', 'holocene', 'jovian'],
    l1: (kit) => {
      const span = kit.span(0, 1)
      return [[kit.whole([span.subarray(0, -1)]), kit.whole([concatBytes(span, Uint8Array.of(1, 2, 3))])]]
    },
    safe: always(2),
  },
  {
    name: 'a span batch of no blocks, and one of more than there may be',
    eras: ['delta', 'jovian'],
    only: ['delta', 'fjord', 'holocene', 'jovian'],
    l1: (kit) => [
      [kit.whole([kit.countedSpan(0n)]), kit.whole([kit.countedSpan(10_000_001n)]), kit.whole([kit.span(0, 1)])],
    ],
    safe: always(2),
  },
]
