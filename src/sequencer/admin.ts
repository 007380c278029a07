import type { BuilderErrorCode } from '../builder/service.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Payload } from '../protocol/payload.ts'
import { sequencerError } from './errors.ts'
import type { SequencerActivity } from './observer.ts'
import type { Leadership, UnsafePayloads } from './ports.ts'
import type { Sequencer } from './sequencer.ts'

/** What an operator controls. */
export interface SequencerAdminContext {
  /** Undefined where the chain is not sequenced here. */
  readonly sequencer: Sequencer | undefined
  readonly leadership: Leadership
  /** Undefined where blocks are inserted nowhere. */
  readonly payloads: UnsafePayloads | undefined
}

/** What `admin_*` does. A chain that is not sequenced here answers as an op-node does that is no sequencer. */
export class SequencerAdmin {
  readonly #context: SequencerAdminContext

  constructor(context: SequencerAdminContext) {
    this.#context = context
  }

  #sequencer(): Sequencer {
    const { sequencer } = this.#context
    if (sequencer === undefined) throw sequencerError('SEQUENCER_DISABLED', 'sequencer is not enabled')
    return sequencer
  }

  get active(): boolean {
    return this.#context.sequencer?.active ?? false
  }

  get activity(): SequencerActivity {
    return this.#context.sequencer?.activity ?? { tag: 'stopped' }
  }

  get conductorEnabled(): boolean {
    return this.#context.leadership.enabled
  }

  async start(head: Hash, io: IoOptions): Promise<void> {
    await this.#sequencer().start(head, io)
  }

  async stop(io: IoOptions): Promise<Hash> {
    return this.#sequencer().stop(io)
  }

  async postUnsafePayload(payload: Payload, io: IoOptions): Promise<void> {
    const { payloads } = this.#context
    if (payloads !== undefined) return payloads.post(payload, io)
    const message = 'this chain inserts blocks nowhere (insert: none)'
    throw new AppError<BuilderErrorCode>('COMMIT_REFUSED', {
      message,
      data: { status: 'UNAVAILABLE', validationError: message },
    })
  }

  overrideLeader(): void {
    this.#sequencer()
    this.#context.leadership.override(true)
  }

  setRecoverMode(recover: boolean): void {
    this.#context.sequencer?.setRecoverMode(recover)
  }
}
