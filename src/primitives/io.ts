/** The last parameter of every function that does I/O. */
export interface IoOptions {
  /** Aborting it rejects the call with the signal's reason and ends the work behind it. */
  readonly signal?: AbortSignal
}
