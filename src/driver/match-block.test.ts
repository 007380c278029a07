import { describe, expect, test } from 'vitest'
import { concatBytes, toWord } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { type PayloadAttributes, SEQUENCER_FEE_VAULT } from '../protocol/attributes.ts'
import { encodeEip1559Params, encodeExtraData } from '../protocol/extra-data.ts'
import { OP_FORKS, type OpFork, OpForks } from '../protocol/forks.ts'
import { EMPTY_HEADER, type Header } from '../protocol/header.ts'
import type { Payload } from '../protocol/payload.ts'
import { attributesMismatch, type MatchConfig } from './match-block.ts'

const parentHash = toWord(0x123n)
const timestamp = 50n
const CONSTANTS = { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n }
const CANYON = { denominator: 250n, elasticity: 6n }
const GWEI = 10n ** 9n

/** Every upgrade up to one is active from the beginning, no other ever. */
function configOf(fork: OpFork | 'bedrock'): MatchConfig {
  const active = fork === 'bedrock' ? [] : OP_FORKS.slice(0, OP_FORKS.indexOf(fork) + 1)
  return { forks: new OpForks(Object.fromEntries(active.map((each) => [each, 0n]))), chainOpConfig: CONSTANTS }
}

interface Pair {
  readonly attributes: PayloadAttributes
  readonly block: Payload
}

/** Attributes, and the block that is made of them. */
function pairOf(fork: OpFork | 'bedrock', params = CANYON): Pair {
  const { forks } = configOf(fork)
  const is = (name: OpFork): boolean => forks.isActive(name, timestamp)
  const attributes: PayloadAttributes = {
    timestamp,
    prevRandao: toWord(0x789n),
    suggestedFeeRecipient: SEQUENCER_FEE_VAULT,
    transactions: [Uint8Array.of(0x7e, 1), Uint8Array.of(2, 2)],
    noTxPool: true,
    gasLimit: 1000n,
    ...(is('canyon') && { withdrawals: [] }),
    ...(is('ecotone') && { parentBeaconBlockRoot: toWord(0x456n) }),
    ...(is('holocene') && { eip1559Params: encodeEip1559Params(params) }),
    ...(is('jovian') && { minBaseFee: GWEI }),
  }
  const header: Header = {
    ...EMPTY_HEADER,
    parentHash,
    timestamp,
    mixHash: attributes.prevRandao,
    beneficiary: SEQUENCER_FEE_VAULT,
    gasLimit: 1000n,
    extraData: encodeExtraData(forks, timestamp, params.denominator === 0n ? CANYON : params, GWEI),
    ...(is('canyon') && { withdrawalsRoot: is('isthmus') ? toWord(0xaan) : EMPTY_TRIE_ROOT }),
    ...(is('ecotone') && { parentBeaconBlockRoot: toWord(0x456n) }),
  }
  const { transactions } = attributes
  return { attributes, block: { hash: toWord(1n), header, transactions, ...(is('canyon') && { withdrawals: [] }) } }
}

