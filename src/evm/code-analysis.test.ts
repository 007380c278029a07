import fc from 'fast-check'
import { expect, it } from 'vitest'
import { analyse } from './code-analysis.ts'

it('knows jump destinations from the data of pushes', () => {
  // JUMPDEST PUSH2 JUMPDEST JUMPDEST JUMPDEST PUSH1
  const program = analyse(Uint8Array.of(0x5b, 0x61, 0x5b, 0x5b, 0x5b, 0x60))
  const found = [0, 1, 2, 3, 4, 5, 6, 2 ** 53, Number(2n ** 256n - 1n)].map((at) => program.isJumpDestination(at))
  expect(found).toEqual([true, false, false, false, true, false, false, false, false])
})

it('reads what a push puts on the stack, with zeroes behind the end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(45), fc.integer({ min: 1, max: 32 }), (code, at, size) => {
      const padded = [...code.subarray(at, at + size), ...new Array<number>(32).fill(0)].slice(0, size)
      const expected = padded.reduce((value, byte) => value * 256n + BigInt(byte), 0n)
      const program = analyse(code)
      expect(program.pushed(at, size)).toBe(expected)
      expect(program.pushed(at, size)).toBe(expected)
    }),
  )
})

it('analyses an array once', () => {
  const code = Uint8Array.of(0x5b)
  expect(analyse(code)).toBe(analyse(code))
})
