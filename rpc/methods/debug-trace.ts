import { z } from 'zod'
import type { TraceChoice, TracedPlace, TracedTransaction } from '../../src/embedded/trace-service.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { BlockId } from '../../src/protocol/block-id.ts'
import type { CallArguments } from '../../src/protocol/call-arguments.ts'
import { blockOverrides, callArguments, stateOverrides } from '../call-arguments.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { blockId, blockNumber, compact, hash, optional, quantity64 } from '../schema.ts'

/** Traces the transactions of one chain, and calls on its states. */
export interface TraceService {
  /** @throws AppError CALL_INVALID with geth's wording, CALL_ABORTED */
  transaction(hash: Hash, choice: TraceChoice, io: IoOptions): Promise<unknown>
  /** @throws AppError as {@link transaction}, and BLOCK_NOT_FOUND */
  block(id: BlockId, choice: TraceChoice, io: IoOptions): Promise<readonly TracedTransaction[]>
  /** @throws AppError as {@link block} */
  call(args: CallArguments, place: TracedPlace, choice: TraceChoice, io: IoOptions): Promise<unknown>
}

const flag = optional(z.boolean())

const tracerOptions = z
  .object({
    onlyTopCall: flag,
    withLog: flag,
    diffMode: flag,
    disableCode: flag,
    disableStorage: flag,
    includeEmpty: flag,
  })
  .transform(compact)

/** How a trace is to be, as geth takes it: what the structured log shows stands beside the tracer's name. */
const traceFields = {
  tracer: optional(z.string()),
  timeout: optional(z.string()),
  tracerConfig: optional(tracerOptions),
  enableMemory: flag,
  disableStack: flag,
  disableStorage: flag,
  enableReturnData: flag,
  limit: optional(z.int()),
}

type TraceFields = z.output<z.ZodObject<typeof traceFields>>

function choiceOf(fields: TraceFields | undefined): TraceChoice {
  const { tracer, timeout, tracerConfig, ...structLog } = fields ?? {}
  return { name: tracer, timeout, options: tracerConfig ?? {}, structLog: compact(structLog) }
}

const traceConfig = optional(z.object(traceFields)).transform(choiceOf)

const traceCallConfig = optional(
  z.object({
    ...traceFields,
    stateOverrides: optional(stateOverrides),
    blockOverrides: optional(blockOverrides),
    txIndex: optional(quantity64),
  }),
).transform((config) => {
  const { stateOverrides: state, blockOverrides: header, txIndex, ...fields } = config ?? {}
  const index = txIndex === undefined ? undefined : Number(txIndex)
  return { choice: choiceOf(config && (fields as TraceFields)), place: { state, header, txIndex: index } }
})

const ofTracer = described("the tracer's answer")
const ofBlock = described("[{txHash, result}]: the tracer's answers")

/** The traces of a chain that lives in this process, as geth and op-geth give them. */
export function debugTraceMethods(traces: TraceService): readonly Method[] {
  const traceBlock = async (id: BlockId, choice: TraceChoice, io: IoOptions): Promise<unknown> =>
    (await traces.block(id, choice, io)).map((traced) => ({ txHash: traced.hash, result: traced.result }))
  return [
    defineMethod({
      name: 'debug_traceTransaction',
      summary: 'Runs a transaction of the chain again, and tells what it did',
      params: z.tuple([hash, traceConfig]),
      paramNames: ['hash', 'config'],
      result: ofTracer,
      handler: ([transaction, choice], io) => traces.transaction(transaction, choice, io),
    }),
    defineMethod({
      name: 'debug_traceBlockByNumber',
      summary: 'Runs the transactions of a block again, and tells what they did',
      params: z.tuple([blockNumber, traceConfig]),
      paramNames: ['number', 'config'],
      result: ofBlock,
      handler: ([id, choice], io) => traceBlock(id, choice, io),
    }),
    defineMethod({
      name: 'debug_traceBlockByHash',
      summary: 'Runs the transactions of a block again, and tells what they did',
      params: z.tuple([hash, traceConfig]),
      paramNames: ['hash', 'config'],
      result: ofBlock,
      handler: ([block, choice], io) => traceBlock({ tag: 'hash', hash: block, requireCanonical: false }, choice, io),
    }),
    defineMethod({
      name: 'debug_traceCall',
      summary: 'Runs a message on the state after a block, or within it, and tells what it does',
      params: z.tuple([callArguments, blockId, traceCallConfig]),
      paramNames: ['message', 'block', 'config'],
      result: ofTracer,
      handler: ([args, block, { choice, place }], io) => traces.call(args, { block, ...place }, choice, io),
    }),
  ]
}
