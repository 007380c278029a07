import type { IoOptions } from '../../../src/primitives/io.ts'
import type { Logger } from '../../../src/telemetry/logger.ts'
import type { ManagedNodeModel } from '../../support/managed-node-model.ts'
import type { LogSpec } from '../../support/message-blocks.ts'
import { MESSAGE_GENESIS, MESSAGE_WINDOW } from '../../support/message-chains.ts'
import { supervisorOracle } from '../../support/supervisor-oracle.ts'
import { SupervisorWorld } from '../../support/supervisor-world.ts'
import type { Mutation } from './mutations.ts'
import type { CallFault, LogPlan, SimEvent, SimSchedule } from './schedule.ts'

/** What a run may differ in. */
export interface RunOptions {
  /** Told of each event before it happens. */
  readonly onEvent?: (event: SimEvent, world: SupervisorWorld) => void
  readonly logger?: Logger
  readonly tamper?: Mutation['tamper']
}

/** Runs a schedule. @returns what did not hold; undefined where everything did */
export async function runSchedule(schedule: SimSchedule, options: RunOptions = {}): Promise<string | undefined> {
  const { onEvent, logger, tamper } = options
  const world = new SupervisorWorld({ ...schedule, ...(logger && { logger }), ...(tamper && { tamper }) })
  try {
    await world.start()
    for (const { afterMs, event } of schedule.events) {
      await world.run(afterMs)
      await world.recover()
      onEvent?.(event, world)
      await happen(world, event)
    }
    await comeToRest(world)
    return world.violations[0] ?? atRest(world)
  } catch (error) {
    return world.violations[0] ?? (error instanceof Error ? `${error.message}` : String(error))
  } finally {
    await world.stop()
  }
}

async function happen(world: SupervisorWorld, event: SimEvent): Promise<void> {
  const node = (at: { readonly chain: number; readonly node: number }): ManagedNodeModel =>
    world.nodes.get(chainId(at.chain))?.[at.node] as ManagedNodeModel
  switch (event.tag) {
    case 'build':
      world.build(
        chainId(event.chain),
        event.logs.map((plan) => logOf(world, event.chain, plan)),
      )
      break
    case 'mine':
      world.mine(event.chains.map(chainId))
      break
    case 'finalize':
      world.l1.finalize(world.l1.chain.length - 1 - event.behind)
      break
    case 'reorg': {
      const to = Math.max(world.l1.finalized, world.l1.chain.length - 1 - event.depth)
      const dropped = world.l1.reorg(to)
      for (let block = 0; block < event.length; block++) world.mine()
      await world.run(700)
      if (event.back) world.l1.restore(to, dropped)
      break
    }
    case 'disconnect':
    case 'restart':
    case 'wipe':
      node(event)[event.tag]()
      break
    case 'lose': {
      let left = event.events
      node(event).loses = () => left-- > 0
      break
    }
    case 'fail':
      fail(node(event), event)
      break
    case 'l1-fails': {
      let left = event.times
      world.l1.fault = () => {
        if (left-- > 0) throw new Error('L1 does not answer')
      }
      break
    }
    case 'power':
      world.disk.crashAt(world.disk.steps + event.steps)
      break
    case 'stop':
      if (await world.recover()) break
      await world.crash()
      break
  }
}

const chainId = (index: number): bigint => BigInt(901 + index)

function fail(
  node: ManagedNodeModel,
  { call, how, times }: { readonly call: string; readonly how: CallFault; readonly times: number },
): void {
  let left = times
  node.fault = async (made, when, { signal }: IoOptions) => {
    if (made !== call || (how === 'never' ? when !== 'before' : when !== how) || left-- <= 0) return
    if (how !== 'never') throw new Error(`${call} fails`)
    await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
  }
}

function logOf(world: SupervisorWorld, chain: number, plan: LogPlan): LogSpec {
  if (plan.tag === 'emits') return world.log()
  const own = world.sequencer(chainId(chain)).unsafe.ref
  const of = chainId(plan.of)
  const blockTime = world.chains[plan.of]?.blockTime ?? 2n
  const mine = world.chains[chain]?.blockTime ?? 2n
  // The newest block of the other chain that is not later than the one that is built.
  const newest = (own.timestamp + mine - MESSAGE_GENESIS) / blockTime
  const back = plan.fault === 'old' ? MESSAGE_WINDOW / blockTime + 1n : BigInt(plan.back)
  const wanted = newest > back ? newest - back : 1n
  const blocks = world.sequencer(of).canonical.slice(0, Number(wanted) + 1)
  const emits = blocks.findLast(({ spec }) => spec.logs.some(({ tag }) => tag === 'emits'))
  const isFound = plan.fault === 'old' && emits !== undefined
  const number = isFound ? emits.ref.number : wanted
  const logs = blocks[Number(number)]?.spec.logs ?? []
  const any = logs.length === 0 ? plan.index : plan.index % logs.length
  const index = isFound ? logs.findIndex(({ tag }) => tag === 'emits') : any
  switch (plan.fault) {
    case 'index':
      return world.executes(of, number, index + 7)
    case 'content':
      return world.executes(of, number, index, { salt: 999_999 })
    case 'time':
      return world.executes(of, number, index, { timestamp: MESSAGE_GENESIS + number * blockTime - 1n })
    case 'future':
      return world.executes(of, number + 9n, index)
    case 'chain':
      return world.executes(7n, number, index)
    case 'next':
      return world.executes(chainId(chain), own.number + 1n, index)
    case 'old':
    case 'none':
      return world.executes(of, number, index)
  }
}

/** Nothing goes wrong any more, L1 goes on, and everybody comes to know of everything. */
async function comeToRest(world: SupervisorWorld): Promise<void> {
  await world.recover()
  world.disk.crashAt(Number.POSITIVE_INFINITY)
  world.l1.fault = () => {}
  for (const nodes of world.nodes.values())
    for (const node of nodes) {
      node.fault = () => {}
      node.loses = () => false
    }
  for (let block = 0; block < 3; block++) {
    // What is told of an unsafe block that got lost is made good by the next one.
    for (const { chainId: id } of world.chains) world.build(id)
    world.mine()
    await world.run(5000)
  }
  await world.settled()
}

function atRest(world: SupervisorWorld): string | undefined {
  const difference = world.difference()
  if (difference !== undefined) return `I11 ${difference}`
  const { invalid } = supervisorOracle(world.l1, world.chains)
  const denied = new Set(world.store?.deniedBlocks.map(({ block }) => block.hash))
  for (const hash of denied) if (!invalid.has(hash)) return `I4 ${hash} is denied, and valid`
  for (const hash of invalid) if (!denied.has(hash)) return `I7 ${hash} is invalid, and not denied`
  for (const nodes of world.nodes.values())
    for (const node of nodes)
      for (const { ref } of node.canonical) if (invalid.has(ref.hash)) return `I5 ${node.name} has ${ref.number} again`
  return undefined
}
