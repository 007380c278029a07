import { setImmediate as nextTurn } from 'node:timers/promises'
import { type BrotliDecompress, createBrotliDecompress } from 'node:zlib'
import { joinBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { inflateZlib } from './inflate.ts'

const BROTLI_VERSION = 1
/** What goes into the decoder at a time: op-node's buffers, which decide how much comes out before a fault. */
const FIRST_PIECE = 4095
const PIECE = 32_768

/** Hands over a piece and waits until the decoder is done with it. @returns whether it wants more */
function feed(decoder: BrotliDecompress, piece: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    // Where it ended, or found a fault, it never asks again.
    const onClose = (): void => resolve(false)
    decoder.once('close', onClose)
    decoder.write(piece, (error) => {
      decoder.removeListener('close', onClose)
      resolve(error === null || error === undefined)
    })
  })
}

async function inflateBrotli(input: Uint8Array, limit: number, { signal }: IoOptions): Promise<Uint8Array> {
  const decoder = createBrotliDecompress()
  const parts: Uint8Array[] = []
  let length = 0
  decoder.on('data', (part: Buffer) => {
    parts.push(part.subarray(0, limit - length))
    length = Math.min(limit, length + part.length)
    if (length === limit) decoder.destroy()
  })
  // A fault is an end like others.
  decoder.on('error', () => {})
  try {
    for (let at = 0, size = FIRST_PIECE; at < input.length; at += size, size = at === FIRST_PIECE ? PIECE : size) {
      signal?.throwIfAborted()
      if (!(await feed(decoder, input.subarray(at, at + size)))) break
    }
    return joinBytes(parts)
  } finally {
    decoder.destroy()
  }
}

/**
 * Takes the compression off a channel, as far as it goes and up to a limit: what comes out before a stream breaks off counts.
 * @param limit bytes of output
 * @param brotli whether Fjord's rules hold
 * @returns undefined when the channel is none
 * @see OP specs: derivation, "Channel Format"
 */
export async function decompressChannel(
  data: Uint8Array,
  limit: number,
  brotli: boolean,
  io: IoOptions,
): Promise<Uint8Array | undefined> {
  const [first] = data
  if (first === undefined) return undefined
  if (first === BROTLI_VERSION) return brotli ? inflateBrotli(data.subarray(1), limit, io) : undefined
  const work = inflateZlib(data, limit)
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    io.signal?.throwIfAborted()
    // Thousands of times its size may come out of a stream: the process has other things to do meanwhile.
    await nextTurn()
  }
}
