const GAS_LIMIT_BOUND_DIVISOR = 1024n

/** As near to a gas limit as a child of an L1 block may come. @see geth, core CalcGasLimit */
export function steppedGasLimit(parent: bigint, wanted: bigint): bigint {
  const step = parent / GAS_LIMIT_BOUND_DIVISOR - 1n
  if (wanted > parent) return wanted - parent > step ? parent + step : wanted
  return parent - wanted > step ? parent - step : wanted
}
