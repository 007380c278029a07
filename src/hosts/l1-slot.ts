import { AppError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ExecutionLayer } from './execution-layer.ts'

/** Reads a storage slot of the L1's newest state. @throws AppError temporary where it cannot be read now */
export type ReadL1Slot = (address: Address, slot: Hash, io: IoOptions) => Promise<bigint>

/** Slots of an L1 whose blocks are made here. */
export function layerSlot({ chain, states }: ExecutionLayer): ReadL1Slot {
  return async (address, slot, io) => {
    const head = await chain.block('latest', io)
    if (head === undefined) throw new AppError('NODE_UNAVAILABLE', { message: 'no L1 head', severity: 'temporary' })
    const state = states({ hash: head.hash, stateRoot: head.header.stateRoot })
    await state.load([{ address, slots: [slot] }], io)
    return state.slot(address, slot)
  }
}
