import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { isL1ForkActive, type L1ChainConfig } from '../protocol/l1-chain.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { InboxData } from './inbox-data.ts'
import {
  type BatcherAccount,
  type InboxFees,
  type InboxTransaction,
  type ProvenData,
  provenData,
} from './inbox-transaction.ts'
import type { Outbox } from './outbox.ts'
import type { BatcherErrorCode, BlobProver, L1Sender, TransactionPlace } from './ports.ts'

/** What writing to the inbox needs. */
export interface InboxWriterParts {
  readonly config: Pick<RollupConfig, 'batchInboxAddress'>
  readonly l1Chain: L1ChainConfig
  readonly sender: L1Sender
  /** Of all who send to this L1: chains may have one account between them. */
  readonly outbox: Outbox
  readonly prover: BlobProver
  readonly account: BatcherAccount
  readonly clock: Clock
}

/** What is not to be as the batcher does it. */
export interface Sending {
  /** The chain's inbox when left out. */
  readonly to?: Address
  /** The batcher's when left out. */
  readonly account?: BatcherAccount
  /** Of the first transaction; the others follow. */
  readonly nonce?: bigint
  readonly fees?: Partial<InboxFees>
}

/** A transaction, and where it was found to be. */
export interface Included {
  readonly hash: Hash
  readonly block: BlockId
}

/** How often it is looked whether transactions are in blocks, in milliseconds. */
const LOOK_MS = 50

/** Puts data on L1: proves blobs, signs, sends. */
export class InboxWriter {
  readonly #parts: InboxWriterParts

  constructor(parts: InboxWriterParts) {
    this.#parts = parts
  }

  /** Whose key it has. */
  get address(): Address {
    return this.#parts.account.address
  }

  /**
   * Sends data, in its order.
   * @throws AppError BATCH_INPUT_INVALID: nothing is sent; BATCH_REFUSED: what stands before it is
   */
  async write(inbox: readonly InboxData[], sending: Sending, io: IoOptions): Promise<readonly InboxTransaction[]> {
    const { config, account, outbox } = this.#parts
    const proven = await this.#proven(inbox, io)
    return outbox.send(proven, { account, to: config.batchInboxAddress, ...sending }, io)
  }

  /** Sends once more what L1 has lost. @throws AppError BATCH_REFUSED */
  rewrite(transaction: InboxTransaction, io: IoOptions): Promise<void> {
    return this.#parts.outbox.resend(transaction, io)
  }

  places(hashes: readonly Hash[], io: IoOptions): Promise<readonly TransactionPlace[]> {
    return Promise.all(hashes.map((hash) => this.#parts.sender.place(hash, io)))
  }

  /** Waits until transactions are in blocks. @throws AppError BATCH_NOT_INCLUDED after so many milliseconds */
  async included(hashes: readonly Hash[], waitMs: number, io: IoOptions): Promise<readonly Included[]> {
    const { clock } = this.#parts
    const until = clock.now() + waitMs
    for (;;) {
      const places = await this.places(hashes, io)
      const found = hashes.flatMap((hash, index): Included[] => {
        const place = places[index]
        return place?.tag === 'block' ? [{ hash, block: place.block }] : []
      })
      if (found.length === hashes.length) return found
      if (clock.now() >= until) {
        throw new AppError<BatcherErrorCode>('BATCH_NOT_INCLUDED', {
          message: `${hashes.length - found.length} of ${hashes.length} batcher transactions are in no block after ${waitMs} ms`,
          data: { hashes },
        })
      }
      await clock.sleep(LOOK_MS, io)
    }
  }

  /** Not in the outbox's turn: proofs of blobs take long. */
  async #proven(inbox: readonly InboxData[], io: IoOptions): Promise<readonly ProvenData[]> {
    const { l1Chain, sender, prover } = this.#parts
    const blobs = inbox.some(({ da }) => da === 'blobs')
    const cells = blobs && isL1ForkActive(l1Chain, 'osaka', (await sender.head(io)).timestamp)
    const proven: ProvenData[] = []
    for (const data of inbox) {
      io.signal?.throwIfAborted()
      proven.push(await provenData(data, prover, cells))
    }
    return proven
  }
}
