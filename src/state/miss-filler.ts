import { AppError } from '../primitives/errors.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { encodeAccount, encodeSlot } from './account.ts'
import { CraftedKeys } from './crafted-keys.ts'
import type { StateDiff } from './diff.ts'
import type { StateStore } from './node-store.ts'
import { RemoteState } from './remote.ts'
import type { StateMiss } from './root-pass.ts'
import type { PinnedState, ProofSource, StateAnswer, StateErrorCode, StateQuery } from './source.ts'
import { buildSubtree } from './trie.ts'

/**
 * Inserts an empty child of the parent block without making it the head.
 * @returns its hash: nodes then read the parent's storage «before its first transaction», with all methods
 */
export type Probe = (options: IoOptions) => Promise<Hash>

/**
 * Ways to a sibling, the surest first. `knownKey`: a proof of a key under its path that was seen before; `shallowKey`:
 * of one found by trying; `database`: the node itself; `range`: rebuilt from what the node lists under its path;
 * `deepKey`: as `shallowKey`, trying for seconds.
 */
type Way = 'knownKey' | 'shallowKey' | 'database' | 'range' | 'deepKey'
const WAYS: readonly Way[] = ['knownKey', 'shallowKey', 'database', 'range', 'deepKey']

const SHALLOW_DEPTH = 4
const DEEP_DEPTH = 5
/** Enough that a search at that depth fails once in thousands of times. */
const SHALLOW_HASHES = 12 * 16 ** SHALLOW_DEPTH
const DEEP_HASHES = 8 * 16 ** DEEP_DEPTH
/** Entries of a range, at first and at last. Two are enough to tell a branch, most of the time. */
const RANGE_LIMITS: readonly number[] = [8, 256]

const craftedAddresses = new CraftedKeys(20)
const craftedSlots = new CraftedKeys(32)

interface Search {
  readonly miss: StateMiss
  /** Index of the way that is tried next. */
  way: number
  /** Index of the range limit that is tried next. */
  limit: number
}

/** What one round asks for. */
interface Round {
  readonly wants: Map<Address, Set<Hash>>
  readonly queries: StateQuery[]
  /** The search behind each query. */
  readonly searches: Search[]
}

function want(round: Round, address: Address, slots: readonly Hash[]): void {
  const known = round.wants.get(address)
  if (known === undefined) round.wants.set(address, new Set(slots))
  else for (const slot of slots) known.add(slot)
}

/** The trie's name in a table of prefixes: account trie or storage tries. */
function keySize(miss: StateMiss): 20 | 32 {
  return miss.address === undefined ? 20 : 32
}

/**
 * Fetches the nodes that a state root still needs, all tries together, in one round trip a call. A node on the way of a
 * changed key comes with that key's proof; the sibling of a deletion is looked for in all ways that the peer
 * allows, one after the other.
 * @see https://github.com/ethereum/go-ethereum/blob/master/trie/trie.go (delete: "reduce the node to a short node")
 */
export class MissFiller {
  readonly #state: RemoteState
  readonly #store: StateStore
  readonly #source: ProofSource
  readonly #diff: StateDiff
  readonly #probe: Probe | undefined
  readonly #asked = new Set<Hash>()
  readonly #searches = new Map<Hash, Search>()
  #probeBlock: Hash | undefined

  constructor(parent: PinnedState, diff: StateDiff, store: StateStore, source: ProofSource, probe?: Probe) {
    this.#state = new RemoteState(parent, store, source)
    this.#diff = diff
    this.#store = store
    this.#source = source
    this.#probe = probe
  }

