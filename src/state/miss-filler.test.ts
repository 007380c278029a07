import { describe, expect, it } from 'vitest'
import { MemorySource } from '../../test/support/memory-state.ts'
import { type Address, type Hash, toWord } from '../primitives/hex.ts'
import type { StateDiff } from './diff.ts'
import { MissFiller } from './miss-filler.ts'
import { NodeStore } from './node-store.ts'
import type { StateMiss } from './root-pass.ts'

const CONTRACT: Address = '0x00000000000000000000000000000000000c0de0'
const PATH = 'abcdef012'
const NODE: Hash = toWord(0x1234n)
const NOTHING: StateDiff = { accounts: new Map(), codes: new Map() }

/** Hashed keys under the path, with these next digits. */
function keysUnder(digits: readonly string[]): Map<Hash, bigint> {
  return new Map(digits.map((d, i) => [`0x${(PATH + d).padEnd(62, '0')}${i.toString(16).padStart(2, '0')}`, 1n]))
}

/** A node that only lists ranges; each list is one answer. */
function filling(answers: readonly ReadonlyMap<Hash, bigint>[]) {
  const left = [...answers]
  const source = new MemorySource(new Map([[CONTRACT, { nonce: 1n }]]), {
    without: ['node'],
    tamper: (query, answer) =>
      query.kind === 'storageRange'
        ? { kind: 'storageRange', slots: left.shift() ?? new Map(), complete: false }
        : answer,
  })
  const store = new NodeStore()
  const filler = new MissFiller(source.pin, NOTHING, store, source, () => Promise.resolve(source.pin.blockHash))
  const miss: StateMiss = { address: CONTRACT, path: PATH, hash: NODE, keys: [] }
  return { source, store, fill: () => filler.fill([miss], {}) }
}

describe('a range that does not end under the path', () => {
  it('shows a branch by two keys that part right behind it', async () => {
    const { store, fill } = filling([keysUnder(['1', '1', '1', '2'])])
    await fill()
    expect(store.isBranch(NODE)).toBe(true)
  })

  it('is asked for once more, longer, when its keys do not part', async () => {
    const { source, store, fill } = filling([keysUnder(['1', '1']), keysUnder(['1', '1', '1', '4'])])
    await fill()
    expect(store.isBranch(NODE)).toBe(false)
    await fill()
    expect(store.isBranch(NODE)).toBe(true)
    expect(source.reads.flat().map((query) => query.kind === 'storageRange' && query.limit)).toEqual([8, 256])
  })

  it('is given up when that does not help either', async () => {
    const { fill } = filling([keysUnder(['1', '1']), keysUnder(['1', '1', '1'])])
    await fill()
    await fill()
    await expect(fill()).rejects.toMatchObject({ code: 'ROOT_UNAVAILABLE', data: { missing: [{ path: PATH }] } })
  })
})
