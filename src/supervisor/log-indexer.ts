import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { executingMessage, hashOfLog } from '../protocol/executing-message.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { BlockId, L2BlockRef } from '../protocol/refs.ts'
import type { ChainState, IndexGoal } from './chain-state.ts'
import type { LogRecord } from './db/log-db.ts'
import type { ManagedNodeErrorCode } from './ports.ts'

/** Where the blocks of a chain are read. */
export interface BlockReader {
  receipts(block: BlockId, io: IoOptions): Promise<readonly Receipt[] | undefined>
  refByNumber(number: bigint, io: IoOptions): Promise<L2BlockRef | undefined>
}

/** What indexing a chain needs. */
export interface LogIndexerParts {
  readonly chain: ChainState
  /** Whom the chain is read from now; undefined: nobody is there. */
  readonly reader: () => BlockReader | undefined
  /** Has something changed by the one writer. The task looks again at what it depends on. */
  readonly write: (task: () => void) => Promise<void>
  /** Logs up to this block are not dropped because a node has another one. */
  readonly floor: () => bigint
  readonly isDenied: (block: BlockId) => boolean
  /** A node has a block that is denied. */
  readonly onDenied: (block: BlockId) => void
  /** A node has another block where logs are not dropped. */
  readonly onContradiction: (reason: string) => void
  /** Blocks were added or, `rewound`, dropped. */
  readonly onChange: (rewound: boolean) => void
}

/** A reason to try again later. */
function notThere(message: string): AppError<ManagedNodeErrorCode> {
  return new AppError<ManagedNodeErrorCode>('MANAGED_NODE_GONE', { message, severity: 'temporary' })
}

/** The logs of a block as they are stored. @throws AppError EXECUTING_MESSAGE_MALFORMED */
function logRecords(receipts: readonly Receipt[]): readonly LogRecord[] {
  return receipts.flatMap(({ logs }) => logs.map((log) => ({ hash: hashOfLog(log), executing: executingMessage(log) })))
}

/**
 * Brings the logs of a chain to the block that is wanted, block by block, each the child of the one before it. Where the node has another
 * chain, the logs go back to the last block that it has, too. A node is read outside the writer: what was read is added only where it
 * still follows.
 */
export class LogIndexer {
  readonly #parts: LogIndexerParts

  constructor(parts: LogIndexerParts) {
    this.#parts = parts
  }

  /** Takes a step. @returns whether there may be another one */
  async step(io: IoOptions): Promise<boolean> {
    const { chain } = this.#parts
    const goal = chain.goal()
    const reader = this.#parts.reader()
    if (goal === undefined || reader === undefined || chain.first === undefined) return false
    const { tip } = chain.logs
    if (tip === undefined) return this.#begin(reader, io)
    const known = chain.logs.block(goal.number)
    if (goal.number < (chain.logs.first?.number ?? 0n) || (known && (goal.hash ?? known.hash) === known.hash))
      return this.#reached(goal)
    if (known !== undefined) return this.#goBack(reader, tip, goal.number - 1n, io)
    return this.#next(reader, tip, goal, io)
  }

  /** The first block: what is before it has no messages. */
  async #begin(reader: BlockReader, io: IoOptions): Promise<boolean> {
    const { chain, write, onChange } = this.#parts
    const { first, track } = chain
    if (first === undefined || track.last === undefined) return false
    const ref = await reader.refByNumber(first.number, io)
    if (ref === undefined || ref.timestamp !== first.timestamp)
      throw notThere(`chain ${chain.chainId}: no block ${first.number} of ${first.timestamp}`)
    await write(() => {
      if (chain.logs.tip !== undefined) return
      chain.logs.append(ref, [])
      chain.crossUnsafe = ref.number
      onChange(false)
    })
    return true
  }

  #reached(goal: IndexGoal): boolean {
    const { chain } = this.#parts
    if (chain.unsafeGoal === goal) chain.unsafeGoal = undefined
    return chain.goal() !== undefined
  }

  async #next(reader: BlockReader, tip: BlockId, goal: IndexGoal, io: IoOptions): Promise<boolean> {
    const { chain, isDenied, onDenied, write, onChange } = this.#parts
    const ref = await reader.refByNumber(tip.number + 1n, io)
    if (ref === undefined) {
      this.#drop(goal)
      if (chain.goal() !== undefined) throw notThere(`chain ${chain.chainId}: block ${tip.number + 1n} is not there`)
      return false
    }
    if (ref.parentHash !== tip.hash) return this.#goBack(reader, tip, tip.number, io)
    if (goal.hash !== undefined && goal.number === ref.number && goal.hash !== ref.hash) this.#drop(goal)
    if (isDenied(ref)) {
      onDenied(ref)
      this.#drop(goal)
      return false
    }
    const receipts = await reader.receipts(ref, io)
    if (receipts === undefined) throw notThere(`chain ${chain.chainId}: no receipts of block ${ref.number}`)
    const records = logRecords(receipts)
    await write(() => {
      if (chain.logs.tip?.hash !== ref.parentHash || isDenied(ref)) return
      chain.logs.append(ref, records)
      onChange(false)
    })
    return true
  }

  /** Drops the logs above the last block up to `highest` that the node has, too. */
  async #goBack(reader: BlockReader, tip: BlockId, highest: bigint, io: IoOptions): Promise<boolean> {
    const { chain, floor, write, onChange, onContradiction } = this.#parts
    const agrees = async (number: bigint): Promise<boolean> => {
      const ref = await reader.refByNumber(number, io)
      return ref !== undefined && chain.has(ref)
    }
    let low = floor()
    if (!(await agrees(low))) {
      // What is not derived may be on any branch; derivation is going to put that right.
      if (chain.unsafeGoal === undefined || chain.goal() !== chain.unsafeGoal)
        onContradiction(`has another block ${low}, or none`)
      chain.unsafeGoal = undefined
      return false
    }
    for (let high = highest; low < high; ) {
      const middle = (low + high + 1n) / 2n
      if (await agrees(middle)) low = middle
      else high = middle - 1n
    }
    await write(() => {
      if (chain.logs.tip?.hash !== tip.hash || low < floor() || low >= tip.number) return
      chain.logs.rewind(low)
      onChange(true)
    })
    return true
  }

  #drop(goal: IndexGoal): void {
    const { chain } = this.#parts
    if (chain.unsafeGoal === goal) chain.unsafeGoal = undefined
  }
}
