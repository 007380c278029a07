import { type Method, type MethodTable, methodTable } from './method.ts'
import { describeMethods, type ServiceInfo } from './openrpc.ts'

/** One chain's place in the server. */
export interface ChainRoute {
  /** Served at `/<name>` and at `/<chainId>`. */
  readonly name: string
  readonly chainId: bigint
  readonly layer: 'l1' | 'l2'
  readonly methods: readonly Method[]
  /** The Engine API of an execution layer in the process. */
  readonly engine?: EngineRoute
}

/** Served at `/<name>/engine` and at `/<chainId>/engine`, beside the chain's other methods. */
export interface EngineRoute {
  readonly methods: readonly Method[]
  /** 32 bytes: who may move the chain's head. */
  readonly jwtSecret: Uint8Array
}

/** What one path serves, and to whom. */
export interface ServedRoute {
  readonly methods: MethodTable
  /** 32 bytes: asks for tokens of this secret, whatever the server asks for elsewhere. */
  readonly jwtSecret?: Uint8Array
  /** Asks for no token, whatever the server asks for elsewhere. */
  readonly open?: boolean
}

/** What op-test-sequencer's clients call. */
export interface EnsembleRoutes {
  /** Served at `/`. */
  readonly root: readonly Method[]
  /** By id: what is served at `/sequencers/<id>`, and at `/tx/<id>` to everybody. */
  readonly sequencers: ReadonlyMap<
    string,
    { readonly methods: readonly Method[]; readonly transactions: readonly Method[] }
  >
}

/** Methods that belong to no chain. */
export interface ServiceRoutes {
  readonly ensemble?: EnsembleRoutes
  /** Of a supervisor: served at `/supervisor`, and at `/`. */
  readonly supervisor?: readonly Method[] | undefined
}

/** Routes by path. */
export type Routes = ReadonlyMap<string, ServedRoute>

function tableOf(methods: readonly Method[], info: ServiceInfo): MethodTable {
  const served = methodTable(methods)
  return methodTable([...served.values(), ...describeMethods(() => served, info)])
}

/**
 * Lays out the routes: `/<name>` and `/<chainId>` serve one chain, `/` the only L2 chain when there is exactly one;
 * service-wide methods are served on all of them. A chain id whose path another chain's name takes is left to the name.
 */
export function createRoutes(
  service: readonly Method[],
  chains: readonly ChainRoute[],
  info: ServiceInfo,
  { ensemble, supervisor }: ServiceRoutes = {},
): Routes {
  const served = chains.map(({ name, chainId, layer, methods, engine }) => {
    const chain = { methods: tableOf([...service, ...methods], info) }
    const own = [['', chain]] as [string, ServedRoute][]
    if (engine !== undefined) {
      const all = tableOf([...service, ...methods, ...engine.methods], info)
      own.push(['/engine', { methods: all, jwtSecret: engine.jwtSecret }])
    }
    return { name, chainId, layer, chain, own }
  })
  const routes = new Map<string, ServedRoute>()
  for (const { name, own } of served) for (const [path, route] of own) routes.set(`/${name}${path}`, route)
  const names = new Set(chains.map(({ name }) => name))
  const ids = new Set<bigint>()
  for (const { chainId, own } of served) {
    if (names.has(String(chainId)) || ids.has(chainId)) continue
    ids.add(chainId)
    for (const [path, route] of own) routes.set(`/${chainId}${path}`, route)
  }
  const l2 = served.filter(({ layer }) => layer === 'l2')
  const only = l2.length === 1 ? chains.find(({ layer }) => layer === 'l2') : undefined
  const root = [...(only?.methods ?? []), ...(ensemble?.root ?? []), ...(supervisor ?? [])]
  routes.set('/', { methods: tableOf([...service, ...root], info) })
  if (supervisor !== undefined) routes.set('/supervisor', { methods: tableOf([...service, ...supervisor], info) })
  for (const [id, { methods, transactions }] of ensemble?.sequencers ?? []) {
    routes.set(`/sequencers/${id}`, { methods: tableOf([...service, ...methods], info) })
    routes.set(`/tx/${id}`, { methods: tableOf([...service, ...transactions], info), open: true })
  }
  return routes
}
