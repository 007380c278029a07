const LOG_1_125 = Math.log(1.125)

/** How many changes of the base fee by the most that a block can are between a fee of one and this one; 0 for nothing. */
export function feeJumps(fee: bigint): number {
  return fee === 0n ? 0 : Math.log(Number(fee)) / LOG_1_125
}

/** Logarithmic steps that a fee is below the current one; 0 where it covers it, or nearly. */
function priorityOf(current: number, fee: number): number {
  const jumps = fee - current
  return jumps > -1 ? 0 : Math.clz32(-Math.floor(jumps)) - 31
}

/** The fees of a chain, or those that a transaction reaches, in {@link feeJumps}. */
export interface Jumps {
  readonly baseFee: number
  readonly blobFee: number
}

/**
 * How near a transaction is to being executable: of its two fee caps the one that is worse. The larger, the later it leaves a
 * full pool; where it can be executed they are all alike.
 * @see geth's core/txpool/blobpool/priority.go
 */
export function evictionPriority(current: Jumps, caps: Jumps): number {
  return Math.min(priorityOf(current.baseFee, caps.baseFee), priorityOf(current.blobFee, caps.blobFee))
}
