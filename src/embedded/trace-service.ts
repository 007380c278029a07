import type { StateSource } from '../builder/ports.ts'
import { pacer } from '../evm/pace.ts'
import type { ScratchBlock, ScratchExecutor } from '../evm/scratch-block.ts'
import type { CallErrorCode } from '../evm/state-overrides.ts'
import { makeTracer, type TracerChoice } from '../evm/tracing/make-tracer.ts'
import type { TracedStart } from '../evm/tracing/tracer.ts'
import type { Clock } from '../primitives/clock.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Block } from '../protocol/block.ts'
import type { BlockId } from '../protocol/block-id.ts'
import type { CallArguments } from '../protocol/call-arguments.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { blockEnv, overriddenEnv } from './block-env.ts'
import { type LookupErrorCode, lookUpBlock } from './block-lookup.ts'
import { CALL_POLICY, messageOf, RPC_GAS_CAP } from './call-message.ts'
import type { CallPlace } from './call-service.ts'
import { type ChainKind, gethLine } from './chain-kind.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'
import { goDuration } from './go-duration.ts'

/** How a caller wants a trace. */
export interface TraceChoice extends TracerChoice {
  /** How long one transaction may take, as Go writes it; five seconds when left out. */
  readonly timeout: string | undefined
}

/** A transaction of a block with what its tracer says. */
export interface TracedTransaction {
  readonly hash: Hash
  readonly result: unknown
}

/** Where a call is traced. */
export interface TracedPlace extends CallPlace {
  /** How many of the block's own transactions come before it, on the state before the block; else it comes after the block. */
  readonly txIndex?: number | undefined
}

/** What tracing a chain stands on. */
export interface TraceServiceOptions {
  readonly chain: ChainStore
  readonly executor: ScratchExecutor
  readonly states: StateSource
  readonly chainId: bigint
  readonly kind: ChainKind
  readonly clock: Clock
}

const DEFAULT_TIMEOUT = '5s'

function invalid(message: string): AppError<CallErrorCode> {
  return new AppError('CALL_INVALID', { message })
}

/** Logs of a block's transactions so far. */
function logCount({ transactions }: ScratchBlock): number {
  const last = transactions.at(-1)
  return last === undefined ? 0 : last.firstLogIndex + last.receipt.logs.length
}

/** Runs the transactions of stored blocks again, and calls like them, for somebody to look at. */
export class EmbeddedTraces {
  readonly #options: TraceServiceOptions

  constructor(options: TraceServiceOptions) {
    this.#options = options
  }

  /**
   * Traces a transaction of the canonical chain.
   * @throws AppError CALL_INVALID in geth's words, CALL_ABORTED, STATE_UNAVAILABLE
   */
  async transaction(hash: Hash, choice: TraceChoice, io: IoOptions): Promise<unknown> {
    const { chain } = this.#options
    const place = chain.transaction(hash)
    if (place === undefined) throw invalid('transaction not found')
    const block = this.#block(place.blockHash)
    const scratch = await this.#replay(block, place.index, io)
    return this.#traceOf(scratch, block, block.transactions[place.index] as Transaction, choice, io)
  }

  /** Traces all transactions of a block. @throws AppError as {@link transaction}, and BLOCK_NOT_FOUND */
  async block(id: BlockId, choice: TraceChoice, io: IoOptions): Promise<readonly TracedTransaction[]> {
    const block = this.#named(id)
    if (block.header.number === 0n) throw invalid('genesis is not traceable')
    const scratch = await this.#replay(block, 0, io)
    const traced: TracedTransaction[] = []
    for (const transaction of block.transactions) {
      const result = await this.#traceOf(scratch, block, transaction, choice, io)
      traced.push({ hash: transaction.hash, result })
    }
    return traced
  }

