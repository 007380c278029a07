import { assembleHeader } from '../builder/assemble.ts'
import type { PinnedState } from '../builder/ports.ts'
import type { BlockEnv, ExecutedTransaction } from '../evm/executor.ts'
import { OpExecutor } from '../evm/op-executor.ts'
import { isAppError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { nextOpBaseFee } from '../protocol/base-fee.ts'
import { type DecodedExtraData, decodeExtraData, eip1559ConstantsAt, encodeExtraData } from '../protocol/extra-data.ts'
import { type Header, hashHeader } from '../protocol/header.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { ReplayChain } from './chain.ts'

/** An existing block, as far as its execution depends on it. */
export interface ReplayInput {
  readonly parent: { readonly hash: Hash; readonly header: Header }
  /** Only what a builder is told is taken from it: time, gas limit, fee recipient, randomness, beacon root, EIP-1559 parameters. */
  readonly header: Header
  readonly transactions: readonly Transaction[]
  readonly ancestorHash: BlockEnv['ancestorHash']
}

/** What became of a block. */
export type ReExecution =
  | {
      readonly tag: 'executed'
      readonly hash: Hash
      readonly header: Header
      readonly transactions: readonly ExecutedTransaction[]
      /** Makes the state after the block known to later readers. */
      keep(): void
    }
  /** A transaction cannot stand in the block; `reason` in geth's words. */
  | { readonly tag: 'refused'; readonly index: number; readonly transaction: Transaction; readonly reason: string }

/** The surroundings that a block gives to its transactions. @throws AppError BASE_FEE_UNKNOWN, EXTRA_DATA_INVALID */
function envOf(chain: ReplayChain, { parent, header, ancestorHash }: Omit<ReplayInput, 'transactions'>): BlockEnv {
  const { forks, constants } = chain
  const { timestamp } = header
  const ecotone = forks.isActive('ecotone', timestamp)
  return {
    number: parent.header.number + 1n,
    timestamp,
    gasLimit: header.gasLimit,
    baseFeePerGas: nextOpBaseFee(forks, constants, parent.header, timestamp),
    prevRandao: header.mixHash,
    feeRecipient: header.beneficiary,
    parentHash: parent.hash,
    ...(ecotone ? { parentBeaconBlockRoot: header.parentBeaconBlockRoot ?? ZERO_HASH } : {}),
    ancestorHash,
  }
}

/** The extraData of a block with the parameters that this one states; the chain's constants where it states none. */
function extraDataOf({ forks, constants }: ReplayChain, { timestamp, extraData }: Header): Uint8Array {
  let stated: DecodedExtraData | undefined
  try {
    stated = decodeExtraData(forks, timestamp, extraData)
  } catch (error) {
    if (!isAppError(error, 'EXTRA_DATA_INVALID')) throw error
  }
  const params = stated ?? eip1559ConstantsAt(forks, constants, timestamp)
  return encodeExtraData(forks, timestamp, params, stated?.minBaseFee ?? 0n)
}

/**
 * Executes a block once more, on its parent's state.
 * @throws AppError STATE_UNAVAILABLE, STATE_MISMATCH, ROOT_UNAVAILABLE, RPC_UNAVAILABLE, BASE_FEE_UNKNOWN, EXTRA_DATA_INVALID
 */
export async function reExecute(
  chain: ReplayChain,
  input: ReplayInput,
  state: Pick<PinnedState, 'account' | 'slot' | 'code' | 'root'>,
  io: IoOptions = {},
): Promise<ReExecution> {
  const { forks } = chain
  const env = envOf(chain, input)
  const execution = await new OpExecutor(chain).begin(state, env)
  for (const [index, transaction] of input.transactions.entries()) {
    io.signal?.throwIfAborted()
    try {
      await execution.run(transaction)
    } catch (error) {
      if (!isAppError(error, 'TX_REFUSED')) throw error
      return { tag: 'refused', index, transaction, reason: error.message }
    }
  }
  const post = await state.root(execution.diff(), io)
  const passer = await state.account(MESSAGE_PASSER_ADDRESS)
  const header = assembleHeader({
    forks,
    env,
    extraData: extraDataOf(chain, input.header),
    execution,
    stateRoot: post.stateRoot,
    messagePasserRoot: post.storageRoots.get(MESSAGE_PASSER_ADDRESS) ?? passer?.storageRoot ?? EMPTY_TRIE_ROOT,
  })
  const { transactions } = execution
  return { tag: 'executed', hash: hashHeader(header), header, transactions, keep: post.keep }
}
