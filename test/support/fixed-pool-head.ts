import type { Address } from '../../src/primitives/hex.ts'
import { ZERO_HASH } from '../../src/primitives/hex.ts'
import type { TxPoolOptions } from '../../txpool/pool.ts'
import type { PoolAccount, PoolRules } from '../../txpool/validate.ts'

/** A chain for a pool whose head never moves, and where all accounts are alike. */
export function fixedPoolHead(rules: PoolRules, account: PoolAccount): Pick<TxPoolOptions, 'clock' | 'head'> {
  return {
    clock: { now: () => 0 },
    head: async (senders: readonly Address[]) => ({
      hash: ZERO_HASH,
      stateRoot: ZERO_HASH,
      rules,
      baseFee: 0n,
      accounts: new Map(senders.map((sender) => [sender, account])),
    }),
  }
}
