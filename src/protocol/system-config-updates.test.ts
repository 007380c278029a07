import { describe, expect, test } from 'vitest'
import { type Hash, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { encodeEip1559Params } from './extra-data.ts'
import { encodeEcotoneScalar, type SystemConfig } from './system-config.ts'
import { applyConfigUpdate, applyConfigUpdates, CONFIG_UPDATE_TOPIC } from './system-config-updates.ts'

const word = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`
const ADDRESS = `0x${'cc'.repeat(20)}` as const

const before: SystemConfig = {
  batcherAddress: `0x${'01'.repeat(20)}`,
  overhead: word(2n),
  scalar: word(3n),
  gasLimit: 4n,
  eip1559Params: new Uint8Array(8),
  operatorFeeParams: ZERO_HASH,
  minBaseFee: 0n,
  daFootprintGasScalar: 0,
}

function event(type: bigint, ...words: bigint[]) {
  const data = [32n, BigInt(words.length * 32), ...words].map((value) => word(value).slice(2)).join('')
  return { address: ADDRESS, topics: [CONFIG_UPDATE_TOPIC, ZERO_HASH, word(type)], data: hexToBytes(data) }
}

const versioned = BigInt(encodeEcotoneScalar({ baseFeeScalar: 8n, blobBaseFeeScalar: 9n }))

describe('an update', () => {
  test.each<[string, ReturnType<typeof event>, boolean, Partial<SystemConfig>]>([
    ['of the batcher', event(0n, 0xabn), true, { batcherAddress: `0x${'00'.repeat(19)}ab` }],
    ['of the fee before Ecotone', event(1n, 5n, versioned), false, { overhead: word(5n), scalar: word(versioned) }],
    ['of the fee from Ecotone', event(1n, 5n, versioned), true, { overhead: ZERO_HASH, scalar: word(versioned) }],
    ['of the fee that Ecotone does not understand', event(1n, 5n, 1n << 100n), true, {}],
    ['of the gas limit', event(2n, 5n), true, { gasLimit: 5n }],
    ['of the signer', event(3n), true, {}],
    [
      'of EIP-1559',
      event(4n, (6n << 32n) | 7n),
      true,
      { eip1559Params: encodeEip1559Params({ denominator: 6n, elasticity: 7n }) },
    ],
    ['of the operator fee', event(5n, 77n), true, { operatorFeeParams: word(77n) }],
    ['of the minimum base fee', event(6n, 77n), true, { minBaseFee: 77n }],
    ['of the DA footprint', event(7n, 77n), true, { daFootprintGasScalar: 77 }],
  ])('%s', (_, log, ecotone, change) => {
    expect(applyConfigUpdate(before, log, ecotone)).toEqual({ ...before, ...change })
  })

  test.each([
    ['dirty batcher', event(0n, 1n << 160n)],
    ['gas limit beyond u64', event(2n, 1n << 64n)],
    ['only one parameter of EIP-1559', event(4n, 7n)],
    ['footprint beyond u16', event(7n, 1n << 16n)],
    ['unknown type', event(8n, 1n)],
    ['a word too many', event(2n, 1n, 1n)],
    ['no payload', event(2n)],
    ['another version', { ...event(2n, 1n), topics: [CONFIG_UPDATE_TOPIC, word(1n), word(2n)] }],
    ['no type', { ...event(2n, 1n), topics: [CONFIG_UPDATE_TOPIC, ZERO_HASH] }],
    ['no data', { ...event(2n, 1n), data: new Uint8Array(0) }],
  ])('with %s is passed over', (_, log) => {
    const receipts = [{ status: 1 as const, logs: [log, event(6n, 9n)] }]
    const applied = applyConfigUpdates(before, receipts, ADDRESS, true)
    expect(applied.systemConfig).toEqual({ ...before, minBaseFee: 9n })
    expect(applied.skipped).toMatchObject([{ receipt: 0, log: 0 }])
  })
})

test('updates count from successful receipts and the one contract, in order', () => {
  const receipts = [
    { status: 0 as const, logs: [event(2n, 10n)] },
    { status: 1 as const, logs: [{ ...event(2n, 11n), address: `0x${'dd'.repeat(20)}` as const }] },
    { status: 1 as const, logs: [event(2n, 12n), event(2n, 13n)] },
  ]
  const { systemConfig, skipped } = applyConfigUpdates(before, receipts, ADDRESS, true)
  expect(systemConfig.gasLimit).toBe(13n)
  expect(skipped).toEqual([])
})
