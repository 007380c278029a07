import type { Stream } from '@libp2p/interface'
import { concatBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'

/** Does something with a stream, which is gone when the signal is aborted or that something fails. */
async function guarded<T>(stream: Stream, { signal }: IoOptions, work: () => Promise<T>): Promise<T> {
  const abort = (): void => stream.abort(new Error('aborted'))
  signal?.addEventListener('abort', abort, { once: true })
  try {
    signal?.throwIfAborted()
    const result = await work()
    signal?.throwIfAborted()
    return result
  } catch (error) {
    stream.abort(new Error('failed'))
    throw signal?.aborted ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/**
 * Reads so many bytes, or all that there are when the other side ends sooner. What comes is heard of from the call on: where an
 * answer is read, it begins before the request is sent.
 * @throws what ended the stream, the signal's reason
 */
export function readStream(stream: Stream, max: number, io: IoOptions): Promise<Uint8Array> {
  return guarded(stream, io, async () => {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of stream) {
      const bytes = chunk.subarray()
      chunks.push(bytes)
      size += bytes.length
      if (size >= max) break
    }
    return concatBytes(...chunks).subarray(0, max)
  })
}

/** Writes all there is to write, and waits until it is on its way. @throws what ended the stream, the signal's reason */
export function writeStream(stream: Stream, bytes: Uint8Array, io: IoOptions): Promise<void> {
  return guarded(stream, io, async () => {
    stream.send(bytes)
    await stream.close(io)
  })
}
