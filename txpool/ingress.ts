import type { IoOptions } from '../src/primitives/io.ts'
import type { SignedTransaction, Transaction } from '../src/protocol/transaction.ts'
import type { SubPool } from './sub-pool.ts'
import { decodePooled, type PoolAccount, rejected, signed } from './validate.ts'

/** Who has a word on what comes into a pool. */
export interface IngressOptions {
  /** Reads what a wallet sends; without it blob transactions are refused. @throws AppError with geth's wording */
  readonly decode?: (raw: Uint8Array) => Transaction
  /** Takes what came with a transaction that is about to be held. @throws AppError with geth's wording */
  readonly admit?: (transaction: SignedTransaction, raw: Uint8Array, io: IoOptions) => Promise<void>
  /** Somebody else's word on a transaction, before the checks that need state, as geth asks its filters. @throws AppError */
  readonly filter?: (transaction: SignedTransaction, io: IoOptions) => Promise<void>
}

/** The pool, as what comes into it is judged by it. */
export interface IngressPool {
  subPoolFor(transaction: SignedTransaction): SubPool
  has(transaction: SignedTransaction): boolean
  /** The sender's account at the head that the parts of the pool are at. */
  account(transaction: SignedTransaction, io: IoOptions): Promise<PoolAccount>
}

/** A transaction that may be taken. */
export interface Judged {
  readonly transaction: SignedTransaction
  readonly subPool: SubPool
  /** What the sub-pool is to be given. */
  readonly form: Uint8Array
  readonly account: PoolAccount
}

/** The way of a transaction until it is handed to a part of the pool. */
export class Ingress {
  readonly #options: IngressOptions
  readonly #pool: IngressPool

  constructor(options: IngressOptions, pool: IngressPool) {
    this.#options = options
    this.#pool = pool
  }

  /** @throws AppError with geth's wording */
  decode(raw: Uint8Array): SignedTransaction {
    const { decode } = this.#options
    return decode === undefined ? decodePooled(raw) : signed(decode(raw))
  }

  /** Judges in geth's order. @throws AppError TX_REJECTED; what reading the chain throws */
  async judge(transaction: SignedTransaction, raw: Uint8Array, io: IoOptions): Promise<Judged> {
    const { filter, admit } = this.#options
    const subPool = this.#pool.subPoolFor(transaction)
    const read = (): Promise<PoolAccount> => this.#pool.account(transaction, io)
    // Where what comes beside a transaction is judged, that comes first, whether it is known or not.
    if (subPool.prepare === undefined) this.#checkNew(transaction)
    let account = await read()
    let form = raw
    if (subPool.prepare === undefined) {
      subPool.checkBasics(transaction, raw)
    } else {
      form = await subPool.prepare(transaction, raw, io)
      account = await read()
    }
    if (filter !== undefined) {
      await filter(transaction, io)
      account = await read()
    }
    if (admit !== undefined) {
      subPool.checkWithState(transaction, account)
      await admit(transaction, form, io)
      account = await read()
    }
    // Others may have been taken while this one was waiting.
    this.#checkNew(transaction)
    return { transaction, subPool, form, account }
  }

  #checkNew(transaction: SignedTransaction): void {
    if (this.#pool.has(transaction)) throw rejected('already known')
  }
}
