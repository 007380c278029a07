import { z } from 'zod'
import { defineMethod, described, type Method, type MethodTable } from './method.ts'

/** What the service says of itself. */
export interface ServiceInfo {
  readonly title: string
  readonly version: string
}

/** JSON Schema as a plain object. */
type JsonSchema = Readonly<Record<string, unknown>>

/** An OpenRPC document; only its outer shape is typed. @see https://spec.open-rpc.org */
export interface OpenRpcDocument {
  readonly openrpc: string
  readonly info: ServiceInfo
  readonly methods: readonly Readonly<Record<string, unknown>>[]
}

function schemaOf(schema: z.core.$ZodType): JsonSchema {
  // The input side: callers write hex, whatever it becomes behind the gate.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' })
  return rest
}

function describe(method: Method): Readonly<Record<string, unknown>> {
  return {
    name: method.name,
    summary: method.summary,
    paramStructure: 'by-position',
    params: method.params.def.items.map((item, index) => ({
      name: method.paramNames[index] ?? `param${index}`,
      required: item._zod.optin !== 'optional',
      schema: schemaOf(item),
    })),
    result: { name: 'result', schema: schemaOf(method.result) },
  }
}

/** The OpenRPC document of a table, generated from the schemas that validate its calls. */
export function createOpenRpc(methods: MethodTable, info: ServiceInfo): OpenRpcDocument {
  const sorted = [...methods.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return { openrpc: '1.3.2', info: { title: info.title, version: info.version }, methods: sorted.map(describe) }
}

/** The namespace of a method: what stands before its first underscore or dot. */
function namespaceOf(name: string): string {
  return name.split(/[_.]/, 1)[0] ?? name
}

/**
 * The methods that describe a table: `rpc_modules`, `rpc.discover` and its alias `rpc_discover`.
 * @param served the table without these methods; read when they are called
 */
export function describeMethods(served: () => MethodTable, info: ServiceInfo): readonly Method[] {
  let document: OpenRpcDocument | undefined
  const discover = (name: string): Method =>
    defineMethod({
      name,
      summary: 'The OpenRPC document of this route',
      params: z.tuple([]),
      paramNames: [],
      result: described('OpenRPC document'),
      handler: () => {
        document ??= createOpenRpc(new Map([...served(), ...own.map((method) => [method.name, method] as const)]), info)
        return document
      },
    })
  const own: readonly Method[] = [
    defineMethod({
      name: 'rpc_modules',
      summary: 'The namespaces of this route and their versions',
      params: z.tuple([]),
      paramNames: [],
      result: z.record(z.string(), z.string()),
      handler: () => {
        const names = new Set([...served().keys(), 'rpc'].map(namespaceOf))
        return Object.fromEntries([...names].sort().map((name) => [name, '1.0']))
      },
    }),
    discover('rpc.discover'),
    discover('rpc_discover'),
  ]
  return own
}
