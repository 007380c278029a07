/** When a block begins and when it is sealed, in milliseconds since the epoch. */
export interface BlockTiming {
  /** Before that there is nothing to do. */
  readonly begin: number
  /** When the block ought to be there: its timestamp, unless another interval was asked for. */
  readonly due: number
  /** When filling ends. In the past for a block that is late. */
  readonly seal: number
}

/** What the times of blocks follow from. Milliseconds. */
export interface Pace {
  readonly blockTimeMs: number
  /** What sealing and delivering a block takes: filling ends that long before it is due. */
  readonly sealLeadMs: number
  /** Blocks come in this interval, whatever their timestamps say. */
  readonly intervalMs?: number | undefined
}

/**
 * The times of the block after one of `parentTimestamp`. A block is begun one block time before it is due, and sealed a little
 * before that; one that is late is begun and sealed at once, so that a chain that was held up catches up.
 * @param parentTimestamp unix seconds
 * @param previousDue of the block before, where blocks come in an interval of their own
 * @see op-node: Sequencer.onForkchoiceUpdate, onBuildStarted
 */
export function blockTiming(
  pace: Pace,
  parentTimestamp: bigint,
  now: number,
  previousDue: number | undefined,
): BlockTiming {
  const { blockTimeMs, sealLeadMs, intervalMs } = pace
  if (intervalMs !== undefined) {
    // A block that took longer than the interval does not make the ones after it come in a rush.
    const due = Math.max((previousDue ?? now) + intervalMs, now)
    return { begin: due - intervalMs, due, seal: due - Math.min(sealLeadMs, intervalMs / 2) }
  }
  const due = Number(parentTimestamp) * 1000 + blockTimeMs
  return { begin: due - blockTimeMs, due, seal: due - sealLeadMs }
}
