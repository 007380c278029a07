import type { Address } from '../../src/primitives/hex.ts'
import type { AccountList } from './account-list.ts'

/** What has too much to give, and how much. */
export interface Offenders {
  /** Who has more executable transactions than every account may, with these. */
  readonly lists: ReadonlyMap<Address, Pick<AccountList, 'length'>>
  /** How many are too many, of all accounts together. */
  readonly excess: number
  /** The share of the pool that every account may have. */
  readonly accountSlots: number
  /** Takes the highest nonce of an account away. */
  readonly shorten: (sender: Address) => void
}

/**
 * Takes from those who have most until they are all alike, then from all of them alike, as long as there is too much. A round
 * that was begun is ended: a few more than too many may go.
 */
export function truncatePending({ lists, excess, accountSlots, shorten }: Offenders): void {
  const lengthOf = (sender: Address | undefined): number =>
    sender === undefined ? 0 : (lists.get(sender)?.length ?? 0)
  const byLength = [...lists.keys()].sort((a, b) => lengthOf(b) - lengthOf(a))
  let missing = excess
  const round = (senders: readonly Address[]): void => {
    for (const sender of senders) shorten(sender)
    missing -= senders.length
  }
  const offenders: Address[] = []
  for (const sender of byLength) {
    if (missing <= 0) return
    const threshold = lengthOf(sender)
    while (missing > 0 && lengthOf(offenders.at(-1)) > threshold) round(offenders)
    offenders.push(sender)
  }
  while (missing > 0 && lengthOf(offenders.at(-1)) > accountSlots) round(offenders)
}
