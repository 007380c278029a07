/** A log, by where it stands in the blocks that are looked at. */
export interface LogPlace {
  readonly chainId: bigint
  readonly logIndex: number
}

/** The executing log, and the log with the message. */
export interface MessageEdge {
  readonly executing: LogPlace
  readonly initiating: LogPlace
}

interface Visit {
  readonly node: number
  next: number
}

/**
 * The chains whose blocks have a log that comes before itself: each log comes after the one before it in its block, and after the message
 * that it executes. All blocks are of the same time, one a chain.
 * @see specs: interop, messaging, "Intra-block messages"
 */
export function chainsInCycles(edges: readonly MessageEdge[]): ReadonlySet<bigint> {
  const { chains, after, loops } = messageGraph(edges)
  const inCycle = new Set<bigint>(loops)
  for (const component of components(after))
    if (component.length > 1) for (const node of component) inCycle.add(chains[node] as bigint)
  return inCycle
}

/** Logs that messages begin or end at are nodes; of the others nothing depends. */
function messageGraph(edges: readonly MessageEdge[]) {
  const places = new Map<bigint, Set<number>>()
  for (const { chainId, logIndex } of edges.flatMap(({ executing, initiating }) => [executing, initiating]))
    places.set(chainId, (places.get(chainId) ?? new Set()).add(logIndex))
  const ids = new Map<string, number>()
  const chains: bigint[] = []
  const after: number[][] = []
  for (const [chainId, indexes] of places) {
    for (const [at, logIndex] of [...indexes].sort((a, b) => a - b).entries()) {
      const node = chains.push(chainId) - 1
      ids.set(`${chainId}:${logIndex}`, node)
      after.push([])
      if (at > 0) after[node - 1]?.push(node)
    }
  }
  const node = ({ chainId, logIndex }: LogPlace): number => ids.get(`${chainId}:${logIndex}`) as number
  const loops: bigint[] = []
  for (const { executing, initiating } of edges) {
    after[node(initiating)]?.push(node(executing))
    if (node(initiating) === node(executing)) loops.push(executing.chainId)
  }
  return { chains, after, loops }
}

/** Nodes that can be reached from each other, together (Tarjan's algorithm, without recursion). */
function components(after: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const found: number[][] = []
  const order = new Map<number, number>()
  const lowest = new Map<number, number>()
  const open: number[] = []
  const isOpen = new Set<number>()
  const enter = (node: number): Visit => {
    order.set(node, order.size)
    lowest.set(node, order.get(node) as number)
    open.push(node)
    isOpen.add(node)
    return { node, next: 0 }
  }
  const lower = (node: number, to: number): void => {
    lowest.set(node, Math.min(lowest.get(node) as number, to))
  }
  for (const root of after.keys()) {
    if (order.has(root)) continue
    const path = [enter(root)]
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const next = after[visit.node]?.[visit.next++]
      if (next !== undefined) {
        if (!order.has(next)) path.push(enter(next))
        else if (isOpen.has(next)) lower(visit.node, order.get(next) as number)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) lower(parent.node, lowest.get(visit.node) as number)
      if (lowest.get(visit.node) !== order.get(visit.node)) continue
      const component = open.splice(open.lastIndexOf(visit.node))
      for (const node of component) isOpen.delete(node)
      found.push(component)
    }
  }
  return found
}
