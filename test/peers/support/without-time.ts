/** Transactions as geth shows them before 1.17: without the time of their block. */
export function withoutTime(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTime)
  if (typeof value !== 'object' || value === null) return value
  const { blockTimestamp, ...rest } = value as Record<string, unknown>
  const isTransaction = 'input' in rest && 'nonce' in rest
  const kept = isTransaction || blockTimestamp === undefined ? rest : { ...rest, blockTimestamp }
  return Object.fromEntries(Object.entries(kept).map(([key, field]) => [key, withoutTime(field)]))
}
