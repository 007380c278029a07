import { z } from 'zod'
import type { BuildOptions, BuiltBlock } from '../../src/ensemble/ports.ts'
import { bytesToHex, toQuantity, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { envelopeToJson, payloadToJson, sealedPayload } from '../../src/protocol/payload.ts'
import type { Json } from '../encode.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { gate, hash, optional } from '../schema.ts'

const MAX_ID_BYTES = 100

/** An id of op-test-sequencer: any text of at most 100 bytes. */
const ensembleId = gate('an id of at most 100 bytes', '^.{0,100}$', (value) =>
  Buffer.byteLength(value) <= MAX_ID_BYTES ? value : undefined,
)

/** op-test-sequencer's `BuildOpts`; what it does not know is passed over, and the zero hash stands for none. */
export const buildOptions = z
  .object({ parent: optional(hash), l1Origin: optional(hash) })
  .transform(({ parent, l1Origin }): BuildOptions => ({ parent: parent === ZERO_HASH ? undefined : parent, l1Origin }))

/** Builds blocks by job. @see {@link BuildOptions} */
export interface BuildMethodsService {
  /** @throws AppError BUILDER_UNKNOWN, NEW_FAILED */
  newJob(builderId: string, options: BuildOptions, io: IoOptions): Promise<{ readonly id: string }>
  open(jobId: string, io: IoOptions): Promise<void>
  seal(jobId: string, io: IoOptions): Promise<BuiltBlock>
  cancel(jobId: string, io: IoOptions): Promise<void>
  closeJob(jobId: string, io: IoOptions): Promise<void>
}

/** An L2 block in op-node's envelope, an L1 block in geth's. */
function encodeBuilt(built: BuiltBlock): Json {
  const payload = sealedPayload(built.block)
  if (built.layer === 'l2') return { ...envelopeToJson(payload) }
  const { value, blobs } = built
  return {
    executionPayload: payloadToJson(payload, false),
    blockValue: toQuantity(value),
    blobsBundle: {
      commitments: blobs.map(({ commitment }) => bytesToHex(commitment)),
      proofs: blobs.flatMap(({ proofs }) => proofs.map(bytesToHex)),
      blobs: blobs.map(({ blob }) => bytesToHex(blob)),
    },
    executionRequests: payload.executionRequests === undefined ? null : payload.executionRequests.map(bytesToHex),
    shouldOverrideBuilder: false,
  }
}

function onJob(name: string, summary: string, run: (jobId: string, io: IoOptions) => Promise<void>): Method {
  return defineMethod({
    name,
    summary,
    params: z.tuple([ensembleId]),
    paramNames: ['jobId'],
    result: z.null(),
    async handler([jobId], io) {
      await run(jobId, io)
      return null
    },
  })
}

/** The `build_*` methods of op-test-sequencer. */
export function buildMethods(service: BuildMethodsService): readonly Method[] {
  return [
    defineMethod({
      name: 'build_new',
      summary: 'A new build job of a builder; nothing is built before it is opened',
      params: z.tuple([ensembleId, buildOptions]),
      paramNames: ['builderId', 'options'],
      result: z.string().meta({ description: 'job id' }),
      handler: async ([builderId, options], io) => (await service.newJob(builderId, options, io)).id,
    }),
    onJob('build_open', 'Begins to build the block of a job', (jobId, io) => service.open(jobId, io)),
    defineMethod({
      name: 'build_seal',
      summary: 'Completes the block of a job; the same block each time',
      params: z.tuple([ensembleId]),
      paramNames: ['jobId'],
      result: described("the block: op-node's payload envelope; of L1 geth's, and the block is the head then"),
      handler: async ([jobId], io) => encodeBuilt(await service.seal(jobId, io)),
    }),
    onJob('build_cancel', 'Ends building; the job can be opened again', (jobId, io) => service.cancel(jobId, io)),
    onJob('build_closeJob', 'Ends a job, which is unknown then', (jobId, io) => service.closeJob(jobId, io)),
  ]
}

/** op-test-sequencer's `admin_hello`: shows that the caller may call. */
export function helloMethod(): Method {
  return defineMethod({
    name: 'admin_hello',
    summary: 'Says hello',
    params: z.tuple([z.string()]),
    paramNames: ['name'],
    result: z.string(),
    handler: ([name]) => `hello ${name}!`,
  })
}
