import type { PinnedState } from '../builder/ports.ts'
import { accountOrEmpty } from '../evm/balances.ts'
import type { Message, MessagePolicy } from '../evm/message.ts'
import type { RefusalReason } from '../evm/refusal.ts'
import type { CallOutcome, ScratchBlock, ScratchExecutor } from '../evm/scratch-block.ts'
import { LogRecorder, type RecordedLog } from '../evm/tracing/log-recorder.ts'
import type { Watch } from '../evm/watch.ts'
import { isAppError } from '../primitives/errors.ts'
import { type Hash, ZERO_ADDRESS } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import type { Block } from '../protocol/block.ts'
import type { CallArguments } from '../protocol/call-arguments.ts'
import { type Header, hashHeader } from '../protocol/header.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import { type Log, logsBloom, type Receipt } from '../protocol/receipt.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import { Overlay } from '../state/overlay.ts'
import { blockEnv } from './block-env.ts'
import { messageOf, type PricedMessage, RPC_GAS_CAP, wouldBeTransaction } from './call-message.ts'
import type { PlacedLog } from './log-search.ts'
import { type PlacedCalls, type SimulationErrorCode, simulationError } from './simulated-chain.ts'
import {
  checkWithdrawals,
  type HashedHeader,
  type HeaderContext,
  legacyChainId,
  openHeader,
  sealHeader,
} from './simulated-header.ts'

/** What became of a call in a simulated block. */
export interface SimulatedCall {
  readonly outcome: CallOutcome
  readonly logs: readonly PlacedLog[]
  /** Whether it had less gas than it asked for, because all calls together have no more. */
  readonly capped: boolean
}

/** A block that never was. */
export interface SimulatedBlock {
  readonly block: Block
  readonly calls: readonly SimulatedCall[]
}

/** What a simulation stands on. */
export interface SimulationContext extends HeaderContext {
  readonly baseHash: Hash
  readonly chainId: bigint
  readonly executor: ScratchExecutor
  /** After the block that it begins on. */
  readonly state: PinnedState
  readonly watch: Watch
  /** Whether transfers of ether are shown as logs. */
  readonly traceTransfers: boolean
  /** The hash of an ancestor of the block that it begins on. */
  readonly ancestorHash: (number: bigint) => Promise<Hash | undefined>
}

/** The codes that geth has for some of the reasons why a call cannot run. */
const REFUSALS: Partial<Readonly<Record<RefusalReason, SimulationErrorCode>>> = {
  nonceTooHigh: 'SIMULATION_NONCE_TOO_HIGH',
  nonceTooLow: 'SIMULATION_NONCE_TOO_LOW',
  tipAboveFeeCap: 'SIMULATION_FEES',
  feeCapTooLow: 'SIMULATION_FEES',
  insufficientFunds: 'SIMULATION_FUNDS',
  intrinsicGasTooLow: 'SIMULATION_INTRINSIC_GAS',
  initCodeTooLarge: 'SIMULATION_INIT_CODE',
}

interface RanCall {
  readonly outcome: CallOutcome
  readonly capped: boolean
  readonly logs: readonly RecordedLog[]
  readonly transaction: SignedTransaction
  readonly receipt: Receipt
}

/** A block that calls are running in. */
interface OpenBlock {
  readonly header: Header
  readonly scratch: ScratchBlock
  readonly recorder: LogRecorder
}

/** Blocks on top of a stored one, each on the state that the one before it left. */
export class Simulation {
  readonly #context: SimulationContext
  readonly #overlay: Overlay
  readonly #policy: MessagePolicy
  readonly #hashes = new Map<bigint, Hash>()
  /** geth keeps logs by the transaction's hash, which calls of different senders may have in common. */
  readonly #logs = new Map<Hash, readonly Log[]>()
  /** Gas that all calls together may still use. */
  #budget = RPC_GAS_CAP
  #parent: HashedHeader

  constructor(context: SimulationContext) {
    const { base, baseHash, validation } = context
    this.#context = context
    this.#overlay = new Overlay(context.state)
    this.#policy = { nonce: validation, gasCap: false, ofNoContract: false, freeWithoutFees: !validation }
    this.#parent = { hash: baseHash, header: base }
  }

