import { describe, expect, it } from 'vitest'
import { bytesToHex, concatBytes, type Hash, type Hex, toWord } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { NodeStore } from './node-store.ts'

/** A leaf's RLP. */
function leaf(n: number): Uint8Array {
  return encodeRlp([concatBytes(Uint8Array.of(0x20), new Uint8Array(31).fill(n)), new Uint8Array(40).fill(n)])
}

const hash = (n: number): Hash => keccakHash(leaf(n))
const hex = (n: number): Hex => bytesToHex(leaf(n))

describe('NodeStore', () => {
  it('keeps nodes and code by the hash of their bytes', () => {
    const store = new NodeStore()
    expect(store.addNode(leaf(1))).toBe(hash(1))
    expect(store.node(hash(1))).toMatchObject({ kind: 'leaf', value: new Uint8Array(40).fill(1) })
    expect(store.node(hash(1))).toBe(store.node(hash(1)))
    const code = Uint8Array.of(0x60)
    const codeHash = store.addCode(code)
    expect(store.code(codeHash)).toBe(code)
    store.addCode(Uint8Array.of(0x60))
    expect(store.code(codeHash)).toBe(code)
    expect(store.node(codeHash)).toBeUndefined()
    expect(store.code(hash(1))).toBeUndefined()
  })

  it('takes proofs, whatever they hold: only what hashes right can be read', () => {
    const store = new NodeStore()
    const seen = new Set<Hex>()
    store.addProof([hex(1), hex(2), hex(1), '0x00'], seen)
    expect(store.size).toBe(3)
    expect(seen.size).toBe(3)
    expect(store.node(hash(2))).toBeDefined()
    expect(() => store.node(keccakHash(Uint8Array.of(0)))).toThrow('trie node')
    expect(() => store.addProof(['0xzz'])).toThrow(RangeError)
  })

  it('stays within its memory, and forgets what was not used for longest', () => {
    const store = new NodeStore({ maxBytes: 10_000 })
    store.addNode(leaf(0))
    for (let n = 1; n < 100; n++) {
      store.addNode(leaf(n))
      expect(store.node(hash(0))).toBeDefined()
      expect(store.bytes).toBeLessThanOrEqual(10_000)
    }
    expect(store.size).toBeGreaterThan(5)
    expect(store.node(hash(1))).toBeUndefined()
    expect(store.node(hash(99))).toBeDefined()
  })

  it('remembers branches', () => {
    const store = new NodeStore()
    expect(store.isBranch(toWord(1n))).toBe(false)
    store.markBranch(toWord(1n))
    expect(store.isBranch(toWord(1n))).toBe(true)
    expect(store.node(toWord(1n))).toBeUndefined()
    expect(store.isBranch(store.addNode(leaf(1)))).toBe(false)
  })
})

describe('KeyIndex', () => {
  it('hashes keys and finds them under paths', () => {
    const { keys } = new NodeStore()
    const slots = Array.from({ length: 500 }, (_, i) => toWord(BigInt(i)))
    const address: Hex = `0x${'ab'.repeat(20)}`
    for (const slot of [...slots, address]) expect(keys.hash(slot)).toBe(keys.hash(slot))
    const known = slots[123] as Hash
    const digits = keys.hash(known).slice(2)
    const found = keys.under(new Set([digits.slice(0, 6), digits.slice(0, 1), '0123456789']), 32)
    expect(found.get(digits.slice(0, 6))).toBe(known)
    expect(found.size).toBe(2)
    expect(keys.under(new Set([digits.slice(0, 6)]), 20).size).toBe(0)
    expect(keys.under(new Set([keys.hash(address).slice(2, 6)]), 20).size).toBe(1)
  })
})
