import type { Address, Hash } from '../../src/primitives/hex.ts'
import { Wakeup } from '../../src/primitives/wakeup.ts'
import {
  decodeNetworkTransaction,
  encodeNetworkTransaction,
  type NetworkTransaction,
} from '../../src/protocol/blob-sidecar.ts'
import type { BlobTransaction, SignedTransaction } from '../../src/protocol/transaction.ts'
import type { PoolEntry, PoolReset, SenderContent, SubPool, SubPoolContext } from '../sub-pool.ts'
import { type PoolAccount, type PoolHead, rejected } from '../validate.ts'
import { type AccountBlobs, accountBlobs, type PooledBlob, pooledBlob, recheck } from './account-blobs.ts'
import { EvictHeap, type Worth } from './evict-heap.ts'
import { Limbo } from './limbo.ts'
import { type BlobPoolLimits, DEFAULT_BLOB_LIMITS } from './limits.ts'
import { type BlobProver, preparedForm, withCellProofs } from './prepare.ts'
import { validateBasics, validateSidecar, validateWithState } from './validate.ts'

/** What a blob pool is made of beside what every sub-pool is given. */
export interface BlobPoolOptions {
  readonly limits?: Partial<BlobPoolLimits>
  readonly prover: BlobProver
  /** Whether the chain's configuration has Osaka, at whatever time: what is stored is reckoned larger. */
  readonly knowsOsaka: boolean
}

/** A smaller change of an account's fees does not move it among those that give when the pool is full, as geth has it. */
const SAME_JUMPS = 0.001

function feesDiffer(one: Worth, other: Worth): boolean {
  return (
    Math.abs(one.caps.baseFee - other.caps.baseFee) > SAME_JUMPS ||
    Math.abs(one.caps.blobFee - other.caps.blobFee) > SAME_JUMPS
  )
}

function blobTransaction(transaction: SignedTransaction): BlobTransaction {
  if (transaction.type === 3) return transaction
  throw rejected(`transaction type not supported: tx type ${transaction.type} not supported by this pool`)
}

/** An account as it stands after blocks that its head may not know of. */
function afterMined(account: PoolAccount, pooled: readonly PooledBlob[], mined: ReadonlySet<Hash>): PoolAccount {
  let { nonce } = account
  for (const { transaction } of pooled) {
    if (mined.has(transaction.hash) && transaction.nonce >= nonce) nonce = transaction.nonce + 1n
  }
  return { ...account, nonce }
}

/**
 * The blob transactions that wait, by geth's rules: no nonce gaps, 16 of one account, a replacement at twice each price, and
 * a bound on their bytes; when that is reached, the account with the worst prices gives its last one. What a block takes stays
 * with its blobs until the block is final.
 * @see geth's core/txpool/blobpool
 */
export class BlobPool implements SubPool {
  readonly #context: SubPoolContext
  readonly #options: BlobPoolOptions
  readonly #limits: BlobPoolLimits
  readonly #accounts = new Map<Address, AccountBlobs>()
  readonly #byHash = new Map<Hash, PooledBlob>()
  readonly #evict = new EvictHeap((sender) => (this.#accounts.get(sender) as AccountBlobs).worth)
  readonly #limbo = new Limbo()
  #stored = 0
  readonly #wakeup = new Wakeup()
  #head: PoolHead | undefined

  constructor(context: SubPoolContext, options: BlobPoolOptions) {
    this.#context = context
    this.#options = options
    this.#limits = { ...DEFAULT_BLOB_LIMITS, ...options.limits }
  }

  get size(): number {
    return this.#byHash.size
  }

  get pendingCount(): number {
    return this.#byHash.size
  }

  get queuedCount(): number {
    return 0
  }

  takes(type: SignedTransaction['type']): boolean {
    return type === 3
  }

