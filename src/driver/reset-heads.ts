import type { EngineErrorCode } from '../engine/engine-api.ts'
import type { ForkchoiceController } from '../engine/forkchoice-controller.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { DriverState, Heads } from './driver-state.ts'
import type { Patch } from './effect.ts'
import { labelsOf } from './heads.ts'
import { above } from './unsafe-queue.ts'

type Forkchoice = Pick<ForkchoiceController, 'update' | 'forget'>

/** Tells the engine of heads, whatever it was told before. */
export function tellHeads(forkchoice: Forkchoice, heads: Heads, io: IoOptions): Promise<'valid' | 'syncing'> {
  forkchoice.forget()
  return forkchoice.update({ head: heads.unsafe.hash, ...labelsOf(heads) }, io)
}

/** Puts the engine on heads that it has. @throws AppError ENGINE_SYNCING (temporary) where it does not know them */
export async function placeHeads(forkchoice: Forkchoice, heads: Heads, io: IoOptions): Promise<void> {
  if ((await tellHeads(forkchoice, heads, io)) === 'valid') return
  throw new AppError<EngineErrorCode>('ENGINE_SYNCING', {
    message: `the engine does not know its own head ${heads.unsafe.hash}`,
    severity: 'temporary',
  })
}

/** With heads that a reset has come to: what followed from those before is let go of. @param leftBehind the engine's head, where that is another */
export function withResetHeads(now: DriverState, heads: Heads, leftBehind: Hash | undefined) {
  return {
    heads,
    attributes: undefined,
    reset: undefined,
    backupUnsafe: undefined,
    undecided: undefined,
    branch: now.branch + 1,
    build: undefined,
    queue: above(now.queue, heads.unsafe.number),
    engine: { ...now.engine, doubt: undefined, toldSafe: heads.crossSafe, syncTarget: undefined, leftBehind },
  } satisfies Patch
}
