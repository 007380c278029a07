/** The share of the gas used that refunds can give back at most, as a divisor. @see EIP-3529 */
const REFUND_QUOTIENT = 5n

/**
 * The gas that a transaction pays for.
 * @param used gas, the intrinsic part included
 * @param refund that execution has earned, before the cap
 * @param floor the least gas it pays for its data (EIP-7623); 0 before Prague
 */
export function gasAfterRefund(used: bigint, refund: bigint, floor: bigint): bigint {
  const cap = used / REFUND_QUOTIENT
  const gas = used - (refund < cap ? refund : cap)
  return gas < floor ? floor : gas
}
