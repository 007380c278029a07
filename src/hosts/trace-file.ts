import { createWriteStream } from 'node:fs'
import type { TraceRecord } from '../driver/trace.ts'
import { AppError, errorMessage } from '../primitives/errors.ts'

/** What drivers do, written down line by line. */
export interface TraceFile {
  /** @param chain its name */
  write(chain: string, record: TraceRecord): void
  /** Resolves when all is on its way to the disk. */
  close(): Promise<void>
}

/** Opens a file for records as lines of JSON; what is in it already stays. @throws AppError CONFIG_INVALID */
export async function openTraceFile(file: string, onError: (error: Error) => void): Promise<TraceFile> {
  const stream = createWriteStream(file, { flags: 'a' })
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause) =>
      reject(
        new AppError('CONFIG_INVALID', {
          message: `--trace: ${file} cannot be written: ${errorMessage(cause)}`,
          cause,
        }),
      ),
    )
  })
  // A full disk ends the trace, and nothing else.
  stream.on('error', onError)
  return {
    write(chain, record) {
      if (!stream.destroyed) stream.write(`${JSON.stringify({ chain, ...record })}\n`)
    },
    close: () =>
      new Promise((resolve) => {
        if (stream.destroyed) resolve()
        else stream.end(() => resolve())
      }),
  }
}
