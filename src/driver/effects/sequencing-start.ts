import { AppError } from '../../primitives/errors.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import type { Patch } from '../effect.ts'
import type { DriverErrorCode } from '../ports.ts'

/**
 * Notes that a block is being built on the unsafe head. The note goes with any other head: the block is out of date then.
 * @throws AppError DRIVER_NOT_READY (temporary) while the heads are being found; UNSAFE_REFUSED on any other block than the head
 * @see driver specification, "Sequencing", `starting`
 */
export function startedBuild(state: DriverState, parent: L2BlockRef, startedAt: number): Patch {
  const { heads, reset } = state
  if (heads === undefined || reset !== undefined) {
    throw new AppError<DriverErrorCode>('DRIVER_NOT_READY', {
      message: `the heads are being found: ${reset?.reason}`,
      severity: 'temporary',
    })
  }
  if (parent.hash !== heads.unsafe.hash) {
    throw new AppError<DriverErrorCode>('UNSAFE_REFUSED', {
      message: `${parent.hash}:${parent.number} is not the unsafe head, ${heads.unsafe.hash}:${heads.unsafe.number} is`,
      severity: 'temporary',
      data: { hash: parent.hash, reason: 'stale' },
    })
  }
  return { build: { parent, startedAt } }
}
