import { join } from 'node:path'
import { AppError, errorMessage } from '../../primitives/errors.ts'
import { type Hash, toWord } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import { SerialQueue } from '../../primitives/serial-queue.ts'
import type { BlockId } from '../../protocol/refs.ts'
import type { OpenFlatFile } from '../../storage/flat-file.ts'
import type { KeyValueChange, KeyValueStore } from '../../storage/key-value-store.ts'
import { LevelStore } from '../../storage/level-store.ts'
import { memoryFiles } from '../../storage/memory-file.ts'
import { MemoryStore } from '../../storage/memory-store.ts'
import { type Decision, decodeDecision, encodeDecision, type Invalidation } from './decisions.ts'
import { conflict, corrupt, type SupervisorDbErrorCode, type SupervisorDbOpenErrorCode } from './errors.ts'
import { LogDb } from './log-db.ts'
import { SuperSafeDb } from './super-safe-db.ts'
import { isStoredBlock } from './super-safe-entry.ts'

/** A chain of the dependency set. */
export interface StoredChain {
  readonly chainId: bigint
  readonly genesis: Hash
}

/** A block that must not become canonical again, and what stands for it once there is such a block. */
export interface DeniedBlock extends Invalidation {
  readonly replacement?: BlockId
}

/** What a {@link SupervisorStore} is made of. */
export interface SupervisorStoreParts {
  readonly folder: string
  /** The dependency set. Stored in ascending order, whatever the order here. */
  readonly chains: readonly StoredChain[]
  /** Intents and what is denied; each write of it must outlive the machine's power. The store closes it. */
  readonly journal: KeyValueStore
  /** Default: on disk, to read and write. */
  readonly openFile?: OpenFlatFile
}

const SUPER_SAFE_FILE = 'super-safe.db'

const KEY_CHAINS = 'chains'
const KEY_INTENT = 'intent'
/** Rows of the super-safe-db that have been answered for. */
const KEY_ROWS = 'rows'
const DENIED = 'denied:'
const DENIED_END = 'denied;'

function deniedKey(chainId: bigint, hash: Hash): string {
  return `${DENIED}${toWord(chainId)}:${hash}`
}

function broken(message: string, cause?: unknown): AppError<SupervisorDbErrorCode> {
  return new AppError<SupervisorDbErrorCode>('SUPERVISOR_DB_BROKEN', { message, severity: 'critical', cause })
}

/**
 * What a supervisor knows and must not forget: the super-safe-db, each chain's logs, and blocks that are denied. Each
 * {@link decide | decision} is written down first, carried out, and struck out last; one that was interrupted is carried out when the
 * store is opened the next time, by the same code. Logs are added without a decision: a node tells of them again.
 */
export class SupervisorStore {
  readonly #journal: KeyValueStore
  readonly #chains: readonly StoredChain[]
  readonly #denied = new Map<string, DeniedBlock>()
  readonly #queue = new SerialQueue()
  #failed: AppError<SupervisorDbErrorCode> | undefined
  /** What is safe, by L1 block. Chains have their place in the ascending order of their ids. Written by decisions only. */
  readonly safety: SuperSafeDb
  /** Logs by chain id. Blocks are added to them here; they are rewound by decisions, or above cross-safe. */
  readonly logs: ReadonlyMap<bigint, LogDb>

  private constructor(
    journal: KeyValueStore,
    chains: readonly StoredChain[],
    safety: SuperSafeDb,
    logs: ReadonlyMap<bigint, LogDb>,
  ) {
    this.#journal = journal
    this.#chains = chains
    this.safety = safety
    this.logs = logs
  }

  /**
   * Opens what a folder holds, and finishes what was interrupted.
   * @throws AppError SUPERVISOR_DB_MISMATCH where the folder is of other chains, SUPERVISOR_DB_CORRUPT
   */
  static async open({ folder, chains, journal, openFile }: SupervisorStoreParts): Promise<SupervisorStore> {
    const ordered = chains.toSorted((a, b) => (a.chainId < b.chainId ? -1 : 1))
    const open: { close(): void }[] = []
    try {
      await holdChains(journal, ordered)
      const file = openFile === undefined ? {} : { openFile }
      const safety = SuperSafeDb.open({
        ...file,
        path: join(folder, SUPER_SAFE_FILE),
        chains: ordered.length,
        committed: committedRows(journal),
      })
      open.push(safety)
      const logs = new Map<bigint, LogDb>()
      for (const { chainId } of ordered) {
        const db = LogDb.open({ ...file, folder: join(folder, chainId.toString()), chainId })
        open.push(db)
        logs.set(chainId, db)
      }
      const store = new SupervisorStore(journal, ordered, safety, logs)
      await store.#recover()
      return store
    } catch (error) {
      for (const each of open) each.close()
      await journal.close()
      throw error
    }
  }

