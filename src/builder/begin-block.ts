import type { BlockEnv, Executor } from '../evm/executor.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ChainReader, StateSource } from './ports.ts'
import type { BlockRules, Draft, OpenBlock } from './rules.ts'
import { ringWants } from './standing-wants.ts'

/** What beginning a block needs of its chain. */
export interface BeginContext {
  readonly rules: Pick<BlockRules<never>, 'wants'>
  readonly chain: ChainReader
  readonly executor: Executor
  readonly state: StateSource
}

/**
 * Begins a block on its parent's state: what the protocol runs before the first transaction has run; of the draft's
 * transactions none has.
 * @throws AppError what reading the state throws
 */
export async function beginBlock(context: BeginContext, draft: Draft, io: IoOptions): Promise<OpenBlock> {
  const { rules, chain, executor } = context
  const { parent, extraData, transactions } = draft
  const state = context.state({ hash: parent.hash, stateRoot: parent.header.stateRoot })
  // Usually all known: it came along with the parent.
  await state.load(rules.wants, io)
  state.defer([{ address: draft.env.feeRecipient }])
  if (draft.env.parentBeaconBlockRoot !== undefined) state.defer(ringWants(draft.env.number, draft.env.timestamp))
  if (draft.unforeseen.length > 0) await state.predict(draft.unforeseen, io)
  const env: BlockEnv = { ...draft.env, ancestorHash: (number) => chain.ancestorHash(parent, number, {}) }
  return { env, extraData, state, execution: await executor.begin(state, env), fixed: transactions.length }
}
