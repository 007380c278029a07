import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { orderedTrieRoot } from './ordered-trie-root.ts'

const numbered = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => new Uint8Array(1 + (index % 70)).fill((index % 255) + 1))

test('of nothing is the empty root', () => {
  expect(orderedTrieRoot([])).toBe(EMPTY_TRIE_ROOT)
})

// Around the places where the key of an index gets longer, and where rlp(0) = 0x80 finds its neighbours. The roots are
// those of a trie that is filled key by key.
test.each([
  [1, '0xac92bc8d02906a87a573c32c72bb427036f0e43d7a7375c5c491ebba064add15'],
  [2, '0xb723d6de373f71d46d8ba91828a825672fff720efea492ee45097cbd40bdb2e0'],
  [3, '0x84186ab8c770c1df9269f2cbf908bff53f4d49190c5cd736e548dad1a208db3c'],
  [16, '0x4b6812e034a688ec43252ce34a22a0117fd6bfce96db645026b6595b6bbeb436'],
  [17, '0x22f7affbad4416ce58ef47455c14e0adb0cc409c0734ea36a3bd751e18dc6cd4'],
  [127, '0xa34ce8b4a768127de077408bf896a6cc1bb09eec518295ee5eceb7740a2cce13'],
  [128, '0x0ffafa11def015c71169ea6bb4c6ef44cc8bb76b04d8592ebb82a163189a8363'],
  [129, '0xe2067f0b7ac11fe93d30d0c3756dbb291be9840d4a1d9970b8cdbc79b7e7486c'],
  [130, '0xe0d2663026e5febe5c196db9e6333bc21282a5537ac58222b4c730394da7704f'],
  [255, '0x1c4f56cb1dcce07dc32d0b678dac6d1b997fc59464c03a813c3b30043e7aa394'],
  [256, '0x77d4466eafbe332a336471293b567e14e9833367e18c486d4b634e9b9c02472d'],
  [257, '0xa69a2c6800f4bfa00a1ffa0199fbd4068e41080c62ee732f2911d52050938cd7'],
  [300, '0x9008d19246727355b489c51398230ac97678737a0e672da0e819dc0bb9a9e53c'],
] as const)('of %i values', (count, root) => {
  expect(orderedTrieRoot(numbered(count))).toBe(root)
})

test('depends on every value and on its place', () => {
  const value = fc.uint8Array({ minLength: 1, maxLength: 80 })
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 150 }), fc.nat(), (values, pick) => {
      const at = pick % values.length
      const changed = values.map((bytes, index) => (index === at ? Uint8Array.from([...bytes, 1]) : bytes))
      expect(orderedTrieRoot(changed)).not.toBe(orderedTrieRoot(values))
      expect(orderedTrieRoot([...values, Uint8Array.of(1)])).not.toBe(orderedTrieRoot(values))
    }),
  )
})
