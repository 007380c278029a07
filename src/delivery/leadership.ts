import type { DeliverableBlock } from '../builder/service.ts'
import { isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type Payload, sealedPayload } from '../protocol/payload.ts'
import { type BlockConductor, conductorRefused, outcomeUnknown } from './delivery.ts'

/** What is asked of a conductor; `clients/conductor.ts` has it. */
export interface ConductorPort {
  leader(io: IoOptions): Promise<boolean>
  commitUnsafePayload(payload: Payload, io: IoOptions): Promise<void>
}

/** Who of several sequencers may sequence. */
export interface Leadership {
  /** Whether there is a conductor. */
  readonly enabled: boolean
  /** @throws AppError RPC_UNAVAILABLE, RPC_ERROR when the conductor does not say */
  isLeader(io: IoOptions): Promise<boolean>
  /** Sequence without the conductor's consent from now on, as `admin_overrideLeader` asks for. */
  override(active: boolean): void
}

/** Of a chain with one sequencer. */
export const SOLE_SEQUENCER: Leadership = {
  enabled: false,
  isLeader: async () => true,
  override() {
    // There is nobody to override.
  },
}

/**
 * What op-conductor says, in raft's words, of a block that it has not taken and will not take on its own later. Anything else,
 * «leadership lost while committing log» among it, leaves open whether the cluster has the block.
 */
const NOT_TAKEN = [
  'node is not the leader',
  'leadership transfer in progress',
  'timed out enqueuing operation',
  'failed to marshal payload envelope',
]

/** The consent of an op-conductor. While it is overridden nobody asks it. */
export class ConductorLeadership implements Leadership, BlockConductor {
  readonly enabled = true
  readonly #conductor: ConductorPort
  #overridden = false

  constructor(conductor: ConductorPort) {
    this.#conductor = conductor
  }

  async isLeader(io: IoOptions): Promise<boolean> {
    return this.#overridden || this.#conductor.leader(io)
  }

  override(active: boolean): void {
    this.#overridden = active
  }

  async commit(block: DeliverableBlock, io: IoOptions): Promise<void> {
    if (this.#overridden) return
    try {
      await this.#conductor.commitUnsafePayload(sealedPayload(block), io)
    } catch (error) {
      if (!isAppError(error, 'RPC_ERROR')) throw error
      const said = String(error.data?.message ?? error.message)
      if (NOT_TAKEN.some((words) => said.includes(words))) throw conductorRefused(block.hash, said)
      throw outcomeUnknown(block.hash, said, error)
    }
  }
}
