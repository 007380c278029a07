import { errorMessage } from '../src/primitives/errors.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import type { Logger } from '../src/telemetry/logger.ts'
import { type ErrorObject, rpcError, toErrorObject } from './errors.ts'
import { parseJson } from './json.ts'
import type { BoundCall, CallContext, Method, MethodTable } from './method.ts'
import type { RpcMetrics } from './metrics.ts'

/** Bounds on what one request may ask for. */
export interface DispatchLimits {
  /** Calls in one batch. */
  readonly batchItems: number
  /** Characters of one answer, a batch's whole answer included. */
  readonly responseBytes: number
}

/** What a {@link Dispatcher} is made of. */
export interface DispatcherOptions {
  readonly methods: MethodTable
  readonly limits: DispatchLimits
  readonly logger: Logger
  readonly metrics?: RpcMetrics
}

/** Answers JSON-RPC texts with JSON-RPC texts, whatever carries them. */
export interface Dispatcher {
  /** Never rejects. @returns undefined when there is nothing to answer (notifications) */
  handle(text: string, io: CallContext): Promise<string | undefined>
}

type Id = string | number | null

/** One element of a request, read but not run. */
type Item =
  | { readonly tag: 'call'; readonly id: Id | undefined; readonly method: Method; readonly call: BoundCall }
  | {
      readonly tag: 'refused'
      readonly id: Id | undefined
      readonly method: Method | undefined
      readonly error: unknown
    }

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An id that can be echoed as it came. Beyond 2^53 an integer would come back as another one, beyond all bounds as null. */
function isId(value: unknown): value is Id {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
  }
  return value === null || typeof value === 'string'
}

function encodeError(id: Id, error: ErrorObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error })
}

/** Reads one element of a request. Never throws: what is wrong with it becomes its answer. */
function readItem(raw: unknown, methods: MethodTable): Item {
  const refuse = (id: Id | undefined, error: unknown, method?: Method): Item => ({ tag: 'refused', id, method, error })
  if (!isObject(raw)) return refuse(null, rpcError('INVALID_REQUEST', 'invalid request'))
  const id = Object.hasOwn(raw, 'id') ? raw.id : undefined
  if (id !== undefined && !isId(id)) return refuse(null, rpcError('INVALID_REQUEST', 'invalid request: unusable id'))
  if (raw.jsonrpc !== '2.0') {
    return refuse(id ?? null, rpcError('INVALID_REQUEST', 'invalid request: jsonrpc is not "2.0"'))
  }
  if (typeof raw.method !== 'string') {
    return refuse(id ?? null, rpcError('INVALID_REQUEST', 'invalid request: method is not a string'))
  }
  const method = methods.get(raw.method)
  if (method === undefined) {
    // Echoed short: the name is the caller's own text.
    const name = raw.method.slice(0, 100)
    return refuse(id, rpcError('METHOD_NOT_FOUND', `the method ${name} does not exist/is not available`))
  }
  try {
    return { tag: 'call', id, method, call: method.bind(raw.params) }
  } catch (error) {
    return refuse(id, error, method)
  }
}

/**
 * Creates the dispatcher of one route. Elements of a batch run one after the other in their order; before the first,
 * methods that batch well see all their calls at once ({@link Method.prepare}).
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { methods, limits, logger, metrics } = options

  function explain(error: unknown, method: Method | undefined, io: IoOptions): ErrorObject {
    const { error: object, unexpected } = toErrorObject(error)
    if (unexpected) {
      // After an abort anything may be thrown; nobody is there any more to read the answer.
      if (io.signal?.aborted) logger.debug({ method: method?.name, err: error }, 'call aborted')
      else logger.error({ method: method?.name, err: error }, 'call failed unexpectedly')
    }
    return object
  }

  async function run(item: Item, io: CallContext): Promise<string | undefined> {
    const started = performance.now()
    let failure: ErrorObject | undefined
    let answer: string | undefined
    try {
      if (item.tag === 'refused') throw item.error
      const result = await item.call.run(io)
      if (item.id !== undefined) answer = JSON.stringify({ jsonrpc: '2.0', id: item.id, result: result ?? null })
    } catch (error) {
      failure = explain(error, item.method, io)
      if (item.id !== undefined) answer = encodeError(item.id, failure)
    }
    if (item.method !== undefined) {
      metrics?.call(item.method.name, (performance.now() - started) / 1000, failure?.code)
    }
    if (item.id !== undefined && answer !== undefined && answer.length > limits.responseBytes) {
      return encodeError(item.id, toErrorObject(rpcError('RESPONSE_TOO_LARGE', 'response too large')).error)
    }
    return answer
  }

  async function prepare(items: readonly Item[], io: IoOptions): Promise<void> {
    const calls = new Map<Method, BoundCall[]>()
    for (const item of items) {
      if (item.tag !== 'call' || item.method.prepare === undefined) continue
      const known = calls.get(item.method)
      if (known === undefined) calls.set(item.method, [item.call])
      else known.push(item.call)
    }
    for (const [method, group] of calls) {
      if (group.length < 2) continue
      try {
        await method.prepare?.(group, io)
      } catch (error) {
        // A hint only: the calls themselves will meet, and report, whatever is wrong.
        logger.debug({ method: method.name, reason: errorMessage(error) }, 'batch preparation failed')
      }
    }
  }

  async function runBatch(elements: readonly unknown[], io: CallContext): Promise<string | undefined> {
    if (elements.length === 0) throw rpcError('INVALID_REQUEST', 'empty batch')
    if (elements.length > limits.batchItems) throw rpcError('INVALID_REQUEST', 'batch too large')
    const items = elements.map((element) => readItem(element, methods))
    await prepare(items, io)
    const answers: string[] = []
    let size = 0
    for (const item of items) {
      let answer = await run(item, io)
      if (answer === undefined || item.id === undefined) continue
      // What was done stays done; the caller learns which answers did not fit.
      if (size + answer.length > limits.responseBytes) {
        answer = encodeError(item.id, toErrorObject(rpcError('RESPONSE_TOO_LARGE', 'response too large')).error)
      }
      size += answer.length
      answers.push(answer)
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`
  }

  return {
    async handle(text, io) {
      try {
        const request = parseJson(text)
        return Array.isArray(request) ? await runBatch(request, io) : await run(readItem(request, methods), io)
      } catch (error) {
        return encodeError(null, explain(error, undefined, io))
      }
    },
  }
}