  /**
   * Brings some or all of these nodes into the store: call again with what is missing then.
   * @throws AppError ROOT_UNAVAILABLE when nothing is left to try; STATE_UNAVAILABLE, STATE_MISMATCH, RPC_UNAVAILABLE
   */
  async fill(misses: readonly StateMiss[], options: IoOptions): Promise<void> {
    const round: Round = { wants: new Map(), queries: [], searches: [] }
    const unfound: StateMiss[] = []
    const paths = misses.filter((miss) => miss.keys.length > 0)
    for (const miss of paths) {
      // The proof of these keys was had already, and the node was not in it.
      if (this.#asked.has(miss.hash)) unfound.push(miss)
      else this.#wantPath(round, miss)
    }
    for (const { hash } of paths) this.#asked.add(hash)
    // Equal contracts have equal subtrees: one search for each hash will do.
    const siblings = new Map(misses.filter((miss) => miss.keys.length === 0).map((miss) => [miss.hash, miss]))
    unfound.push(...(await this.#planSiblings(round, [...siblings.values()], options)))
    if (unfound.length > 0) throw this.#unavailable(unfound)
    const proofs = this.#state.queriesFor([...round.wants].map(([address, slots]) => ({ address, slots })))
    const queries = [...proofs, ...round.queries]
    // Nothing to ask: what was missing came into the store in the meantime, through another job.
    if (queries.length === 0) return
    const answers = await this.#source.read(this.#state.pin.blockHash, queries, options)
    for (const error of this.#state.absorb(proofs, answers).values()) throw error
    for (const [index, search] of round.searches.entries()) this.#digest(search, answers[proofs.length + index])
  }

  #wantPath(round: Round, { address, keys }: StateMiss): void {
    if (address === undefined) for (const key of keys) want(round, key, this.#writtenSlots(key))
    else want(round, address, keys)
  }

  /** Slots of an account that nobody has read: their proofs can come along with the account's. */
  #writtenSlots(address: Address): readonly Hash[] {
    const change = this.#diff.accounts.get(address)
    return change === undefined || change.storageCleared ? [] : [...change.storage.keys()]
  }

  async #planSiblings(round: Round, siblings: readonly StateMiss[], options: IoOptions): Promise<StateMiss[]> {
    let open = siblings.map((miss): Search => {
      const search = this.#searches.get(miss.hash) ?? { miss, way: 0, limit: 0 }
      this.#searches.set(miss.hash, search)
      return search
    })
    // Each turn takes the next way for all searches that still have none.
    while (open.some(({ way }) => way < WAYS.length)) {
      const way = Math.min(...open.map((search) => search.way))
      const turn = open.filter((search) => search.way === way)
      const rest = open.filter((search) => search.way !== way)
      const planned = await this.#plan(round, WAYS[way] as Way, turn, options)
      for (const search of turn) search.way++
      open = [...rest, ...turn.filter((search) => !planned.has(search))]
      if (open.every((search) => search.way >= WAYS.length)) break
    }
    return open.map(({ miss }) => miss)
  }

  /** @returns the searches that this way can be tried for */
  async #plan(round: Round, way: Way, searches: readonly Search[], options: IoOptions): Promise<ReadonlySet<Search>> {
    switch (way) {
      case 'knownKey':
        return this.#planKeys(round, searches, (prefixes, size) => this.#store.keys.under(prefixes, size))
      case 'shallowKey':
        return this.#planCrafted(round, searches, SHALLOW_DEPTH, SHALLOW_HASHES, options)
      case 'deepKey':
        return this.#planCrafted(round, searches, DEEP_DEPTH, DEEP_HASHES, options)
      case 'database':
        return this.#planDatabase(round, searches)
      case 'range':
        return this.#planRanges(round, searches, options)
    }
  }

  #planCrafted(
    round: Round,
    searches: readonly Search[],
    depth: number,
    maxHashes: number,
    options: IoOptions,
  ): Promise<ReadonlySet<Search>> {
    const within = searches.filter(({ miss }) => miss.path.length <= depth)
    return this.#planKeys(round, within, (prefixes, size) =>
      (size === 20 ? craftedAddresses : craftedSlots).find(prefixes, maxHashes, options),
    )
  }

  async #planKeys(
    round: Round,
    searches: readonly Search[],
    find: (prefixes: ReadonlySet<string>, size: 20 | 32) => Map<string, Hex> | Promise<Map<string, Hex>>,
  ): Promise<ReadonlySet<Search>> {
    const planned = new Set<Search>()
    for (const size of [20, 32] as const) {
      const own = searches.filter(({ miss }) => keySize(miss) === size)
      if (own.length === 0) continue
      const keys = await find(new Set(own.map(({ miss }) => miss.path)), size)
      for (const search of own) {
        const key = keys.get(search.miss.path)
        if (key === undefined) continue
        if (search.miss.address === undefined) want(round, key, [])
        else want(round, search.miss.address, [key])
        planned.add(search)
      }
    }
    return planned
  }

  #planDatabase(round: Round, searches: readonly Search[]): ReadonlySet<Search> {
    if (!this.#source.supports('node')) return new Set()
    for (const search of searches) {
      const { address, path, hash } = search.miss
      const owner = address === undefined ? undefined : this.#store.keys.hash(address)
      this.#ask(round, search, { kind: 'node', owner, path, hash })
    }
    return new Set(searches)
  }

  async #planRanges(round: Round, searches: readonly Search[], options: IoOptions): Promise<ReadonlySet<Search>> {
    const planned = new Set<Search>()
    for (const search of searches) {
      const { address, path } = search.miss
      const start: Hash = `0x${path.padEnd(64, '0')}`
      const limit = RANGE_LIMITS[search.limit] as number
      if (address === undefined) {
        if (!this.#source.supports('accountRange')) continue
        this.#ask(round, search, { kind: 'accountRange', start, limit })
      } else {
        if (!this.#source.supports('storageRange') || this.#probe === undefined) continue
        this.#probeBlock ??= await this.#probe(options)
        this.#ask(round, search, { kind: 'storageRange', blockHash: this.#probeBlock, address, start, limit })
      }
      planned.add(search)
    }
    return planned
  }

  #ask(round: Round, search: Search, query: StateQuery): void {
    round.queries.push(query)
    round.searches.push(search)
  }

  #digest(search: Search, answer: StateAnswer | undefined): void {
    switch (answer?.kind) {
      case 'node':
        // On the path scheme it may be the node that stood there some blocks ago.
        for (const raw of answer.candidates) if (keccakHash(raw) === search.miss.hash) this.#store.addNode(raw)
        return
      case 'storageRange': {
        const entries = [...answer.slots].map(([key, value]) => [key, encodeSlot(value)] as const)
        this.#digestRange(search, entries, answer.complete)
        return
      }
      case 'accountRange': {
        const entries = [...answer.accounts].map(([key, account]) => [key, encodeAccount(account)] as const)
        this.#digestRange(search, entries, answer.complete)
        return
      }
      default:
    }
  }

  #digestRange(search: Search, entries: readonly (readonly [Hash, Uint8Array])[], last: boolean): void {
    const { path, hash } = search.miss
    const under = entries.filter(([key]) => key.startsWith(path, 2))
    if (under.length === 0) return
    if (last || under.length < entries.length) {
      const subtree = buildSubtree(new Map(under), path.length)
      if (subtree.hash === hash) this.#store.merge(subtree.newNodes)
      return
    }
    // More follow. Two that part right behind the path make it a branch, which is all that its parent has to know.
    if (new Set(under.map(([key]) => key[2 + path.length])).size > 1) this.#store.markBranch(hash)
    else if (++search.limit < RANGE_LIMITS.length) search.way = WAYS.indexOf('range')
  }

  #unavailable(misses: readonly StateMiss[]): AppError {
    return new AppError<StateErrorCode>('ROOT_UNAVAILABLE', {
      message: `the node does not give ${misses.length} trie nodes that the state root needs`,
      severity: 'temporary',
      data: {
        blockHash: this.#state.pin.blockHash,
        missing: misses.map(({ address, path, hash }) => ({
          ...(address === undefined ? {} : { address }),
          path,
          hash,
        })),
      },
    })
  }
}
