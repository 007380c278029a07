import { z } from 'zod'
import { errorMessage, isAppError } from '../../src/primitives/errors.ts'
import { type Hash, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { envelopeFromJson, type Payload } from '../../src/protocol/payload.ts'
import type { SequencerActivity } from '../../src/sequencer/observer.ts'
import { rpcError } from '../errors.ts'
import { defineMethod, type Method } from '../method.ts'
import { hash } from '../schema.ts'

/** Controls the sequencing of one chain. */
export interface SequencerAdminService {
  readonly active: boolean
  readonly conductorEnabled: boolean
  readonly activity: SequencerActivity
  /** @throws AppError SEQUENCER_DISABLED, SEQUENCER_NOT_LEADER, SEQUENCER_ACTIVE, SEQUENCER_HEAD_MISMATCH */
  start(head: Hash, io: IoOptions): Promise<void>
  /** @returns the last head @throws AppError SEQUENCER_DISABLED, SEQUENCER_INACTIVE */
  stop(io: IoOptions): Promise<Hash>
  /** Takes a payload that another sequencer made. @throws AppError COMMIT_REFUSED, NODE_UNAVAILABLE */
  postUnsafePayload(payload: Payload, io: IoOptions): Promise<void>
  /** @throws AppError SEQUENCER_DISABLED */
  overrideLeader(): void
  setRecoverMode(recover: boolean): void
}

/** Derives one chain. */
export interface DerivationControl {
  /** Has the heads found anew, and goes on deriving where that had stopped. */
  reset(reason: string): void
}

const done = z.null()

const envelope = z
  .record(z.string(), z.unknown())
  .meta({ description: 'ExecutionPayloadEnvelope: {parentBeaconBlockRoot?, executionPayload}' })

/** Reads an envelope. @throws AppError INVALID_PARAMS, PAYLOAD_HASH_MISMATCH */
function payloadOf(json: unknown): Payload {
  try {
    return envelopeFromJson(json)
  } catch (error) {
    if (!isAppError(error, 'JSON_VALUE_INVALID')) throw error
    throw rpcError('INVALID_PARAMS', `invalid argument 0: ${errorMessage(error)}`)
  }
}

function activityJson(activity: SequencerActivity): object {
  switch (activity.tag) {
    case 'stopped':
    case 'idle':
      return { state: activity.tag }
    case 'building':
      return { state: activity.tag, parent: activity.parent, number: toQuantity(activity.number) }
    case 'delivering':
      return { state: activity.tag, hash: activity.hash, number: toQuantity(activity.number) }
    case 'waiting': {
      const { reason, detail, since } = activity
      return { state: activity.tag, reason, detail, since: new Date(since).toISOString() }
    }
  }
}

/** `admin_*` as op-node serves it to operators and op-conductor, and one more that says what the sequencer is doing. */
export function adminMethods(admin: SequencerAdminService): readonly Method[] {
  return [
    defineMethod({
      name: 'admin_startSequencer',
      summary: 'Starts automatic sequencing on the head, which has to be the block that is named',
      params: z.tuple([hash]),
      paramNames: ['head'],
      result: done,
      async handler([head], io) {
        await admin.start(head, io)
        return null
      },
    }),
    defineMethod({
      name: 'admin_stopSequencer',
      summary: 'Stops automatic sequencing when the block that is being delivered is the head; gives the head',
      params: z.tuple([]),
      paramNames: [],
      result: z.string().meta({ description: 'block hash' }),
      handler: (_, io) => admin.stop(io),
    }),
    defineMethod({
      name: 'admin_sequencerActive',
      summary: 'Whether the chain is sequenced automatically',
      params: z.tuple([]),
      paramNames: [],
      result: z.boolean(),
      handler: () => admin.active,
    }),
    defineMethod({
      name: 'admin_sequencerStatus',
      summary: 'What automatic sequencing is doing, and why where it waits',
      params: z.tuple([]),
      paramNames: [],
      result: z.record(z.string(), z.unknown()).meta({
        description: 'state: stopped, idle, building, delivering or waiting; with waiting, reason and detail',
      }),
      handler: () => ({ ...activityJson(admin.activity) }),
    }),
    defineMethod({
      name: 'admin_postUnsafePayload',
      summary: 'Inserts a payload that another sequencer made; it is not published',
      params: z.tuple([envelope]),
      paramNames: ['envelope'],
      result: done,
      async handler([json], io) {
        await admin.postUnsafePayload(payloadOf(json), io)
        return null
      },
    }),
    defineMethod({
      name: 'admin_overrideLeader',
      summary: 'Has the sequencer go on without the consent of its conductor, until the process ends',
      params: z.tuple([]),
      paramNames: [],
      result: done,
      handler() {
        admin.overrideLeader()
        return null
      },
    }),
    defineMethod({
      name: 'admin_conductorEnabled',
      summary: 'Whether the sequencer has a conductor',
      params: z.tuple([]),
      paramNames: [],
      result: z.boolean(),
      handler: () => admin.conductorEnabled,
    }),
    defineMethod({
      name: 'admin_setRecoverMode',
      summary:
        'In recover mode each next L1 block becomes the origin as soon as it is there, and blocks hold deposits only',
      params: z.tuple([z.boolean()]),
      paramNames: ['recover'],
      result: done,
      handler([recover]) {
        admin.setRecoverMode(recover)
        return null
      },
    }),
  ]
}

/** `admin_*` of whoever derives the chain, as op-node serves it to operators. */
export function derivationAdminMethods(derivation: DerivationControl): readonly Method[] {
  return [
    defineMethod({
      name: 'admin_resetDerivationPipeline',
      summary: 'Has the heads found anew, and the chain derived from there',
      params: z.tuple([]),
      paramNames: [],
      result: done,
      handler() {
        derivation.reset('asked for')
        return null
      },
    }),
  ]
}
