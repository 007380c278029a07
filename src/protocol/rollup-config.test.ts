import { describe, expect, test } from 'vitest'
import { isAppError } from '../primitives/errors.ts'
import { parseRollupConfig, rollupConfigToJson } from './rollup-config.ts'

const VALID = {
  genesis: {
    l1: { hash: `0x${'11'.repeat(32)}`, number: 5 },
    l2: { hash: `0x${'22'.repeat(32)}`, number: 0 },
    l2_time: 1_700_000_000,
    system_config: {
      batcherAddr: `0x${'Aa'.repeat(20)}`,
      overhead: `0x${'00'.repeat(32)}`,
      scalar: `0x01${'00'.repeat(31)}`,
      gasLimit: 30_000_000,
    },
  },
  block_time: 2,
  max_sequencer_drift: 600,
  seq_window_size: 3600,
  channel_timeout: 300,
  l1_chain_id: 900,
  l2_chain_id: 901,
  regolith_time: 0,
  canyon_time: 0,
  delta_time: 1_700_000_010,
  batch_inbox_address: `0x${'33'.repeat(20)}`,
  deposit_contract_address: `0x${'44'.repeat(20)}`,
  l1_system_config_address: `0x${'55'.repeat(20)}`,
}

function errorsOf(json: unknown): unknown {
  try {
    parseRollupConfig(json)
  } catch (error) {
    if (isAppError(error, 'ROLLUP_CONFIG_INVALID')) return error.data?.errors
    throw error
  }
  return []
}

describe('rollup.json', () => {
  test('is read into typed values', () => {
    const config = parseRollupConfig(VALID)
    expect(config.genesis.systemConfig.batcherAddress).toBe(`0x${'aa'.repeat(20)}`)
    expect(config.genesis.systemConfig.eip1559Params).toEqual(new Uint8Array(8))
    expect(config.forks.isActive('delta', 1_700_000_010n)).toBe(true)
    expect(config.forks.isActive('ecotone', 1n << 60n)).toBe(false)
    expect(config.blockTime).toBe(2n)
  })

  test('may hold keys that are not known, and null for what is not set', () => {
    const { delta_time: _, ...rest } = VALID
    const config = parseRollupConfig({
      ...rest,
      delta_time: null,
      protocol_versions_address: 'x',
      alt_da: null,
      new: 1,
    })
    expect(config.forks.times.delta).toBeUndefined()
    expect(config).not.toHaveProperty('altDa')
  })

  test('takes the later name of Interop', () => {
    expect(parseRollupConfig({ ...VALID, lagoon_time: 1_800_000_000 }).forks.times.interop).toBe(1_800_000_000n)
  })

  test('comes out as it went in', () => {
    const full = {
      ...VALID,
      ecotone_time: 1_700_000_020,
      pectra_blob_schedule_time: 1_700_000_015,
      keep_karst_upgrade_gas: true,
      chain_op_config: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
      alt_da: {
        da_challenge_contract_address: `0x${'66'.repeat(20)}`,
        da_commitment_type: 'KeccakCommitment',
        da_challenge_window: 160,
        da_resolve_window: 161,
      },
    }
    const json = rollupConfigToJson(parseRollupConfig(full))
    expect(json).toMatchObject({ ...full, genesis: { l2_time: 1_700_000_000 } })
    expect(parseRollupConfig(JSON.parse(JSON.stringify(json)))).toEqual(parseRollupConfig(full))
  })
})

describe('what is wrong is told all at once', () => {
  test('in types', () => {
    const errors = errorsOf({ ...VALID, block_time: '2', l1_chain_id: -1, batch_inbox_address: '0x12', genesis: null })
    expect(errors).toHaveLength(4)
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^block_time: /),
        expect.stringMatching(/^l1_chain_id: /),
        expect.stringMatching(/^batch_inbox_address: expected an address/),
        expect.stringMatching(/^genesis: /),
      ]),
    )
  })

  test('in meaning', () => {
    const zero = `0x${'00'.repeat(32)}`
    expect(
      errorsOf({
        ...VALID,
        genesis: { ...VALID.genesis, l1: { hash: zero, number: 0 }, l2: { hash: zero, number: 0 }, l2_time: 0 },
        block_time: 0,
        seq_window_size: 1,
        max_sequencer_drift: 0,
        l2_chain_id: 900,
        canyon_time: 1_700_000_011,
        fjord_time: 1_700_000_012,
      }),
    ).toEqual([
      'block_time: must not be 0',
      'seq_window_size: must be at least 2',
      'max_sequencer_drift: must be set unless Fjord is at genesis',
      'genesis.l1.hash: must not be zero',
      'genesis.l2.hash: must not be zero',
      'genesis: L1 and L2 genesis must not be the same block',
      'genesis.l2_time: must not be 0',
      'l2_chain_id: must differ from l1_chain_id',
      'delta_time: set to 1700000010, but canyon_time is later (1700000011)',
      'fjord_time: set to 1700000012, but ecotone_time is missing',
    ])
  })

  test('the constants of EIP-1559 must be usable', () => {
    const constants = { eip1559Elasticity: 0, eip1559Denominator: 50 }
    expect(errorsOf({ ...VALID, chain_op_config: constants })).toEqual([
      'chain_op_config.eip1559Elasticity: must not be 0',
      'chain_op_config.eip1559DenominatorCanyon: must not be 0',
    ])
  })
})
