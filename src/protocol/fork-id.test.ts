import { describe, expect, it } from 'vitest'
import { forkHash } from './fork-id.ts'
import type { L1ChainConfig } from './l1-chain.ts'

const GENESIS = '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3'
const MAINNET: L1ChainConfig = {
  chainId: 1n,
  blockForks: {
    homestead: 1_150_000n,
    eip150: 2_463_000n,
    eip155: 2_675_000n,
    // The DAO fork's, which has no name here; that of EIP-158 is the one of EIP-155.
    eip158: 1_920_000n,
    byzantium: 4_370_000n,
    constantinople: 7_280_000n,
    petersburg: 7_280_000n,
    istanbul: 9_069_000n,
    muirGlacier: 9_200_000n,
    berlin: 12_244_000n,
    london: 12_965_000n,
    arrowGlacier: 13_773_000n,
    grayGlacier: 15_050_000n,
  },
  timeForks: { shanghai: 1_681_338_455n, cancun: 1_710_338_135n, prague: 1_746_612_311n },
  blobSchedule: {},
}

describe('the fork hash', () => {
  const genesis = { hash: GENESIS, timestamp: 0n } as const

  it.each([
    ['Gray Glacier', 1_681_338_454n, '0xf0afd0e3'],
    ['Shanghai', 1_681_338_455n, '0xdce96c2d'],
    ['Cancun', 1_710_338_135n, '0x9f3d2254'],
    ['Prague', 1_746_612_311n, '0xc376cf8b'],
  ])('is mainnet’s at %s', (_name, time, hash) => {
    expect(forkHash(MAINNET, genesis, time)).toBe(hash)
  })

  it('leaves out what holds from genesis', () => {
    const config = { ...MAINNET, blockForks: { homestead: 0n }, timeForks: { shanghai: 5n, cancun: 9n, prague: 9n } }
    const bare = { ...config, blockForks: {}, timeForks: { cancun: 9n } }
    const late = { hash: GENESIS, timestamp: 5n } as const
    expect(forkHash(config, late, 9n)).toBe(forkHash(bare, late, 9n))
    expect(forkHash(config, late, 8n)).toBe('0xfc64ec04')
  })
})
