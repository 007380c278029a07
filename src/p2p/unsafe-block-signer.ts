import type { Clock } from '../primitives/clock.ts'
import { type Address, ZERO_ADDRESS } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'

/** Who was replaced may sign for so long, in milliseconds; op-node's. */
const GRACE_MS = 3 * 60 * 60 * 1000
/** Between two looks at L1, where the last one worked. */
const RELOAD_MS = 60_000
const RETRY_MS = 2_000

/** How the signer is found. */
export interface UnsafeBlockSignerParts {
  /** What the L1's SystemConfig says. @throws what reading throws */
  readonly load: (io: IoOptions) => Promise<Address>
  readonly clock: Clock
  readonly onTrouble: (error: unknown) => void
}

/** Whose signatures blocks must have: the L1 says so, and may say something else later. */
export class UnsafeBlockSigner {
  readonly #parts: UnsafeBlockSignerParts
  #current: Address | undefined
  #previous: { readonly address: Address; readonly until: number } | undefined

  constructor(parts: UnsafeBlockSignerParts) {
    this.#parts = parts
  }

  /** Undefined before it is known, and where the L1 names nobody. */
  get current(): Address | undefined {
    return this.#current === ZERO_ADDRESS ? undefined : this.#current
  }

  /** Who was it before, until the new one was heard of, or three hours. */
  get previous(): Address | undefined {
    const { clock } = this.#parts
    return this.#previous !== undefined && clock.now() <= this.#previous.until ? this.#previous.address : undefined
  }

  /** The current one has signed a block. */
  confirm(): void {
    this.#previous = undefined
  }

  /** Looks now. @throws what reading throws */
  async refresh(io: IoOptions): Promise<void> {
    this.#set(await this.#parts.load(io))
  }

  #set(address: Address): void {
    const { clock } = this.#parts
    const before = this.current
    if (before !== undefined && before !== address) this.#previous = { address: before, until: clock.now() + GRACE_MS }
    this.#current = address
  }

  /** Looks once; that it did not work is told to who listens for trouble. */
  async begin(io: IoOptions): Promise<void> {
    await this.refresh(io).catch(this.#parts.onTrouble)
  }

  /** Looks until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onTrouble } = this.#parts
    try {
      while (!signal.aborted) {
        let wait = RELOAD_MS
        try {
          await this.refresh({ signal })
        } catch (error) {
          signal.throwIfAborted()
          onTrouble(error)
          wait = RETRY_MS
        }
        await clock.sleep(wait, { signal })
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
