import type { BlockEnv, ExecutedTransaction } from '../evm/executor.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import { type Header, hashHeader } from '../protocol/header.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { BlockRules, CompletedBlock, OpenBlock } from './rules.ts'
import type {
  BuilderErrorCode,
  CommonOpenOptions,
  HeaderOverrides,
  JobId,
  JobStateName,
  JobSummary,
  PartialBlock,
  SealedBlock,
} from './service.ts'

/** What a job holds in each state. A finished job keeps only what listings show. */
type Stage =
  | { readonly tag: 'open'; readonly block: OpenBlock }
  | { readonly tag: 'sealed'; readonly sealed: SealedBlock }
  /** The block stays for a while, to be looked at. */
  | { readonly tag: 'cancelled'; readonly transactions: number; readonly block: OpenBlock | undefined }

/** What a job needs of its chain's rules. */
type JobRules = Pick<BlockRules<CommonOpenOptions>, 'complete' | 'blobBaseFee'>

/** One block from opening to sealing. Calls are served one at a time, in the order in which they come. */
export class Job {
  readonly id: JobId
  readonly #rules: JobRules
  readonly #queue = new SerialQueue()
  readonly #env: BlockEnv
  #stage: Stage
  /** Milliseconds since the epoch; moves with each call. */
  lastUsed: number

  constructor(id: JobId, rules: JobRules, block: OpenBlock, now: number) {
    this.id = id
    this.#rules = rules
    this.#env = block.env
    this.#stage = { tag: 'open', block }
    this.lastUsed = now
  }

  get state(): JobStateName {
    return this.#stage.tag
  }

  /** Whether a call is being served or waits to be. */
  get busy(): boolean {
    return this.#queue.length > 0
  }

  /** Runs a task when the calls before it are done. */
  run<T>(task: () => Promise<T> | T): Promise<T> {
    return this.#queue.run(task)
  }

  summary(): JobSummary {
    return {
      jobId: this.id,
      state: this.state,
      number: this.#env.number,
      parentHash: this.#env.parentHash,
      transactions: this.#count(),
    }
  }

  #count(): number {
    switch (this.#stage.tag) {
      case 'open':
        return this.#stage.block.execution.transactions.length
      case 'sealed':
        return this.#stage.sealed.transactions.length
      case 'cancelled':
        return this.#stage.transactions
    }
  }

  /** The block, while it is open. @throws AppError JOB_STATE */
  open(): OpenBlock {
    if (this.#stage.tag === 'open') return this.#stage.block
    throw new AppError<BuilderErrorCode>('JOB_STATE', {
      message: `job ${this.id} is ${this.state}`,
      data: { jobId: this.id, state: this.state },
    })
  }

  /** The block that the job was sealed to; undefined in any other state. */
  get sealed(): SealedBlock | undefined {
    return this.#stage.tag === 'sealed' ? this.#stage.sealed : undefined
  }

  /** Executes a transaction at the end of the block. @throws AppError JOB_STATE, TX_REFUSED */
  include(transaction: Transaction): Promise<ExecutedTransaction> {
    return this.open().execution.run(transaction)
  }

  /**
   * Takes back the last transactions, but none that the block was opened with.
   * @returns how many are left
   * @throws AppError JOB_STATE when there are not that many
   */
  undo(count: number): number {
    const { execution, fixed } = this.open()
    const most = execution.transactions.length - fixed
    if (count > most) {
      throw new AppError<BuilderErrorCode>('JOB_STATE', {
        message: `cannot undo ${count} transactions: job ${this.id} holds ${most} that can be undone`,
        data: { jobId: this.id, state: this.state, undoable: most },
      })
    }
    execution.undo(count)
    return execution.transactions.length
  }

  /** What blobs cost in the block, in wei per blob gas; undefined where there are none. */
  get blobBaseFee(): bigint | undefined {
    return this.#rules.blobBaseFee(this.#env)
  }

  #blobBaseFee(): { readonly blobBaseFee?: bigint } {
    const { blobBaseFee } = this
    return blobBaseFee === undefined ? {} : { blobBaseFee }
  }

  /** What the block is so far, with the root that it would have if it were sealed now. */
  async inspect(io: IoOptions): Promise<PartialBlock> {
    const stage = this.#stage
    if (stage.tag === 'sealed') {
      const { header, transactions } = stage.sealed
      const gasLeft = header.gasLimit - header.gasUsed
      const { stateRoot } = header
      return { jobId: this.id, state: 'sealed', header, transactions, gasLeft, stateRoot, ...this.#blobBaseFee() }
    }
    const block = stage.tag === 'cancelled' && stage.block !== undefined ? stage.block : this.open()
    const { header } = await this.#rules.complete(block, io)
    return {
      jobId: this.id,
      state: stage.tag,
      header: { ...header, baseFeePerGas: block.env.baseFeePerGas },
      transactions: block.execution.transactions,
      gasLeft: block.execution.gasLeft,
      stateRoot: header.stateRoot,
      ...this.#blobBaseFee(),
    }
  }

  /**
   * Completes the block. A failure leaves the job open.
   * @param overrides header fields that replace what execution gave: the block is then invalid on purpose
   */
  async seal(overrides: HeaderOverrides | undefined, io: IoOptions): Promise<SealedBlock> {
    const block = this.open()
    const { header: computed, keep, ...body }: CompletedBlock = await this.#rules.complete(block, io)
    const header = overrides === undefined ? computed : ({ ...computed, ...overrides } as Header)
    const hash: Hash = hashHeader(header)
    const sealed: SealedBlock = {
      hash,
      header,
      transactions: block.execution.transactions,
      ...body,
      ...this.#blobBaseFee(),
      committed: false,
      published: false,
    }
    if (overrides === undefined) keep(sealed)
    this.#stage = { tag: 'sealed', sealed }
    return sealed
  }

  /** Notes what became of the sealed block. */
  record(sealed: SealedBlock): void {
    this.#stage = { tag: 'sealed', sealed }
  }

  /** Ends the job without a block. @throws AppError JOB_STATE */
  cancel(): void {
    const block = this.open()
    this.#stage = { tag: 'cancelled', transactions: this.#count(), block }
  }

  /** Lets go of what a cancelled job still holds. */
  forget(): void {
    if (this.#stage.tag === 'cancelled') this.#stage = { ...this.#stage, block: undefined }
  }
}
