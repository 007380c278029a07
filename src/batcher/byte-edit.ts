import { concatBytes } from '../primitives/hex.ts'
import { refuseInput } from './input-error.ts'

/** How bytes are spoiled: flipped, then cut off, then made longer. */
export interface ByteEdit {
  /** Bits to turn around: of the byte at a place, which counts from the end where it is negative. */
  readonly flip?: readonly { readonly at: number; readonly mask: number }[]
  /** Bytes to keep of the front; where negative, bytes to leave out at the end. */
  readonly keep?: number
  readonly append?: Uint8Array
}

/** Bytes after an edit; without one they are the same. @throws AppError BATCH_INPUT_INVALID: there is no byte at a place */
export function edited(bytes: Uint8Array, edit: ByteEdit | undefined): Uint8Array {
  if (edit === undefined) return bytes
  const copy = Uint8Array.from(bytes)
  for (const { at, mask } of edit.flip ?? []) {
    const place = at < 0 ? copy.length + at : at
    const byte = copy[place]
    if (byte === undefined) refuseInput(`flip: no byte at ${at} of ${copy.length}`)
    copy[place] = byte ^ mask
  }
  const kept = edit.keep === undefined ? copy : copy.slice(0, edit.keep)
  return edit.append === undefined ? kept : concatBytes(kept, edit.append)
}