  /** The place of a chain in the rows of {@link safety}; undefined for a chain outside the dependency set. */
  chainIndex(chainId: bigint): number | undefined {
    const index = this.#chains.findIndex((chain) => chain.chainId === chainId)
    return index < 0 ? undefined : index
  }

  /** A block that is denied, if it is. */
  denied(chainId: bigint, hash: Hash): DeniedBlock | undefined {
    return this.#denied.get(deniedKey(chainId, hash))
  }

  /** Every block that is denied, by chain and hash. */
  get deniedBlocks(): readonly DeniedBlock[] {
    return [...this.#denied].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, block]) => block)
  }

  /** Blocks that are to be replaced, and no node has said that it has done so. */
  get pending(): readonly DeniedBlock[] {
    return this.deniedBlocks.filter(({ replacement }) => replacement === undefined)
  }

  /**
   * Carries out a decision; it outlives the process, and the machine's power, once this resolves. One that is carried out already changes
   * nothing. Decisions run one after another.
   * @throws AppError SUPERVISOR_DB_OUT_OF_ORDER or SUPERVISOR_DB_CONFLICT with nothing changed, SUPERVISOR_DB_BROKEN
   */
  decide(decision: Decision, { signal }: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      signal?.throwIfAborted()
      if (this.#failed !== undefined) throw this.#failed
      this.#check(decision)
      try {
        // Nothing may be decided upon logs that the machine can still lose.
        for (const db of this.logs.values()) db.sync()
        await this.#journal.write([[KEY_INTENT, encodeDecision(decision)]], {})
        await this.#carryOut(decision)
      } catch (cause) {
        this.#failed = broken(`a decision was interrupted: ${errorMessage(cause)}`, cause)
        throw this.#failed
      }
    })
  }

  /** Lets go of the files, after what has been begun. */
  async close(): Promise<void> {
    await this.#queue.idle()
    this.#failed ??= broken('the storage is closed')
    this.safety.close()
    for (const db of this.logs.values()) db.close()
    await this.#journal.close()
  }

  /** @throws AppError where a decision cannot be carried out, before anything is written */
  #check(decision: Decision): void {
    if (decision.tag === 'advance') {
      this.safety.fits(decision.row)
      for (const { chainId, block } of this.#denied.values()) {
        const safe = decision.row.chains[this.chainIndex(chainId) ?? -1]?.crossSafe
        if (safe !== undefined && isStoredBlock(safe, block))
          throw conflict(`block ${block.hash} of chain ${chainId} is denied`)
      }
    }
    if (decision.tag === 'replaced' && this.denied(decision.chainId, decision.invalid) === undefined)
      throw conflict(`block ${decision.invalid} of chain ${decision.chainId} is not denied`)
    if (decision.tag === 'invalidate') {
      for (const { chainId, block } of decision.invalidations) {
        const index = this.chainIndex(chainId)
        if (index === undefined) throw conflict(`chain ${chainId} is not in the dependency set`)
        const safe = this.safety.tip?.chains[index]?.crossSafe
        if (safe !== undefined && block.number <= safe.number && this.denied(chainId, block.hash) === undefined)
          throw conflict(`block ${block.number} of chain ${chainId} is not above cross-safe ${safe.number}`)
      }
    }
    if (decision.tag === 'rewind')
      for (const { chainId } of decision.logs)
        if (!this.logs.has(chainId)) throw conflict(`chain ${chainId} is not in the dependency set`)
  }

  /** Every step may have been done already, in part or whole. */
  async #carryOut(decision: Decision): Promise<void> {
    const changes = this.#apply(decision)
    await this.#journal.write(
      [...changes, [KEY_ROWS, encodeDecision(BigInt(this.safety.count))], [KEY_INTENT, null]],
      {},
    )
    for (const [key, value] of changes) {
      if (value === null) this.#denied.delete(key)
      else this.#denied.set(key, decodeDecision<DeniedBlock>(value))
    }
  }

  /** Changes the files. @returns what is to change of the denied blocks */
  #apply(decision: Decision): readonly KeyValueChange[] {
    switch (decision.tag) {
      case 'advance':
        this.safety.append(decision.row)
        return []
      case 'invalidate': {
        // What is denied already has had its logs dropped; those of its replacement may be there by now.
        const news = decision.invalidations.filter(
          ({ chainId, block }) => this.denied(chainId, block.hash) === undefined,
        )
        for (const { chainId, block } of news) this.logs.get(chainId)?.rewind(block.number - 1n)
        return news.map((each) => [deniedKey(each.chainId, each.block.hash), encodeDecision(each)] as const)
      }
      case 'replaced': {
        const key = deniedKey(decision.chainId, decision.invalid)
        const denied = this.#denied.get(key)
        return denied === undefined ? [] : [[key, encodeDecision({ ...denied, replacement: decision.replacement })]]
      }
      case 'rewind':
        this.safety.truncate(decision.l1Number)
        for (const { chainId, to } of decision.logs) this.logs.get(chainId)?.rewind(to)
        return [...this.#denied]
          .filter(([, { source }]) => source.number > decision.l1Number)
          .map(([key]) => [key, null] as const)
      default:
        throw new TypeError(`no such decision: ${(decision as { readonly tag: string }).tag}`)
    }
  }

  async #recover(): Promise<void> {
    for await (const key of this.#journal.keys(DENIED, DENIED_END)) {
      const value = this.#journal.get(key)
      if (value !== undefined) this.#denied.set(key, decodeDecision<DeniedBlock>(value))
    }
    const intent = this.#journal.get(KEY_INTENT)
    if (intent !== undefined) await this.#carryOut(decodeDecision<Decision>(intent))
    this.#rewindStrayLogs()
  }

  /** What is safe comes from L1: logs that contradict it are of a branch that nobody follows any more. */
  #rewindStrayLogs(): void {
    this.#chains.forEach(({ chainId }, index) => {
      const safe = this.safety.tip?.chains[index]?.crossSafe
      const logs = this.logs.get(chainId)
      const stored = safe && logs?.block(safe.number)
      if (safe && stored && !isStoredBlock(safe, stored)) logs?.rewind(safe.number - 1n)
    })
  }
}

