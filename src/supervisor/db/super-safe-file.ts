import type { FlatFile } from '../../storage/flat-file.ts'
import { CheckedEntries } from './checked-entries.ts'
import { corrupt } from './errors.ts'
import { rowFault, type SuperSafeRow } from './super-safe-db.ts'
import { decodeSuperSafeEntry, SUPER_SAFE_ENTRY_BYTES, type SuperSafeEntry } from './super-safe-entry.ts'

const MOST_FINDINGS = 20

/** The whole entries of a file in the format of the super-safe-db, whoever wrote it. @throws AppError SUPERVISOR_DB_CORRUPT */
export function* superSafeEntries(file: FlatFile): Generator<SuperSafeEntry> {
  for (let at = 0; at + SUPER_SAFE_ENTRY_BYTES <= file.size; at += SUPER_SAFE_ENTRY_BYTES) {
    const entry = decodeSuperSafeEntry(file.read(at, SUPER_SAFE_ENTRY_BYTES))
    if (entry === undefined) throw corrupt(`entry ${at / SUPER_SAFE_ENTRY_BYTES} is of no known version`)
    yield entry
  }
}

/** The entries of a file, those of one L1 block together. @throws AppError SUPERVISOR_DB_CORRUPT */
export function* superSafeRows(file: FlatFile): Generator<SuperSafeRow> {
  let row: SuperSafeEntry[] = []
  for (const entry of superSafeEntries(file)) {
    const [first] = row
    if (first !== undefined && (first.l1.number !== entry.l1.number || first.l1.hash !== entry.l1.hash)) {
      yield { l1: first.l1, chains: row }
      row = []
    }
    if (entry.chainIndex !== row.length)
      throw corrupt(`L1 block ${entry.l1.number} has chain ${entry.chainIndex} where ${row.length} belongs`)
    row.push(entry)
  }
  const [first] = row
  if (first !== undefined) yield { l1: first.l1, chains: row }
}

/**
 * A sentence for each thing that is not as it was written, or cannot be so; the first twenty of each kind. Changes nothing.
 * @param sums the file of checksums; undefined where it is missing
 */
export function verifySuperSafe(file: FlatFile, sums: FlatFile | undefined): readonly string[] {
  const findings: string[] = []
  let before: SuperSafeRow | undefined
  let chains = 1
  try {
    for (const row of superSafeRows(file)) {
      if (before === undefined) chains = row.chains.length
      else if (row.chains.length !== chains)
        findings.push(`L1 block ${row.l1.number} has ${row.chains.length} entries instead of ${chains}`)
      const fault = rowFault(row, before)
      if (fault !== undefined) findings.push(fault)
      before = row
      if (findings.length >= MOST_FINDINGS) break
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    findings.push(error.message)
  }
  const rest = file.size % SUPER_SAFE_ENTRY_BYTES
  if (rest > 0) findings.push(`${rest} bytes behind the last entry`)
  if (sums === undefined) return [...findings, 'there are no checksums']
  return [...findings, ...new CheckedEntries(file, sums, SUPER_SAFE_ENTRY_BYTES).scan(chains).findings]
}
