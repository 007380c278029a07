import type { Hash } from '../primitives/hex.ts'
import type { RequestedAttributes } from '../protocol/attributes.ts'
import type { ExecutionPayload, PayloadContext } from '../protocol/execution-payload.ts'
import { engineError } from './engine-errors.ts'
import { type EngineFork, type EngineRules, OSAKA_FORKS } from './engine-rules.ts'

/** What comes beside a payload, as far as the version of the method carries it. */
export interface NewPayloadContext extends PayloadContext {
  readonly versionedHashes?: readonly Hash[] | undefined
}

const BLOB_FORKS: readonly EngineFork[] = ['cancun', 'prague', ...OSAKA_FORKS]

/** The payload version that a getPayload takes by the first byte of the id, and the upgrades that its blocks may be of. */
const GET_PAYLOAD: Readonly<
  Record<GetPayloadVersion, { readonly ids: readonly number[]; readonly forks: readonly EngineFork[] | undefined }>
> = {
  1: { ids: [1], forks: undefined },
  2: { ids: [1, 2], forks: ['paris', 'shanghai'] },
  3: { ids: [3], forks: ['cancun'] },
  4: { ids: [3], forks: ['prague'] },
  5: { ids: [3], forks: OSAKA_FORKS },
}

/** Versions of `engine_newPayload`. */
export type NewPayloadVersion = 1 | 2 | 3 | 4
/** Versions of `engine_forkchoiceUpdated`. */
export type ForkchoiceVersion = 1 | 2 | 3
/** Versions of `engine_getPayload`. */
export type GetPayloadVersion = 1 | 2 | 3 | 4 | 5

/** The number at the end of a method's name. */
export function versionOf<Version extends number>(method: string): Version {
  return Number(method.slice(-1)) as Version
}

/** What must not be, and what is said of it. */
type Check = readonly [broken: boolean, fault: string]

function refuse(code: 'ENGINE_PARAMS_INVALID' | 'ATTRIBUTES_INVALID', checks: readonly Check[]): void {
  const broken = checks.find(([fails]) => fails)
  if (broken !== undefined) throw engineError(code, broken[1])
}

function paramChecks(
  fork: EngineFork,
  version: NewPayloadVersion,
  { withdrawals, excessBlobGas, blobGasUsed }: ExecutionPayload,
  { versionedHashes, parentBeaconBlockRoot, executionRequests }: NewPayloadContext,
): readonly Check[] {
  if (version === 1) return [[withdrawals !== undefined, 'withdrawals not supported in V1']]
  if (version === 2) {
    return [
      [BLOB_FORKS.includes(fork), "can't use newPayloadV2 post-cancun"],
      [fork === 'shanghai' && withdrawals === undefined, 'nil withdrawals post-shanghai'],
      [fork === 'paris' && withdrawals !== undefined, 'non-nil withdrawals pre-shanghai'],
      [excessBlobGas !== undefined, 'non-nil excessBlobGas pre-cancun'],
      [blobGasUsed !== undefined, 'non-nil blobGasUsed pre-cancun'],
    ]
  }
  return [
    [withdrawals === undefined, 'nil withdrawals post-shanghai'],
    [excessBlobGas === undefined, 'nil excessBlobGas post-cancun'],
    [blobGasUsed === undefined, 'nil blobGasUsed post-cancun'],
    [versionedHashes === undefined, 'nil versionedHashes post-cancun'],
    [parentBeaconBlockRoot === undefined, 'nil beaconRoot post-cancun'],
    [version === 4 && executionRequests === undefined, 'nil executionRequests post-prague'],
  ]
}

/**
 * Checks that a payload goes with the version of the method that it came by.
 * @throws AppError ENGINE_PARAMS_INVALID, FORK_UNSUPPORTED @see geth, eth/catalyst NewPayloadV1 and on
 */
export function checkNewPayload(
  rules: EngineRules,
  version: NewPayloadVersion,
  payload: ExecutionPayload,
  context: NewPayloadContext,
): void {
  const fork = rules.fork(payload.timestamp)
  refuse('ENGINE_PARAMS_INVALID', paramChecks(fork, version, payload, context))
  if (version === 3 && fork !== 'cancun') {
    throw engineError('FORK_UNSUPPORTED', 'newPayloadV3 must only be called for cancun payloads')
  }
  if (version !== 4) return
  const { forks, names } = rules.newPayloadV4
  if (!forks.includes(fork)) {
    throw engineError('FORK_UNSUPPORTED', `newPayloadV4 must only be called for ${names} payloads`)
  }
  const fault = requestsFault(context.executionRequests ?? [])
  if (fault !== undefined) throw engineError('ENGINE_PARAMS_INVALID', fault)
}

/** Requests come with data, and by rising type. */
function requestsFault(requests: readonly Uint8Array[]): string | undefined {
  const shown = (request: Uint8Array): string => `[${request.join(' ')}]`
  let last = -1
  for (const request of requests) {
    const [type = 0] = request
    if (request.length < 2) return `empty request: ${shown(request)}`
    if (type <= last) return `invalid request order: ${shown(request)}`
    last = type
  }
  return undefined
}

/**
 * Checks that attributes go with the version of the method that they came by.
 * @throws AppError ENGINE_PARAMS_INVALID, ATTRIBUTES_INVALID, FORK_UNSUPPORTED @see geth, eth/catalyst ForkchoiceUpdatedV1 and on
 */
export function checkAttributes(rules: EngineRules, version: ForkchoiceVersion, attributes: RequestedAttributes): void {
  const fork = rules.fork(attributes.timestamp)
  const withdrawals = attributes.withdrawals !== undefined
  const beaconRoot = attributes.parentBeaconBlockRoot !== undefined
  const early = fork === 'paris' || fork === 'shanghai'
  if (version === 1) {
    refuse('ENGINE_PARAMS_INVALID', [
      [withdrawals || beaconRoot, 'withdrawals and beacon root not supported in V1'],
      [!early, 'fcuV1 called post-shanghai'],
    ])
  } else if (version === 2) {
    refuse('ATTRIBUTES_INVALID', [
      [beaconRoot, 'unexpected beacon root'],
      [fork === 'paris' && withdrawals, 'withdrawals before shanghai'],
      [fork === 'shanghai' && !withdrawals, 'missing withdrawals'],
    ])
    if (!early) throw engineError('FORK_UNSUPPORTED', 'fcuV2 must only be called with paris or shanghai payloads')
  } else {
    refuse('ATTRIBUTES_INVALID', [
      [!withdrawals, 'missing withdrawals'],
      [!beaconRoot, 'missing beacon root'],
    ])
    if (!BLOB_FORKS.includes(fork)) {
      throw engineError('FORK_UNSUPPORTED', 'fcuV3 must only be called for cancun/prague/osaka payloads')
    }
  }
}

/** Checks that a payload id is one of those that a version of the method gives out. @throws AppError FORK_UNSUPPORTED */
export function checkPayloadId(version: GetPayloadVersion, id: Uint8Array): void {
  if (!GET_PAYLOAD[version].ids.includes(id[0] ?? 0)) throw engineError('FORK_UNSUPPORTED')
}

/** Checks that a version of the method gives out blocks of this time. @throws AppError FORK_UNSUPPORTED */
export function checkPayloadTime(rules: EngineRules, version: GetPayloadVersion, timestamp: bigint): void {
  const { forks } = GET_PAYLOAD[version]
  if (forks !== undefined && !forks.includes(rules.fork(timestamp))) throw engineError('FORK_UNSUPPORTED')
}
