import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isAppError } from '../src/primitives/errors.ts'
import { encodeRlp, rlpSpan } from '../src/primitives/rlp.ts'
import { SerialQueue } from '../src/primitives/serial-queue.ts'

/** What a journal file held. */
export interface JournalContent {
  /** EIP-2718 encodings, in the order of the file. */
  readonly transactions: readonly Uint8Array[]
  /** Bytes up to the end of the last whole item; what follows is torn. */
  readonly length: number
}

/** geth's form of a transaction in a stream: a legacy one is its RLP list, a typed one a byte string around its encoding. */
function encodeItem(raw: Uint8Array): Uint8Array {
  return (raw[0] ?? 0) >= 0xc0 ? raw : encodeRlp(raw)
}

/** The shortest list of nine fields. */
const MIN_TRANSACTION_BYTES = 10

/**
 * Reads items until the end or the first one that is not whole, or too short for a transaction. Whether the others are
 * transactions is not asked.
 */
export function parseJournal(file: Uint8Array): JournalContent {
  const transactions: Uint8Array[] = []
  let length = 0
  while (length < file.length) {
    try {
      const { list, start, end } = rlpSpan(file, length)
      const raw = file.slice(list ? length : start, end)
      if (raw.length < MIN_TRANSACTION_BYTES) break
      transactions.push(raw)
      length = end
    } catch (error) {
      if (!isAppError(error, 'RLP_INVALID')) throw error
      break
    }
  }
  return { transactions, length }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * A file of transactions in the format of geth's `transactions.rlp`: RLP items back to back, without a header.
 *
 * What it promises: {@link append} resolves when the operating system has the bytes, so that a transaction outlives this
 * process; it is on disk (fsync) after the next {@link rotate}, or {@link close}. A machine that loses power in between
 * loses the appends since then, as with geth, and at worst leaves a torn tail, which the next {@link open} cuts off.
 * A rotation replaces the file in one step: there is always the old one or the new one, whole.
 */
export class Journal {
  readonly #path: string
  readonly #queue = new SerialQueue()
  #file: FileHandle
  /** Where the next item goes. Writes are positional: one that failed half-way is overwritten by the next. */
  #length: number

  private constructor(path: string, file: FileHandle, length: number) {
    this.#path = path
    this.#file = file
    this.#length = length
  }

  /**
   * Opens or creates a journal, and its folder, and cuts a torn tail off.
   * @returns the journal, what it holds, and how many bytes were cut off
   * @throws the file system's error
   */
  static async open(path: string): Promise<{ journal: Journal; transactions: readonly Uint8Array[]; torn: number }> {
    await mkdir(dirname(path), { recursive: true })
    await rm(`${path}.new`, { force: true })
    // Created where missing, never emptied.
    await (await open(path, 'a')).close()
    const file = await open(path, 'r+')
    try {
      const bytes = await file.readFile()
      const { transactions, length } = parseJournal(bytes)
      if (length < bytes.length) await file.truncate(length)
      return { journal: new Journal(path, file, length), transactions, torn: bytes.length - length }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Adds a transaction (EIP-2718). @throws the file system's error; the journal goes on as if the call had not been */
  append(raw: Uint8Array): Promise<void> {
    return this.#queue.run(async () => {
      const item = encodeItem(raw)
      let written = 0
      while (written < item.length) {
        const { bytesWritten } = await this.#file.write(item, written, item.length - written, this.#length + written)
        written += bytesWritten
      }
      this.#length += item.length
    })
  }

  /**
   * Replaces the content by what `current` gives when its turn has come, each sender's transactions by rising nonce.
   * @throws the file system's error; the old content stays in use
   */
  rotate(current: () => Iterable<Uint8Array>): Promise<void> {
    return this.#queue.run(async () => {
      const replacement = await open(`${this.#path}.new`, 'w+')
      try {
        const items = Array.from(current(), encodeItem)
        const content = Buffer.concat(items)
        await replacement.writeFile(content)
        await replacement.sync()
        await rename(`${this.#path}.new`, this.#path)
        const old = this.#file
        this.#file = replacement
        this.#length = content.length
        await old.close()
      } catch (error) {
        if (this.#file !== replacement) await replacement.close()
        throw error
      }
      await syncFolder(dirname(this.#path))
    })
  }

  /** Writes everything to disk and closes the file. */
  close(): Promise<void> {
    return this.#queue.run(async () => {
      // What a failed write left behind the last item.
      await this.#file.truncate(this.#length)
      await this.#file.sync()
      await this.#file.close()
    })
  }
}
