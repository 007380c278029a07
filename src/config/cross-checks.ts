import { isIP } from 'node:net'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import { parseGenesis } from '../protocol/genesis.ts'
import type { GenesisFile } from './files.ts'
import { at, type Problem, rawChains } from './raw.ts'
import type { ParsedConfig } from './schema.ts'
import { checkSupervisedChains, checkSupervisor, isSupervisedOnly } from './supervisor.ts'

/** Whether a host to listen on is reached from this machine only. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

function checkChain(chain: unknown, index: number): readonly Problem[] {
  const problems: Problem[] = []
  const need = (ok: boolean, message: string, ...path: string[]): void => {
    if (!ok) problems.push({ path: ['chains', index, ...path], message })
  }
  const el = at(chain, 'el')
  const hasEngine = el === 'embedded' || at(el, 'engine') !== undefined
  need(at(chain, 'insert') !== 'engine' || hasEngine, 'is required with insert: engine', 'el', 'engine')
  const mode = at(chain, 'mode')
  // A builder is reached through its Engine API, or through the op-node that leads it.
  const led =
    at(chain, 'node') !== undefined && [undefined, 'op-node'].includes(at(chain, 'insert') as string | undefined)
  need(mode !== 'engine' || hasEngine || led, 'is required with mode: engine', 'el', 'engine')
  const byDefault = hasEngine || (mode === 'engine' && led)
  const inserts = at(chain, 'insert') === undefined ? byDefault : at(chain, 'insert') !== 'none'
  need(mode !== 'auto' || inserts, 'must be engine or op-node with mode: auto', 'insert')
  const conditional = at(chain, 'txpool', 'conditional') === true
  const foreign = mode === 'engine' && el !== 'embedded'
  need(!conditional || !foreign, "cannot be true with mode: engine: the builder is the node's", 'txpool', 'conditional')
  need(mode !== 'engine' || at(chain, 'insert') !== 'none', 'must be engine or op-node with mode: engine', 'insert')
  need(at(chain, 'insert') !== 'op-node' || at(chain, 'node') !== undefined, 'is required with insert: op-node', 'node')
  need(el !== 'embedded' || at(chain, 'genesis') !== undefined, 'is required with el: embedded', 'genesis')
  const driver = at(chain, 'driver')
  const driven = driver !== undefined && driver !== false
  need(at(chain, 'interop') === undefined || driven, 'must be true with interop', 'driver')
  // Who drives has a use for what others gossip.
  const signs = at(chain, 'signer') !== undefined
  need(at(chain, 'p2p') === undefined || signs || driven, 'is required with p2p', 'signer')
  need(!driven || hasEngine, 'is required with driver: true', 'el', 'engine')
  need(!driven || at(chain, 'node') === undefined, 'cannot stand beside driver: true: one of them drives', 'node')
  const ownInsert = [undefined, 'engine'].includes(at(chain, 'insert') as string | undefined)
  need(!driven || ownInsert, 'must be engine with driver: true', 'insert')
  return problems
}

function checkL1(l1: unknown, chains: number): readonly Problem[] {
  const problems: Problem[] = []
  const need = (ok: boolean, message: string, ...path: string[]): void => {
    if (!ok) problems.push({ path: ['l1', ...path], message })
  }
  const mock = at(l1, 'mode') === 'mock'
  const forked = at(l1, 'forkFrom') !== undefined
  const el = at(l1, 'el') ?? (forked ? 'embedded' : undefined)
  need(el !== undefined, 'is required', 'el')
  need(!forked || el === 'embedded', 'must be "embedded", or left out, with forkFrom: that node is only read', 'el')
  need(
    !mock || forked || el === 'embedded' || at(el, 'engine') !== undefined,
    'is required with mode: mock',
    'el',
    'engine',
  )
  const why = forked ? 'forkFrom' : 'el: embedded'
  need(mock || el !== 'embedded', `must be "mock" with ${why}: nobody else makes its blocks`, 'mode')
  need(
    forked || (chains === 0 && !mock) || at(l1, 'genesis') !== undefined,
    "is required: it says the L1's upgrades and blob schedule",
    'genesis',
  )
  for (const key of ['sources', 'relayTo']) {
    const named = at(l1, 'txpool', key) !== undefined
    need(!named || mock, 'needs mode: mock: there is no pool otherwise', 'txpool', key)
  }
  const shared = at(l1, 'txpool', 'devp2p') !== undefined
  need(!shared || mock, 'needs mode: mock: there is no pool otherwise', 'txpool', 'devp2p')
  need(!shared || !forked, 'cannot stand beside forkFrom: the peers go another way', 'txpool', 'devp2p')
  const [safe, finalized] = [at(l1, 'safeDistance') ?? 10, at(l1, 'finalizedDistance') ?? 20]
  const ordered = typeof safe !== 'number' || typeof finalized !== 'number' || safe <= finalized
  need(ordered, 'must not be less than safeDistance', 'finalizedDistance')
  return problems
}

function checkNames(raw: unknown): readonly Problem[] {
  const problems: Problem[] = []
  const l1 = at(raw, 'l1')
  const seen = new Set<unknown>(l1 === undefined ? [] : [at(l1, 'name') ?? 'l1'])
  rawChains(raw).forEach((chain, index) => {
    const name = at(chain, 'name')
    if (name === undefined) return
    if (seen.has(name)) problems.push({ path: ['chains', index, 'name'], message: 'is taken by another chain' })
    seen.add(name)
  })
  return problems
}

/**
 * The rules between sections. Works on a configuration that may have other faults, so that all are told at once.
 * @param needsChains whether nothing else may name some
 */
