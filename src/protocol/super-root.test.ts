import { describe, expect, it } from 'vitest'
import { bytesToHex, toWord } from '../primitives/hex.ts'
import { encodeSuperRoot, superRoot } from './super-root.ts'

describe('a super root', () => {
  it('commits to the time and to the outputs of all chains, in ascending order of their ids', () => {
    const [a, b] = [
      { chainId: 11n, outputRoot: toWord(1n) },
      { chainId: 9n, outputRoot: toWord(2n) },
    ] as const
    const bytes = encodeSuperRoot(7_000_000n, [a, b])
    expect(bytesToHex(bytes)).toBe(
      `0x0100000000006acfc0${toWord(9n).slice(2)}${toWord(2n).slice(2)}${toWord(11n).slice(2)}${toWord(1n).slice(2)}`,
    )
    // keccak-256 of these bytes, by op-service/eth.SuperRoot.
    expect(superRoot(7_000_000n, [b, a])).toBe('0x9e9a41aa8ef49c24b3019a84c9ed544d2f35396f077aa22361f44c0aa5849d0b')
  })
})
