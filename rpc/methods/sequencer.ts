import { z } from 'zod'
import type { DeliverableBlock } from '../../src/builder/service.ts'
import type { BuildOptions } from '../../src/ensemble/ports.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { executionPayloadFromJson, payloadHeader } from '../../src/protocol/execution-payload.ts'
import { JsonObject } from '../../src/protocol/json-value.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { rpcError } from '../errors.ts'
import { defineMethod, type Method } from '../method.ts'
import { data, hash } from '../schema.ts'
import { buildOptions } from './build.ts'

/** A sequencer: one block at a time, step by step. */
export interface SequencerService {
  /** @throws AppError JOB_UNKNOWN */
  buildJob(): { readonly id: string }
  newJob(options: BuildOptions, io: IoOptions): Promise<void>
  open(io: IoOptions): Promise<void>
  includeTx(raw: Uint8Array, io: IoOptions): Promise<void>
  seal(io: IoOptions): Promise<void>
  prebuilt(block: DeliverableBlock): Promise<void>
  sign(io: IoOptions): Promise<void>
  commit(io: IoOptions): Promise<void>
  publish(io: IoOptions): Promise<void>
  next(io: IoOptions): Promise<void>
  start(head: Hash, io: IoOptions): Promise<void>
  /** @returns the last block */
  stop(io: IoOptions): Promise<Hash>
}

/**
 * op-node's payload envelope. Its hash is taken as stated: who commits the block finds out.
 * @throws AppError INVALID_PARAMS
 */
function envelopeArgument(json: unknown): DeliverableBlock {
  try {
    const fields = new JsonObject(json)
    const parentBeaconBlockRoot = fields.optional('parentBeaconBlockRoot', (key) => fields.hash(key))
    const { executionPayload } = json as { readonly executionPayload?: object }
    // Go encodes an empty list as null.
    const listed = { ...executionPayload } as { transactions?: unknown }
    const payload = executionPayloadFromJson({ ...listed, transactions: listed.transactions ?? [] })
    const { withdrawals } = payload
    return {
      hash: payload.blockHash,
      header: payloadHeader(payload, { parentBeaconBlockRoot }),
      transactions: payload.transactions.map((raw) => ({ transaction: decodeTransaction(raw) })),
      ...(withdrawals !== undefined && { withdrawals }),
    }
  } catch (error) {
    if (!isAppError(error)) throw error
    throw rpcError('INVALID_PARAMS', `invalid argument 0: ${error.message}`)
  }
}

/** A call that answers with nothing. */
function action<Params extends z.ZodTuple>(
  name: string,
  summary: string,
  [params, paramNames]: readonly [Params, readonly string[]],
  run: (params: z.output<Params>, io: IoOptions) => Promise<void>,
): Method {
  return defineMethod({
    name,
    summary,
    params,
    paramNames,
    result: z.null(),
    async handler(given, io) {
      await run(given, io)
      return null
    },
  })
}

function step(name: string, summary: string, run: (io: IoOptions) => Promise<void>): Method {
  return action(`sequencer_${name}`, summary, [z.tuple([]), []], (_, io) => run(io))
}

const TRANSACTION = [z.tuple([data]), ['transaction']] as const

/** The `sequencer_*` methods of one of op-test-sequencer's sequencers. */
export function sequencerMethods(service: SequencerService): readonly Method[] {
  const options = [z.tuple([buildOptions]), ['options']] as const
  const envelope = [z.tuple([z.unknown().meta({ description: "op-node's payload envelope" })]), ['envelope']] as const
  return [
    action('sequencer_new', 'Begins a slot with a new build job', options, ([given], io) => service.newJob(given, io)),
    defineMethod({
      name: 'sequencer_buildJob',
      summary: "The slot's build job",
      params: z.tuple([]),
      paramNames: [],
      result: z.string().meta({ description: 'job id' }),
      handler: () => service.buildJob().id,
    }),
    action(
      'sequencer_includeTx',
      'Includes a transaction: when the block is opened, or at once where it is open',
      TRANSACTION,
      ([raw], io) => service.includeTx(raw, io),
    ),
    step('open', 'Begins to build the block', (io) => service.open(io)),
    step('seal', 'Completes the block', (io) => service.seal(io)),
    action(
      'sequencer_prebuiltEnvelope',
      'Begins a slot with a block that was built elsewhere',
      envelope,
      async ([json]) => service.prebuilt(envelopeArgument(json)),
    ),
    step('sign', 'Signs the block', (io) => service.sign(io)),
    step('commit', 'Makes the block the head: resolves when it is', (io) => service.commit(io)),
    step('publish', 'Gossips the block; may be repeated', (io) => service.publish(io)),
    step('next', 'Takes all steps that remain, and empties the slot', (io) => service.next(io)),
    action(
      'sequencer_start',
      'Empties the slot, and has the chain sequenced by itself',
      [z.tuple([hash]), ['head']],
      ([head], io) => service.start(head, io),
    ),
    defineMethod({
      name: 'sequencer_stop',
      summary: 'Ends sequencing',
      params: z.tuple([]),
      paramNames: [],
      result: z.string().meta({ description: 'the hash of the last block' }),
      handler: (_, io) => service.stop(io),
    }),
  ]
}

/** `eth_sendRawTransaction` of a sequencer's transaction route: includes in the slot's block, and answers with nothing. */
export function slotTransactionMethods(service: Pick<SequencerService, 'includeTx'>): readonly Method[] {
  const summary = "Includes a transaction in the slot's block"
  return [action('eth_sendRawTransaction', summary, TRANSACTION, ([raw], io) => service.includeTx(raw, io))]
}
