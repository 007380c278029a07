import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { MapDB } from '@ethereumjs/util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccakHash } from '../primitives/keccak.ts'
import { NodeStore } from './node-store.ts'
import { buildSubtree, getFromTrie, type TrieMiss, updateTrie } from './trie.ts'
import { encodeNode } from './trie-node.ts'

type Batch = Map<Hex, Uint8Array | null>

// Few distinct nibbles and a common tail make forks, extensions, collapses and embedded nodes all likely.
const narrowKey = fc
  .array(fc.constantFrom('0', '1', 'f'), { minLength: 8, maxLength: 8 })
  .map((digits) => `0x${digits.join('')}` as Hex)
const hashedKey = fc.integer({ min: 0, max: 400 }).map((n) => keccakHash(Uint8Array.of(n >> 8, n & 255)))
const value = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.uint8Array({ minLength: 30, maxLength: 90 }))

function batch(key: fc.Arbitrary<Hex>): fc.Arbitrary<Batch> {
  const change = fc.tuple(key, fc.option(value, { nil: null, freq: 2 }))
  return fc.array(change, { minLength: 1, maxLength: 40 }).map((list) => new Map(list))
}

function batches(key: fc.Arbitrary<Hex>): fc.Arbitrary<Batch[]> {
  return fc.array(batch(key), { minLength: 1, maxLength: 6 })
}

async function applyToOracle(trie: MerklePatriciaTrie, batch: Batch): Promise<void> {
  for (const [key, change] of batch) {
    if (change === null) await trie.del(hexToBytes(key))
    else await trie.put(hexToBytes(key), change)
  }
}

function rootAfter(store: NodeStore, root: Hash, batch: Batch): Hash {
  const update = updateTrie(store, root, batch)
  if (update.tag === 'missing') throw new Error(`missing ${JSON.stringify(update.misses)}`)
  store.merge(update.newNodes)
  return update.root
}

