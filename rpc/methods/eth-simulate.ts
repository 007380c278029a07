import { z } from 'zod'
import type { CallsInBlock } from '../../src/embedded/simulated-chain.ts'
import type { SimulatedBlock, SimulatedCall } from '../../src/embedded/simulation.ts'
import type { SimulationRequest } from '../../src/embedded/simulation-service.ts'
import type { CallOutcome } from '../../src/evm/scratch-block.ts'
import type { GethLine } from '../../src/evm/watch.ts'
import { bytesToHex, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { type BlockId, LATEST } from '../../src/protocol/block-id.ts'
import { blockToJson } from '../../src/protocol/block-json.ts'
import { blockOverrides, callArguments, stateOverrides } from '../call-arguments.ts'
import { ERROR_NUMBERS } from '../error-codes.ts'
import { revertMessage } from '../errors.ts'
import { placedLogToJson } from '../log-json.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { blockId, optional } from '../schema.ts'

/** Runs calls in blocks on top of one chain, and leaves it as it is. */
export interface SimulationService {
  /** The line of geth whose answers it gives. */
  readonly line: GethLine
  /** @throws AppError SIMULATION_… and CALL_INVALID with geth's wording, CALL_ABORTED, BLOCK_NOT_FOUND */
  simulate(request: SimulationRequest, block: BlockId, io: IoOptions): Promise<readonly SimulatedBlock[]>
}

/** What geth says of a call that failed other than by REVERT. */
const VM_ERROR = -32015

const callsInBlock = z
  .object({
    blockOverrides: optional(blockOverrides),
    stateOverrides: optional(stateOverrides),
    calls: optional(z.array(callArguments)),
  })
  .transform(
    ({ blockOverrides: header = {}, stateOverrides: state = new Map(), calls = [] }): CallsInBlock => ({
      header,
      state,
      calls,
    }),
  )

const flag = optional(z.boolean())

const request = z.object({
  blockStateCalls: optional(z.array(callsInBlock)),
  traceTransfers: flag,
  validation: flag,
  returnFullTransactions: flag,
})

function errorOf(outcome: CallOutcome, capped: boolean, line: GethLine): Record<string, unknown> | undefined {
  const { reverted, returnValue, error } = outcome
  if (reverted) {
    // The older line has another code for a revert here than everywhere else.
    const code = line === '1.17' ? ERROR_NUMBERS.EXECUTION_REVERTED : ERROR_NUMBERS.CALL_INVALID
    return { message: revertMessage(returnValue), code, data: bytesToHex(returnValue) }
  }
  if (error === undefined) return undefined
  const why = capped ? " (gas limit was capped by the RPC server's global gas cap)" : ''
  return { message: `${error}${why}`, code: VM_ERROR }
}

function callToJson({ outcome, logs, capped }: SimulatedCall, line: GethLine): Record<string, unknown> {
  const { status, gasUsed, maxGasUsed, returnValue } = outcome
  const error = errorOf(outcome, capped, line)
  return {
    returnData: status === 1 ? bytesToHex(returnValue) : '0x',
    logs: logs.map((log) => placedLogToJson(log)),
    gasUsed: toQuantity(gasUsed),
    ...(line === '1.17' && { maxUsedGas: toQuantity(maxGasUsed) }),
    status: toQuantity(status),
    ...(error && { error }),
  }
}

/** The simulation of blocks of a chain that lives in this process, as geth and op-geth answer it. */
export function ethSimulateMethods(simulations: SimulationService): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_simulateV1',
      summary: 'Runs messages in blocks that would come next, one after the other',
      params: z.tuple([request, optional(blockId)]),
      paramNames: ['request', 'block'],
      result: described('[block with calls: {returnData, logs, gasUsed, status, error?}]'),
      async handler([{ blockStateCalls: blocks = [], ...flags }, block = LATEST], io) {
        const { validation = false, traceTransfers = false, returnFullTransactions: full = false } = flags
        const simulated = await simulations.simulate({ blocks, validation, traceTransfers }, block, io)
        return simulated.map(({ block: made, calls }) => ({
          ...blockToJson(made, { full }),
          calls: calls.map((call) => callToJson(call, simulations.line)),
        }))
      },
    }),
  ]
}
