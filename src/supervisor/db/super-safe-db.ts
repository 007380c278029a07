import type { BlockId } from '../../protocol/refs.ts'
import { type OpenFlatFile, openDiskFile } from '../../storage/flat-file.ts'
import { CheckedEntries } from './checked-entries.ts'
import { conflict, corrupt, outOfOrder } from './errors.ts'
import {
  type ChainSafety,
  decodeSuperSafeEntry,
  encodeSuperSafeEntry,
  isStoredBlock,
  SUPER_SAFE_ENTRY_BYTES,
  type TruncatedBlockId,
} from './super-safe-entry.ts'

/** What every chain has safe with one L1 block. */
export interface SuperSafeRow {
  readonly l1: TruncatedBlockId
  /** In the order of the dependency set. */
  readonly chains: readonly ChainSafety[]
}

/** What one chain has safe, and with which L1 block. */
export interface SafePair extends ChainSafety {
  readonly l1: TruncatedBlockId
}

/** How a {@link SuperSafeDb} is opened. */
export interface SuperSafeDbOptions {
  /** The file of entries; checksums are beside it. */
  readonly path: string
  /** Chains of the dependency set. */
  readonly chains: number
  /** Rows that must be there. Default: none. */
  readonly committed?: number
  /** Default: on disk, to read and write. */
  readonly openFile?: OpenFlatFile
}

/** The file of checksums beside a file of entries. */
export function sumsPath(path: string): string {
  return `${path}.sums`
}

/** What is wrong with a row behind another one; undefined when nothing is. */
export function rowFault(row: SuperSafeRow, before: SuperSafeRow | undefined): string | undefined {
  if (before !== undefined && row.l1.number !== before.l1.number + 1n)
    return `L1 block ${row.l1.number} behind ${before.l1.number}`
  for (const [index, { localSafe, crossSafe, depositsOnly }] of row.chains.entries()) {
    const where = `chain ${index} at L1 block ${row.l1.number}`
    const last = before?.chains[index]?.crossSafe
    if (crossSafe.number > localSafe.number) return `${where}: cross-safe is ahead of local-safe`
    if (crossSafe.number === localSafe.number && crossSafe.hash !== localSafe.hash && !depositsOnly)
      return `${where}: cross-safe is another block than local-safe, and replaces none`
    if (last === undefined) continue
    if (crossSafe.number < last.number) return `${where}: cross-safe goes back from ${last.number}`
    if (crossSafe.number === last.number && crossSafe.hash !== last.hash)
      return `${where}: cross-safe ${last.number} becomes another block`
  }
  return undefined
}

function sameBlock(a: TruncatedBlockId, b: TruncatedBlockId): boolean {
  return a.number === b.number && a.hash === b.hash
}

function sameRow(a: SuperSafeRow, b: SuperSafeRow): boolean {
  return (
    sameBlock(a.l1, b.l1) &&
    a.chains.length === b.chains.length &&
    a.chains.every((chain, i) => {
      const other = b.chains[i] as ChainSafety
      const safe = sameBlock(chain.localSafe, other.localSafe) && sameBlock(chain.crossSafe, other.crossSafe)
      return safe && chain.depositsOnly === other.depositsOnly
    })
  )
}

/**
 * The super-safe-db: for each L1 block a row with an entry of 90 bytes for each chain. Rows are appended whole, on the disk before
 * {@link append} returns, and truncated on rollback. L1 blocks follow each other without a gap, so that one is found by its
 * number; L2 blocks are found by binary search.
 */
export class SuperSafeDb {
  readonly #entries: CheckedEntries
  readonly #chains: number
  #first: TruncatedBlockId | undefined
  #tip: SuperSafeRow | undefined
  /** Entries that were cut off when it was opened: of a write that was not finished. */
  readonly dropped: number

  private constructor(entries: CheckedEntries, chains: number, dropped: number) {
    this.#entries = entries
    this.#chains = chains
    this.dropped = dropped
    this.#look()
  }

  /** @throws AppError SUPERVISOR_DB_CORRUPT */
  static open({ path, chains, committed = 0, openFile = openDiskFile }: SuperSafeDbOptions): SuperSafeDb {
    const entries = new CheckedEntries(openFile(path), openFile(sumsPath(path)), SUPER_SAFE_ENTRY_BYTES)
    try {
      return new SuperSafeDb(entries, chains, entries.recover(chains, committed * chains))
    } catch (error) {
      entries.close()
      throw error
    }
  }

  /** Rows. */
  get count(): number {
    return this.#entries.count / this.#chains
  }

  /** The first L1 block. */
  get first(): TruncatedBlockId | undefined {
    return this.#first
  }

  /** The row of the last L1 block. */
  get tip(): SuperSafeRow | undefined {
    return this.#tip
  }

