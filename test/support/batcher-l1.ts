import type { L1Sender, TransactionPlace } from '../../src/batcher/ports.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import { decodeNetworkTransaction } from '../../src/protocol/blob-sidecar.ts'
import type { L1BlockRef } from '../../src/protocol/refs.ts'
import { decodeTransaction, isDeposit, type SignedTransaction } from '../../src/protocol/transaction.ts'

/** An L1 as a batcher sees it: a pool, and blocks that a test makes, takes back and makes otherwise. */
export class BatcherL1 implements L1Sender {
  /** As they were sent, by hash. */
  readonly pool = new Map<Hash, SignedTransaction>()
  readonly blocks: { readonly ref: L1BlockRef; readonly transactions: readonly SignedTransaction[] }[] = []
  /** Called with each transaction before it is taken; throws to refuse it. */
  admit: (transaction: SignedTransaction) => void = () => {}
  /** How many of the pool's newest transactions are not counted yet. */
  lag = 0
  /** All that was ever sent. */
  readonly sent: SignedTransaction[] = []
  #salt = 0n

  constructor() {
    this.mine()
  }

  /** Makes a block of the pool: each account's transactions by their nonces, up to a gap. */
  mine({ empty = false } = {}): void {
    const number = BigInt(this.blocks.length)
    const ref: L1BlockRef = {
      ...{ hash: toWord(++this.#salt), number, parentHash: this.blocks.at(-1)?.ref.hash ?? ZERO_HASH },
      timestamp: 1000n + 12n * number,
    }
    const taken: SignedTransaction[] = []
    if (!empty) {
      for (const transaction of [...this.pool.values()].sort((a, b) => Number(a.nonce - b.nonce))) {
        const next =
          this.#mined(transaction.sender) + BigInt(taken.filter((t) => t.sender === transaction.sender).length)
        if (transaction.nonce !== next) continue
        this.pool.delete(transaction.hash)
        taken.push(transaction)
      }
    }
    this.blocks.push({ ref, transactions: taken })
  }

  /** Takes blocks back. @param forget what was in them does not come back into the pool */
  reorg(depth: number, { forget = false } = {}): void {
    for (const { transactions } of this.blocks.splice(-depth)) {
      for (const transaction of transactions) if (!forget) this.pool.set(transaction.hash, transaction)
    }
  }

  #mined(sender: Hash): bigint {
    const all = this.blocks.flatMap(({ transactions }) => transactions)
    return BigInt(all.filter((transaction) => transaction.sender === sender).length)
  }

  async head(): Promise<L1BlockRef> {
    return (this.blocks.at(-1) as (typeof this.blocks)[number]).ref
  }

  async fees(): Promise<{ readonly baseFee: bigint; readonly blobBaseFee: bigint }> {
    return { baseFee: 7n, blobBaseFee: 1n }
  }

  async nonces(account: Hash): Promise<{ readonly latest: bigint; readonly pending: bigint }> {
    const latest = this.#mined(account)
    const counted = [...this.pool.values()].slice(0, this.pool.size - this.lag)
    let pending = latest
    while (counted.some(({ sender, nonce }) => sender === account && nonce === pending)) pending++
    return { latest, pending }
  }

  async send(raw: Uint8Array): Promise<Hash> {
    const transaction = decodeTransaction(decodeNetworkTransaction(raw)?.raw ?? raw)
    if (isDeposit(transaction)) throw new TypeError('nobody sends deposits')
    this.admit(transaction)
    const { hash, nonce, sender } = transaction
    const refuse = (message: string): never => {
      throw new AppError('BATCH_REFUSED', { message })
    }
    if (this.pool.has(hash)) refuse('already known')
    if (nonce < this.#mined(sender)) refuse(`nonce too low: next nonce ${this.#mined(sender)}, tx nonce ${nonce}`)
    if ([...this.pool.values()].some((other) => other.sender === sender && other.nonce === nonce)) {
      refuse('replacement transaction underpriced')
    }
    this.sent.push(transaction)
    this.pool.set(hash, transaction)
    return hash
  }

  async place(hash: Hash): Promise<TransactionPlace> {
    for (const { ref, transactions } of this.blocks) {
      if (transactions.some((transaction) => transaction.hash === hash)) return { tag: 'block', block: ref }
    }
    return { tag: this.pool.has(hash) ? 'pending' : 'unknown' }
  }

  /** What the transactions of blocks hold, in their order. */
  get data(): string[] {
    return this.blocks.flatMap(({ transactions }) => transactions.map(({ data }) => bytesToHex(data)))
  }
}
