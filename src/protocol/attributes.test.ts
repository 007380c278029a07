import { describe, expect, test } from 'vitest'
import { type Hash, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { type AttributesInput, prepareAttributes } from './attributes.ts'
import { attributesFromJson, attributesToJson } from './attributes-json.ts'
import { OP_FORKS, type OpFork, OpForks } from './forks.ts'
import { EMPTY_HEADER } from './header.ts'
import { decodeL1Info } from './l1-info.ts'
import { parseRollupConfig, type RollupConfig } from './rollup-config.ts'
import { CONFIG_UPDATE_TOPIC } from './system-config-updates.ts'
import { karstUpgradeGas } from './upgrade-txs.ts'
import { TRANSACTION_DEPOSITED_TOPIC } from './user-deposits.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
const word = (value: bigint): string => value.toString(16).padStart(64, '0')

function config(forks: Partial<Record<OpFork, bigint>>): RollupConfig {
  const parsed = parseRollupConfig({
    genesis: {
      l1: { hash: hash('11'), number: 0 },
      l2: { hash: hash('22'), number: 0 },
      l2_time: 1_000,
      system_config: {
        batcherAddr: `0x${'aa'.repeat(20)}`,
        overhead: ZERO_HASH,
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
    batch_inbox_address: `0x${'33'.repeat(20)}`,
    deposit_contract_address: `0x${'44'.repeat(20)}`,
    l1_system_config_address: `0x${'55'.repeat(20)}`,
  })
  return { ...parsed, forks: new OpForks(forks) }
}

const upTo = (last: OpFork): Partial<Record<OpFork, bigint>> =>
  Object.fromEntries(OP_FORKS.slice(0, OP_FORKS.indexOf(last) + 1).map((fork) => [fork, 0n]))

const l1Chain = {
  chainId: 900n,
  blockForks: {},
  timeForks: { cancun: 0n },
  blobSchedule: { cancun: { target: 3, max: 6, updateFraction: 3_338_477n } },
}

function input(forks: Partial<Record<OpFork, bigint>>): AttributesInput {
  const rollup = config(forks)
  return {
    config: rollup,
    l1Chain,
    systemConfig: rollup.genesis.systemConfig,
    parent: {
      hash: hash('77'),
      number: 9n,
      parentHash: hash('76'),
      timestamp: 2_000n,
      l1Origin: { hash: hash('c4'), number: 4n },
      sequenceNumber: 3n,
    },
    origin: { hash: hash('c4'), header: { ...EMPTY_HEADER, number: 4n, timestamp: 1_990n, mixHash: hash('0d') } },
  }
}

function advanced(
  base: AttributesInput,
  logs: readonly { address: Hash; topics: Hash[]; data: Uint8Array }[],
): AttributesInput {
  return {
    ...base,
    origin: {
      hash: hash('c5'),
      header: { ...base.origin.header, number: 5n, parentHash: hash('c4'), timestamp: 2_001n },
      receipts: [{ status: 1, logs }],
    },
  }
}

describe('attributes within an epoch', () => {
  test('hold the L1-attributes transaction alone', () => {
    const { attributes, deposits, sequenceNumber } = prepareAttributes(input(upTo('jovian')))
    expect(sequenceNumber).toBe(4n)
    expect(deposits.map(({ raw }) => raw)).toEqual(attributes.transactions)
    expect(attributes).toMatchObject({
      timestamp: 2_002n,
      prevRandao: hash('0d'),
      suggestedFeeRecipient: '0x4200000000000000000000000000000000000011',
      noTxPool: true,
      gasLimit: 30_000_000n,
      withdrawals: [],
      parentBeaconBlockRoot: ZERO_HASH,
      minBaseFee: 0n,
    })
  })

  test.each([
    ['regolith', []],
    ['canyon', ['withdrawals']],
    ['ecotone', ['parentBeaconBlockRoot', 'withdrawals']],
    ['holocene', ['eip1559Params', 'parentBeaconBlockRoot', 'withdrawals']],
    ['jovian', ['eip1559Params', 'minBaseFee', 'parentBeaconBlockRoot', 'withdrawals']],
  ] as const)('have at %s what the fork knows', (fork, extra) => {
    const { attributes } = prepareAttributes(input(upTo(fork)))
    const later = ['withdrawals', 'parentBeaconBlockRoot', 'eip1559Params', 'minBaseFee']
    expect(
      Object.keys(attributes)
        .filter((key) => later.includes(key))
        .sort(),
    ).toEqual(extra)
    expect(attributesFromJson(JSON.parse(JSON.stringify(attributesToJson(attributes))))).toEqual(attributes)
  })

  test('carry the upgrade of an activation block, behind the deposits', () => {
    const forks = { ...upTo('jovian'), karst: 2_001n }
    const { attributes, deposits } = prepareAttributes(input(forks))
    expect(deposits).toHaveLength(32)
    expect(attributes.gasLimit).toBe(30_000_000n + karstUpgradeGas())
  })
})

describe('attributes of a new epoch', () => {
  const { depositContractAddress, l1SystemConfigAddress } = config({})
  const opaque = `${word(7n)}${word(8n)}${'00'.repeat(6)}520800`
  const depositLog = {
    address: depositContractAddress,
    topics: [TRANSACTION_DEPOSITED_TOPIC, hash('00'), hash('00'), ZERO_HASH],
    data: hexToBytes(`0x${word(32n)}${word(BigInt(opaque.length / 2))}${opaque.padEnd(192, '0')}`),
  }
  const gasLimitLog = (payload: string) => ({
    address: l1SystemConfigAddress,
    topics: [CONFIG_UPDATE_TOPIC, ZERO_HASH, `0x${word(2n)}` as const],
    data: hexToBytes(`0x${word(32n)}${word(32n)}${payload}`),
  })

  test('take its deposits and its configuration at once', () => {
    const prepared = prepareAttributes(
      advanced(input(upTo('jovian')), [depositLog, gasLimitLog(word(1n << 64n)), gasLimitLog(word(5_000_000n))]),
    )
    expect(prepared.sequenceNumber).toBe(0n)
    expect(prepared.deposits).toHaveLength(2)
    expect(prepared.deposits[1]).toMatchObject({ mint: 7n, value: 8n, gasLimit: 21_000n })
    expect(prepared.attributes.gasLimit).toBe(5_000_000n)
    expect(prepared.skippedUpdates).toEqual([
      { receipt: 0, log: 1, reason: 'error parsing system config: could not read gas limit' },
    ])
    const info = decodeL1Info(prepared.deposits[0]?.data ?? new Uint8Array(0), 'jovian')
    expect(info).toMatchObject({ number: 5n, hash: hash('c5'), sequenceNumber: 0n })
  })

  test('cannot do without the receipts, nor past a deposit that cannot be read', () => {
    const { receipts: _, ...origin } = advanced(input({}), []).origin
    expect(() => prepareAttributes({ ...input({}), origin })).toThrow(
      expect.objectContaining({ code: 'ATTRIBUTES_INPUT_INVALID', severity: 'critical' }) as Error,
    )
    const broken = { ...depositLog, data: depositLog.data.subarray(1) }
    expect(() => prepareAttributes(advanced(input({}), [broken]))).toThrow(
      expect.objectContaining({ code: 'DEPOSIT_INVALID', severity: 'critical' }) as Error,
    )
  })
})

describe('an origin that does not fit is refused', () => {
  const reset = expect.objectContaining({ code: 'ATTRIBUTES_ORIGIN_INVALID', severity: 'reset' }) as Error

  test('when it has the number but not the hash', () => {
    const base = input({})
    expect(() => prepareAttributes({ ...base, origin: { ...base.origin, hash: hash('c6') } })).toThrow(reset)
  })

  test('when it is no child of the current one', () => {
    const next = advanced(input({}), [])
    const header = { ...next.origin.header, parentHash: hash('c6') }
    expect(() => prepareAttributes({ ...next, origin: { ...next.origin, header } })).toThrow(reset)
  })

  test('when it is younger than the block, unless that is meant', () => {
    const next = advanced(input({}), [])
    const header = { ...next.origin.header, timestamp: 2_003n }
    const late = { ...next, origin: { ...next.origin, header } }
    expect(() => prepareAttributes(late)).toThrow(reset)
    expect(prepareAttributes({ ...late, skipOriginCheck: true }).attributes.timestamp).toBe(2_002n)
    expect(prepareAttributes({ ...late, timestamp: 2_003n }).attributes.timestamp).toBe(2_003n)
  })
})

describe('attributes in JSON', () => {
  const json = attributesToJson(prepareAttributes(input(upTo('jovian'))).attributes)

  test('have the minimum base fee as a number', () => {
    expect(json.minBaseFee).toBe(0)
    expect(() => attributesFromJson({ ...json, minBaseFee: '0x0' })).toThrow(
      expect.objectContaining({ code: 'JSON_VALUE_INVALID' }) as Error,
    )
  })

  test.each([
    ['gasLimit', '0x10000000000000000'],
    ['noTxPool', 'true'],
    ['eip1559Params', '0x0'],
    ['timestamp', 5],
  ])('are refused when %s is %j', (key, value) => {
    expect(() => attributesFromJson({ ...json, [key]: value })).toThrow(
      expect.objectContaining({ code: 'JSON_VALUE_INVALID' }) as Error,
    )
  })
})
