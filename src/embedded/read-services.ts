import type { Clock } from '../primitives/clock.ts'
import type { Hash } from '../primitives/hex.ts'
import { encodeNode } from '../state/trie-node.ts'
import { BlockReads } from './block-reads.ts'
import { storedStates } from './builder-ports.ts'
import { ChainEvents } from './chain-events.ts'
import type { ChainKind } from './chain-kind.ts'
import type { ChainStore } from './chain-store.ts'
import type { EmbeddedEngine } from './engine.ts'
import { FeeReads } from './fee-reads.ts'
import { type ForkConfigs, forkConfigs } from './fork-configs.ts'
import { LogQueries } from './log-queries.ts'
import { PolledFilters } from './polled-filters.ts'
import { StateReads, storedProofs } from './state-reads.ts'

/** Trie nodes and code by hash, as they are encoded. */
export interface EncodedState {
  node(hash: Hash): Uint8Array | undefined
  code(hash: Hash): Uint8Array | undefined
}

/** What the reading methods of a chain stand on. */
export interface ReadServices {
  readonly blocks: BlockReads
  readonly states: StateReads
  readonly logs: LogQueries
  readonly fees: FeeReads
  /** Of a whole L1 chain: its upgrades, seen from the head. */
  readonly forks: (() => ForkConfigs) | undefined
  readonly events: ChainEvents
  readonly filters: PolledFilters
  readonly store: EncodedState
  readonly head: Pick<EmbeddedEngine, 'setHead'>
}

function encodedState({ nodes }: ChainStore): EncodedState {
  return {
    node(hash) {
      const node = nodes.node(hash)
      return node && encodeNode(node)
    },
    code: (hash) => nodes.code(hash),
  }
}

/** Whether a chain begins with block 0. */
function isWhole(chain: ChainStore): boolean {
  return chain.header(chain.genesis)?.number === 0n
}

/** Makes the reads of a chain. */
export function readServices(engine: EmbeddedEngine, kind: ChainKind, clock: Pick<Clock, 'now'>): ReadServices {
  const { chain } = engine
  const events = new ChainEvents(engine)
  return {
    blocks: new BlockReads(chain, kind),
    states: new StateReads(chain, kind, storedStates(chain), storedProofs(chain)),
    logs: new LogQueries(chain),
    fees: new FeeReads(chain, kind),
    // Fork ids begin with the true genesis, which a chain that goes on from another one does not have.
    forks: kind.tag === 'l1' && isWhole(chain) ? () => forkConfigs(chain, kind.config) : undefined,
    events,
    filters: new PolledFilters(events, clock),
    store: encodedState(chain),
    head: engine,
  }
}
