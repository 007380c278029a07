import type { StateSource } from '../builder/ports.ts'
import { accountOrEmpty } from '../evm/balances.ts'
import { pacer } from '../evm/pace.ts'
import type { PrecompileOverride, ScratchBlock, ScratchExecutor } from '../evm/scratch-block.ts'
import type { CallErrorCode } from '../evm/state-overrides.ts'
import type { Clock } from '../primitives/clock.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import { type Hash, ZERO_ADDRESS } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/block-id.ts'
import type { BlockOverrides, CallArguments, StateOverrides } from '../protocol/call-arguments.ts'
import type { Header } from '../protocol/header.ts'
import { type AccessListAnswer, findAccessList } from './access-list.ts'
import { blockEnv, overriddenEnv } from './block-env.ts'
import { resolveBlock, resolveStateBlock } from './block-lookup.ts'
import { CALL_POLICY, CALL_TIME_MS, CALL_TIMED_OUT, messageOf, RPC_GAS_CAP } from './call-message.ts'
import { type ChainKind, gethLine } from './chain-kind.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'
import { withFeeDefaults } from './fee-defaults.ts'
import { type Estimate, estimateGas } from './gas-estimate.ts'

/** What a call gave. */
export type CallAnswer =
  | { readonly tag: 'returned'; readonly data: Uint8Array }
  | { readonly tag: 'reverted'; readonly data: Uint8Array }

/** Where a call runs, and what is to be different there. */
export interface CallPlace {
  readonly block: BlockId
  readonly state?: StateOverrides | undefined
  readonly header?: BlockOverrides | undefined
}

/** What calls on a chain stand on. */
export interface CallServiceOptions {
  readonly chain: ChainStore
  readonly executor: ScratchExecutor
  /** Opens states by block; the chain's own, or those of the chain that it began on. */
  readonly states: StateSource
  readonly chainId: bigint
  readonly kind: ChainKind
  readonly clock: Clock
  /** A tip that a transaction is likely to be taken with, in wei per gas. */
  readonly suggestTip: () => bigint
}

function invalid(message: string): AppError<CallErrorCode> {
  return new AppError('CALL_INVALID', { message })
}

interface OpenOptions {
  readonly precompiles: PrecompileOverride
  /** Milliseconds. */
  readonly timeLimit?: number
  /** Whether op-geth, too, says what is wrong with the block that is named. */
  readonly explained?: boolean
}

/** Runs messages on the states of a chain without changing any of them, as geth and op-geth do. */
export class EmbeddedCalls {
  readonly #options: CallServiceOptions

  constructor(options: CallServiceOptions) {
    this.#options = options
  }

  /**
   * Runs a message on the state after a block.
   * @throws AppError BLOCK_NOT_FOUND, CALL_INVALID with geth's wording, CALL_ABORTED, STATE_UNAVAILABLE
   */
  async call(args: CallArguments, place: CallPlace, io: IoOptions): Promise<CallAnswer> {
    const { header, block } = await this.#open(place, { precompiles: 'replaced', timeLimit: CALL_TIME_MS }, io)
    const { message, gasPrice } = this.#message(args, header, RPC_GAS_CAP)
    const outcome = await block
      .call(message, { gasPrice, gasPool: RPC_GAS_CAP, policy: CALL_POLICY })
      .catch((error: unknown) => {
        if (!isAppError(error, 'TX_REFUSED')) throw error
        throw invalid(`err: ${error.message} (supplied gas ${message.gasLimit})`)
      })
    const { returnValue: data, reverted, error } = outcome
    if (reverted) return { tag: 'reverted', data }
    if (error !== undefined) throw invalid(error)
    return { tag: 'returned', data }
  }

  /**
   * The least gas limit that a message succeeds with on the state after a block, within geth's tolerance.
   * @throws AppError as {@link call}
   */
  async estimateGas(args: CallArguments, place: CallPlace, io: IoOptions): Promise<Estimate> {
    const { header, block } = await this.#open(place, { precompiles: 'kept' }, io)
    const message = this.#message(args, header, 0n)
    return estimateGas(block, message, header.gasLimit, RPC_GAS_CAP)
  }

  /**
   * The access list that a message on the state after a block wants, and what it costs with it.
   * @throws AppError as {@link call}
   */
  async createAccessList(args: CallArguments, place: CallPlace, io: IoOptions): Promise<AccessListAnswer> {
    const { header, block } = await this.#open(place, { precompiles: 'immovable', explained: true }, io)
    const { suggestTip, chainId } = this.#options
    const { blobBaseFee } = block
    const priced = withFeeDefaults(args, { baseFee: header.baseFeePerGas ?? 0n, blobBaseFee, suggestTip })
    const nonce = args.nonce ?? (await accountOrEmpty(block.overlay, args.from ?? ZERO_ADDRESS)).nonce
    return findAccessList(block, this.#message({ ...priced, nonce }, header, RPC_GAS_CAP), chainId)
  }

  #message(args: CallArguments, header: Header, gas: bigint): ReturnType<typeof messageOf> {
    const { chainId } = this.#options
    return messageOf(args, { gas, gasCap: RPC_GAS_CAP, baseFee: header.baseFeePerGas ?? 0n, chainId })
  }

  /** A block like the one that is named, on the state after it. */
  async #open(
    { block: id, state = new Map(), header: overrides = {} }: CallPlace,
    { precompiles, timeLimit, explained }: OpenOptions,
    io: IoOptions,
  ): Promise<{ readonly hash: Hash; readonly header: Header; readonly block: ScratchBlock }> {
    const { chain, executor, states, kind, clock } = this.#options
    const hash = explained ? resolveBlock(chain, id) : resolveStateBlock(chain, kind, id)
    const header = chain.header(hash)
    if (header === undefined) throw unknownBlock(hash)
    const pace = pacer(clock, timeLimit, CALL_TIMED_OUT, io)
    // What is no ancestor of the block has no hash, even where the number is overridden.
    const ancestorHash = async (number: bigint): Promise<Hash | undefined> =>
      number < header.number ? chain.ancestor(header.parentHash, number, io) : undefined
    const { blobBaseFee } = overrides
    const block = executor.open(
      states({ hash, stateRoot: chain.stateRoot(hash) }),
      overriddenEnv(blockEnv({ header }, ancestorHash), overrides),
      { watch: { line: gethLine(kind), pace }, ...(blobBaseFee !== undefined && { blobBaseFee }) },
    )
    await block.override(state, precompiles)
    return { hash, header, block }
  }
}
