import { describe, expect, test } from 'vitest'
import type { Hash } from '../primitives/hex.ts'
import { bytesToHex } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { transactionsRoot, withdrawalsRoot } from './block.ts'
import { requestsHash } from './execution-requests.ts'
import { EMPTY_HEADER, EMPTY_REQUESTS_HASH, type Header, hashHeader } from './header.ts'
import {
  blockOf,
  envelopeFromJson,
  envelopeToJson,
  executionRequestsFromJson,
  newPayloadParams,
  type Payload,
  payloadFromJson,
  payloadOf,
  payloadToJson,
} from './payload.ts'
import { createDeposit } from './transaction.ts'
import type { Withdrawal } from './withdrawal.ts'

const BEACON = `0x${'be'.repeat(32)}` as const
const PASSER = `0x${'aa'.repeat(32)}` as const
const deposit = createDeposit({
  sourceHash: `0x${'01'.repeat(32)}`,
  from: `0x${'02'.repeat(20)}`,
  to: undefined,
  mint: 3n,
  value: 4n,
  gasLimit: 5n,
  isSystemTx: false,
  data: new Uint8Array(6),
})

function payload(fields: Partial<Header>, withdrawals?: readonly Withdrawal[]): Payload {
  const header: Header = {
    ...EMPTY_HEADER,
    number: 7n,
    timestamp: 8n,
    gasLimit: 9n,
    baseFeePerGas: 10n,
    transactionsRoot: transactionsRoot([deposit.raw]),
    ...fields,
  }
  return { hash: hashHeader(header), header, transactions: [deposit.raw], ...(withdrawals && { withdrawals }) }
}

const ecotone = {
  withdrawalsRoot: EMPTY_TRIE_ROOT,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: BEACON,
} as const
const OP: readonly (readonly [string, Payload, number])[] = [
  ['Bedrock', payload({}), 1],
  ['Canyon', payload({ withdrawalsRoot: EMPTY_TRIE_ROOT }, []), 1],
  ['Ecotone', payload(ecotone, []), 3],
  ['Isthmus', payload({ ...ecotone, withdrawalsRoot: PASSER, requestsHash: EMPTY_REQUESTS_HASH }, []), 4],
  [
    'Jovian',
    payload({ ...ecotone, blobGasUsed: 5n, withdrawalsRoot: PASSER, requestsHash: EMPTY_REQUESTS_HASH }, []),
    4,
  ],
]

describe('an OP payload', () => {
  test.each(OP)('of %s goes out and comes in', (_, block, parameters) => {
    expect(envelopeFromJson(JSON.parse(JSON.stringify(envelopeToJson(block))))).toEqual(block)
    expect(payloadOf(blockOf(block))).toEqual(block)
    expect(newPayloadParams(block, true)).toHaveLength(parameters)
  })

  test('has the fields of its fork and no others', () => {
    const added = OP.map(([, block]) => Object.keys(payloadToJson(block, true)).slice(14))
    expect(added).toEqual([
      [],
      ['withdrawals'],
      ['withdrawals', 'blobGasUsed', 'excessBlobGas'],
      ['withdrawals', 'blobGasUsed', 'excessBlobGas', 'withdrawalsRoot'],
      ['withdrawals', 'blobGasUsed', 'excessBlobGas', 'withdrawalsRoot'],
    ])
  })
})

describe('an L1 payload', () => {
  const withdrawals = [{ index: 1n, validatorIndex: 2n, address: `0x${'03'.repeat(20)}` as const, amount: 4n }]
  const requests = [Uint8Array.of(0, 1, 2), Uint8Array.of(1, 7)]
  const block = payload(
    { ...ecotone, withdrawalsRoot: withdrawalsRoot(withdrawals), requestsHash: requestsHash(requests) },
    withdrawals,
  )

  test('goes out and comes in, with its requests beside it', () => {
    const [json, hashes, root, list] = newPayloadParams(block, false, requests)
    expect(hashes).toEqual([])
    expect(json).not.toHaveProperty('withdrawalsRoot')
    const executionRequests = executionRequestsFromJson(list)
    expect(executionRequests.map(bytesToHex)).toEqual(['0x000102', '0x0107'])
    expect(payloadFromJson(json, { parentBeaconBlockRoot: root as Hash, executionRequests })).toEqual(block)
  })
})

describe('is refused', () => {
  const [, block] = OP[3] as (typeof OP)[0]

  test('a payload with another hash than its own', () => {
    const json = { ...payloadToJson(block, true), gasUsed: '0x1' }
    expect(() => payloadFromJson(json, { parentBeaconBlockRoot: BEACON })).toThrow(
      expect.objectContaining({
        code: 'PAYLOAD_HASH_MISMATCH',
        message: expect.stringMatching(
          /^payload has bad block hash: 0x\w{64}, actual block hash is: 0x\w{64}$/,
        ) as unknown,
      }) as Error,
    )
  })

  test.each([
    ['blockNumber', '0x07'],
    ['blockNumber', 7],
    ['stateRoot', '0x12'],
    ['transactions', ['0x1']],
    ['withdrawals', [{}]],
    ['logsBloom', undefined],
  ])('a payload whose %s is %j', (key, value) => {
    const json = { ...payloadToJson(block, true), [key]: value }
    expect(() => payloadFromJson(json, { parentBeaconBlockRoot: BEACON })).toThrow(
      expect.objectContaining({
        code: 'JSON_VALUE_INVALID',
        message: expect.stringContaining(key) as unknown,
      }) as Error,
    )
  })

  test.each([null, 5, [], {}])('%j as an envelope', (json) => {
    expect(() => envelopeFromJson(json)).toThrow(expect.objectContaining({ code: 'JSON_VALUE_INVALID' }) as Error)
  })
})
