import { basename, dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { errorMessage } from '../primitives/errors.ts'
import { type FlatFile, openDiskFileToRead } from '../storage/flat-file.ts'
import { CHECKPOINTS_FILE, LogDb } from '../supervisor/db/log-db.ts'
import { type SuperSafeRow, sumsPath } from '../supervisor/db/super-safe-db.ts'
import { superSafeEntries, superSafeRows, verifySuperSafe } from '../supervisor/db/super-safe-file.ts'
import { type CliIo, commandFailed } from './io.ts'

/** A database of the supervisor that somebody looks at. */
interface ReadDb {
  /** What it is and holds, a line each. */
  summary(): Iterable<string>
  /** What is wrong with it. */
  verify(): readonly string[]
  /** A JSON object for each record. */
  records(): Iterable<unknown>
  close(): void
}

function superSafe(path: string): ReadDb {
  const file = openDiskFileToRead(path)
  return {
    *summary() {
      let rows = 0
      let first: bigint | undefined
      let last: SuperSafeRow | undefined
      for (const row of superSafeRows(file)) {
        first ??= row.l1.number
        last = row
        rows++
      }
      yield `super-safe-db, ${file.size} bytes`
      if (last === undefined) return
      yield `${rows} L1 blocks, ${first} to ${last.l1.number} (${last.l1.hash}…), of ${last.chains.length} chains`
      for (const [index, { localSafe, crossSafe, depositsOnly }] of last.chains.entries()) {
        const replaces = depositsOnly ? ', deposits only' : ''
        yield `chain ${index}: local-safe ${localSafe.number} (${localSafe.hash}…), cross-safe ${crossSafe.number} (${crossSafe.hash}…${replaces})`
      }
    },
    verify() {
      let sums: FlatFile | undefined
      try {
        sums = openDiskFileToRead(sumsPath(path))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
      try {
        return verifySuperSafe(file, sums)
      } finally {
        sums?.close()
      }
    },
    records: () => superSafeEntries(file),
    close: () => file.close(),
  }
}

function logs(path: string): ReadDb {
  const folder = dirname(resolve(path))
  const chain = basename(folder)
  if (!/^\d+$/.test(chain)) throw commandFailed(2, [`${path}: its folder is not named for a chain id`])
  const db = LogDb.openToRead({ folder, chainId: BigInt(chain) })
  return {
    *summary() {
      const { first, tip } = db
      yield `logs of chain ${chain}, ${db.bytes} bytes`
      if (first === undefined || tip === undefined) return
      yield `${db.blocks} blocks, ${first.number} to ${tip.number} (${tip.hash}), ${db.logs} logs`
    },
    verify: () => db.verify(),
    *records() {
      const { first, tip } = db
      if (first === undefined || tip === undefined) return
      for (let number = first.number; number <= tip.number; number++) {
        const block = db.block(number)
        if (block === undefined) return
        const { hash, timestamp } = block
        const executing = db.executing(number).map((message) => ({ ...message, chainId: message.chainId.toString() }))
        yield { number, hash, timestamp, logs: db.logCount(number), executing }
      }
    },
    close: () => db.close(),
  }
}

/** Numbers of blocks and times are numbers: they are far below where JSON's readers lose digits. */
function toJson(record: unknown): string {
  return JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))
}

/** @throws AppError COMMAND_FAILED */
function withDb(path: string, run: (db: ReadDb) => void): void {
  let db: ReadDb
  try {
    db = basename(path) === CHECKPOINTS_FILE ? logs(path) : superSafe(path)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    throw code === 'COMMAND_FAILED' ? error : commandFailed(2, [`${path}: cannot be read: ${errorMessage(error)}`])
  }
  try {
    run(db)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    throw code === 'SUPERVISOR_DB_CORRUPT' ? commandFailed(1, [`${path}: ${errorMessage(error)}`]) : error
  } finally {
    db.close()
  }
}

/** `op-sequencer db`. */
export function dbCommand(io: CliIo): Command {
  const command = (name: string, description: string, run: (db: ReadDb, path: string) => void): Command =>
    new Command(name)
      .description(description)
      .argument('<file>', `super-safe.db, or the ${CHECKPOINTS_FILE} of a chain`)
      .action((path: string) => withDb(path, (db) => run(db, path)))
  return new Command('db')
    .description("look at a supervisor's databases; nothing is changed")
    .addCommand(
      command('inspect', 'say what a database holds', (db) => {
        for (const line of db.summary()) io.stdout(`${line}\n`)
      }),
    )
    .addCommand(
      command('verify', 'look at every byte; exit code 1 and a line for each thing that is wrong', (db, path) => {
        const findings = db.verify()
        if (findings.length > 0)
          throw commandFailed(
            1,
            findings.map((finding) => `${path}: ${finding}`),
          )
        io.stdout('sound\n')
      }),
    )
    .addCommand(
      command('export', 'write every record as a line of JSON', (db) => {
        for (const record of db.records()) {
          io.signal.throwIfAborted()
          io.stdout(`${toJson(record)}\n`)
        }
      }),
    )
}
