import { describe, expect, it } from 'vitest'
import { type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccakHash } from '../../src/primitives/keccak.ts'
import { NodeStore } from '../../src/state/node-store.ts'
import { getFromTrie, updateTrie } from '../../src/state/trie.ts'
import { readTarGz } from '../support/tar.ts'
import { hasVectors, vector } from '../support/vectors.ts'

// ethereum/tests @ 4c87ebbf: TrieTests, those with hashed keys.
const ARCHIVE = ['evm', 'ethereum-tests', 'ethereum-tests-subset.tar.gz']
const FILES = ['trietest_secureTrie', 'trieanyorder_secureTrie', 'hex_encoded_securetrie_test']

type Pair = readonly [string, string | null]
interface Vector {
  readonly in: readonly Pair[] | Readonly<Record<string, string | null>>
  readonly root: Hash
}

function bytes(value: string): Uint8Array {
  return value.startsWith('0x') ? hexToBytes(value) : new TextEncoder().encode(value)
}

function pairs({ in: input }: Vector): readonly Pair[] {
  return Array.isArray(input) ? (input as readonly Pair[]) : Object.entries(input)
}

function change([key, value]: Pair): readonly [Hex, Uint8Array | null] {
  return [keccakHash(bytes(key)), value === null ? null : bytes(value)]
}

function update(store: NodeStore, root: Hash, list: readonly Pair[]): Hash {
  const result = updateTrie(store, root, new Map(list.map(change)))
  if (result.tag === 'missing') throw new Error('a trie built from nothing misses nothing')
  store.merge(result.newNodes)
  return result.root
}

describe.skipIf(!hasVectors(...ARCHIVE))('TrieTests, secure', () => {
  const members = hasVectors(...ARCHIVE)
    ? readTarGz(vector(...ARCHIVE), (name) => name.startsWith('TrieTests/'))
    : new Map<string, Uint8Array>()
  const vectors = FILES.flatMap((file) => {
    const content = members.get(`TrieTests/${file}.json`)
    const cases = content === undefined ? {} : (JSON.parse(new TextDecoder().decode(content)) as Record<string, Vector>)
    return Object.entries(cases).map(([name, entry]) => [`${file}: ${name}`, entry] as const)
  })

  it('are all here', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(13)
  })

  it.each(vectors)('%s', (_name, entry) => {
    const list = pairs(entry)
    const atOnce = new NodeStore()
    const root = update(atOnce, EMPTY_TRIE_ROOT, list)
    expect(root).toBe(entry.root)
    const oneByOne = new NodeStore()
    let last = EMPTY_TRIE_ROOT
    for (const pair of list) last = update(oneByOne, last, [pair])
    expect(last).toBe(entry.root)
    for (const [key, value] of new Map(list.map(change))) {
      const expected = value === null ? { tag: 'absent' } : { tag: 'value', value }
      expect(getFromTrie(atOnce, root, key)).toEqual(expected)
    }
  })
})