export function crossChecks(raw: unknown, needsChains = true): readonly Problem[] {
  const problems: Problem[] = []
  const host = at(raw, 'rpc', 'host')
  if (typeof host === 'string' && !isLoopback(host) && at(raw, 'rpc', 'jwtSecretFile') === undefined) {
    problems.push({ path: ['rpc', 'jwtSecretFile'], message: `is required: rpc.host ${host} is not loopback` })
  }
  const chains = rawChains(raw)
  const hasL1 = at(raw, 'l1') !== undefined
  const pools = [at(raw, 'l1'), ...chains]
  if (at(raw, 'datadir') === undefined && pools.some((chain) => at(chain, 'txpool', 'journal') === true)) {
    problems.push({ path: ['datadir'], message: 'is required with txpool.journal: true' })
  }
  const hosted = chains.filter((chain) => !isSupervisedOnly(raw, chain)).length
  if (hasL1) problems.push(...checkL1(at(raw, 'l1'), hosted))
  const forked = at(raw, 'l1', 'forkFrom') !== undefined
  chains.forEach((chain, index) => {
    const driver = at(chain, 'driver')
    if (!forked || driver === undefined || driver === false) return
    problems.push({ path: ['chains', index, 'driver'], message: 'cannot be true with l1.forkFrom' })
  })
  chains.forEach((chain, index) => {
    const interop = at(chain, 'txpool', 'interop')
    if (interop === undefined || at(interop, 'rpc') !== undefined || at(raw, 'supervisor') !== undefined) return
    const path = ['chains', index, 'txpool', 'interop', 'rpc']
    problems.push({ path, message: 'is required where no supervisor is hosted' })
  })
  if (hosted > 0 && !hasL1) problems.push({ path: ['l1'], message: 'is required: chains build on it' })
  if (needsChains && chains.length === 0 && !hasL1)
    problems.push({ path: ['chains'], message: 'is empty, and there is no l1' })
  return [...problems, ...checkSupervisor(raw), ...checkNames(raw), ...chains.flatMap(checkChain)]
}

/** What an embedded execution layer starts from must be a whole genesis. */
function genesisProblems(file: GenesisFile | undefined, path: readonly PropertyKey[]): readonly Problem[] {
  if (file === undefined) return []
  try {
    parseGenesis(file.json)
    return []
  } catch (error) {
    const lines = isAppError(error) ? error.data?.errors : undefined
    return (Array.isArray(lines) ? lines : [errorMessage(error)]).map((line) => ({ path, message: String(line) }))
  }
}

/** The rules that need the contents of the named files. */
export function contentChecks(config: ParsedConfig): readonly Problem[] {
  const problems: Problem[] = []
  const names = new Set(config.chains.map((chain) => chain.name))
  if (config.l1 !== undefined) names.add(config.l1.name)
  const ids = new Set<bigint>()
  const l1ChainId = config.l1?.genesis?.config.chainId ?? config.chains[0]?.rollup.l1ChainId
  if (config.l1?.el === 'embedded' && config.l1.forkFrom === undefined)
    problems.push(...genesisProblems(config.l1.genesis, ['l1', 'genesis']))
  config.chains.forEach(({ name, rollup, genesis, el }, index) => {
    if (el === 'embedded') problems.push(...genesisProblems(genesis, ['chains', index, 'genesis']))
    const report = (message: string): void => {
      problems.push({ path: ['chains', index, 'rollup'], message })
    }
    const { l2ChainId } = rollup
    if (ids.has(l2ChainId)) report(`chain id ${l2ChainId} is taken by another chain`)
    ids.add(l2ChainId)
    if (l2ChainId === l1ChainId) report(`chain id ${l2ChainId} is that of the L1`)
    if (name !== String(l2ChainId) && names.has(String(l2ChainId))) {
      report(`chain id ${l2ChainId} is the name of another chain`)
    }
    if (genesis !== undefined && genesis.config.chainId !== l2ChainId) {
      report(`l2_chain_id is ${l2ChainId}, but the genesis says ${genesis.config.chainId}`)
    }
    if (el !== undefined && rollup.chainOpConfig === undefined && genesis?.config.op === undefined) {
      report('chain_op_config: is required, here or as "optimism" in a genesis: it prices gas')
    }
    if (rollup.l1ChainId !== l1ChainId) report(`l1_chain_id is ${rollup.l1ChainId}, but the L1 is ${l1ChainId}`)
  })
  if (config.supervisor !== undefined) problems.push(...checkSupervisedChains(config.supervisor, config.chains))
  if (config.l1 !== undefined && l1ChainId !== undefined) {
    const clash = config.chains.findIndex(({ name }) => name === String(l1ChainId))
    if (clash >= 0) problems.push({ path: ['chains', clash, 'name'], message: 'is the chain id of the L1' })
  }
  return problems
}
