import { describe, expect, it } from 'vitest'
import { l1ChainFromEthConfig } from './eth-config.ts'

const PRAGUE = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 }
const BPO1 = { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 }
const BPO2 = { target: 12, max: 15, baseFeeUpdateFraction: 8_346_193 }

const names = (...list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.map((name, at) => [name, `0x${at.toString(16).padStart(40, '0')}`]))

const BASE = ['ECREC', 'SHA256', 'RIPEMD160', 'ID', 'MODEXP', 'BN254_ADD', 'BN254_MUL', 'BN254_PAIRING', 'BLAKE2F']
const CANCUN = [...BASE, 'KZG_POINT_EVALUATION']
const BLS = ['G1ADD', 'G1MSM', 'G2ADD', 'G2MSM', 'PAIRING_CHECK', 'MAP_FP_TO_G1', 'MAP_FP2_TO_G2']
const PRECOMPILES = [...CANCUN, ...BLS.map((name) => `BLS12_${name}`)]
const DEPOSIT_CONTRACT = '0x00000000219ab540356cbb839cbe05303d7705fa'
const CONTRACTS = {
  ...names('BEACON_ROOTS_ADDRESS', 'CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS'),
  ...names('HISTORY_STORAGE_ADDRESS', 'WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS'),
  DEPOSIT_CONTRACT_ADDRESS: DEPOSIT_CONTRACT,
}

/** What geth 1.16.8 has answered on a chain with Prague at genesis, Osaka at 2.75e9, BPO1 at 3.75e9 and BPO2 at 3.85e9. */
const common = { chainId: '0x384', systemContracts: CONTRACTS }
const current = {
  ...common,
  activationTime: 0,
  blobSchedule: PRAGUE,
  forkId: '0x803ed25f',
  precompiles: names(...PRECOMPILES),
}
const osaka = { ...common, blobSchedule: PRAGUE, precompiles: names(...PRECOMPILES, 'P256VERIFY') }
const next = { ...osaka, activationTime: 2_750_000_000, forkId: '0x034841e6' }
const last = { ...osaka, activationTime: 3_850_000_000, blobSchedule: BPO2, forkId: '0x4007e033' }
/** As it would be after BPO1: the checksum goes on from one to the next. */
const bpo1 = { ...osaka, activationTime: 3_750_000_000, blobSchedule: BPO1, forkId: '0x41b16b93' }

describe('the upgrades of an L1, as its node tells of them', () => {
  it('hold from genesis on where none is to come', () => {
    const chain = l1ChainFromEthConfig({ current, next: null, last: null }, 1_750_000_000n)
    expect(chain).toMatchObject({
      chainId: 900n,
      blockForks: { london: 0n },
      timeForks: { shanghai: 0n, cancun: 0n, prague: 0n },
      blobSchedule: { prague: { target: 6, max: 9, updateFraction: 5_007_716n } },
      depositContractAddress: DEPOSIT_CONTRACT,
    })
    expect(chain.timeForks.osaka).toBeUndefined()
  })

  it('come at their times', () => {
    const chain = l1ChainFromEthConfig({ current, next, last: next }, 0n)
    expect(chain.timeForks).toMatchObject({ prague: 0n, osaka: 2_750_000_000n })
    const later = l1ChainFromEthConfig({ current: next, next: bpo1, last }, 2_750_000_000n)
    expect(later.timeForks).toEqual({
      ...Object.fromEntries(['shanghai', 'cancun', 'prague', 'osaka'].map((fork) => [fork, 0n])),
      bpo1: 3_750_000_000n,
      bpo2: 3_850_000_000n,
    })
    expect(later.blobSchedule).toMatchObject({ osaka: { max: 9 }, bpo1: { target: 10 }, bpo2: { target: 12 } })
  })

  it.each([
    ['one in between is left out', { current, next, last }, 0n, /upgrades lie between/],
    ['the block is older than the rules', { current: next, next: null }, 1_750_000_000n, /later than 1750000000/],
    ['it is before Cancun', { current: { ...current, systemContracts: null } }, 0n, /before Cancun/],
    [
      'it is of a later upgrade',
      { current: { ...next, precompiles: names(...PRECOMPILES, 'P256VERIFY', 'NEW') } },
      3_000_000_000n,
      /not known here/,
    ],
    ['it is something else', { current: {} }, 0n, /is not that of eth_config: current.activationTime/],
    ['it is nothing', null, 0n, /is not that of eth_config/],
  ])('are unknown when %s', (_name, json, from, message) => {
    expect(() => l1ChainFromEthConfig(json, from)).toThrow(
      expect.objectContaining({ code: 'SCHEDULE_UNKNOWN', message: expect.stringMatching(message) }),
    )
  })
})
