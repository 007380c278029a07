import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ManagedEvent } from '../protocol/managed-mode.ts'

/** Who deals with one event after another. */
export type OnManagedEvent = (event: ManagedEvent) => Promise<void> | void

/** How a managed node is reached. */
export interface ManagedLink {
  /** @throws AppError RPC_ERROR, RPC_UNAVAILABLE */
  call(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown>
  /** Never resolves. @throws AppError RPC_ERROR, RPC_UNAVAILABLE when it ends; what the listener throws */
  follow(onEvent: OnManagedEvent, signal: AbortSignal): Promise<never>
  close(): Promise<void>
}

/** Where a managed node is, and who may speak to it. */
export interface LinkOptions {
  /** A name for errors: never a URL. */
  readonly endpoint: string
  readonly url: string
  /** 32 bytes. */
  readonly jwtSecret: Uint8Array
  readonly clock: Clock
  /** Milliseconds for a call. */
  readonly timeoutMs: number
}
