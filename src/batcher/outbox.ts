import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import {
  type BatcherAccount,
  type InboxFees,
  type InboxTransaction,
  inboxTransaction,
  type ProvenData,
} from './inbox-transaction.ts'
import type { BatcherErrorCode, L1Sender } from './ports.ts'

/** Whom transactions are from and to, and what is not to be as usual. */
export interface Envelope {
  readonly account: BatcherAccount
  readonly to: Address
  /** Of the first; the others follow. */
  readonly nonce?: bigint
  readonly fees?: Partial<InboxFees>
}

const TIP = 1_000_000_000n
/** The base fee may rise that often by an eighth before a transaction waits: 24 full blocks. */
const FEE_ROOM = 16n
const MIN_BLOB_FEE = 1_000_000_000n

/** Whether a refusal only says that the node has the transaction. */
function isKnown(error: unknown): boolean {
  return /already known|known transaction/.test(errorMessage(error))
}

function isRefusal(error: unknown): error is AppError {
  return isAppError(error) && error.severity === 'invalid'
}

/**
 * Sends transactions to L1, one after the other: the one writer of its accounts' nonces. What it sent and L1 has not mined is
 * remembered, so that a node that is slow to count it, or loses it, makes no gap and no double.
 */
export class Outbox {
  readonly #sender: L1Sender
  readonly #chainId: bigint
  readonly #queue = new SerialQueue()
  readonly #inFlight = new Map<Address, Map<bigint, InboxTransaction>>()

  /** @param chainId of L1 */
  constructor(sender: L1Sender, chainId: bigint) {
    this.#sender = sender
    this.#chainId = chainId
  }

  /**
   * Signs and sends, in the order given.
   * @throws AppError BATCH_REFUSED: those before the refused one are sent
   */
  send(proven: readonly ProvenData[], envelope: Envelope, io: IoOptions): Promise<readonly InboxTransaction[]> {
    return this.#queue.run(() => this.#send(proven, envelope, io))
  }

  /** Sends once more what the node has lost. @throws AppError BATCH_REFUSED */
  resend(transaction: InboxTransaction, io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#submit(transaction, [], io))
  }

  async #send(
    proven: readonly ProvenData[],
    { account, to, ...own }: Envelope,
    io: IoOptions,
  ): Promise<readonly InboxTransaction[]> {
    const sent: InboxTransaction[] = []
    const fees = { ...(await this.#fees(io)), ...own.fees }
    let nonce = own.nonce ?? (await this.#nextNonce(account.address, io))
    for (const data of proven) {
      io.signal?.throwIfAborted()
      const transaction = inboxTransaction(data, { chainId: this.#chainId, to, nonce: nonce++, fees }, account.key)
      await this.#submit(transaction, sent, io)
      this.#ofAccount(account.address).set(transaction.nonce, transaction)
      sent.push(transaction)
    }
    return sent
  }

  async #submit(transaction: InboxTransaction, before: readonly InboxTransaction[], io: IoOptions): Promise<void> {
    try {
      await this.#sender.send(transaction.raw, io)
    } catch (error) {
      if (isKnown(error)) return
      if (!isRefusal(error)) throw error
      throw new AppError<BatcherErrorCode>('BATCH_REFUSED', {
        message: errorMessage(error),
        data: { nonce: Number(transaction.nonce), sent: before.map(({ hash }) => hash) },
        cause: error,
      })
    }
  }

  #ofAccount(address: Address): Map<bigint, InboxTransaction> {
    const known = this.#inFlight.get(address) ?? new Map<bigint, InboxTransaction>()
    this.#inFlight.set(address, known)
    return known
  }

  async #nextNonce(address: Address, io: IoOptions): Promise<bigint> {
    const { latest, pending } = await this.#sender.nonces(address, io)
    const own = this.#ofAccount(address)
    for (const nonce of own.keys()) if (nonce < latest) own.delete(nonce)
    let next = pending
    while (await this.#waits(own.get(next), io)) next++
    // What lies behind a gap is lost.
    for (const nonce of own.keys()) if (nonce >= next) own.delete(nonce)
    return next
  }

  /** Whether L1 has a transaction, also where it does not count it yet. What it does not have goes to it again. */
  async #waits(transaction: InboxTransaction | undefined, io: IoOptions): Promise<boolean> {
    if (transaction === undefined) return false
    const place = await this.#sender.place(transaction.hash, io)
    if (place.tag !== 'unknown') return true
    try {
      await this.#submit(transaction, [], io)
      return true
    } catch (error) {
      if (isAppError(error, 'BATCH_REFUSED' satisfies BatcherErrorCode)) return false
      throw error
    }
  }

  async #fees(io: IoOptions): Promise<InboxFees> {
    const { baseFee, blobBaseFee = 0n } = await this.#sender.fees(io)
    const blobFee = blobBaseFee * FEE_ROOM
    return {
      maxFeePerGas: baseFee * FEE_ROOM + TIP,
      maxPriorityFeePerGas: TIP,
      maxFeePerBlobGas: blobFee < MIN_BLOB_FEE ? MIN_BLOB_FEE : blobFee,
    }
  }
}
