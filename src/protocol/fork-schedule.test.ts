import { describe, expect, it } from 'vitest'
import { type ForkedChain, forkIdAt, forkIdMismatch, forkSchedule } from './fork-schedule.ts'

const MAX = 2n ** 64n - 1n

const MAINNET: ForkedChain = {
  genesisHash: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
  forks: forkSchedule(
    {
      chainId: 1,
      homesteadBlock: 1_150_000,
      daoForkBlock: 1_920_000,
      daoForkSupport: true,
      eip150Block: 2_463_000,
      eip155Block: 2_675_000,
      eip158Block: 2_675_000,
      byzantiumBlock: 4_370_000,
      constantinopleBlock: 7_280_000,
      petersburgBlock: 7_280_000,
      istanbulBlock: 9_069_000,
      muirGlacierBlock: 9_200_000,
      berlinBlock: 12_244_000,
      londonBlock: '12965000',
      arrowGlacierBlock: '0xd228c8',
      grayGlacierBlock: 15_050_000,
      shanghaiTime: 1_681_338_455,
      cancunTime: 1_710_338_135,
      pragueTime: 1_746_612_311,
      osakaTime: null,
    },
    0n,
  ),
}

const at = (number: number, timestamp = 0) => ({ number: BigInt(number), timestamp: BigInt(timestamp) })

describe('fork ids', () => {
  it.each([
    [0, 0, 0xfc64ec04, 1_150_000],
    [1_149_999, 0, 0xfc64ec04, 1_150_000],
    [1_150_000, 0, 0x97c2c34c, 1_920_000],
    [1_920_000, 0, 0x91d1f948, 2_463_000],
    [2_675_000, 0, 0x3edd5b10, 4_370_000],
    [4_370_000, 0, 0xa00bc324, 7_280_000],
    [7_280_000, 0, 0x668db0af, 9_069_000],
    [12_965_000, 0, 0xb715077d, 13_773_000],
    [15_050_000, 0, 0xf0afd0e3, 1_681_338_455],
    [20_000_000, 1_681_338_454, 0xf0afd0e3, 1_681_338_455],
    [20_000_000, 1_681_338_455, 0xdce96c2d, 1_710_338_135],
    [30_000_000, 1_710_338_135, 0x9f3d2254, 1_746_612_311],
    [30_000_000, 1_746_612_311, 0xc376cf8b, 0],
  ])('are those that geth has for mainnet at block %i, time %i', (number, time, hash, next) => {
    expect(forkIdAt(MAINNET, at(number, time))).toEqual({ hash, next: BigInt(next) })
  })

  it('count what an OP-Stack chain adds, and nothing that holds from genesis', () => {
    const config = {
      londonBlock: 0,
      bedrockBlock: 0,
      canyonTime: 100,
      shanghaiTime: 100,
      deltaTime: 105,
      jovianTime: 110,
    }
    expect(forkSchedule(config, 100n)).toEqual({ blocks: [], times: [110n] })
    expect(forkSchedule(config, 50n)).toEqual({ blocks: [], times: [100n, 110n] })
  })

  const stale = 'remote needs update'
  const incompatible = 'local incompatible or needs update'
  it.each([
    [at(15_050_000), 0xf0afd0e3, 0n, undefined],
    [at(15_050_000), 0xf0afd0e3, 1_681_338_455n, undefined],
    [at(15_050_000), 0xf0afd0e3, MAX, undefined],
    [at(7_279_999), 0xa00bc324, 7_280_000n, undefined],
    [at(7_987_396), 0xa00bc324, 7_280_000n, undefined],
    [at(7_987_396), 0x3edd5b10, 4_370_000n, undefined],
    [at(7_279_999), 0x668db0af, 0n, undefined],
    [at(7_987_396), 0xa00bc324, 0n, stale],
    [at(7_987_396), 0x5cddc0e1, 0n, incompatible],
    [at(7_279_999), 0xa00bc324, 7_279_999n, incompatible],
    [at(20_123_456, 1_681_338_456), 0xf0afd0e3, 1_681_338_455n, undefined],
    [at(20_000_000, 1_681_338_455), 0x20c327fc, 15_050_000n, undefined],
    [at(13_773_000), 0xf0afd0e3, 0n, undefined],
    [at(20_000_000, 1_681_338_455), 0xf0afd0e3, 0n, stale],
    [at(888_888_888, 1_660_000_000), 0xf0afd0e3, 1_660_000_000n, incompatible],
    [at(19_999_999, 1_667_999_999), 0xf0afd0e3, 1_667_999_999n, incompatible],
    [at(20_000_000, 1_681_338_455), 0xdce96c2d, MAX, undefined],
    [at(20_000_000, 1_668_000_000), 0xdce96c2d, 1_710_338_135n, undefined],
    [at(0), 0x3edd5b10, 1_710_338_135n, undefined],
    [at(21_000_000, 1_678_000_000), 0xc376cf8b, 0n, undefined],
    [at(21_000_000, 1_710_338_135), 0xdce96c2d, 0n, stale],
    [at(20_000_000, 1_681_338_455), 0x12345678, 0n, incompatible],
  ])('of others are taken or refused as geth does: %o, %i, %s', (head, hash, next, verdict) => {
    expect(forkIdMismatch(MAINNET, head, { hash, next })).toBe(verdict)
  })
})
