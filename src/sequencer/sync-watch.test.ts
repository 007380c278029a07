import { describe, expect, it } from 'vitest'
import { type Hash, toWord } from '../primitives/hex.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { ChainHeads } from './ports.ts'
import { SyncWatch } from './sync-watch.ts'

function ref(number: bigint): L2BlockRef {
  const parentHash = toWord(number - 1n)
  return { hash: toWord(number), number, parentHash, timestamp: number, l1Origin: id(1n), sequenceNumber: 0n }
}

function id(number: bigint): { hash: Hash; number: bigint } {
  return { hash: toWord(number), number }
}

function heads(unsafe: bigint, safe: bigint, derived?: { current: bigint; head: bigint }): ChainHeads {
  const l1 = derived && { currentL1: id(derived.current), headL1: id(derived.head) }
  return { unsafe: ref(unsafe), safe: ref(safe), finalized: undefined, ...l1 }
}

describe('SyncWatch', () => {
  it('does not mind a new chain, or one that stands', () => {
    const watch = new SyncWatch()
    for (let now = 0; now < 5000; now += 1000) {
      expect(watch.syncing(heads(7n, 7n, { current: 20n, head: 20n }), undefined, now)).toBe(false)
    }
  })

  it('tells a chain whose safe head moves along with the unsafe one', () => {
    const watch = new SyncWatch()
    watch.syncing(heads(7n, 7n), undefined, 0)
    expect(watch.syncing(heads(9n, 9n), undefined, 1000)).toBe(true)
    expect(watch.syncing(heads(9n, 9n), undefined, 2000)).toBe(false)
  })

  it('waits for derivation that has not come to the end of L1, as long as it comes nearer', () => {
    const watch = new SyncWatch()
    expect(watch.syncing(heads(7n, 7n, { current: 20n, head: 90n }), undefined, 0)).toBe(true)
    expect(watch.syncing(heads(7n, 7n, { current: 60n, head: 91n }), undefined, 1000)).toBe(true)
    expect(watch.syncing(heads(7n, 7n, { current: 90n, head: 92n }), undefined, 2000)).toBe(false)
  })

  it('takes a distance that stays for one that is meant', () => {
    const watch = new SyncWatch()
    const behind = heads(7n, 7n, { current: 80n, head: 90n })
    expect(watch.syncing(behind, undefined, 0)).toBe(true)
    expect(watch.syncing(behind, undefined, 29_000)).toBe(true)
    expect(watch.syncing(behind, undefined, 30_000)).toBe(false)
  })

  it('goes on where a batcher is as fast as the sequencer, or unsafe blocks are there', () => {
    const watch = new SyncWatch()
    watch.syncing(heads(7n, 7n), undefined, 0)
    expect(watch.syncing(heads(8n, 8n), ref(8n).hash, 1000)).toBe(false)
    expect(watch.syncing(heads(12n, 9n, { current: 1n, head: 90n }), undefined, 2000)).toBe(false)
  })
})
