import type { Address, Hash, Hex } from 'viem'
import { type AnyClient, callOnce, look } from './call.ts'

/** Which pooled transactions are meant: one, all of a sender, or all that call a function, of one contract or of any. */
export type PoolTarget =
  | { readonly hash: Hash }
  | { readonly sender: Address }
  | { readonly selector: Hex; readonly to?: Address | undefined }

/** A hold, and what waits because of it. */
export type PoolHold = PoolTarget & {
  readonly holdId: Hex
  readonly transactions: readonly Hash[]
}

/** The pool in the hands of a test. A type, because `extend` of a client does not take an interface. */
export type PoolControlActions = {
  /**
   * Keeps transactions, also those that come later, and what follows on them from blocks. They are still shown, and go in
   * where they are asked for by hash.
   * @returns the hold's number
   */
  poolHold(target: PoolTarget): Promise<Hex>
  /** Ends a hold, all on a target, or all. @returns their numbers */
  poolRelease(which?: Hex | PoolTarget): Promise<readonly Hex[]>
  /** All holds, the oldest first. */
  poolHolds(): Promise<readonly PoolHold[]>
  /** Takes transactions out; what follows on them waits behind the gap. @returns their hashes */
  poolDrop(which: Hash | PoolTarget | 'all'): Promise<readonly Hash[]>
  /**
   * Lets these go first, in this order, among transactions that pay the same, also when they come later. Replaces the order that
   * was given before; none brings back that of arrival.
   */
  poolOrder(hashes: readonly Hash[]): Promise<void>
  /** Marks what waits and what is held; the chain is not marked. @returns the snapshot's number */
  poolSnapshot(): Promise<Hex>
  /** Lets wait what waited then, as far as the chain still lets it, and nothing else. @returns whether there is such a one */
  poolRestore(snapshot: Hex): Promise<boolean>
}

/** {@link PoolControlActions} of a client. */
export function poolControlActions(client: AnyClient): PoolControlActions {
  return {
    poolHold: (target) => callOnce(client, 'test_poolHold', target),
    poolRelease: (which) => callOnce(client, 'test_poolRelease', ...(which === undefined ? [] : [which])),
    poolHolds: () => look(client, 'test_poolHolds'),
    poolDrop: (which) => callOnce(client, 'test_poolDrop', which),
    async poolOrder(hashes) {
      await callOnce(client, 'test_poolOrder', hashes)
    },
    poolSnapshot: () => callOnce(client, 'test_poolSnapshot'),
    poolRestore: (snapshot) => callOnce(client, 'test_poolRestore', snapshot),
  }
}