  /** Traces a call on the state after a block, or in the middle of it. @throws AppError as {@link block} */
  async call(args: CallArguments, place: TracedPlace, choice: TraceChoice, io: IoOptions): Promise<unknown> {
    const { chainId } = this.#options
    const { block: id, state, header: overrides = {}, txIndex } = place
    if (id.tag === 'label' && id.label === 'pending') throw invalid('tracing on top of pending is not supported')
    const block = this.#named(id)
    const before = txIndex === undefined ? undefined : await this.#replay(block, this.#index(block, txIndex), io)
    const env = overriddenEnv(this.#env(block, overrides.number, io), overrides)
    const { blobBaseFee } = overrides
    const scratch = this.#options.executor.open(this.#state(block.hash), env, {
      watch: this.#watch(io),
      ...(blobBaseFee !== undefined && { blobBaseFee }),
      ...(before !== undefined && { overlay: before.overlay }),
    })
    await scratch.override(state ?? new Map(), 'replaced')
    const { message, gasPrice } = messageOf(args, {
      gas: RPC_GAS_CAP,
      gasCap: RPC_GAS_CAP,
      baseFee: env.baseFeePerGas,
      chainId,
    })
    const start = {
      sender: message.sender,
      to: message.to,
      gasLimit: message.gasLimit,
      authorizationList: message.authorizationList ?? [],
      feeRecipient: env.feeRecipient,
      logIndex: before === undefined ? 0 : logCount(before),
    }
    const run = () => scratch.call(message, { gasPrice, gasPool: message.gasLimit, policy: CALL_POLICY })
    return this.#trace(scratch, start, run, choice, io)
  }

  #index(block: Block, txIndex: number): number {
    const count = block.transactions.length
    if (block.header.number === 0n) throw invalid('no transaction in genesis')
    if (txIndex < count || (txIndex === 0 && count === 0)) return txIndex
    throw invalid(`transaction index ${txIndex} out of range for block ${block.hash}`)
  }

  #block(hash: Hash): Block {
    const block = this.#options.chain.block(hash)
    if (block === undefined) throw unknownBlock(hash)
    return block
  }

  #named(id: BlockId): Block {
    const hash = lookUpBlock(this.#options.chain, id)
    if (hash !== undefined) return this.#block(hash)
    const name = id.tag === 'hash' ? id.hash : id.tag === 'number' ? `#${id.number}` : id.label
    throw new AppError<LookupErrorCode>('BLOCK_NOT_FOUND', { message: `block ${name} not found` })
  }

  #watch(io: IoOptions) {
    const { kind, clock } = this.#options
    return { line: gethLine(kind), pace: pacer(clock, undefined, '', io) }
  }

  /** The state after a block. */
  #state(hash: Hash) {
    const { chain, states } = this.#options
    return states({ hash, stateRoot: chain.stateRoot(hash) })
  }

  /** @param number that the block is given instead of its own; its child's lets BLOCKHASH see the block itself */
  #env(block: Block, number: bigint | undefined, io: IoOptions) {
    const { chain } = this.#options
    const { hash, header } = block
    const asChild = number === header.number + 1n
    const [tip, end] = asChild ? [hash, header.number] : [header.parentHash, header.number - 1n]
    return blockEnv(block, async (wanted) => (wanted <= end ? chain.ancestor(tip, wanted, io) : undefined))
  }

  /** A block again, with so many of its transactions. */
  async #replay(block: Block, count: number, io: IoOptions): Promise<ScratchBlock> {
    const { executor } = this.#options
    const { parentHash } = block.header
    const env = this.#env(block, undefined, io)
    const scratch = executor.open(this.#state(parentHash), env, { watch: this.#watch(io) })
    await scratch.begin()
    for (const transaction of block.transactions.slice(0, count)) await scratch.run(transaction)
    return scratch
  }

  #traceOf(
    scratch: ScratchBlock,
    { header }: Block,
    transaction: Transaction,
    choice: TraceChoice,
    io: IoOptions,
  ): Promise<unknown> {
    const start = {
      sender: transaction.sender,
      to: transaction.to,
      gasLimit: transaction.gasLimit,
      authorizationList: transaction.type === 4 ? transaction.authorizationList : [],
      feeRecipient: header.beneficiary,
      logIndex: logCount(scratch),
    }
    return this.#trace(scratch, start, () => scratch.run(transaction), choice, io)
  }

  async #trace(
    scratch: ScratchBlock,
    start: TracedStart,
    run: () => Promise<{ readonly gasUsed: bigint }>,
    choice: TraceChoice,
    io: IoOptions,
  ): Promise<unknown> {
    const { kind, clock } = this.#options
    const tracer = makeTracer(choice, scratch, gethLine(kind))
    const timeLimit = goDuration(choice.timeout ?? DEFAULT_TIMEOUT)
    await tracer.begin?.(start)
    scratch.show(tracer, pacer(clock, timeLimit, 'execution timeout', io))
    try {
      const { gasUsed } = await run()
      await tracer.end?.(gasUsed)
      return tracer.result()
    } catch (error) {
      if (isAppError(error, 'TX_REFUSED')) throw invalid(`tracing failed: ${error.message}`)
      throw error
    } finally {
      scratch.show(undefined, pacer(clock, undefined, '', io))
    }
  }
}
