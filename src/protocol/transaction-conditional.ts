import type { Address, Hash } from '../primitives/hex.ts'

/** What an account is expected to hold: its whole storage by its root, or single slots. */
export type KnownAccount =
  | { readonly tag: 'root'; readonly storageRoot: Hash }
  | { readonly tag: 'slots'; readonly slots: ReadonlyMap<Hash, Hash> }

/** What must hold for a transaction to be included; checked by whoever builds blocks, not by the protocol. Ranges are inclusive. */
export interface TransactionConditional {
  readonly knownAccounts: ReadonlyMap<Address, KnownAccount>
  readonly blockNumberMin?: bigint
  readonly blockNumberMax?: bigint
  /** Unix seconds. */
  readonly timestampMin?: bigint
  readonly timestampMax?: bigint
}

/** The most that conditions may cost, in lookups. */
export const MAX_CONDITIONAL_COST = 1000

/** Lookups that conditions cost, as op-geth counts them. */
export function conditionalCost(conditional: TransactionConditional): number {
  const { knownAccounts, blockNumberMin, blockNumberMax, timestampMin, timestampMax } = conditional
  let cost = 0
  for (const known of knownAccounts.values()) cost += 1 + (known.tag === 'root' ? 1 : known.slots.size)
  if (blockNumberMin !== undefined || blockNumberMax !== undefined) cost++
  if (timestampMin !== undefined || timestampMax !== undefined) cost++
  return cost
}

/** What is wrong with conditions that no block can meet, in op-geth's words. */
export function conditionalFault(conditional: TransactionConditional): string | undefined {
  const { blockNumberMin, blockNumberMax, timestampMin, timestampMax } = conditional
  if (blockNumberMin !== undefined && blockNumberMax !== undefined && blockNumberMin > blockNumberMax) {
    return 'block number minimum constraint must be less than the maximum'
  }
  if (timestampMin !== undefined && timestampMax !== undefined && timestampMin > timestampMax) {
    return 'timestamp minimum constraint must be less than the maximum'
  }
  return undefined
}

/** Which condition a block's number and time do not meet, in op-geth's words. */
export function unmetByHeader(
  conditional: TransactionConditional,
  header: { readonly number: bigint; readonly timestamp: bigint },
): string | undefined {
  const { blockNumberMin, blockNumberMax, timestampMin, timestampMax } = conditional
  const { number, timestamp } = header
  if (blockNumberMin !== undefined && blockNumberMin > number) return 'failed block number minimum constraint'
  // op-geth's spelling.
  if (blockNumberMax !== undefined && blockNumberMax < number) return 'failed block number maximmum constraint'
  if (timestampMin !== undefined && timestampMin > timestamp) return 'failed timestamp minimum constraint'
  if (timestampMax !== undefined && timestampMax < timestamp) return 'failed timestamp maximum constraint'
  return undefined
}

/** Storage as conditions are checked against it. */
export interface ConditionalState {
  /** EMPTY_TRIE_ROOT for an account without storage, and for one that does not exist. */
  storageRoot(address: Address): Hash | Promise<Hash>
  /** Zero where it is not set. */
  slot(address: Address, slot: Hash): bigint | Promise<bigint>
}

/** Which condition a state does not meet, in op-geth's words. @throws what reading the state throws */
export async function unmetByState(
  conditional: TransactionConditional,
  state: ConditionalState,
): Promise<string | undefined> {
  for (const [address, known] of conditional.knownAccounts) {
    if (known.tag === 'root') {
      const root = await state.storageRoot(address)
      if (root !== known.storageRoot) {
        return `failed account storage root constraint. Got ${root}, Expected ${known.storageRoot}`
      }
      continue
    }
    for (const [slot, expected] of known.slots) {
      const value: Hash = `0x${(await state.slot(address, slot)).toString(16).padStart(64, '0')}`
      if (value === expected) continue
      return `failed account storage slot key ${slot} constraint. Got ${value}, Expected ${expected}`
    }
  }
  return undefined
}

/** The storage that conditions are about, to be fetched together. */
export function conditionalReads(
  conditional: TransactionConditional,
): readonly { readonly address: Address; readonly slots: readonly Hash[] }[] {
  return Array.from(conditional.knownAccounts, ([address, known]) => ({
    address,
    slots: known.tag === 'root' ? [] : [...known.slots.keys()],
  }))
}
