import { AppError } from '../primitives/errors.ts'
import { hexToBytes } from '../primitives/hex.ts'
import type { OpFork, OpForks } from './forks.ts'
import { type DepositTransaction, decodeTransaction, isDeposit } from './transaction.ts'
import ecotone from './upgrade-txs/ecotone.json' with { type: 'json' }
import fjord from './upgrade-txs/fjord.json' with { type: 'json' }
import isthmus from './upgrade-txs/isthmus.json' with { type: 'json' }
import jovian from './upgrade-txs/jovian.json' with { type: 'json' }
import karst from './upgrade-txs/karst.json' with { type: 'json' }

/** Codes of upgrade transactions. */
export type UpgradeErrorCode = 'UPGRADE_UNKNOWN'

/** The upgrades that come with transactions, in the order in which a block would carry them. */
const RAW: readonly (readonly [OpFork, readonly string[]])[] = [
  ['ecotone', ecotone],
  ['fjord', fjord],
  ['isthmus', isthmus],
  ['jovian', jovian],
  ['karst', karst],
]

const decoded = new Map<OpFork, readonly DepositTransaction[]>()

/** The upgrade transactions of one fork; none for a fork that has none. Decoded at first use. */
export function upgradeTransactionsOf(fork: OpFork): readonly DepositTransaction[] {
  const known = decoded.get(fork)
  if (known !== undefined) return known
  const raw = RAW.find(([name]) => name === fork)?.[1] ?? []
  const transactions = raw.map((hex) => decodeTransaction(hexToBytes(hex))).filter(isDeposit)
  decoded.set(fork, transactions)
  return transactions
}

/** Gas that the Karst activation block gets on top of the system configuration's limit, for its upgrade transactions. */
export function karstUpgradeGas(): bigint {
  return upgradeTransactionsOf('karst').reduce((sum, transaction) => sum + transaction.gasLimit, 0n)
}

/** The upgrade transactions of a block, and the gas that they add to its limit. */
export interface BlockUpgrade {
  readonly transactions: readonly DepositTransaction[]
  readonly gas: bigint
}

/**
 * What an L2 block carries for the forks that activate with it: usually nothing.
 * @param blockTime seconds between L2 blocks
 * @throws AppError UPGRADE_UNKNOWN, critical, where Interop activates after genesis: its transactions are not settled
 * @see OP specs: derivation, "Network upgrade automation transactions"
 */
export function upgradeTransactions(forks: OpForks, timestamp: bigint, blockTime: bigint): BlockUpgrade {
  const transactions: DepositTransaction[] = []
  for (const [fork] of RAW) {
    if (forks.isActivationBlock(fork, timestamp, blockTime)) transactions.push(...upgradeTransactionsOf(fork))
  }
  if (forks.isActivationBlock('interop', timestamp, blockTime)) {
    throw new AppError<UpgradeErrorCode>('UPGRADE_UNKNOWN', {
      message: 'the upgrade transactions of Interop are not known; activate it at genesis',
      severity: 'critical',
    })
  }
  return { transactions, gas: forks.isActivationBlock('karst', timestamp, blockTime) ? karstUpgradeGas() : 0n }
}
