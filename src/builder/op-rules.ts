import type { BlockEnv } from '../evm/executor.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { assembleHeader, MESSAGE_PASSER_ADDRESS, openingHeader } from './assemble.ts'
import type { OpeningHeader } from './common-header.ts'
import { decodeForInclusion } from './decode.ts'
import { draftBlock, type OpenContext } from './open.ts'
import type { BlockRules, CompletedBlock, Draft, OpenBlock } from './rules.ts'
import type { OpenOptions } from './service.ts'
import { STANDING_WANTS } from './standing-wants.ts'

/** {@link BlockRules} of an OP-Stack chain. */
export class OpRules implements BlockRules<OpenOptions> {
  readonly wants = STANDING_WANTS
  readonly #context: OpenContext

  constructor(context: OpenContext) {
    this.#context = context
  }

  draft(options: OpenOptions, io: IoOptions): Promise<Draft> {
    return draftBlock(this.#context, options, io)
  }

  decode(raw: Uint8Array): Transaction {
    return decodeForInclusion(raw)
  }

  async admit(): Promise<void> {
    // Nothing travels beside an L2 transaction.
  }

  opening({ env, extraData }: Pick<OpenBlock, 'env' | 'extraData'>): OpeningHeader {
    return openingHeader(this.#context.config.forks, env, extraData)
  }

  async complete({ env, extraData, execution, state }: OpenBlock, io: IoOptions): Promise<CompletedBlock> {
    const { forks } = this.#context.config
    const { stateRoot, storageRoots, keep } = await state.root(execution.diff(), io)
    const before = await state.account(MESSAGE_PASSER_ADDRESS)
    const messagePasserRoot = storageRoots.get(MESSAGE_PASSER_ADDRESS) ?? before?.storageRoot ?? EMPTY_TRIE_ROOT
    const header = assembleHeader({ forks, env, extraData, execution, stateRoot, messagePasserRoot })
    return {
      header,
      ...(header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }),
      ...(header.requestsHash === undefined ? {} : { executionRequests: [] }),
      keep,
    }
  }

  blobBaseFee(_env: Pick<BlockEnv, 'timestamp' | 'excessBlobGas'>): undefined {
    return undefined
  }
}
