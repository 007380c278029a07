import { isAppError } from '../primitives/errors.ts'
import { type Address, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { StateOverrides } from '../protocol/call-arguments.ts'
import type { L1FeeInfo } from '../protocol/l1-fee-info.ts'
import { type Log, logsBloom, type Receipt } from '../protocol/receipt.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { ConditionalState } from '../protocol/transaction-conditional.ts'
import type { StateDiff, StateReader } from '../state/diff.ts'
import { Overlay } from '../state/overlay.ts'
import { type BlobRules, MAX_BLOBS_PER_TRANSACTION } from './blob-charges.ts'
import type { BlockEvm } from './block-evm.ts'
import type { AncestorHash, EvmRules } from './chain.ts'
import { createdAddress } from './created-address.ts'
import { executeMessage, type Outcome } from './execute-message.ts'
import type { BlockEnd, BlockEnv, BlockExecution, ExecutedTransaction } from './executor.ts'
import type { Message } from './message.ts'
import { evmBlock } from './message-call.ts'
import type { CallOutcome, CallTerms, PrecompileOverride, ScratchBlock, ScratchOptions } from './scratch-block.ts'
import { StateAdapter } from './state-adapter.ts'
import { applyStateOverrides } from './state-overrides.ts'
import type { TransactionCharges } from './transaction-charges.ts'
import type { TransactionContext } from './transaction-context.ts'
import { faultText } from './vm-fault.ts'
import type { Observer, Watch } from './watch.ts'

/** A transaction that ran and has its place, with what a chain adds to it. */
export interface RunResult {
  readonly outcome: Outcome
  /** wei per gas; 0 for deposits. */
  readonly effectiveGasPrice: bigint
  /** The sender's nonce that a created contract's address follows from. */
  readonly nonce: bigint
  /** What the transaction adds to what the header counts as blob gas: blob gas on L1, DA footprint on OP. */
  readonly blobGas: bigint
  readonly deposit?: Pick<Receipt, 'depositNonce' | 'depositReceiptVersion'>
  readonly l1Fee?: L1FeeInfo | undefined
}

interface Entry {
  readonly executed: ExecutedTransaction
  /** Mark in the overlay before it ran. */
  readonly mark: number
  /** The block's with this transaction in it. */
  readonly blobGas: bigint
}

/** What every chain's block in execution is made of: the overlay, the EVM, and the list of what ran so far. */
export abstract class BlockRun implements BlockExecution, ScratchBlock {
  protected readonly env: BlockEnv
  readonly rules: EvmRules
  readonly overlay: Overlay
  readonly blobBaseFee: bigint
  readonly #chainId: bigint
  readonly #blobs: BlobRules | undefined
  readonly #adapter: StateAdapter
  readonly #block: ReturnType<typeof evmBlock>
  #watch: Watch | undefined
  #evm: BlockEvm | undefined
  #entries: Entry[] = []
  readonly #hashes = new Set<Hash>()
  #ended: { readonly mark: number; readonly end: BlockEnd } | undefined

  constructor(options: {
    readonly chainId: bigint
    readonly rules: EvmRules
    readonly state: StateReader
    readonly env: BlockEnv
    /** wei per blob gas, as BLOBBASEFEE tells it. */
    readonly blobBaseFee: bigint
    /** Undefined where blob transactions are not allowed. */
    readonly blobs: BlobRules | undefined
    /** Present in a block that is not to be built. */
    readonly scratch?: ScratchOptions | undefined
  }) {
    const { scratch } = options
    this.#chainId = options.chainId
    this.rules = options.rules
    this.env = options.env
    this.overlay = scratch?.overlay ?? new Overlay(options.state)
    this.blobBaseFee = scratch?.blobBaseFee ?? options.blobBaseFee
    this.#watch = scratch?.watch
    this.#blobs = options.blobs
    this.#adapter = new StateAdapter(this.overlay)
    this.#block = evmBlock(options.env, this.blobBaseFee)
  }

  protected abstract newEvm(state: StateAdapter, ancestorHash: AncestorHash): BlockEvm
  /** What the protocol does before the first transaction. */
  protected abstract prepare(context: TransactionContext): Promise<void>
  /** Runs a transaction; what it wrote is taken back when it throws. */
  protected abstract execute(context: TransactionContext, transaction: Transaction): Promise<RunResult>
  /** What the protocol does after the last transaction; what it wrote is taken back when it throws. */
  protected abstract conclude(context: TransactionContext, logs: Iterable<Log>): Promise<BlockEnd>
  /** What the chain takes for a message beside the price of its gas. */
  protected abstract callCharges(context: TransactionContext, message: Message): Promise<TransactionCharges>
  abstract readonly daFootprint: bigint
  abstract readonly blobGasUsed: bigint

  /** Makes the block ready for its first transaction. Called once. */
  async begin(): Promise<this> {
    await this.prepare(this.#context())
    return this
  }

  get transactions(): readonly ExecutedTransaction[] {
    return this.#entries.map((entry) => entry.executed)
  }

  holds(hash: Hash): boolean {
    return this.#hashes.has(hash)
  }

  async nonce(address: Address): Promise<bigint> {
    this.#reopen()
    return (await this.overlay.account(address))?.nonce ?? 0n
  }

  get storage(): ConditionalState {
    this.#reopen()
    return this.overlay
  }

  /** The block's first transaction. */
  protected get first(): Transaction | undefined {
    return this.#entries[0]?.executed.transaction
  }

  get gasLeft(): bigint {
    return this.env.gasLimit - this.#gasUsed()
  }

  /** Sum of {@link RunResult.blobGas}. */
  protected get blobGas(): bigint {
    return this.#entries.at(-1)?.blobGas ?? 0n
  }

  #gasUsed(): bigint {
    return this.#entries.at(-1)?.executed.receipt.cumulativeGasUsed ?? 0n
  }

  #openEvm(): BlockEvm {
    this.#evm ??= this.newEvm(this.#adapter, async (number) => {
      const hash = await this.env.ancestorHash(number)
      return hash === undefined ? new Uint8Array(32) : hexToBytes(hash)
    })
    this.#evm.watch = this.#watch
    return this.#evm
  }

  #context(): TransactionContext {
    return {
      evm: this.#openEvm(),
      block: this.#block,
      overlay: this.overlay,
      env: this.env,
      rules: this.rules,
      blobs: this.#blobs,
      chainId: this.#chainId,
      gasLeft: this.gasLeft,
    }
  }

  /** Runs something that leaves no trace when it fails. */
  async #attempt<T>(mark: number, run: (context: TransactionContext) => Promise<T>): Promise<T> {
    try {
      return await run(this.#context())
    } catch (error) {
      this.overlay.revertTo(mark)
      if (!isAppError(error, 'TX_REFUSED')) {
        // Reading the state failed in the middle of a call: the EVM's own bookkeeping is in pieces.
        this.#adapter.reset()
        this.#evm = undefined
      }
      throw error
    }
  }

  async run(transaction: Transaction): Promise<ExecutedTransaction> {
    this.#reopen()
    const mark = this.overlay.mark()
    const result = await this.#attempt(mark, (context) => this.execute(context, transaction))
    const executed = this.#place(transaction, result)
    this.#entries.push({ executed, mark, blobGas: this.blobGas + result.blobGas })
    this.#hashes.add(transaction.hash)
    return executed
  }

  show(observer: Observer | undefined, pace?: Watch['pace']): void {
    if (this.#watch === undefined) return
    const { line, pace: before } = this.#watch
    this.#watch = { line, pace: pace ?? before, ...(observer && { observer }) }
  }

  get precompiles(): readonly Address[] {
    return this.#openEvm().warmPrecompiles.map((address): Address => `0x${address}`)
  }

  override(overrides: StateOverrides, precompiles: PrecompileOverride): Promise<void> {
    const active = this.#openEvm().precompiles
    const changed = precompiles === 'replaced' ? active : new Map(precompiles === 'kept' ? active : [])
    return applyStateOverrides(this.overlay, changed, overrides)
  }

  async call(message: Message, terms: CallTerms): Promise<CallOutcome> {
    const { gasPrice, policy } = terms
    const context = this.#callContext(message, terms)
    const outcome = await this.#attempt(this.overlay.mark(), async () =>
      executeMessage(context, message, gasPrice, await this.callCharges(context, message), policy),
    )
    const { status, gasUsed, maxGasUsed, logs, result } = outcome
    const { returnValue, reverted, fault } = result
    return { status, gasUsed, maxGasUsed, logs, returnValue, reverted, error: fault && faultText(fault) }
  }

  /** What messages see of the block. */
  #callContext(
    { maxFeePerBlobGas }: Message,
    { gasPrice, gasPool, showsPrices = false }: CallTerms,
  ): TransactionContext {
    const baseFeePerGas = showsPrices || gasPrice > 0n ? this.env.baseFeePerGas : 0n
    const blobBaseFee = showsPrices || maxFeePerBlobGas !== 0n ? this.blobBaseFee : 0n
    const env = { ...this.env, baseFeePerGas }
    const maxPerTransaction = this.rules.osaka ? MAX_BLOBS_PER_TRANSACTION : undefined
    return {
      ...this.#context(),
      env,
      block: evmBlock(env, blobBaseFee),
      blobs: this.rules.cancun ? { baseFee: blobBaseFee, maxPerTransaction } : undefined,
      gasLeft: gasPool,
    }
  }

  #place(transaction: Transaction, result: RunResult): ExecutedTransaction {
    const { outcome, l1Fee } = result
    const last = this.#entries.at(-1)?.executed
    const receipt: Receipt = {
      type: transaction.type,
      status: outcome.status,
      cumulativeGasUsed: this.#gasUsed() + outcome.gasUsed,
      logsBloom: logsBloom(outcome.logs),
      logs: outcome.logs,
      ...result.deposit,
    }
    const created = transaction.to === undefined ? createdAddress(transaction.sender, result.nonce) : undefined
    return {
      transaction,
      receipt,
      index: this.#entries.length,
      firstLogIndex: last === undefined ? 0 : last.firstLogIndex + last.receipt.logs.length,
      gasUsed: outcome.gasUsed,
      effectiveGasPrice: result.effectiveGasPrice,
      ...(created === undefined ? {} : { contractAddress: created }),
      ...(l1Fee === undefined ? {} : { l1Fee }),
      ...(outcome.revertData === undefined ? {} : { revertData: outcome.revertData }),
    }
  }

  undo(count: number): void {
    if (count <= 0) return
    this.#reopen()
    const from = Math.max(0, this.#entries.length - count)
    const first = this.#entries[from]
    if (first === undefined) return
    this.overlay.revertTo(first.mark)
    for (const { executed } of this.#entries.slice(from)) this.#hashes.delete(executed.transaction.hash)
    this.#entries.length = from
  }

  async finish(logs: Iterable<Log> = this.#logs()): Promise<BlockEnd> {
    if (this.#ended !== undefined) return this.#ended.end
    const mark = this.overlay.mark()
    const end = await this.#attempt(mark, (context) => this.conclude(context, logs))
    this.#ended = { mark, end }
    return end
  }

  *#logs(): Generator<Log> {
    for (const { executed } of this.#entries) yield* executed.receipt.logs
  }

  /** Takes back what {@link finish} did. */
  #reopen(): void {
    if (this.#ended === undefined) return
    this.overlay.revertTo(this.#ended.mark)
    this.#ended = undefined
  }

  diff(): StateDiff {
    return this.overlay.diff()
  }
}
