import { describe, expect, it } from 'vitest'
import { toWord, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import type { RequestedAttributes } from '../protocol/attributes.ts'
import type { ExecutionPayload } from '../protocol/execution-payload.ts'
import { OpForks } from '../protocol/forks.ts'
import { l1EngineRules, opEngineRules } from './engine-rules.ts'
import { checkAttributes, checkNewPayload, checkPayloadId, checkPayloadTime } from './engine-versions.ts'

const TIMES = { shanghai: 10n, cancun: 20n, prague: 30n, osaka: 40n, bpo1: 50n }
const l1 = l1EngineRules({ chainId: 1n, blockForks: {}, timeForks: TIMES, blobSchedule: {} })
const op = opEngineRules(new OpForks({ canyon: 10n, ecotone: 20n, holocene: 25n, isthmus: 30n, jovian: 40n }))
const FORK_TIMES = [5n, 15n, 25n, 35n, 45n, 55n]

function payload(timestamp: bigint): ExecutionPayload {
  return {
    parentHash: ZERO_HASH,
    feeRecipient: ZERO_ADDRESS,
    stateRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    logsBloom: new Uint8Array(256),
    prevRandao: ZERO_HASH,
    blockNumber: 1n,
    gasLimit: 1n,
    gasUsed: 0n,
    timestamp,
    extraData: new Uint8Array(0),
    baseFeePerGas: 1n,
    blockHash: ZERO_HASH,
    transactions: [],
    ...(timestamp >= 10n && { withdrawals: [] }),
    ...(timestamp >= 20n && { blobGasUsed: 0n, excessBlobGas: 0n }),
  }
}

function attributes(timestamp: bigint): RequestedAttributes {
  return {
    timestamp,
    prevRandao: ZERO_HASH,
    suggestedFeeRecipient: ZERO_ADDRESS,
    transactions: [],
    noTxPool: true,
    ...(timestamp >= 10n && { withdrawals: [] }),
    ...(timestamp >= 20n && { parentBeaconBlockRoot: ZERO_HASH }),
  }
}

const beside = { versionedHashes: [], parentBeaconBlockRoot: ZERO_HASH, executionRequests: [] }

/** The versions that take something. */
function taking<Version>(versions: readonly Version[], check: (version: Version) => void): readonly Version[] {
  return versions.filter((version) => {
    try {
      check(version)
      return true
    } catch {
      return false
    }
  })
}

describe('versions of the Engine API', () => {
  it.each([
    ['L1', l1, [[1, 2], [2], [3], [4], [4], [4]]],
    ['an OP-Stack chain', op, [[1, 2], [2], [3], [4], [4], [4]]],
  ] as const)('of newPayload for the blocks of %s', (_, rules, expected) => {
    const found = FORK_TIMES.map((time) =>
      taking([1, 2, 3, 4] as const, (version) => checkNewPayload(rules, version, payload(time), beside)),
    )
    expect(found).toEqual(expected)
  })

  it('of forkchoiceUpdated and getPayload for the blocks of L1', () => {
    const forkchoice = FORK_TIMES.map((time) =>
      taking([1, 2, 3] as const, (version) => checkAttributes(l1, version, attributes(time))),
    )
    expect(forkchoice).toEqual([[1, 2], [2], [3], [3], [3], [3]])
    const fetched = FORK_TIMES.map((time) =>
      taking([1, 2, 3, 4, 5] as const, (version) => checkPayloadTime(l1, version, time)),
    )
    expect(fetched).toEqual([
      [1, 2],
      [1, 2],
      [1, 3],
      [1, 4],
      [1, 5],
      [1, 5],
    ])
    const byId = [1, 2, 3].map((first) =>
      taking([1, 2, 3, 4, 5] as const, (version) => checkPayloadId(version, Uint8Array.of(first))),
    )
    expect(byId).toEqual([[1, 2], [2], [3, 4, 5]])
  })

  it('say what is wrong', () => {
    const check =
      (more: object): (() => void) =>
      () =>
        checkNewPayload(l1, 4, payload(35n), { ...beside, ...more })
    for (const [more, err] of [
      [{ versionedHashes: undefined }, 'nil versionedHashes post-cancun'],
      [{ parentBeaconBlockRoot: undefined }, 'nil beaconRoot post-cancun'],
      [{ executionRequests: undefined }, 'nil executionRequests post-prague'],
      [{ executionRequests: [Uint8Array.of(0)] }, 'empty request: [0]'],
      [{ executionRequests: [Uint8Array.of(1, 2), Uint8Array.of(1, 3)] }, 'invalid request order: [1 3]'],
    ] as const) {
      expect(check(more)).toThrow(
        expect.objectContaining({
          code: 'ENGINE_PARAMS_INVALID',
          message: 'Invalid parameters',
          data: { err },
        }) as Error,
      )
    }
    expect(check({})).not.toThrow()
    expect(() => checkNewPayload(l1, 3, payload(35n), beside)).toThrow(
      expect.objectContaining({
        code: 'FORK_UNSUPPORTED',
        data: { err: 'newPayloadV3 must only be called for cancun payloads' },
      }) as Error,
    )
  })
})

describe('what only OP-Stack chains ask for', () => {
  const good = { ...attributes(25n), gasLimit: 1n, eip1559Params: new Uint8Array(8) }

  it.each([
    [good, undefined],
    [attributes(25n), 'gasLimit parameter is required'],
    [
      { ...good, eip1559Params: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 6) },
      'holocene params cannot have a 0 denominator unless elasticity is also 0',
    ],
    [{ ...good, eip1559Params: new Uint8Array(9) }, 'holocene eip-1559 params should be 8 bytes, got 9'],
    [{ ...good, timestamp: 22n }, 'non-empty eip155Params pre-Holocene'],
    [
      { ...good, withdrawals: [{ index: 0n, validatorIndex: 0n, address: ZERO_ADDRESS, amount: 1n }] },
      'non-empty withdrawals post-Canyon',
    ],
  ])('of attributes %#', (requested, fault) => {
    expect(op.attributesFault(requested)).toBe(fault)
    expect(l1.attributesFault(requested)).toBeUndefined()
  })

  it('of payloads', () => {
    expect(op.payloadFault(payload(35n))).toBe('nil withdrawalsRoot post-Isthmus')
    expect(op.payloadFault({ ...payload(25n), withdrawalsRoot: toWord(1n) })).toBe(
      'non-nil withdrawalsRoot pre-Isthmus',
    )
    expect(op.contextFault(payload(35n), { executionRequests: [Uint8Array.of(0, 1)] })).toBe(
      'requests should be empty for Isthmus blocks',
    )
    expect([
      op.payloadFault(payload(25n)),
      op.contextFault(payload(35n), beside),
      l1.payloadFault(payload(35n)),
    ]).toEqual([undefined, undefined, undefined])
  })

  it('is not looked at on L1', () => {
    expect(l1.accepted({ ...good, minBaseFee: 5n, transactions: [new Uint8Array(1)] })).toEqual({
      ...attributes(25n),
      noTxPool: false,
    })
    expect(op.accepted({ ...good, timestamp: 22n })).not.toHaveProperty('eip1559Params')
  })
})
