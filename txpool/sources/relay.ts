import type { Clock } from '../../src/primitives/clock.ts'
import { errorMessage } from '../../src/primitives/errors.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { Wakeup } from '../../src/primitives/wakeup.ts'

/** What became of the transactions that were to go to a node, since the start. */
export interface RelayStats {
  /** The node has them, from here or from elsewhere. */
  sent: number
  /** The node does not want them. */
  refused: number
  /** The node did not answer, time after time. */
  failed: number
  /** There were too many at once: the oldest. */
  dropped: number
}

/** What a {@link Relay} is made of. */
export interface RelayOptions {
  /**
   * Hands transactions over, in their order. @returns for each whether the node has it now
   * @throws AppError temporary where the node does not answer: nothing is known of any of them
   */
  readonly send: (raws: readonly Uint8Array[], io: IoOptions) => Promise<readonly boolean[]>
  readonly clock: Clock
  /** Told in words why the node takes nothing; with undefined that it does again. */
  readonly onTrouble: (trouble: string | undefined) => void
}

const MAX_QUEUED = 8_192
const MAX_QUEUED_BYTES = 64 * 1024 * 1024
/** Transactions in one request. */
const BATCH = 64
const BATCH_BYTES = 1024 * 1024
/** Milliseconds until a node that did not answer is asked again, doubled with each time; and how often it is asked. */
const FIRST_RETRY_MS = 500
const MAX_TRIES = 6

/** Hands transactions to a node, in the order in which they came. */
export class Relay {
  readonly stats: RelayStats = { sent: 0, refused: 0, failed: 0, dropped: 0 }
  readonly #options: RelayOptions
  readonly #queue: Uint8Array[] = []
  #bytes = 0
  #trouble: string | undefined
  readonly #wakeup = new Wakeup()

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Transactions that wait to be sent. */
  get queued(): number {
    return this.#queue.length
  }

  /** Has a transaction sent, in the form in which wallets send it. */
  offer(raw: Uint8Array): void {
    this.#queue.push(raw)
    this.#bytes += raw.length
    while (this.#queue.length > MAX_QUEUED || this.#bytes > MAX_QUEUED_BYTES) {
      this.#shift()
      this.stats.dropped++
    }
    this.#wakeup.wake()
  }

  /** Sends until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#wakeup.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    while (!signal.aborted) {
      const batch = this.#nextBatch()
      if (batch.length > 0) await this.#send(batch, signal)
      else await this.#wakeup.wait()
    }
  }

  #shift(): Uint8Array | undefined {
    const raw = this.#queue.shift()
    this.#bytes -= raw?.length ?? 0
    return raw
  }

  #nextBatch(): Uint8Array[] {
    const batch: Uint8Array[] = []
    let bytes = 0
    while (batch.length < BATCH) {
      const size = this.#queue[0]?.length
      if (size === undefined || (batch.length > 0 && bytes + size > BATCH_BYTES)) break
      bytes += size
      batch.push(this.#shift() as Uint8Array)
    }
    return batch
  }

  async #send(batch: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const { send, clock } = this.#options
    for (let tries = 1, pause = FIRST_RETRY_MS; !signal.aborted; tries++, pause *= 2) {
      try {
        // Sending twice does no harm: the node knows them by then.
        for (const has of await send(batch, { signal })) this.stats[has ? 'sent' : 'refused']++
        this.#tell(undefined)
        return
      } catch (error) {
        if (signal.aborted) return
        this.#tell(errorMessage(error))
        if (tries === MAX_TRIES) {
          this.stats.failed += batch.length
          return
        }
      }
      await clock.sleep(pause, { signal }).catch(() => undefined)
    }
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#options.onTrouble(trouble)
  }
}