describe('a block and what was derived', () => {
  test.each(['bedrock', 'canyon', 'ecotone', 'fjord', 'holocene', 'isthmus', 'jovian'] as const)(
    'match: %s',
    (fork) => {
      const { attributes, block } = pairOf(fork)
      expect(attributesMismatch(configOf(fork), attributes, parentHash, block)).toBeUndefined()
    },
  )

  test.each(['holocene', 'jovian'] as const)('zeros are the constants of Canyon: %s', (fork) => {
    const { attributes, block } = pairOf(fork, { denominator: 0n, elasticity: 0n })
    expect(attributesMismatch(configOf(fork), attributes, parentHash, block)).toBeUndefined()
    expect(() => attributesMismatch({ forks: configOf(fork).forks }, attributes, parentHash, block)).toThrow(
      expect.objectContaining({ code: 'CHAIN_MISMATCH', severity: 'critical' }),
    )
  })

  // Those of op-node's rollup/attributes/engine_consolidate_test.go, and what it leaves out.
  test.each<[OpFork | 'bedrock', string, (pair: Pair) => { readonly [Part in keyof Pair]?: object | undefined }]>([
    [
      'holocene',
      `parent hash field does not match. expected: ${parentHash}. got: ${toWord(9n)}`,
      () => ({ block: { header: { parentHash: toWord(9n) } } }),
    ],
    ['holocene', 'timestamp field does not match. expected: 51. got: 50', () => ({ attributes: { timestamp: 51n } })],
    ['holocene', 'random field does not match. expected: ', () => ({ attributes: { prevRandao: toWord(0xabcn) } })],
    [
      'holocene',
      'transaction count does not match. expected: 1. got: 2',
      () => ({ attributes: { transactions: [Uint8Array.of(0x7e, 1)] } }),
    ],
    [
      'holocene',
      'transaction 1 does not match. expected: 0x0202. got: 0x0203',
      ({ block }) => ({ block: { transactions: [block.transactions[0], Uint8Array.of(2, 3)] } }),
    ],
    [
      'holocene',
      `transaction 0 does not match. expected: 0x7e01. got: 0x${'07'.repeat(32)}… (1000 bytes)`,
      ({ block }) => ({ block: { transactions: [new Uint8Array(1000).fill(7), block.transactions[1]] } }),
    ],
    ['holocene', 'gas limit does not match. expected 2000. got: 1000', () => ({ attributes: { gasLimit: 2000n } })],
    [
      'canyon',
      'canyon: expected withdrawals in block to be non-nil and empty: block',
      () => ({ block: { withdrawals: undefined } }),
    ],
    [
      'canyon',
      'canyon: expected withdrawals in block to be non-nil and empty: block',
      () => ({ block: { withdrawals: [{}] } }),
    ],
    [
      'canyon',
      'canyon: expected withdrawals in block to be non-nil and empty: attributes',
      () => ({ attributes: { withdrawals: undefined } }),
    ],
    [
      'canyon',
      'canyon: expected withdrawals in block to be non-nil and empty: attributes',
      () => ({ attributes: { withdrawals: [{}] } }),
    ],
    [
      'canyon',
      `canyon: expected withdrawalsRoot in block to be default: got ${toWord(5n)}`,
      () => ({ block: { header: { withdrawalsRoot: toWord(5n) } } }),
    ],
    [
      'bedrock',
      'bedrock: expected withdrawals in attributes to be nil: got 0',
      () => ({ attributes: { withdrawals: [] } }),
    ],
    [
      'isthmus',
      'isthmus: expected withdrawalsRoot in block to be non-nil',
      () => ({ block: { header: { withdrawalsRoot: undefined } } }),
    ],
    [
      'ecotone',
      `expected non-nil parent beacon block root ${toWord(0x456n)} but got nil`,
      () => ({ block: { header: { parentBeaconBlockRoot: undefined } } }),
    ],
    [
      'ecotone',
      `expected nil parent beacon block root but got non-nil ${toWord(0x456n)}`,
      () => ({ attributes: { parentBeaconBlockRoot: undefined } }),
    ],
    [
      'ecotone',
      'parent beacon block root does not match. expected ',
      () => ({ attributes: { parentBeaconBlockRoot: toWord(0xabcn) } }),
    ],
    [
      'holocene',
      'fee recipient data does not match, expected 0xdead',
      () => ({ attributes: { suggestedFeeRecipient: `0xdead${'00'.repeat(18)}` } }),
    ],
    [
      'ecotone',
      'nil EIP1559Params in attributes but non-nil extraData in block: 0x01',
      () => ({ block: { header: { extraData: Uint8Array.of(1) } } }),
    ],
    [
      'holocene',
      'eip1559 parameters do not match, attributes: 999, 999, block: 250, 6',
      () => ({ attributes: { eip1559Params: encodeEip1559Params({ denominator: 999n, elasticity: 999n }) } }),
    ],
    [
      'holocene',
      'eip1559 parameters do not match, attributes: 250, 6 (translated from 0,0), block: 249, 6',
      () => ({
        attributes: { eip1559Params: new Uint8Array(8) },
        block: { header: { extraData: Uint8Array.of(0, 0, 0, 0, 249, 0, 0, 0, 6) } },
      }),
    ],
    [
      'holocene',
      'invalid attributes EIP1559 parameters: holocene params cannot have a 0 elasticity unless denominator is also 0',
      () => ({ attributes: { eip1559Params: encodeEip1559Params({ denominator: 1n, elasticity: 0n }) } }),
    ],
    [
      'jovian',
      'invalid block extraData: Jovian extraData should be 17 bytes, got 9',
      ({ block }) => ({ block: { header: { extraData: block.header.extraData.subarray(0, 9) } } }),
    ],
    [
      'holocene',
      'invalid block extraData: holocene extraData should be 9 bytes, got 10',
      ({ block }) => ({ block: { header: { extraData: concatBytes(block.header.extraData, Uint8Array.of(0)) } } }),
    ],
    [
      'jovian',
      'minBaseFee does not match, attributes: undefined, block: 1000000000',
      () => ({ attributes: { minBaseFee: undefined } }),
    ],
    [
      'jovian',
      'minBaseFee does not match, attributes: 2000000000, block: 1000000000',
      () => ({ attributes: { minBaseFee: 2n * GWEI } }),
    ],
  ])('%s: %s', (fork, reason, change) => {
    const pair = pairOf(fork)
    const { attributes, block = {} } = change(pair)
    const header = { ...pair.block.header, ...('header' in block ? (block.header as object) : {}) }
    const changed: Pair = {
      attributes: { ...pair.attributes, ...attributes },
      block: { ...pair.block, ...block, header },
    }
    expect(attributesMismatch(configOf(fork), changed.attributes, parentHash, changed.block)).toContain(reason)
  })
})
