import { z } from 'zod'
import type { DependencySet } from '../protocol/dependency-set.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { dependencySetFile } from './dependency-set.ts'
import type { FileSchemas } from './files.ts'
import { at, type Problem, rawChains } from './raw.ts'
import { url } from './urls.ts'

/** A supervisor in this process. */
export interface SupervisorSettings {
  readonly dependencySet: DependencySet
  /** Of each chain of the dependency set, in its order. */
  readonly rollups: readonly RollupConfig[]
  /** Nodes that it manages; by falling precedence those of one chain. */
  readonly nodes: readonly {
    /** ws, wss, http or https */
    readonly url: string
    /** 32 bytes. */
    readonly jwtSecret: Uint8Array
  }[]
}

/** The section `supervisor`. */
export function supervisorSchema(files: FileSchemas) {
  return z.strictObject({
    dependencySet: dependencySetFile(files),
    nodes: z.array(z.strictObject({ url: url('ws', 'wss', 'http', 'https'), jwtSecretFile: files.secret })),
  })
}

type ParsedSupervisor = z.output<ReturnType<typeof supervisorSchema>>

/** A section that passed every check. */
export function supervisorSettings(
  { dependencySet, nodes }: ParsedSupervisor,
  rollups: readonly RollupConfig[],
): SupervisorSettings {
  return {
    dependencySet,
    rollups: dependencySet.chainIds.flatMap((id) => rollups.find(({ l2ChainId }) => l2ChainId === id) ?? []),
    nodes: nodes.map(({ url: node, jwtSecretFile: jwtSecret }) => ({ url: node, jwtSecret })),
  }
}

/** What may be said of a chain that only a supervisor needs to know of. */
const SUPERVISED_KEYS = ['name', 'rollup', 'genesis']

/** Whether a chain is named for the supervisor alone: it has no execution layer here. */
export function isSupervisedOnly(raw: unknown, chain: unknown): boolean {
  return at(raw, 'supervisor') !== undefined && at(chain, 'el') === undefined
}

/** The rules between the section and others, of a configuration that is not checked yet. */
export function checkSupervisor(raw: unknown): readonly Problem[] {
  const chains = rawChains(raw)
  const problems: Problem[] = chains.flatMap((chain, index): Problem[] => {
    if (at(chain, 'el') !== undefined) return []
    const hosted = Object.keys((chain ?? {}) as object).some((key) => !SUPERVISED_KEYS.includes(key))
    if (isSupervisedOnly(raw, chain) && !hosted) return []
    return [{ path: ['chains', index, 'el'], message: 'is required' }]
  })
  if (at(raw, 'supervisor') === undefined) return problems
  if (at(raw, 'l1') === undefined) problems.push({ path: ['l1'], message: 'is required: the supervisor follows it' })
  const nodes = at(raw, 'supervisor', 'nodes')
  if (Array.isArray(nodes) && nodes.length === 0) problems.push({ path: ['supervisor', 'nodes'], message: 'is empty' })
  const named = [at(raw, 'l1'), ...chains]
  if (named.some((chain) => at(chain, 'name') === 'supervisor'))
    problems.push({ path: ['supervisor'], message: 'has the route that a chain is named for' })
  return problems
}

/** The rules that need the contents of the named files. */
export function checkSupervisedChains(
  supervisor: ParsedSupervisor,
  chains: readonly { readonly rollup: RollupConfig }[],
): readonly Problem[] {
  const path = ['supervisor', 'dependencySet']
  return supervisor.dependencySet.chainIds.flatMap((id): Problem[] => {
    const index = chains.findIndex(({ rollup }) => rollup.l2ChainId === id)
    if (index < 0) return [{ path, message: `chains has no rollup configuration of chain ${id}` }]
    if (chains[index]?.rollup.forks.times.interop !== undefined) return []
    return [{ path: ['chains', index, 'rollup'], message: `interop_time: is required: chain ${id} is supervised` }]
  })
}
