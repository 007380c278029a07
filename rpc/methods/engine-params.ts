import { errorMessage, isAppError } from '../../src/primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { RequestedAttributes } from '../../src/protocol/attributes.ts'
import { attributesFromJson } from '../../src/protocol/attributes-json.ts'
import { type ExecutionPayload, executionPayloadFromJson } from '../../src/protocol/execution-payload.ts'
import { JsonObject } from '../../src/protocol/json-value.ts'
import { rpcError } from '../errors.ts'

/** What a caller wants of the forkchoice; a label of zeros stays as it is. */
export interface ForkchoiceState {
  readonly head: Hash
  readonly safe: Hash
  readonly finalized: Hash
}

const PAYLOAD_FIELDS = [
  'parentHash',
  'feeRecipient',
  'stateRoot',
  'receiptsRoot',
  'logsBloom',
  'prevRandao',
  'blockNumber',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'baseFeePerGas',
  'blockHash',
  'transactions',
]
const ATTRIBUTE_FIELDS = ['timestamp', 'prevRandao', 'suggestedFeeRecipient']

/** Reads an argument. @throws AppError INVALID_PARAMS in geth's form */
function argument<T>(index: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isAppError(error, 'JSON_VALUE_INVALID')) throw error
    throw rpcError('INVALID_PARAMS', `invalid argument ${index}: ${errorMessage(error)}`)
  }
}

function requireFields(json: unknown, index: number, names: readonly string[], type: string): void {
  const fields = new JsonObject(json)
  const missing = names.find((name) => !fields.has(name))
  if (missing === undefined) return
  throw rpcError('INVALID_PARAMS', `invalid argument ${index}: missing required field '${missing}' for ${type}`)
}

/** Reads the argument of `engine_newPayload`. @throws AppError INVALID_PARAMS */
export function payloadArgument(json: unknown): ExecutionPayload {
  return argument(0, () => {
    requireFields(json, 0, PAYLOAD_FIELDS, 'ExecutableData')
    return executionPayloadFromJson(json)
  })
}

/** Reads the first argument of `engine_forkchoiceUpdated`; what is left out is zero. @throws AppError INVALID_PARAMS */
export function forkchoiceArgument(json: unknown): ForkchoiceState {
  return argument(0, () => {
    const fields = new JsonObject(json)
    const hashOf = (name: string): Hash => fields.optional(name, (key) => fields.hash(key)) ?? ZERO_HASH
    return {
      head: hashOf('headBlockHash'),
      safe: hashOf('safeBlockHash'),
      finalized: hashOf('finalizedBlockHash'),
    }
  })
}

/** Reads the second argument of `engine_forkchoiceUpdated`; null is none. @throws AppError INVALID_PARAMS */
export function attributesArgument(json: unknown): RequestedAttributes | undefined {
  if (json === undefined || json === null) return undefined
  return argument(1, () => {
    requireFields(json, 1, ATTRIBUTE_FIELDS, 'PayloadAttributes')
    return attributesFromJson(json)
  })
}
