import type { BlockEnv } from '../evm/executor.ts'
import { isAppError } from '../primitives/errors.ts'
import { type Hash, toWord } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { type Header, hashHeader } from '../protocol/header.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { assembleHeader } from './assemble.ts'
import { decodeForInclusion } from './decode.ts'
import { draftBlock, type OpenContext } from './open.ts'
import type { BlockRules, CompletedBlock, Draft, OpenBlock } from './rules.ts'
import type { OpenOptions, SealedBlock } from './service.ts'
import { STANDING_WANTS } from './standing-wants.ts'

/** The roots that a header needs beside those of its lists. */
interface Roots {
  readonly stateRoot: Hash
  readonly messagePasserRoot: Hash
  keep(sealed: SealedBlock): void
}

/** A root that no state has. */
const PLACEHOLDER_ROOT: Hash = toWord(1n)

/** An L2 block's lists beside its transactions: empty, where its fork has them. */
function completed(header: Header): Omit<CompletedBlock, 'keep'> {
  return {
    header,
    ...(header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }),
    ...(header.requestsHash === undefined ? {} : { executionRequests: [] }),
  }
}

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

  async complete(block: OpenBlock, io: IoOptions): Promise<CompletedBlock> {
    const { env, extraData, execution } = block
    const { forks } = this.#context.config
    const { stateRoot, messagePasserRoot, keep } = await this.#roots(block, io)
    const header = assembleHeader({ forks, env, extraData, execution, stateRoot, messagePasserRoot })
    return { ...completed(header), keep }
  }

  async #roots({ execution, state, env, extraData }: OpenBlock, io: IoOptions): Promise<Roots> {
    const diff = execution.diff()
    const passer = diff.accounts.get(MESSAGE_PASSER_ADDRESS)
    const before = (await state.account(MESSAGE_PASSER_ADDRESS))?.storageRoot ?? EMPTY_TRIE_ROOT
    try {
      const { stateRoot, storageRoots, keep } = await state.root(diff, io)
      return { stateRoot, messagePasserRoot: storageRoots.get(MESSAGE_PASSER_ADDRESS) ?? before, keep }
    } catch (error) {
      const { rootOracle, config } = this.#context
      // With the passer's storage changed, the header would have a second root that is not known.
      const asks = isAppError(error, 'ROOT_UNAVAILABLE') && (passer === undefined || passer.storage.size === 0)
      if (!asks || rootOracle === undefined) throw error
      const input = { forks: config.forks, env, extraData, execution, messagePasserRoot: before }
      const header = assembleHeader({ ...input, stateRoot: PLACEHOLDER_ROOT })
      const { transactions } = execution
      const stateRoot = await rootOracle({ ...completed(header), hash: hashHeader(header), transactions }, io)
      if (stateRoot === undefined) throw error
      // The nodes behind that root stay unknown: whoever builds on it reads them from the node that has them then.
      return { stateRoot, messagePasserRoot: before, keep: () => {} }
    }
  }

  blobBaseFee(_env: Pick<BlockEnv, 'timestamp' | 'excessBlobGas'>): undefined {
    return undefined
  }
}