describe.each([
  ['narrow keys', narrowKey],
  ['hashed keys', hashedKey],
])('updateTrie, %s', (_name, key) => {
  it('gives the roots of an independent implementation, and reads back what was written', async () => {
    await fc.assert(
      fc.asyncProperty(batches(key), async (list) => {
        const oracle = await createMPT({ db: new MapDB() })
        const store = new NodeStore()
        const content = new Map<Hex, Uint8Array>()
        let root = EMPTY_TRIE_ROOT
        for (const batch of list) {
          root = rootAfter(store, root, batch)
          await applyToOracle(oracle, batch)
          expect(root).toBe(bytesToHex(oracle.root()))
          for (const [k, v] of batch) {
            if (v === null) content.delete(k)
            else content.set(k, v)
          }
          for (const k of batch.keys()) {
            const found = getFromTrie(store, root, k)
            const expected = content.get(k)
            expect(found).toEqual(expected === undefined ? { tag: 'absent' } : { tag: 'value', value: expected })
          }
        }
      }),
      { numRuns: 250 },
    )
  })

  it('decodes again what it encoded', async () => {
    await fc.assert(
      fc.property(batches(key), (list) => {
        const hot = new NodeStore()
        const cold = new NodeStore()
        let root = EMPTY_TRIE_ROOT
        for (const batch of list) {
          const update = updateTrie(cold, root, batch)
          if (update.tag === 'missing') throw new Error('missing')
          for (const [hash, { raw }] of update.newNodes) expect(cold.addNode(raw)).toBe(hash)
          const direct = rootAfter(hot, root, batch)
          root = update.root
          expect(root).toBe(direct)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('names every missing node once, needs nothing else, and reaches the same root when it has them', async () => {
    await fc.assert(
      fc.asyncProperty(batch(key), batch(key), async (base, changes) => {
        const full = new NodeStore()
        const root = rootAfter(full, EMPTY_TRIE_ROOT, base)
        const expected = rootAfter(full, root, changes)
        const partial = new NodeStore()
        const supplied = new Set<Hash>()
        for (;;) {
          const update = updateTrie(partial, root, changes)
          if (update.tag === 'root') {
            expect(update.root).toBe(expected)
            break
          }
          // Equal subtrees under different paths share a hash, so within one pass it may come twice.
          expect(update.misses.filter(({ hash }) => supplied.has(hash))).toEqual([])
          for (const miss of update.misses) {
            supplied.add(miss.hash)
            const node = rawNode(full, root, miss)
            expect(partial.addNode(node)).toBe(miss.hash)
          }
        }
        // Exactly what was supplied is needed: without any one of it the pass fails again.
        for (const left of [...supplied].slice(0, 8)) {
          const lacking = new NodeStore()
          for (const hash of supplied) if (hash !== left) lacking.addNode(rawByHash(full, hash))
          const update = updateTrie(lacking, root, changes)
          expect(update.tag === 'missing' && new Set(update.misses.map(({ hash }) => hash))).toEqual(new Set([left]))
        }
      }),
      { numRuns: 250 },
    )
  })
})

/** The node at a miss's path: found by its path, so that a wrong path fails. */
function rawNode(full: NodeStore, root: Hash, miss: TrieMiss): Uint8Array {
  const probe = getFromTrie(
    { node: (hash) => (hash === miss.hash ? undefined : full.node(hash)), isBranch: () => false },
    root,
    `0x${miss.path.padEnd(64, '0')}`,
  )
  expect(probe).toMatchObject({ tag: 'missing', miss: { path: miss.path, hash: miss.hash } })
  for (const key of miss.keys) expect(key.startsWith(`0x${miss.path}`)).toBe(true)
  return rawByHash(full, miss.hash)
}

function rawByHash(full: NodeStore, hash: Hash): Uint8Array {
  const node = full.node(hash)
  if (node === undefined) throw new Error('unknown node')
  return encodeNode(node)
}

describe('updateTrie', () => {
  const key = (digits: string): Hash => `0x${digits.padEnd(64, '0')}`
  const long = (n: number): Uint8Array => new Uint8Array(40).fill(n)

  it('references a sibling that is known to be a branch without its content', () => {
    const full = new NodeStore()
    const root = rootAfter(
      full,
      EMPTY_TRIE_ROOT,
      new Map([
        [key('11'), long(1)],
        [key('12'), long(2)],
        [key('2'), long(3)],
      ]),
    )
    const removal = new Map([[key('2'), null]])
    const expected = updateTrie(full, root, removal)
    const partial = new NodeStore()
    partial.addNode(rawByHash(full, root))
    const leaf = getFromTrie(partial, root, key('2'))
    if (leaf.tag !== 'missing') throw new Error('expected a miss')
    partial.addNode(rawByHash(full, leaf.miss.hash))
    const blind = updateTrie(partial, root, removal)
    expect(blind).toMatchObject({ tag: 'missing', misses: [{ path: '1', keys: [] }] })
    if (blind.tag !== 'missing') return
    partial.markBranch((blind.misses[0] as TrieMiss).hash)
    const update = updateTrie(partial, root, removal)
    expect(update.tag === 'root' && update.root).toBe(expected.tag === 'root' && expected.root)
  })

  it('leaves the root alone when nothing changes', () => {
    const store = new NodeStore()
    const root = rootAfter(store, EMPTY_TRIE_ROOT, new Map([[key('1'), long(1)]]))
    const same = updateTrie(
      store,
      root,
      new Map<Hash, Uint8Array | null>([
        [key('1'), long(1)],
        [key('2'), null],
      ]),
    )
    expect(same).toMatchObject({ tag: 'root', root })
    expect(same.tag === 'root' && same.newNodes.size).toBe(0)
  })
})

describe('buildSubtree', () => {
  it('is the node that stands in the whole trie', () => {
    fc.assert(
      fc.property(fc.uniqueArray(hashedKey, { minLength: 40, maxLength: 200 }), (keys) => {
        const entries = new Map(keys.map((k) => [k, hexToBytes(k)]))
        const store = new NodeStore()
        const root = rootAfter(store, EMPTY_TRIE_ROOT, entries)
        const top = store.node(root)
        if (top?.kind !== 'branch') throw new Error('expected a branch')
        top.children.forEach((child, nibble) => {
          const under = new Map([...entries].filter(([k]) => Number.parseInt(k[2] as string, 16) === nibble))
          if (under.size > 0) expect(buildSubtree(under, 1).hash).toBe(bytesToHex(child as Uint8Array))
        })
      }),
      { numRuns: 20 },
    )
  })
})
