import type { StateSource } from '../builder/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import { encodeNode } from '../state/trie-node.ts'
import { BlockReads } from './block-reads.ts'
import { storedStates } from './builder-ports.ts'
import type { ChainKind } from './chain-kind.ts'
import type { ChainStore } from './chain-store.ts'
import type { EmbeddedEngine } from './engine.ts'
import { FeeReads } from './fee-reads.ts'
import { LogQueries } from './log-queries.ts'
import { type ProofMaker, StateReads, storedProofs } from './state-reads.ts'

/** Where a chain's states come from, if they are not all stored. */
export interface StateOrigin {
  readonly open: StateSource
  readonly prove: ProofMaker
}

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

/** Makes the reads of a chain. */
export function readServices(
  engine: EmbeddedEngine,
  kind: ChainKind,
  origin: StateOrigin = { open: storedStates(engine.chain), prove: storedProofs(engine.chain) },
): ReadServices {
  const { chain } = engine
  return {
    blocks: new BlockReads(chain, kind),
    states: new StateReads(chain, kind, origin.open, origin.prove),
    logs: new LogQueries(chain),
    fees: new FeeReads(chain, kind),
    store: encodedState(chain),
    head: engine,
  }
}
