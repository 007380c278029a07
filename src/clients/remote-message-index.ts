import type { MessageIndex, MessageLevel } from '../builder/message-gate.ts'
import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ExecutingMessage } from '../protocol/executing-message.ts'
import { messageEntries } from '../protocol/inbox-entries.ts'
import type { SafetyLevel } from '../protocol/safety-level.ts'
import type { InteropChecksClient } from './interop-checks.ts'
import { rpcErrorData } from './transport.ts'

/** Why a supervisor refuses a message: op-supervisor says the same of what there is not and of what it does not know yet, ours does not. */
function reasonIn(data: unknown): MessageLevel {
  const { reason } = (data ?? {}) as { readonly reason?: unknown }
  return reason === 'unknown' || reason === 'conflicts' ? reason : 'insufficient'
}

/** Milliseconds after which it may know more. */
const EPOCH_MS = 1_000

/**
 * What a supervisor elsewhere knows of messages. It says of a message only whether it is known well enough: whether one that is not may
 * still come to be stays open.
 */
export class RemoteMessageIndex implements MessageIndex {
  readonly #checks: Pick<InteropChecksClient, 'checkAccessList'>
  readonly #minSafety: SafetyLevel
  readonly #failsafe: () => boolean
  readonly #clock: Clock

  constructor(
    checks: Pick<InteropChecksClient, 'checkAccessList'>,
    options: { readonly minSafety: SafetyLevel; readonly failsafe: () => boolean; readonly clock: Clock },
  ) {
    this.#checks = checks
    this.#minSafety = options.minSafety
    this.#failsafe = options.failsafe
    this.#clock = options.clock
  }

  get failsafe(): boolean {
    return this.#failsafe()
  }

  get epoch(): number {
    return Math.floor(this.#clock.now() / EPOCH_MS)
  }

  async level(
    message: ExecutingMessage,
    executing: { readonly chainId: bigint; readonly timestamp: bigint },
    io: IoOptions,
  ): Promise<MessageLevel> {
    try {
      await this.#checks.checkAccessList(messageEntries(message), { ...executing, timeout: 0n }, io, this.#minSafety)
      return this.#minSafety
    } catch (error) {
      const answer = rpcErrorData(error)
      if (answer === undefined) throw error
      return reasonIn(answer.data)
    }
  }
}
