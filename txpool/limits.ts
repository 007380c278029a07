/** How much the pool holds. The defaults are geth's. */
export interface PoolLimits {
  /** Executable transactions that every account may have, also when the pool is over its limit. */
  readonly accountSlots: number
  /** Executable transactions of all accounts. */
  readonly globalSlots: number
  /** Transactions behind a nonce gap, of one account. */
  readonly accountQueue: number
  /** Transactions behind a nonce gap, of all accounts. */
  readonly globalQueue: number
  /** Milliseconds that an account's transactions behind a gap are kept without anything new from it. */
  readonly lifetimeMs: number
  /** The least tip cap, in wei per gas. */
  readonly priceLimit: bigint
  /** How much more a replacement must offer, in percent. */
  readonly priceBump: bigint
}

/** geth's defaults. */
export const DEFAULT_LIMITS: PoolLimits = {
  accountSlots: 16,
  globalSlots: 5120,
  accountQueue: 64,
  globalQueue: 1024,
  lifetimeMs: 3 * 3_600_000,
  priceLimit: 1n,
  priceBump: 10n,
}

const SLOT_BYTES = 32 * 1024

/** The slots of the pool that an encoded transaction takes. */
export function slotsOf(raw: Uint8Array): number {
  return Math.ceil(raw.length / SLOT_BYTES)
}