  /**
   * Adds the row of the next L1 block; the one that is there already is left alone. An empty database begins anywhere.
   * @returns whether it was added
   * @throws AppError SUPERVISOR_DB_OUT_OF_ORDER, SUPERVISOR_DB_CONFLICT
   */
  append(row: SuperSafeRow): boolean {
    if (!this.fits(row)) return false
    this.#entries.append(
      row.chains.map((chain, chainIndex) => encodeSuperSafeEntry({ ...chain, l1: row.l1, chainIndex })),
    )
    this.#look()
    return true
  }

  /**
   * Whether a row can be appended: false when it is there.
   * @throws AppError SUPERVISOR_DB_OUT_OF_ORDER, SUPERVISOR_DB_CONFLICT
   */
  fits(row: SuperSafeRow): boolean {
    const { number } = row.l1
    if (row.chains.length !== this.#chains)
      throw conflict(`a row of ${row.chains.length} chains where there are ${this.#chains}`)
    const tip = this.#tip
    if (tip !== undefined && number <= tip.l1.number) {
      const stored = this.row(number)
      if (stored === undefined) throw outOfOrder(`L1 block ${number} is before the first one`)
      if (!sameRow(stored, row)) throw conflict(`L1 block ${number} has other entries`)
      return false
    }
    if (tip !== undefined && number !== tip.l1.number + 1n)
      throw outOfOrder(`L1 block ${number} cannot follow ${tip.l1.number}`)
    const fault = rowFault(row, tip)
    if (fault !== undefined) throw conflict(fault)
    return true
  }

  /** Drops the rows above an L1 block. */
  truncate(l1Number: bigint): void {
    if (this.#first === undefined || this.#tip === undefined || l1Number >= this.#tip.l1.number) return
    const kept = l1Number < this.#first.number ? 0 : Number(l1Number - this.#first.number) + 1
    this.#entries.truncate(kept * this.#chains)
    this.#look()
  }

  /** The row of an L1 block. */
  row(l1Number: bigint): SuperSafeRow | undefined {
    if (this.#first === undefined || l1Number < this.#first.number) return undefined
    const index = l1Number - this.#first.number
    return index < BigInt(this.count) ? this.#row(Number(index)) : undefined
  }

  /** Whether an L1 block is the one of its row; undefined when there is no row of its number. */
  hasL1(block: BlockId): boolean | undefined {
    const stored = this.row(block.number)?.l1
    return stored && isStoredBlock(stored, block)
  }

  /**
   * What a chain has safe with an L1 block, or with the last one before it: what is final when that L1 block is. Whether the
   * block of the pair is an ancestor of the one that was asked for is the caller's to say where they differ.
   */
  safeAt(chain: number, l1Number: bigint): SafePair | undefined {
    const tip = this.#tip
    if (tip === undefined) return undefined
    return this.#pair(l1Number > tip.l1.number ? tip : this.row(l1Number), chain)
  }

  /** With which L1 block an L2 block, or one above it, became cross-safe; undefined when none is. */
  crossSafeSource(chain: number, l2Number: bigint): SafePair | undefined {
    const index = this.#search(chain, l2Number)
    return index < this.count ? this.#pair(this.#row(index), chain) : undefined
  }

  /** The last cross-safe block of a chain that is not above a number. */
  crossSafeUpTo(chain: number, l2Number: bigint): SafePair | undefined {
    const index = this.#search(chain, l2Number + 1n) - 1
    return index < 0 ? undefined : this.#pair(this.#row(index), chain)
  }

  /** Every row, from the first on. */
  *rows(): Generator<SuperSafeRow> {
    for (let index = 0; index < this.count; index++) yield this.#row(index)
  }

  close(): void {
    this.#entries.close()
  }

  /** The first row whose cross-safe block of a chain is at a number or above. */
  #search(chain: number, l2Number: bigint): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#entry(middle, chain).crossSafe.number < l2Number) low = middle + 1
      else high = middle
    }
    return low
  }

  #pair(row: SuperSafeRow | undefined, chain: number): SafePair | undefined {
    const safety = row?.chains[chain]
    return row && safety && { ...safety, l1: row.l1 }
  }

  #row(index: number): SuperSafeRow {
    const chains = Array.from({ length: this.#chains }, (_, chain) => this.#entry(index, chain))
    const [first] = chains
    if (first === undefined || chains.some(({ l1 }) => !sameBlock(l1, first.l1)))
      throw corrupt(`the entries of row ${index} are of several L1 blocks`)
    return {
      l1: first.l1,
      chains: chains.map(({ localSafe, crossSafe, depositsOnly }) => ({ localSafe, crossSafe, depositsOnly })),
    }
  }

  #entry(row: number, chain: number) {
    const entry = decodeSuperSafeEntry(this.#entries.read(row * this.#chains + chain))
    if (entry?.chainIndex !== chain) throw corrupt(`row ${row} has no entry of chain ${chain} where it belongs`)
    return entry
  }

  #look(): void {
    this.#first = this.count === 0 ? undefined : this.#row(0).l1
    this.#tip = this.count === 0 ? undefined : this.#row(this.count - 1)
  }
}
