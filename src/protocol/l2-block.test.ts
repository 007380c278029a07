import { describe, expect, test } from 'vitest'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import { encodeEip1559Params, encodeExtraData } from './extra-data.ts'
import { type OpFork, OpForks } from './forks.ts'
import { createL1InfoDeposit } from './l1-info.ts'
import { type L2BlockConfig, type L2BlockFacts, l2BlockRef, systemConfigOfBlock } from './l2-block.ts'
import { encodeEcotoneScalar, encodeOperatorFeeParams, type SystemConfig } from './system-config.ts'
import { karstUpgradeGas } from './upgrade-txs.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`

const systemConfig: SystemConfig = {
  batcherAddress: `0x${'aa'.repeat(20)}`,
  overhead: ZERO_HASH,
  scalar: encodeEcotoneScalar({ baseFeeScalar: 5n, blobBaseFeeScalar: 6n }),
  gasLimit: 30_000_000n,
  eip1559Params: encodeEip1559Params({ denominator: 100n, elasticity: 3n }),
  operatorFeeParams: encodeOperatorFeeParams({ scalar: 7n, constant: 8n }),
  minBaseFee: 9n,
  daFootprintGasScalar: 321,
}

function configFor(times: Partial<Record<OpFork, bigint>>, keepKarstUpgradeGas = false): L2BlockConfig {
  const l1 = { hash: hash('11'), number: 1n }
  const l2 = { hash: hash('22'), number: 0n }
  return {
    forks: new OpForks(times),
    blockTime: 2n,
    keepKarstUpgradeGas,
    genesis: { l1, l2, l2Time: 90n, systemConfig: { ...systemConfig, minBaseFee: 1n } },
  }
}

const JOVIAN = { canyon: 0n, ecotone: 0n, holocene: 0n, isthmus: 0n, jovian: 0n }
const timestamp = 100n

function blockOf(config: L2BlockConfig, gasLimit = systemConfig.gasLimit): L2BlockFacts {
  const { forks, blockTime } = config
  const source = { hash: hash('c5'), number: 5n, timestamp: 99n, baseFeePerGas: 11n }
  const info = createL1InfoDeposit(source, { forks, blockTime, systemConfig, sequenceNumber: 3n, timestamp })
  const extraData = encodeExtraData(forks, timestamp, { denominator: 100n, elasticity: 3n }, systemConfig.minBaseFee)
  return {
    hash: hash('77'),
    header: { number: 5n, parentHash: hash('76'), timestamp, gasLimit, extraData },
    transactions: [info],
  }
}

const failure = (code: string): Error => expect.objectContaining({ code }) as Error

describe('the reference of an L2 block', () => {
  const config = configFor(JOVIAN)

  test('has the origin of its first transaction', () => {
    expect(l2BlockRef(config, blockOf(config))).toEqual({
      hash: hash('77'),
      number: 5n,
      parentHash: hash('76'),
      timestamp,
      l1Origin: { hash: hash('c5'), number: 5n },
      sequenceNumber: 3n,
    })
  })

  test('of genesis has the origin of the configuration', () => {
    const block = blockOf(config)
    const genesis = { hash: hash('22'), header: { ...block.header, number: 0n }, transactions: [] }
    expect(l2BlockRef(config, genesis)).toMatchObject({ l1Origin: config.genesis.l1, sequenceNumber: 0n })
    expect(systemConfigOfBlock(config, genesis)).toBe(config.genesis.systemConfig)
    expect(() => l2BlockRef(config, { ...genesis, hash: hash('23') })).toThrow(failure('L2_BLOCK_INVALID'))
  })

  test('does not exist without a readable first transaction', () => {
    const block = blockOf(config)
    expect(() => l2BlockRef(config, { ...block, transactions: [] })).toThrow(failure('L2_BLOCK_INVALID'))
    const signed = { type: 2 as const, data: new Uint8Array(0) }
    expect(() => l2BlockRef(config, { ...block, transactions: [signed] })).toThrow(failure('L2_BLOCK_INVALID'))
    expect(() => l2BlockRef(configFor({ ecotone: 0n }), block)).toThrow(failure('L1_INFO_INVALID'))
  })
})

describe('the system configuration after an L2 block', () => {
  test('comes back whole from a Jovian block', () => {
    const config = configFor(JOVIAN)
    expect(systemConfigOfBlock(config, blockOf(config))).toEqual(systemConfig)
  })

  test('has from an older block what that block knows', () => {
    const config = configFor({ canyon: 0n, ecotone: 0n })
    expect(systemConfigOfBlock(config, blockOf(config))).toEqual({
      ...systemConfig,
      eip1559Params: new Uint8Array(8),
      operatorFeeParams: ZERO_HASH,
      minBaseFee: 0n,
      daFootprintGasScalar: 0,
    })
  })

  test('keeps the scalar of before Ecotone as it is', () => {
    const config = configFor({ ecotone: timestamp })
    const { scalar, overhead } = systemConfigOfBlock(config, blockOf(config))
    expect([scalar, overhead]).toEqual([systemConfig.scalar, systemConfig.overhead])
  })

  test('does not keep the gas of the Karst upgrade, unless the chain once did', () => {
    const raised = systemConfig.gasLimit + karstUpgradeGas()
    const at = { ...JOVIAN, karst: timestamp }
    const gasLimit = (config: L2BlockConfig): bigint => systemConfigOfBlock(config, blockOf(config, raised)).gasLimit
    expect(gasLimit(configFor(at))).toBe(systemConfig.gasLimit)
    expect(gasLimit(configFor(at, true))).toBe(raised)
    expect(gasLimit(configFor({ ...JOVIAN, karst: timestamp - 2n }))).toBe(raised)
  })

  test('is not read out of extraData that the fork does not know', () => {
    const config = configFor(JOVIAN)
    const block = blockOf(config)
    const header = { ...block.header, extraData: new Uint8Array(9) }
    expect(() => systemConfigOfBlock(config, { ...block, header })).toThrow(failure('EXTRA_DATA_INVALID'))
  })
})
