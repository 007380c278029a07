import { type TraceEvent, type TraceRecord, traceRecord } from './trace.ts'

/** Records that are kept for whoever asks afterwards. */
const KEPT = 1_000

/** The newest of what a driver did. */
export class TraceLog {
  readonly #records: TraceRecord[] = []
  readonly #listeners = new Set<(record: TraceRecord) => void>()

  add(event: TraceEvent): void {
    const record = traceRecord(event)
    this.#records.push(record)
    if (this.#records.length > 2 * KEPT) this.#records.splice(0, this.#records.length - KEPT)
    for (const listener of this.#listeners) listener(record)
  }

  /** The newest, oldest first. */
  last(count: number): readonly TraceRecord[] {
    return this.#records.slice(-Math.min(count, KEPT))
  }

  /** @returns what ends it */
  onRecord(listener: (record: TraceRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
