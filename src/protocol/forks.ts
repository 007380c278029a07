/** The OP-Stack upgrades, oldest first. Every rule of this project is a switch on one of these. */
export const OP_FORKS = [
  'bedrock',
  'regolith',
  'canyon',
  'delta',
  'ecotone',
  'fjord',
  'granite',
  'holocene',
  'isthmus',
  'jovian',
  'karst',
  'interop',
] as const

/** An OP-Stack upgrade. `interop` is what later releases call Lagoon. */
export type OpFork = (typeof OP_FORKS)[number]

/** Unix seconds at which each upgrade takes effect; an absent one never does. Bedrock is always on. */
export type ForkTimes = Readonly<Partial<Record<OpFork, bigint>>>

/** The upgrades of one chain, asked by L2 block time. */
export class OpForks {
  readonly times: ForkTimes

  constructor(times: ForkTimes) {
    this.times = { bedrock: 0n, ...times }
  }

  /** Whether the rules of `fork` hold in a block with this timestamp (seconds). */
  isActive(fork: OpFork, timestamp: bigint): boolean {
    const at = this.times[fork]
    return at !== undefined && timestamp >= at
  }

  /**
   * Whether the block at `timestamp` is the first with the rules of `fork`: the one that carries its upgrade
   * transactions. A fork that is active at genesis has no such block.
   * @param blockTime seconds between blocks
   */
  isActivationBlock(fork: OpFork, timestamp: bigint, blockTime: bigint): boolean {
    return this.isActive(fork, timestamp) && timestamp >= blockTime && !this.isActive(fork, timestamp - blockTime)
  }

  /** The newest upgrade whose rules hold at `timestamp`. */
  latest(timestamp: bigint): OpFork {
    let found: OpFork = 'bedrock'
    for (const fork of OP_FORKS) if (this.isActive(fork, timestamp)) found = fork
    return found
  }
}
