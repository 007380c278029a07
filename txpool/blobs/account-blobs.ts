import { decodeNetworkTransaction } from '../../src/protocol/blob-sidecar.ts'
import type { BlobTransaction } from '../../src/protocol/transaction.ts'
import type { PoolEntry } from '../sub-pool.ts'
import { maxCost, type PoolAccount } from '../validate.ts'
import type { Worth } from './evict-heap.ts'
import { MAX_TXS_PER_ACCOUNT, storageSize } from './limits.ts'
import { feeJumps } from './priority.ts'

/** A pooled transaction with its blobs. */
export interface PooledBlob extends PoolEntry {
  readonly transaction: BlobTransaction
  /** Its network form. */
  readonly form: Uint8Array
  /** Of its proofs: 0 for one of each blob, 1 for one of each cell. */
  readonly version: number
  /** Bytes that it takes of the data cap. */
  readonly stored: number
  /** What it costs at most, in wei. */
  readonly cost: bigint
  readonly worth: Worth
}

/** @param cells whether the chain's configuration has Osaka */
export function pooledBlob(
  { transaction, arrival }: Pick<PooledBlob, 'transaction' | 'arrival'>,
  form: Uint8Array,
  cells: boolean,
): PooledBlob {
  const { maxPriorityFeePerGas: tip, maxFeePerGas, maxFeePerBlobGas } = transaction
  return {
    transaction,
    arrival,
    form,
    version: decodeNetworkTransaction(form)?.sidecar.version ?? 0,
    stored: storageSize(form.length, cells),
    cost: maxCost(transaction, undefined),
    worth: { tip, caps: { baseFee: feeJumps(maxFeePerGas), blobFee: feeJumps(maxFeePerBlobGas) } },
  }
}

/** What one account has in the pool, by rising nonce. Immutable. */
export interface AccountBlobs {
  readonly pooled: readonly PooledBlob[]
  /** What they cost at most together, in wei. */
  readonly spent: bigint
  /** The least of each price: who comes behind a cheap one waits as long as that. */
  readonly worth: Worth
}

function lesser({ tip, caps }: Worth, other: Worth): Worth {
  return {
    tip: tip < other.tip ? tip : other.tip,
    caps: {
      baseFee: Math.min(caps.baseFee, other.caps.baseFee),
      blobFee: Math.min(caps.blobFee, other.caps.blobFee),
    },
  }
}

/** @returns undefined for none */
export function accountBlobs(pooled: readonly PooledBlob[]): AccountBlobs | undefined {
  const [first, ...others] = pooled
  if (first === undefined) return undefined
  return {
    pooled,
    spent: pooled.reduce((sum, { cost }) => sum + cost, 0n),
    worth: others.reduce((worth, each) => lesser(worth, each.worth), first.worth),
  }
}

/** What is left of an account's transactions at a new head. */
export interface Rechecked {
  readonly kept: readonly PooledBlob[]
  /** Those whose nonce is used. */
  readonly passed: readonly PooledBlob[]
}

/**
 * What an account at a new head leaves of its transactions, in whatever order they come: those that follow on its nonce without
 * a gap, as far as its balance pays for them all and there are not too many.
 * @see geth's core/txpool/blobpool/blobpool.go, recheck
 */
export function recheck(transactions: readonly PooledBlob[], { nonce, balance }: PoolAccount): Rechecked {
  const sorted = transactions.toSorted((a, b) => Number(a.transaction.nonce - b.transaction.nonce))
  const passed = sorted.filter(({ transaction }) => transaction.nonce < nonce)
  const kept: PooledBlob[] = []
  let spent = 0n
  for (const each of sorted.slice(passed.length)) {
    const behind = each.transaction.nonce - nonce - BigInt(kept.length)
    // There once: the one that was there first stays.
    if (behind < 0n) continue
    spent += each.cost
    if (behind > 0n || spent > balance || kept.length === MAX_TXS_PER_ACCOUNT) break
    kept.push(each)
  }
  return { kept, passed }
}