  /**
   * What takes time and needs no state, in geth's order: makes the proofs that Osaka asks for of the one for each blob that came,
   * then checks everything that {@link checkBasics} does, and the proofs.
   * @returns the network form to be held
   * @throws AppError TX_REJECTED
   */
  async prepare(transaction: SignedTransaction, raw: Uint8Array): Promise<Uint8Array> {
    const tx = blobTransaction(transaction)
    const { rules } = this.#judging()
    return preparedForm(tx, raw, rules, this.#limits.priceLimit, this.#options.prover)
  }

  checkBasics(transaction: SignedTransaction, raw: Uint8Array): void {
    const tx = blobTransaction(transaction)
    validateBasics(tx, raw.length, this.#judging().rules, this.#limits.priceLimit)
    validateSidecar(tx, decodeNetworkTransaction(raw)?.sidecar)
  }

  checkWithState(transaction: SignedTransaction, account: PoolAccount): void {
    const tx = blobTransaction(transaction)
    const { pooled = [], spent = 0n } = this.#accounts.get(tx.sender) ?? {}
    const transactions = pooled.map((each) => each.transaction)
    const limited = account.hasCode === true || this.#context.isAboutToDelegate(tx.sender)
    // Read at another head than what is here was rechecked at, the account would have another place for each nonce.
    const nonce = transactions[0]?.nonce ?? account.nonce
    validateWithState(tx, { ...account, nonce }, { transactions, spent }, limited, this.#limits.priceBump)
  }

  /** @param raw the network form, as {@link prepare} has returned it; not to be changed any more */
  add(transaction: SignedTransaction, raw: Uint8Array, account: PoolAccount): void {
    const tx = blobTransaction(transaction)
    this.checkWithState(tx, account)
    const { sender } = tx
    const before = this.#accounts.get(sender)
    if (before === undefined) this.#context.reserver.hold(sender)
    const made = pooledBlob(
      { transaction: tx, arrival: this.#context.nextArrival() },
      compact(raw),
      this.#options.knowsOsaka,
    )
    const pooled = [...(before?.pooled ?? [])]
    pooled[Number(tx.nonce - (pooled[0]?.transaction.nonce ?? account.nonce))] = made
    this.#put(sender, pooled)
    const after = this.#accounts.get(sender) as AccountBlobs
    if (before === undefined) this.#evict.push(sender)
    else if (pooled.length === 1 || feesDiffer(before.worth, after.worth)) this.#evict.fix(sender)
    this.#shrink()
    if (this.#byHash.get(tx.hash) === made) this.#context.promoted(made)
  }

  reset({ head, lost, mined }: PoolReset): void {
    this.#head = head
    const { final, number, blobFee } = this.#judging()
    for (const hash of mined) this.#limbo.renew(hash, number)
    const back = Map.groupBy(lost, ({ transaction }) => transaction.sender)
    for (const sender of new Set([...back.keys(), ...this.#accounts.keys()])) {
      this.#recheck(sender, back.get(sender) ?? [], mined)
    }
    if (final !== undefined) this.#limbo.finalize(final)
    this.#evict.reprice(head.baseFee, blobFee)
    this.#wakeup.wake()
  }

  /** Makes the proofs that Osaka asks for of those that came before it, one transaction after the other. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#wakeup.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    while (!signal.aborted) {
      const old = this.#legacy()
      if (old === undefined) await this.#wakeup.wait()
      else await this.#convert(old)
    }
  }

  /** Nothing waits behind a gap here. */
  expire(): void {
    // The interface asks for it.
  }

  senders(): Iterable<Address> {
    return this.#accounts.keys()
  }

  ofSender(sender: Address): SenderContent | undefined {
    const account = this.#accounts.get(sender)
    return account && { pending: account.pooled, queued: [] }
  }

  get(hash: Hash): PoolEntry | undefined {
    return this.#byHash.get(hash)
  }

  /**
   * A pooled transaction as it travels between nodes: `0x03 || rlp([tx, blobs, commitments, proofs])`, from Osaka with a 1
   * behind the transaction and a proof for each cell. Not to be edited.
   */
  networkForm(hash: Hash): Uint8Array | undefined {
    return this.#byHash.get(hash)?.form
  }

  /** Forgets one, and what follows on it: nothing may wait behind a gap. */
  remove(hash: Hash): boolean {
    const found = this.#byHash.get(hash)
    if (found === undefined) return false
    const { sender } = found.transaction
    const { pooled } = this.#accounts.get(sender) as AccountBlobs
    this.#settle(sender, pooled.slice(0, pooled.indexOf(found)))
    return true
  }

  removeOf(sender: Address): readonly Hash[] {
    const hashes = this.#accounts.get(sender)?.pooled.map(({ transaction }) => transaction.hash) ?? []
    this.#settle(sender, [])
    return hashes
  }

  removeAll(): void {
    for (const sender of [...this.#accounts.keys()]) this.removeOf(sender)
  }

  remember(): () => void {
    const accounts = [...this.#accounts]
    const heap = this.#evict.snapshot()
    const limbo = this.#limbo.remember()
    return () => {
      this.removeAll()
      for (const [sender, { pooled }] of accounts) {
        this.#context.reserver.hold(sender)
        this.#put(sender, pooled)
      }
      this.#evict.restore(heap)
      limbo()
    }
  }

  #judging(): NonNullable<PoolHead['blobs']> {
    const blobs = this.#head?.blobs
    if (blobs === undefined) throw rejected('transaction type not supported')
    return blobs
  }

  /** One whose proofs are not those that the head asks for. */
  #legacy(): PooledBlob | undefined {
    if (this.#head?.blobs?.rules.osaka !== true) return undefined
    for (const pooled of this.#byHash.values()) if (pooled.version === 0) return pooled
    return undefined
  }

  async #convert(old: PooledBlob): Promise<void> {
    const network = decodeNetworkTransaction(old.form) as NetworkTransaction
    const form = encodeNetworkTransaction({
      ...network,
      sidecar: await withCellProofs(network.sidecar, this.#options.prover),
    })
    const { sender, hash } = old.transaction
    if (this.#byHash.get(hash) !== old) return
    const made = pooledBlob(old, form, this.#options.knowsOsaka)
    const { pooled } = this.#accounts.get(sender) as AccountBlobs
    this.#put(sender, pooled.with(pooled.indexOf(old), made))
  }

  /** Replaces what an account has, but for its place among those that give. */
  #put(sender: Address, pooled: readonly PooledBlob[]): void {
    for (const each of this.#accounts.get(sender)?.pooled ?? []) {
      this.#byHash.delete(each.transaction.hash)
      this.#stored -= each.stored
    }
    for (const each of pooled) {
      this.#byHash.set(each.transaction.hash, each)
      this.#stored += each.stored
    }
    const account = accountBlobs(pooled)
    if (account === undefined) this.#accounts.delete(sender)
    else this.#accounts.set(sender, account)
    this.#context.changed(sender)
  }

  /** Leaves an account a part of what it has. */
  #settle(sender: Address, pooled: readonly PooledBlob[]): void {
    if (!this.#accounts.has(sender)) return
    if (pooled.length > 0) {
      this.#put(sender, pooled)
      this.#evict.fix(sender)
      return
    }
    this.#evict.remove(sender)
    this.#put(sender, [])
    this.#context.reserver.release(sender)
  }

  #recheck(sender: Address, lost: readonly PoolEntry[], mined: ReadonlySet<Hash>): void {
    const account = this.#head?.accounts.get(sender)
    if (account === undefined) return
    const before = this.#accounts.get(sender)
    const back = lost.flatMap(({ transaction, arrival }) => {
      const found = this.#limbo.pull(transaction.hash)
      return found === undefined ? [] : [{ ...found, arrival }]
    })
    if (before === undefined) {
      if (back.length === 0 || this.#context.reserver.isOthers(sender)) return
      this.#context.reserver.hold(sender)
      this.#put(sender, back)
      this.#evict.append(sender)
    }
    const pooled = [...(before?.pooled ?? []), ...back]
    const { kept, passed } = recheck(pooled, afterMined(account, pooled, mined))
    const { number } = this.#judging()
    for (const each of passed) if (mined.has(each.transaction.hash)) this.#limbo.push(each, number)
    if (back.length === 0 && kept.length === before?.pooled.length) return
    this.#settle(sender, kept)
    for (const each of back) if (kept.includes(each)) this.#context.promoted(each)
  }

  /** Lets the worst ones go until the pool is as small as it must be. */
  #shrink(): void {
    while (this.#stored > this.#limits.datacap) {
      const sender = this.#evict.first
      const account = sender === undefined ? undefined : this.#accounts.get(sender)
      if (sender === undefined || account === undefined) return
      if (account.pooled.length === 1) {
        this.#settle(sender, [])
        continue
      }
      this.#put(sender, account.pooled.slice(0, -1))
      const { worth } = this.#accounts.get(sender) as AccountBlobs
      if (feesDiffer(worth, account.worth)) this.#evict.fix(sender)
    }
  }
}

/** A message's part would keep all of it in memory. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
}
