import { AppError } from '../../primitives/errors.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import { SerialQueue } from '../../primitives/serial-queue.ts'
import type { Header } from '../../protocol/header.ts'
import type { StateErrorCode } from '../../state/source.ts'
import type { KeyValueChange, KeyValueStore } from '../../storage/key-value-store.ts'

/** A header with its hash, which it is known to have. */
export interface HashedHeader {
  readonly hash: Hash
  readonly header: Header
}

/** Reads headers of the chain that was forked, each verified against its hash. */
export interface HeaderSource {
  /** In one round trip; undefined where the node has none. */
  canonical(numbers: readonly bigint[], io: IoOptions): Promise<readonly (HashedHeader | undefined)[]>
  header(hash: Hash, io: IoOptions): Promise<HashedHeader | undefined>
}

/** What BLOCKHASH reaches back, from the first block on top of the forked one. */
const REACH = 255n

const ancestorKey = (number: bigint): string => `a:${number.toString(16).padStart(16, '0')}`

/** The blocks before a forked one, as far as BLOCKHASH reaches: each is the parent that the one after it names. */
export class ForkAncestors {
  readonly #forked: HashedHeader
  readonly #source: HeaderSource
  readonly #store: KeyValueStore
  readonly #queue = new SerialQueue()

  constructor(forked: HashedHeader, source: HeaderSource, store: KeyValueStore) {
    this.#forked = forked
    this.#source = source
    this.#store = store
  }

  /**
   * The hash of the ancestor at a number below the forked block's; undefined when BLOCKHASH does not reach it.
   * @throws AppError STATE_UNAVAILABLE when the node has lost it; RPC_UNAVAILABLE
   */
  async hash(number: bigint, io: IoOptions): Promise<Hash | undefined> {
    if (number < 0n || number < this.#forked.header.number - REACH) return undefined
    return this.#known(number) ?? this.#queue.run(() => this.#walk(number, io))
  }

  #known(number: bigint): Hash | undefined {
    const { header } = this.#forked
    if (number === header.number - 1n) return header.parentHash
    const bytes = this.#store.get(ancestorKey(number))
    return bytes && bytesToHex(bytes)
  }

  async #walk(number: bigint, io: IoOptions): Promise<Hash> {
    let at = this.#forked.header.number - 1n
    let hash = this.#forked.header.parentHash
    for (;;) {
      const next = this.#known(at - 1n)
      if (at === number || next === undefined) break
      at--
      hash = next
    }
    const numbers: bigint[] = []
    for (let n = at; n > number; n--) numbers.push(n)
    const canonical = await this.#source.canonical(numbers, io)
    const changes: KeyValueChange[] = []
    for (const [index, n] of numbers.entries()) {
      // Where the node has gone over to another branch, it may still have the block.
      const found = canonical[index]?.hash === hash ? canonical[index] : await this.#source.header(hash, io)
      if (found === undefined) throw this.#lost(n, hash)
      hash = found.header.parentHash
      changes.push([ancestorKey(n - 1n), hexToBytes(hash)])
    }
    await this.#store.write(changes, io)
    return hash
  }

  #lost(number: bigint, hash: Hash): AppError {
    const { number: forked } = this.#forked.header
    return new AppError<StateErrorCode>('STATE_UNAVAILABLE', {
      message: `the node that was forked does not give block ${number} (${hash}), an ancestor of block ${forked}`,
      severity: 'temporary',
      data: { blockHash: hash, number: `0x${number.toString(16)}` },
    })
  }
}
