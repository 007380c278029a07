import { describe, expect, test } from 'vitest'
import { isAppError } from '../primitives/errors.ts'
import { bytesToHex } from '../primitives/hex.ts'
import { genesisHeader, parseChainConfig, parseGenesis } from './genesis.ts'
import { hashHeader } from './header.ts'

const L1 = {
  chainId: 900,
  homesteadBlock: 0,
  londonBlock: 0,
  terminalTotalDifficulty: 0,
  shanghaiTime: 0,
  cancunTime: 0,
  pragueTime: 1_700_000_100,
  depositContractAddress: '0x00000000219ab540356cBB839Cbe05303d7705Fa',
  blobSchedule: {
    cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
    prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  },
}

const GENESIS = {
  config: L1,
  nonce: '0x7',
  timestamp: '1700000000',
  extraData: '0xabcd',
  gasLimit: '0x1c9c380',
  difficulty: '0x0',
  alloc: {
    '1000000000000000000000000000000000000001': {
      balance: '1000000000000000000',
      nonce: '0x1',
      code: '0x6000',
      storage: { '0x01': '0x02', [`0x${'00'.repeat(32)}`]: `0x${'ff'.repeat(32)}`, '0x05': '0x00' },
    },
    '0x10000000000000000000000000000000000000AA': { balance: '0x0' },
  },
}

describe('a genesis file', () => {
  test('is read, in the many ways that geth writes numbers', () => {
    const genesis = parseGenesis(GENESIS)
    expect(genesis.timestamp).toBe(1_700_000_000n)
    expect(genesis.gasLimit).toBe(30_000_000n)
    const account = genesis.alloc.get('0x1000000000000000000000000000000000000001')
    expect(account?.balance).toBe(10n ** 18n)
    expect(bytesToHex(account?.code ?? new Uint8Array(0))).toBe('0x6000')
    expect([...(account?.storage ?? [])]).toEqual([
      [`0x${'00'.repeat(31)}01`, 2n],
      [`0x${'00'.repeat(32)}`, (1n << 256n) - 1n],
    ])
    expect(genesis.alloc.has('0x10000000000000000000000000000000000000aa')).toBe(true)
  })

  test('gives its configuration whole or alone', () => {
    const config = parseChainConfig(GENESIS)
    expect(config).toEqual(parseChainConfig(L1))
    expect(config.l1.timeForks).toEqual({ shanghai: 0n, cancun: 0n, prague: 1_700_000_100n })
    expect(config.l1.blobSchedule.prague).toEqual({ target: 6, max: 9, updateFraction: 5_007_716n })
    expect(config.l1.depositContractAddress).toBe('0x00000000219ab540356cbb839cbe05303d7705fa')
    expect(config.op).toBeUndefined()
  })

  test('of an OP chain has its upgrades and constants', () => {
    const config = parseChainConfig({
      ...L1,
      bedrockBlock: 0,
      regolithTime: 0,
      canyonTime: 5,
      interopTime: 9,
      optimism: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
    })
    expect(config.op?.forks.times).toEqual({ bedrock: 0n, regolith: 0n, canyon: 5n, interop: 9n })
    expect(config.op?.eip1559).toEqual({ elasticity: 6n, denominator: 50n, denominatorCanyon: 250n })
  })

  test('tells everything that is wrong with it', () => {
    let errors: unknown
    try {
      parseGenesis({ ...GENESIS, gasLimit: 'much', config: {}, alloc: { nobody: {}, '0x01': { balance: -1 } } })
    } catch (error) {
      if (!isAppError(error, 'GENESIS_INVALID')) throw error
      errors = error.data?.errors
    }
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^gasLimit: /),
        expect.stringMatching(/^config.chainId: /),
        expect.stringMatching(/^alloc.0x01.balance: /),
      ]),
    )
  })
})

describe('the genesis header', () => {
  const root = `0x${'77'.repeat(32)}` as const

  test('has the fields of the upgrades that are active in it', () => {
    const header = genesisHeader(parseGenesis(GENESIS), root)
    expect(header).toMatchObject({ baseFeePerGas: 10n ** 9n, blobGasUsed: 0n, excessBlobGas: 0n })
    expect(header.requestsHash).toBeUndefined()
    expect(header.withdrawalsRoot).toBe('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
    expect(bytesToHex(header.nonce)).toBe('0x0000000000000007')
  })

  test('on OP with Isthmus commits to the message passer', () => {
    const passer = `0x${'88'.repeat(32)}` as const
    const config = { ...L1, pragueTime: 0, canyonTime: 0, isthmusTime: 0 }
    const optimism = { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 }
    const genesis = parseGenesis({ ...GENESIS, config: { ...config, optimism } })
    const header = genesisHeader(genesis, root, passer)
    expect(header.withdrawalsRoot).toBe(passer)
    expect(header.requestsHash).toBeDefined()
    expect(hashHeader(header)).not.toBe(hashHeader(genesisHeader(genesis, root)))
  })
})
