import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { logHash, messageChecksum } from './message-checksum.ts'

describe('the checksum of a message', () => {
  it("is op-supervisor's", () => {
    const hash = logHash(
      hexToBytes('5fbdb2315678afecb367f032d93f642f64180aa3'),
      hexToBytes('c3f57e1f0dd62a4f77787d834029bfeaab8894022c47edbe13b044fb658c9190'),
    )
    expect(bytesToHex(hash)).toBe('0x23f2ee61b4ce30421cb54672ef1f589e6dfb35a3c193da9b80d4693e9d516c5b')
    const place = { chainId: 900200n, blockNumber: 4509n, timestamp: 1730467171n, logIndex: 0 }
    expect(messageChecksum(hash, place)).toBe('0x0307d89c993b125400cb5868be4cbbafa6a6b1d9b8a6d530d49e8c4a30fb2aa1')
  })

  it('commits to every part of the place', () => {
    const hash = new Uint8Array(32).fill(7)
    const place = { chainId: 1n << 200n, blockNumber: 1n, timestamp: 2n, logIndex: 3 }
    const others = [
      place,
      { ...place, chainId: 1n },
      { ...place, blockNumber: 2n },
      { ...place, timestamp: 3n },
      { ...place, logIndex: 4 },
    ].map((each) => messageChecksum(hash, each))
    expect(new Set(others).size).toBe(others.length)
  })
})