  /**
   * Runs the calls of the next block.
   * @throws AppError SIMULATION_… and CALL_INVALID in geth's words, CALL_ABORTED, STATE_UNAVAILABLE
   */
  async block(placed: PlacedCalls, io: IoOptions): Promise<SimulatedBlock> {
    const { executor, state, watch, traceTransfers, kind } = this.#context
    const { withdrawals = [], blobBaseFee } = placed.header
    const header = openHeader(this.#context, this.#parent, placed)
    const env = blockEnv({ header, withdrawals }, (number) => this.#ancestorHash(number))
    const scratch = executor.open(state, env, {
      watch,
      overlay: this.#overlay,
      ...(blobBaseFee !== undefined && { blobBaseFee }),
    })
    await scratch.override(placed.state, 'replaced')
    await scratch.begin()
    const recorder = new LogRecorder(traceTransfers)
    scratch.show(recorder)
    const ran: RanCall[] = []
    for (const args of placed.calls) ran.push(await this.#call({ header, scratch, recorder }, ran, args))
    scratch.show(undefined)
    const requests = await this.#finish(
      scratch,
      ran.flatMap(({ logs }) => logs.map(({ log }) => log)),
    )
    checkWithdrawals(kind, header.timestamp, withdrawals)
    const roots = await this.#roots(io)
    const sealed = sealHeader(this.#context, header, { executed: ran, withdrawals, requests, ...roots })
    const hash = hashHeader(sealed)
    this.#parent = { hash, header: sealed }
    this.#hashes.set(sealed.number, hash)
    return placedBlock({ hash, header: sealed, transactions: [], withdrawals }, ran)
  }

  #ancestorHash(number: bigint): Promise<Hash | undefined> {
    const { base, baseHash, ancestorHash } = this.#context
    if (number < base.number) return ancestorHash(number)
    return Promise.resolve(number === base.number ? baseHash : this.#hashes.get(number))
  }

  async #call(open: OpenBlock, before: readonly RanCall[], args: CallArguments): Promise<RanCall> {
    const { kind, chainId, watch } = this.#context
    const cumulative = before.at(-1)?.receipt.cumulativeGasUsed ?? 0n
    const { priced, capped } = await this.#message(open.header, cumulative, args)
    await watch.pace()
    const outcome = await this.#run(open.scratch, priced)
    this.#budget -= outcome.gasUsed
    const unsigned = wouldBeTransaction(priced, chainId)
    const transaction = priced.legacy ? { ...unsigned, chainId: legacyChainId(kind, chainId) } : unsigned
    const logs = [...(this.#logs.get(transaction.hash) ?? []), ...outcome.logs]
    this.#logs.set(transaction.hash, logs)
    const receipt = {
      type: transaction.type,
      status: outcome.status,
      cumulativeGasUsed: cumulative + outcome.gasUsed,
      logsBloom: logsBloom(logs),
      logs,
    }
    return { outcome, capped, logs: open.recorder.logs, transaction, receipt }
  }

  /** The message that a call stands for, with as much gas as block and simulation leave it. @see geth, internal/ethapi sanitizeCall */
  async #message(
    header: Header,
    gasUsed: bigint,
    args: CallArguments,
  ): Promise<{ readonly priced: PricedMessage; readonly capped: boolean }> {
    const { chainId, watch } = this.#context
    const nonce = args.nonce ?? (await accountOrEmpty(this.#overlay, args.from ?? ZERO_ADDRESS)).nonce
    const remaining = header.gasLimit - gasUsed
    const wanted = args.gas ?? remaining
    const newer = watch.line === '1.17'
    if (wanted > remaining) {
      const why = newer ? `remaining: ${remaining}, required: ${wanted}` : `${gasUsed} >= ${header.gasLimit}`
      throw simulationError('SIMULATION_GAS_LIMIT', `block gas limit reached: ${why}`)
    }
    // The older line takes a budget that is used up for none at all.
    const bounded = newer || this.#budget > 0n
    const gas = bounded && this.#budget < wanted ? this.#budget : wanted
    const defaults = { gas, gasCap: undefined, baseFee: header.baseFeePerGas ?? 0n, chainId }
    return { priced: messageOf({ ...args, nonce, gas }, defaults), capped: newer && gas < wanted }
  }

  async #run(scratch: ScratchBlock, { message, gasPrice }: PricedMessage): Promise<CallOutcome> {
    const gasPool = this.#context.watch.line === '1.17' ? message.gasLimit : this.#budget
    try {
      return await scratch.call(message, { gasPrice, gasPool, policy: this.#policy, showsPrices: true })
    } catch (error) {
      throw refusedCall(error, message)
    }
  }

  async #finish(scratch: ScratchBlock, logs: readonly Log[]): Promise<readonly Uint8Array[]> {
    try {
      return (await scratch.finish(logs)).requests
    } catch (error) {
      throw isAppError(error, 'BLOCK_INVALID') ? simulationError('CALL_INVALID', error.message) : error
    }
  }

  async #roots(io: IoOptions): Promise<{ readonly stateRoot: Hash; readonly messagePasserRoot: Hash }> {
    const { state } = this.#context
    const { stateRoot, storageRoots } = await state.root(this.#overlay.diff(), io)
    const before = async () => (await state.account(MESSAGE_PASSER_ADDRESS))?.storageRoot ?? EMPTY_TRIE_ROOT
    return { stateRoot, messagePasserRoot: storageRoots.get(MESSAGE_PASSER_ADDRESS) ?? (await before()) }
  }
}

/** What to throw for a call that cannot run, or that took too long. */
function refusedCall(error: unknown, { gasLimit }: Message): unknown {
  if (isAppError(error, 'CALL_ABORTED')) return simulationError('SIMULATION_REFUSED', error.message)
  if (!isAppError(error, 'TX_REFUSED')) return error
  const code = REFUSALS[error.data?.reason as RefusalReason] ?? 'SIMULATION_REFUSED'
  return simulationError(code, `err: ${error.message} (supplied gas ${gasLimit})`)
}

/** A block with its transactions, and its calls with the places of their logs. */
function placedBlock(empty: Block, ran: readonly RanCall[]): SimulatedBlock {
  const { hash: blockHash, header } = empty
  // Calls that have their hash in common have the last one's sender in common, too.
  const senders = new Map(ran.map(({ transaction }) => [transaction.hash, transaction.sender]))
  const transactions = ran.map(({ transaction }) => ({
    ...transaction,
    sender: senders.get(transaction.hash) ?? transaction.sender,
  }))
  const calls = ran.map(({ outcome, capped, logs, transaction }, transactionIndex): SimulatedCall => {
    const place = { blockHash, blockNumber: header.number, blockTimestamp: header.timestamp, transactionIndex }
    const transactionHash = transaction.hash
    return {
      outcome,
      capped,
      logs: logs.map(({ log, index: logIndex }) => ({ log, ...place, transactionHash, logIndex })),
    }
  })
  return { block: { ...empty, transactions }, calls }
}
