import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hex } from '../../primitives/hex.ts'
import { decodeSuperSafeEntry, encodeSuperSafeEntry, SUPER_SAFE_ENTRY_BYTES, truncateHash } from './super-safe-entry.ts'

const block = fc.record({
  number: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  hash: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(bytesToHex),
})
const entry = fc.record({
  l1: block,
  chainIndex: fc.nat(0xffff_ffff),
  localSafe: block,
  crossSafe: block,
  depositsOnly: fc.boolean(),
})

const hash = (byte: string): Hex => `0x${byte.repeat(20)}`

describe('an entry of the super-safe-db', () => {
  it('is laid out as the design says', () => {
    const bytes = encodeSuperSafeEntry({
      l1: { number: 0x0102n, hash: hash('aa') },
      chainIndex: 3,
      localSafe: { number: 4n, hash: hash('bb') },
      crossSafe: { number: 5n, hash: hash('cc') },
      depositsOnly: true,
    })
    const parts = ['01', '0000000000000102', 'aa'.repeat(20), '00000003', '0000000000000004', 'bb'.repeat(20)]
    expect(bytesToHex(bytes)).toBe(`0x${[...parts, '0000000000000005', 'cc'.repeat(20), '01'].join('')}`)
    expect(bytes).toHaveLength(90)
  })

  it('is what it was', () => {
    fc.assert(
      fc.property(entry, (each) => {
        expect(decodeSuperSafeEntry(encodeSuperSafeEntry(each))).toEqual(each)
      }),
    )
  })

  it('is nothing else: other bytes are another entry, or none', () => {
    const any = fc.uint8Array({ minLength: SUPER_SAFE_ENTRY_BYTES - 1, maxLength: SUPER_SAFE_ENTRY_BYTES })
    fc.assert(
      fc.property(any, fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1, 2), (bytes, version, flags) => {
        bytes[0] = version
        bytes[89] = flags
        const decoded = decodeSuperSafeEntry(bytes)
        expect(decoded !== undefined).toBe(bytes.length === 90 && version === 1 && flags < 2)
        if (decoded !== undefined) expect(encodeSuperSafeEntry(decoded)).toEqual(bytes)
      }),
    )
  })

  it('does not take what does not fit', () => {
    const good = { number: 1n, hash: hash('00') }
    const with1 = (l1: { number: bigint; hash: Hex }) => () =>
      encodeSuperSafeEntry({ l1, chainIndex: 0, localSafe: good, crossSafe: good, depositsOnly: false })
    expect(with1({ number: 1n << 64n, hash: hash('00') })).toThrow(RangeError)
    expect(with1({ number: 1n, hash: '0x00' })).toThrow(RangeError)
    expect(truncateHash(`0x${'12'.repeat(32)}`)).toBe(hash('12'))
  })
})
