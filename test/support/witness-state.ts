import { AppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { NodeStore, type StateStore } from '../../src/state/node-store.ts'
import { RemoteState } from '../../src/state/remote.ts'
import type { ProofSource } from '../../src/state/source.ts'

/** A node that has nothing to say: what a witness does not hold is an error. */
const silent: ProofSource = {
  supports: () => false,
  async read(_blockHash, queries) {
    const error = new AppError('RPC_ERROR', {
      message: `the witness does not hold ${queries.map((query) => JSON.stringify(query)).join(', ')}`,
    })
    return queries.map(() => ({ kind: 'failed', error }))
  },
}

/** The state behind a root, out of nodes and code that are all in a store. */
export function storedState(stateRoot: Hash, store: StateStore): RemoteState {
  return new RemoteState({ blockHash: stateRoot, stateRoot }, store, silent)
}

/** The state behind a root, out of a witness: trie nodes and code in no order. */
export function witnessState(stateRoot: Hash, entries: Iterable<Uint8Array>): RemoteState {
  const store = new NodeStore({ maxBytes: 2 ** 31 })
  for (const entry of entries) {
    store.addNode(entry)
    store.addCode(entry)
  }
  return storedState(stateRoot, store)
}
