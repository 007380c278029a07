import { AppError } from '../primitives/errors.ts'
import { type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { SafetyLevel } from '../protocol/safety-level.ts'
import type { RpcTransport, TransportErrorCode } from './transport.ts'

/** Milliseconds: the next poll is due after them. */
const FAILSAFE_TIMEOUT = 1_000

/** A supervisor (or op-interop-filter) as builders and pools ask it. Nothing is asked twice: who does not answer does not know. */
export class InteropChecksClient {
  readonly #transport: RpcTransport

  constructor(transport: RpcTransport) {
    this.#transport = transport
  }

  /**
   * Whether messages are known well enough. @param entries storage keys of an access list
   * @param minSafety how well
   * @throws AppError RPC_ERROR where they are not, RPC_UNAVAILABLE
   */
  async checkAccessList(
    entries: readonly Hash[],
    executing: { readonly chainId: bigint; readonly timestamp: bigint; readonly timeout: bigint },
    io: IoOptions,
    minSafety: SafetyLevel = 'cross-unsafe',
  ): Promise<void> {
    const { chainId, timestamp, timeout } = executing
    const descriptor = {
      chainID: chainId.toString(),
      timestamp: toQuantity(timestamp),
      timeout: toQuantity(timeout),
    }
    await this.#transport.call('supervisor_checkAccessList', [entries, minSafety, descriptor], io)
  }

  /** @throws AppError RPC_ERROR, RPC_UNAVAILABLE */
  async failsafeEnabled(io: IoOptions): Promise<boolean> {
    const method = 'admin_getFailsafeEnabled'
    const enabled = await this.#transport.call(method, [], { ...io, timeoutMs: FAILSAFE_TIMEOUT })
    if (typeof enabled === 'boolean') return enabled
    const { endpoint } = this.#transport
    throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
      message: `${endpoint}: ${method} gave no boolean`,
      severity: 'temporary',
      data: { method, endpoint },
    })
  }
}
