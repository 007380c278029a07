import { z } from 'zod'
import { bytesToHex, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { type BlockId, LATEST } from '../../src/protocol/block-id.ts'
import type { BlockOverrides, CallArguments, StateOverrides } from '../../src/protocol/call-arguments.ts'
import type { AccessListEntry } from '../../src/protocol/transaction.ts'
import { blockOverrides, callArguments, stateOverrides } from '../call-arguments.ts'
import { revertError } from '../errors.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { blockId, optional } from '../schema.ts'

/** Where a call runs, and what is to be different there. */
export interface CallPlace {
  readonly block: BlockId
  readonly state?: StateOverrides | undefined
  readonly header?: BlockOverrides | undefined
}

/** What a message reverted with. */
export interface Reverted {
  readonly tag: 'reverted'
  readonly data: Uint8Array
}

/** Runs messages on the states of one chain, and changes none. */
export interface CallService {
  /** @throws AppError BLOCK_NOT_FOUND, CALL_INVALID with geth's wording, CALL_ABORTED */
  call(
    args: CallArguments,
    place: CallPlace,
    io: IoOptions,
  ): Promise<{ readonly tag: 'returned'; readonly data: Uint8Array } | Reverted>
  /** The gas limit that a message needs. @throws AppError as {@link call} */
  estimateGas(
    args: CallArguments,
    place: CallPlace,
    io: IoOptions,
  ): Promise<{ readonly tag: 'gas'; readonly gas: bigint } | Reverted>
  /** What a message touches. @throws AppError as {@link call} */
  createAccessList(
    args: CallArguments,
    place: CallPlace,
    io: IoOptions,
  ): Promise<{
    readonly accessList: readonly AccessListEntry[]
    readonly gasUsed: bigint
    readonly error: string | undefined
  }>
}

/** The calls of a chain that lives in this process, as geth and op-geth answer them. */
export function ethCallMethods(calls: CallService): readonly Method[] {
  const params = z.tuple([callArguments, optional(blockId), optional(stateOverrides), optional(blockOverrides)])
  const paramNames = ['message', 'block', 'stateOverrides', 'blockOverrides']
  return [
    defineMethod({
      name: 'eth_call',
      summary: 'Runs a message on the state after a block, and tells what it returns',
      params,
      paramNames,
      result: z.string().meta({ description: 'data' }),
      async handler([args, block = LATEST, state, header], io) {
        const answer = await calls.call(args, { block, state, header }, io)
        if (answer.tag === 'reverted') throw revertError(answer.data)
        return bytesToHex(answer.data)
      },
    }),
    defineMethod({
      name: 'eth_estimateGas',
      summary: 'The gas limit that a message needs on the state after a block',
      params,
      paramNames,
      result: z.string().meta({ description: 'quantity' }),
      async handler([args, block = LATEST, state, header], io) {
        const answer = await calls.estimateGas(args, { block, state, header }, io)
        if (answer.tag === 'reverted') throw revertError(answer.data)
        return toQuantity(answer.gas)
      },
    }),
    defineMethod({
      name: 'eth_createAccessList',
      summary: 'The access list that a message wants on the state after a block, and the gas it uses with it',
      params: z.tuple([callArguments, optional(blockId), optional(stateOverrides)]),
      paramNames: ['message', 'block', 'stateOverrides'],
      result: described('{accessList, gasUsed, error?}'),
      async handler([args, block = LATEST, state], io) {
        const { accessList, gasUsed, error } = await calls.createAccessList(args, { block, state }, io)
        return { accessList, ...(error !== undefined && { error }), gasUsed: toQuantity(gasUsed) }
      },
    }),
  ]
}
