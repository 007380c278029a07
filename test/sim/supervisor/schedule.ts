import { seededRandom } from '../../support/crash-disk.ts'
import type { NodeCall } from '../../support/managed-node-model.ts'

/** What a log of a block is to be. Places are chosen when it is built, of what is there then. */
export type LogPlan =
  | { readonly tag: 'emits' }
  /** @property back blocks below the newest one of the other chain: 0 for one of about the same time */
  | {
      readonly tag: 'executes'
      readonly of: number
      readonly back: number
      readonly index: number
      readonly fault: MessageFault
    }

/** What is wrong with a message, if anything is. */
export type MessageFault = 'none' | 'old' | 'index' | 'content' | 'time' | 'future' | 'chain' | 'next'

/** What happens in a simulated world. */
export type SimEvent =
  | { readonly tag: 'build'; readonly chain: number; readonly logs: readonly LogPlan[] }
  | { readonly tag: 'mine'; readonly chains: readonly number[] }
  | { readonly tag: 'finalize'; readonly behind: number }
  | { readonly tag: 'reorg'; readonly depth: number; readonly length: number; readonly back: boolean }
  | { readonly tag: 'disconnect' | 'restart' | 'wipe'; readonly chain: number; readonly node: number }
  | { readonly tag: 'lose'; readonly chain: number; readonly node: number; readonly events: number }
  | {
      readonly tag: 'fail'
      readonly chain: number
      readonly node: number
      readonly call: NodeCall
      readonly how: CallFault
      readonly times: number
    }
  | { readonly tag: 'l1-fails'; readonly times: number }
  | { readonly tag: 'power'; readonly steps: number }
  | { readonly tag: 'stop' }

/** How a call goes wrong: nothing is done, or it is and nobody hears of it, or nobody ever answers. */
export type CallFault = 'before' | 'after' | 'never'

/** A world and what happens in it. */
export interface SimSchedule {
  readonly seed: number
  readonly blockTimes: readonly bigint[]
  readonly nodes: number
  /** Milliseconds that an event of a node takes. */
  readonly latencyMs: number
  readonly events: readonly { readonly afterMs: number; readonly event: SimEvent }[]
}

const CALLS: readonly NodeCall[] = [
  'chainId',
  'updateCrossUnsafe',
  'updateCrossSafe',
  'updateFinalized',
  'invalidateBlock',
  'provideL1',
  'reset',
  'receipts',
  'refByNumber',
  'outputAt',
]
const FAULTS: readonly MessageFault[] = [
  'none',
  'old',
  'old',
  'old',
  'index',
  'content',
  'time',
  'future',
  'chain',
  'next',
]
const BLOCK_TIMES = [1n, 2n, 2n, 2n, 3n]

/** The schedule of a seed: always the same. */
export function scheduleOf(seed: number): SimSchedule {
  const random = seededRandom(seed)
  const below = (end: number): number => Math.floor(random() * end)
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T
  const chains = 2 + below(2)
  const nodes = random() < 0.3 ? 2 : 1
  const isCalm = random() < 0.25
  const plan = (): LogPlan =>
    random() < 0.5
      ? { tag: 'emits' }
      : {
          tag: 'executes',
          of: below(chains),
          back: below(3),
          index: below(3),
          fault: random() < 0.85 ? 'none' : pick(FAULTS),
        }
  const disturb = (): SimEvent => {
    const where = { chain: below(chains), node: below(nodes) }
    switch (below(9)) {
      case 0:
        return { tag: 'reorg', depth: 1 + below(4), length: 1 + below(4), back: random() < 0.3 }
      case 1:
        return { tag: 'disconnect', ...where }
      case 2:
        return { tag: random() < 0.8 ? 'restart' : 'wipe', ...where }
      case 3:
        return { tag: 'lose', ...where, events: 1 + below(6) }
      case 4:
      case 5:
        return {
          tag: 'fail',
          ...where,
          call: pick(CALLS),
          how: pick(['before', 'after', 'never']),
          times: 1 + below(3),
        }
      case 6:
        return { tag: 'l1-fails', times: 1 + below(4) }
      case 7:
        return { tag: 'power', steps: below(40) }
      default:
        return { tag: 'stop' }
    }
  }
  const event = (): SimEvent => {
    const luck = random()
    if (luck < 0.5) return { tag: 'build', chain: below(chains), logs: Array.from({ length: below(4) }, plan) }
    if (luck < 0.78)
      return { tag: 'mine', chains: Array.from({ length: chains }, (_, chain) => chain).filter(() => random() < 0.8) }
    if (luck < 0.84) return { tag: 'finalize', behind: 2 + below(4) }
    return isCalm ? { tag: 'build', chain: below(chains), logs: [plan()] } : disturb()
  }
  return {
    seed,
    blockTimes: Array.from({ length: chains }, () => pick(BLOCK_TIMES)),
    nodes,
    latencyMs: pick([0, 0, 5, 60]),
    events: Array.from({ length: 15 + below(50) }, () => ({
      afterMs: pick([0, 0, 50, 300, 1500, 6000]),
      event: event(),
    })),
  }
}
