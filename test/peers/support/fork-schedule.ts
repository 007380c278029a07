import { OP_FORKS, type OpFork } from '../../../src/protocol/forks.ts'

/** Unix seconds at which each upgrade of a test chain takes effect; 0 is "at genesis", absent is "never". */
export type ForkSchedule = Readonly<Partial<Record<OpFork, number>>>

/** The upgrades up to `last`, Bedrock left out: it has no time. */
export function forksUpTo(last: OpFork): readonly OpFork[] {
  return OP_FORKS.slice(1, OP_FORKS.indexOf(last) + 1)
}

/** Every upgrade up to `last` at genesis. */
export function atGenesis(last: OpFork = 'jovian'): ForkSchedule {
  return Object.fromEntries(forksUpTo(last).map((fork) => [fork, 0]))
}

/** A chain that starts at Bedrock and takes one upgrade every `step` seconds, the first at `genesisTime + step`. */
export function staggered(genesisTime: number, step: number, last: OpFork = 'jovian'): ForkSchedule {
  return Object.fromEntries(forksUpTo(last).map((fork, index) => [fork, genesisTime + step * (index + 1)]))
}

/**
 * Upgrades that take effect while a chain runs. @param delays seconds from genesis; what is not named comes with the one before it, the
 * first ones at genesis
 */
export function upgrading(delays: ForkSchedule, last: OpFork = 'jovian'): (genesisTime: number) => ForkSchedule {
  return (genesisTime) => {
    let at = 0
    const entries = forksUpTo(last).map((fork) => {
      const delay = delays[fork]
      if (delay !== undefined) at = genesisTime + delay
      return [fork, at]
    })
    return Object.fromEntries(entries)
  }
}

/** Whether `fork` holds in a block with this timestamp (seconds). */
export function isActive(forks: ForkSchedule, fork: OpFork, timestamp: number): boolean {
  const at = forks[fork]
  return fork === 'bedrock' || (at !== undefined && timestamp >= at)
}
