import { z } from 'zod'
import type { IoOptions } from '../src/primitives/io.ts'
import { rpcError } from './errors.ts'
import type { Connection } from './subscriptions.ts'

/** What a method is handed beside its parameters. */
export interface CallContext extends IoOptions {
  /** Absent where nothing but answers can be sent, as over HTTP. */
  readonly connection?: Connection
}

/** A call whose parameters passed the gate. */
export interface BoundCall {
  /** Typed by the definition that made it. */
  readonly params: unknown
  /** Runs the handler. @returns JSON-ready values */
  run(io: CallContext): Promise<unknown>
}

/** One JSON-RPC method, ready for a {@link MethodTable}. */
export interface Method {
  readonly name: string
  readonly summary: string
  readonly params: z.ZodTuple
  readonly paramNames: readonly string[]
  readonly result: z.ZodType
  /** Checks raw parameters. @throws AppError INVALID_PARAMS */
  bind(params: unknown): BoundCall
  /** Sees all calls of this method in one batch before the first of the batch runs. Calls are this method's own. */
  readonly prepare?: (calls: readonly BoundCall[], io: IoOptions) => Promise<void>
}

/** What {@link defineMethod} takes. */
export interface MethodDefinition<Params extends z.ZodTuple, Result extends z.ZodType> {
  /** `namespace_method` */
  readonly name: string
  /** One sentence, for the OpenRPC document. */
  readonly summary: string
  /** Checks and types the parameters by position. Trailing ones made by `optional` may be left out. */
  readonly params: Params
  /** The parameters' names in the OpenRPC document. */
  readonly paramNames: readonly string[]
  /** Describes the result; not run on answers. */
  readonly result: Result
  /** @returns JSON-ready values: bigint and bytes already encoded */
  handler(params: z.output<Params>, io: CallContext): Promise<z.input<Result>> | z.input<Result>
  /** Sees all calls of a batch at once, so that what they need can be fetched together. Only a hint: may fail. */
  prepare?(items: readonly z.output<Params>[], io: IoOptions): Promise<void>
}

/** Issues beyond these add nothing that a caller could use. */
const MAX_ISSUES = 5

function pathText(path: readonly PropertyKey[]): string {
  const [index, ...rest] = path
  if (index === undefined) return ''
  return `argument ${String(index)}${rest.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}: `
}

function issueText(issue: z.core.$ZodIssue): string {
  return `${pathText(issue.path)}${issue.message}`
}

function parseParams<Params extends z.ZodTuple>(schema: Params, raw: unknown): z.output<Params> {
  const params = raw === undefined || raw === null ? [] : raw
  if (!Array.isArray(params)) throw rpcError('INVALID_PARAMS', 'invalid params: expected an array, by position')
  const { items, rest } = schema.def
  if (rest === null && params.length > items.length) {
    throw rpcError('INVALID_PARAMS', `invalid params: too many arguments, want at most ${items.length}`)
  }
  const missing = items.findIndex((item, index) => index >= params.length && item._zod.optin !== 'optional')
  if (missing >= 0) throw rpcError('INVALID_PARAMS', `invalid params: missing value for required argument ${missing}`)
  const parsed = schema.safeParse(params)
  if (parsed.success) return parsed.data
  const text = parsed.error.issues.slice(0, MAX_ISSUES).map(issueText).join('; ')
  throw rpcError('INVALID_PARAMS', `invalid params: ${text}`)
}

/** Defines a method; its handler sees only parameters that passed the schema. */
export function defineMethod<Params extends z.ZodTuple, Result extends z.ZodType>(
  definition: MethodDefinition<Params, Result>,
): Method {
  const { name, summary, params, paramNames, result, handler, prepare } = definition
  const method: Method = {
    name,
    summary,
    params,
    paramNames,
    result,
    bind(raw) {
      const parsed = parseParams(params, raw)
      return { params: parsed, run: async (io) => handler(parsed, io) }
    },
  }
  if (prepare === undefined) return method
  return {
    ...method,
    // Every call handed in was made by `bind` above.
    prepare: (calls, io) =>
      prepare(
        calls.map((call) => call.params as z.output<Params>),
        io,
      ),
  }
}

/** Methods by name. A Map: names come from callers. */
export type MethodTable = ReadonlyMap<string, Method>

/** Makes a table; a later method replaces an earlier one of the same name. */
export function methodTable(methods: Iterable<Method>): MethodTable {
  return new Map(Array.from(methods, (method) => [method.name, method]))
}

/** Result schema of methods whose JSON another specification defines. */
export function described(description: string): z.ZodUnknown {
  return z.unknown().meta({ description })
}