/** Rows that must be there; an interrupted rewind may have dropped some. */
function committedRows(journal: KeyValueStore): number {
  const rows = journal.get(KEY_ROWS)
  const intent = journal.get(KEY_INTENT)
  if (rows === undefined) return 0
  return intent !== undefined && decodeDecision<Decision>(intent).tag === 'rewind'
    ? 0
    : Number(decodeDecision<bigint>(rows))
}

async function holdChains(journal: KeyValueStore, chains: readonly StoredChain[]): Promise<void> {
  const wanted = encodeDecision(chains)
  const stored = journal.get(KEY_CHAINS)
  if (stored === undefined) return journal.write([[KEY_CHAINS, wanted]], {})
  if (Buffer.compare(stored, wanted) === 0) return
  const has = decodeDecision<readonly StoredChain[]>(stored)
  const names = (all: readonly StoredChain[]): string =>
    all.map((each) => `${each.chainId} (${each.genesis})`).join(', ')
  throw new AppError<SupervisorDbOpenErrorCode>('SUPERVISOR_DB_MISMATCH', {
    message: `the storage is of chains ${names(has)}, not ${names(chains)}`,
  })
}

/**
 * Opens the store of a data directory, which no other process can have open meanwhile: `supervisor/` in it. Without one the store ends
 * with the process.
 * @throws AppError SUPERVISOR_DB_LOCKED, SUPERVISOR_DB_MISMATCH, SUPERVISOR_DB_CORRUPT
 */
export async function openSupervisorStore(
  datadir: string | undefined,
  chains: readonly StoredChain[],
): Promise<SupervisorStore> {
  if (datadir === undefined)
    return SupervisorStore.open({ folder: '', chains, journal: new MemoryStore(), openFile: memoryFiles() })
  const folder = join(datadir, 'supervisor')
  let journal: LevelStore
  try {
    journal = await LevelStore.open(join(folder, 'journal'), { sync: true })
  } catch (cause) {
    const code = ((cause as Error).cause as { readonly code?: string } | undefined)?.code
    if (code !== 'LEVEL_LOCKED') throw corrupt(`${folder}: the journal cannot be opened: ${errorMessage(cause)}`, cause)
    throw new AppError<SupervisorDbOpenErrorCode>('SUPERVISOR_DB_LOCKED', {
      message: `${folder} is in use by another process`,
      cause,
    })
  }
  return SupervisorStore.open({ folder, chains, journal })
}
