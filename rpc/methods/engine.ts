import { z } from 'zod'
import type { ProvenBlob } from '../../src/builder/proven-blobs.ts'
import type { PayloadStatus } from '../../src/embedded/engine.ts'
import type { BuiltPayload, ForkchoiceAnswer } from '../../src/embedded/engine-api.ts'
import type { NewPayloadContext } from '../../src/embedded/engine-versions.ts'
import type { PayloadBody } from '../../src/embedded/payload-bodies.ts'
import { bytesToHex, type Hash, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { RequestedAttributes } from '../../src/protocol/attributes.ts'
import type { ExecutionPayload } from '../../src/protocol/execution-payload.ts'
import { payloadToJson } from '../../src/protocol/payload.ts'
import { withdrawalToJson } from '../../src/protocol/withdrawal-json.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { data, dataOf, hash, optional, quantity64 } from '../schema.ts'
import { attributesArgument, type ForkchoiceState, forkchoiceArgument, payloadArgument } from './engine-params.ts'

type Json = Record<string, unknown>

/** The Engine API of an execution layer in the process. Errors are those of the specification. */
export interface EngineApiService {
  newPayload(
    version: 1 | 2 | 3 | 4,
    payload: ExecutionPayload,
    context: NewPayloadContext,
    io: IoOptions,
  ): Promise<PayloadStatus>
  forkchoiceUpdated(
    version: 1 | 2 | 3,
    forkchoice: ForkchoiceState,
    attributes: RequestedAttributes | undefined,
    io: IoOptions,
  ): Promise<ForkchoiceAnswer>
  /** @param id 8 bytes */
  getPayload(version: 1 | 2 | 3 | 4 | 5, id: Uint8Array): Promise<BuiltPayload>
  bodiesByHash(hashes: readonly Hash[]): readonly (PayloadBody | undefined)[]
  bodiesByRange(start: bigint, count: bigint): readonly (PayloadBody | undefined)[]
  /** Absent where there are no blobs. */
  readonly blobs?:
    | {
        withProofs(hashes: readonly Hash[]): Promise<readonly (ProvenBlob | undefined)[]>
        /** Undefined unless all are known. */
        withCells(hashes: readonly Hash[]): Promise<readonly ProvenBlob[] | undefined>
      }
    | undefined
}

/** What the methods of one chain stand on. */
export interface EngineMethodsOptions {
  readonly service: EngineApiService
  /** Whether it is an OP-Stack chain. */
  readonly op: boolean
  /** Of this program. */
  readonly version: string
}

/** op-geth v1.101702's: version type 0, no build, 9.0.0. @see OP specs: superchain upgrades, "Protocol Version" */
const PROTOCOL_VERSION: Hash = `0x${'00'.repeat(16)}00000009${'00'.repeat(12)}`

const json = (description: string): z.ZodUnknown => z.unknown().meta({ description })
const payload = json('ExecutionPayload')
const hashes = z.array(hash).nullable()
const given = <T>(value: T | null): T | undefined => value ?? undefined

function statusToJson({ status, latestValidHash, validationError }: PayloadStatus): Json {
  return { status, latestValidHash: latestValidHash ?? null, validationError: validationError ?? null }
}

function newPayloadMethods({ service }: EngineMethodsOptions): readonly Method[] {
  const summary = 'Executes and stores a block; it does not become the head'
  const result = described('PayloadStatus')
  const plain = (version: 1 | 2): Method =>
    defineMethod({
      name: `engine_newPayloadV${version}`,
      summary,
      params: z.tuple([payload]),
      paramNames: ['payload'],
      result,
      handler: async ([block], io) => statusToJson(await service.newPayload(version, payloadArgument(block), {}, io)),
    })
  return [
    plain(1),
    plain(2),
    defineMethod({
      name: 'engine_newPayloadV3',
      summary,
      params: z.tuple([payload, hashes, optional(hash)]),
      paramNames: ['payload', 'versionedHashes', 'parentBeaconBlockRoot'],
      result,
      async handler([block, versionedHashes, parentBeaconBlockRoot], io) {
        const context = { versionedHashes: given(versionedHashes), parentBeaconBlockRoot }
        return statusToJson(await service.newPayload(3, payloadArgument(block), context, io))
      },
    }),
    defineMethod({
      name: 'engine_newPayloadV4',
      summary,
      params: z.tuple([payload, hashes, hash.nullable(), z.array(data).nullable()]),
      paramNames: ['payload', 'versionedHashes', 'parentBeaconBlockRoot', 'executionRequests'],
      result,
      async handler([block, versionedHashes, parentBeaconBlockRoot, executionRequests], io) {
        const context = {
          versionedHashes: given(versionedHashes),
          parentBeaconBlockRoot: given(parentBeaconBlockRoot),
          executionRequests: given(executionRequests),
        }
        return statusToJson(await service.newPayload(4, payloadArgument(block), context, io))
      },
    }),
  ]
}

function forkchoiceMethod(version: 1 | 2 | 3, { service }: EngineMethodsOptions): Method {
  return defineMethod({
    name: `engine_forkchoiceUpdatedV${version}`,
    summary: 'Sets head, safe and finalized; with attributes, begins to build a block on the head',
    params: z.tuple([json('ForkchoiceState'), optional(json('PayloadAttributes'))]),
    paramNames: ['forkchoiceState', 'payloadAttributes'],
    result: described('`{payloadStatus, payloadId}`'),
    async handler([state, attributes], io) {
      const wanted = forkchoiceArgument(state)
      const answer = await service.forkchoiceUpdated(version, wanted, attributesArgument(attributes), io)
      const { payloadStatus, payloadId } = answer
      return {
        payloadStatus: statusToJson(payloadStatus),
        payloadId: payloadId === undefined ? null : bytesToHex(payloadId),
      }
    },
  })
}

function envelopeToJson({ payload: built, blockValue, sidecar }: BuiltPayload, op: boolean): Json {
  const { requestsHash, parentBeaconBlockRoot } = built.header
  return {
    executionPayload: payloadToJson(built, op),
    blockValue: toQuantity(blockValue),
    blobsBundle: {
      commitments: sidecar.commitments.map(bytesToHex),
      proofs: sidecar.proofs.map(bytesToHex),
      blobs: sidecar.blobs.map(bytesToHex),
    },
    executionRequests: requestsHash === undefined ? null : (built.executionRequests ?? []).map(bytesToHex),
    shouldOverrideBuilder: false,
    ...(op && parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
  }
}

function getPayloadMethod(version: 1 | 2 | 3 | 4 | 5, { service, op }: EngineMethodsOptions): Method {
  return defineMethod({
    name: `engine_getPayloadV${version}`,
    summary: 'The block that engine_forkchoiceUpdated began; it takes no more transactions from then on',
    params: z.tuple([dataOf(8)]),
    paramNames: ['payloadId'],
    result: described(version === 1 ? 'ExecutionPayload' : 'ExecutionPayload with what goes beside it'),
    async handler([id]) {
      const built = await service.getPayload(version, id)
      return version === 1 ? payloadToJson(built.payload, op) : envelopeToJson(built, op)
    },
  })
}

function bodyToJson(body: PayloadBody | undefined): Json | null {
  if (body === undefined) return null
  const { transactions, withdrawals } = body
  return {
    transactions: transactions.map(bytesToHex),
    withdrawals: withdrawals === undefined ? null : withdrawals.map(withdrawalToJson),
  }
}

function bodyMethods({ service }: EngineMethodsOptions): readonly Method[] {
  const result = described('`{transactions, withdrawals}` each, or null')
  return [
    defineMethod({
      name: 'engine_getPayloadBodiesByHashV1',
      summary: 'What blocks hold beside their headers',
      params: z.tuple([z.array(hash)]),
      paramNames: ['hashes'],
      result,
      handler: ([wanted]) => service.bodiesByHash(wanted).map(bodyToJson),
    }),
    defineMethod({
      name: 'engine_getPayloadBodiesByRangeV1',
      summary: 'What canonical blocks hold beside their headers',
      params: z.tuple([quantity64, quantity64]),
      paramNames: ['start', 'count'],
      result,
      handler: ([start, count]) => service.bodiesByRange(start, count).map(bodyToJson),
    }),
  ]
}

function blobMethods(blobs: NonNullable<EngineApiService['blobs']>): readonly Method[] {
  return [
    defineMethod({
      name: 'engine_getBlobsV1',
      summary: 'Blobs by versioned hash, with a proof each',
      params: z.tuple([z.array(hash)]),
      paramNames: ['versionedHashes'],
      result: described('`{blob, proof}` each, or null'),
      async handler([wanted]) {
        const found = await blobs.withProofs(wanted)
        return found
          .map((blob) => blob && { blob: bytesToHex(blob.blob), proof: bytesToHex(blob.proofs[0] as Uint8Array) })
          .map((blob) => blob ?? null)
      },
    }),
    defineMethod({
      name: 'engine_getBlobsV2',
      summary: 'Blobs by versioned hash, with a proof for each cell; null unless all are there',
      params: z.tuple([z.array(hash)]),
      paramNames: ['versionedHashes'],
      result: described('`{blob, proofs}` each'),
      async handler([wanted]) {
        const found = await blobs.withCells(wanted)
        return found?.map(({ blob, proofs }) => ({ blob: bytesToHex(blob), proofs: proofs.map(bytesToHex) })) ?? null
      },
    }),
  ]
}

function identityMethods(names: () => readonly string[], { op, version }: EngineMethodsOptions): readonly Method[] {
  const signal = defineMethod({
    name: 'engine_signalSuperchainV1',
    summary: 'The protocol version that this execution layer is for',
    params: z.tuple([optional(json('{recommended, required}: protocol versions'))]),
    paramNames: ['signal'],
    result: z.string().meta({ description: 'protocol version, 32 bytes' }),
    handler: () => PROTOCOL_VERSION,
  })
  return [
    defineMethod({
      name: 'engine_exchangeCapabilities',
      summary: 'The methods of the Engine API that are served here',
      params: z.tuple([z.array(z.string())]),
      paramNames: ['capabilities'],
      result: z.array(z.string()),
      handler: () => [...names()],
    }),
    defineMethod({
      name: 'engine_getClientVersionV1',
      summary: 'Which execution layer this is',
      params: z.tuple([json('ClientVersion of the caller')]),
      paramNames: ['clientVersion'],
      result: described('list of one ClientVersion'),
      handler: () => [{ code: 'OS', name: 'op-sequencer', version, commit: '0x00000000' }],
    }),
    ...(op ? [signal] : []),
  ]
}

/** `engine_*` of one chain. @see execution-apis: src/engine; OP specs: exec-engine */
export function engineMethods(options: EngineMethodsOptions): readonly Method[] {
  const { blobs } = options.service
  const methods: readonly Method[] = [
    ...newPayloadMethods(options),
    ...([1, 2, 3] as const).map((version) => forkchoiceMethod(version, options)),
    ...([1, 2, 3, 4, 5] as const).map((version) => getPayloadMethod(version, options)),
    ...bodyMethods(options),
    ...(blobs === undefined ? [] : blobMethods(blobs)),
    ...identityMethods(
      () => methods.map(({ name }) => name).filter((name) => name !== 'engine_exchangeCapabilities'),
      options,
    ),
  ]
  return methods
}
