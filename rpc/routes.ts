import { type Method, type MethodTable, methodTable } from './method.ts'
import { describeMethods, type ServiceInfo } from './openrpc.ts'

/** One chain's place in the server. */
export interface ChainRoute {
  /** Served at `/<name>` and at `/<chainId>`. */
  readonly name: string
  readonly chainId: bigint
  readonly layer: 'l1' | 'l2'
  readonly methods: readonly Method[]
}

/** Method tables by path. */
export type Routes = ReadonlyMap<string, MethodTable>

function tableOf(methods: readonly Method[], info: ServiceInfo): MethodTable {
  const served = methodTable(methods)
  return methodTable([...served.values(), ...describeMethods(() => served, info)])
}

/**
 * Lays out the routes: `/<name>` and `/<chainId>` serve one chain, `/` the only L2 chain when there is exactly one;
 * service-wide methods are served on all of them. A chain id whose path another chain's name takes is left to the name.
 */
export function createRoutes(service: readonly Method[], chains: readonly ChainRoute[], info: ServiceInfo): Routes {
  const routes = new Map<string, MethodTable>()
  const tables = chains.map((chain) => tableOf([...service, ...chain.methods], info))
  chains.forEach((chain, index) => {
    const table = tables[index]
    if (table !== undefined) routes.set(`/${chain.name}`, table)
  })
  chains.forEach((chain, index) => {
    const table = tables[index]
    const path = `/${chain.chainId}`
    if (table !== undefined && !routes.has(path)) routes.set(path, table)
  })
  const l2 = chains.flatMap((chain, index) => (chain.layer === 'l2' ? [tables[index]] : []))
  routes.set('/', (l2.length === 1 ? l2[0] : undefined) ?? tableOf(service, info))
  return routes
}
