import type { CallErrorCode } from '../evm/state-overrides.ts'
import { AppError } from '../primitives/errors.ts'
import type { BlockOverrides, CallArguments, StateOverrides } from '../protocol/call-arguments.ts'
import type { Header } from '../protocol/header.ts'

/**
 * Codes of simulated blocks, each with a number of its own in geth: blocks that do not follow one another, a request that
 * is too large or empty, and calls that a block cannot hold.
 */
export type SimulationErrorCode =
  | CallErrorCode
  | 'SIMULATION_EMPTY'
  | 'SIMULATION_TOO_LARGE'
  | 'SIMULATION_NUMBER'
  | 'SIMULATION_TIME'
  | 'SIMULATION_GAS_LIMIT'
  | 'SIMULATION_NONCE_TOO_LOW'
  | 'SIMULATION_NONCE_TOO_HIGH'
  | 'SIMULATION_FEES'
  | 'SIMULATION_FUNDS'
  | 'SIMULATION_INTRINSIC_GAS'
  | 'SIMULATION_INIT_CODE'
  | 'SIMULATION_REFUSED'

/** Calls that are to run in a block of their own. */
export interface CallsInBlock {
  readonly header: BlockOverrides
  readonly state: StateOverrides
  readonly calls: readonly CallArguments[]
}

/** One whose place in the chain is known. */
export interface PlacedCalls extends CallsInBlock {
  readonly header: BlockOverrides & { readonly number: bigint; readonly time: bigint }
}

const MAX_BLOCKS = 256
const MAX_CALLS_PER_BLOCK = 5_000
const MAX_CALLS = 10_000
/** Seconds between blocks that say nothing else. */
const BLOCK_TIME = 12n

/** An error of simulated blocks. */
export function simulationError(code: SimulationErrorCode, message: string): AppError<SimulationErrorCode> {
  return new AppError(code, { message })
}

/**
 * @param limitsCalls whether the number of calls counts
 * @throws AppError SIMULATION_EMPTY, SIMULATION_TOO_LARGE
 */
export function checkSize(blocks: readonly CallsInBlock[], limitsCalls: boolean): void {
  if (blocks.length === 0) throw simulationError('SIMULATION_EMPTY', 'empty input')
  if (blocks.length > MAX_BLOCKS) throw simulationError('SIMULATION_TOO_LARGE', 'too many blocks')
  if (!limitsCalls) return
  let total = 0
  for (const { calls } of blocks) {
    if (calls.length > MAX_CALLS_PER_BLOCK) {
      const message = `too many calls in block: ${calls.length} > ${MAX_CALLS_PER_BLOCK}`
      throw simulationError('SIMULATION_TOO_LARGE', message)
    }
    total += calls.length
    if (total > MAX_CALLS) {
      throw simulationError('SIMULATION_TOO_LARGE', `too many calls: ${total} > ${MAX_CALLS}`)
    }
  }
}

/**
 * Gives every block its number and time, and fills gaps with empty blocks.
 * @throws AppError SIMULATION_NUMBER, SIMULATION_TIME, SIMULATION_TOO_LARGE
 * @see geth, internal/ethapi sanitizeChain
 */
export function placeBlocks(
  base: Pick<Header, 'number' | 'timestamp'>,
  blocks: readonly CallsInBlock[],
): readonly PlacedCalls[] {
  const placed: PlacedCalls[] = []
  let { number, timestamp } = base
  const place = (block: CallsInBlock, time: bigint): void => {
    number += 1n
    timestamp = time
    placed.push({ ...block, header: { ...block.header, number, time } })
  }
  for (const block of blocks) {
    const wanted = block.header.number ?? number + 1n
    if (wanted <= number) {
      throw simulationError('SIMULATION_NUMBER', `block numbers must be in order: ${wanted} <= ${number}`)
    }
    if (wanted - base.number > BigInt(MAX_BLOCKS)) throw simulationError('SIMULATION_TOO_LARGE', 'too many blocks')
    while (number + 1n < wanted) place({ header: {}, state: new Map(), calls: [] }, timestamp + BLOCK_TIME)
    const time = block.header.time ?? timestamp + BLOCK_TIME
    if (time <= timestamp) {
      throw simulationError('SIMULATION_TIME', `block timestamps must be in order: ${time} <= ${timestamp}`)
    }
    place(block, time)
  }
  return placed
}
