import type { IoOptions } from '../primitives/io.ts'
import type { StateDiff } from './diff.ts'
import { MissFiller, type Probe } from './miss-filler.ts'
import type { StateStore } from './node-store.ts'
import { StateRootPass, type StateRoots } from './root-pass.ts'
import type { PinnedState, ProofSource } from './source.ts'

/** Options of {@link computeStateRoot}. */
export interface StateRootOptions extends IoOptions {
  /** Where given, siblings that nothing else tells are read through an empty block; asked for once at most. */
  readonly probe?: Probe
}

/**
 * The state root that a diff leads to, on a parent state whose nodes are in the store or come from the node. Slots that
 * were written without being read are fine. Everything that is missing is fetched for all tries together, one round trip
 * a pass; when execution has read what it wrote, there is nothing to fetch but siblings of deleted slots.
 *
 * The new nodes are not in the store yet: merge them when the block is kept.
 * @throws AppError ROOT_UNAVAILABLE, STATE_UNAVAILABLE, STATE_MISMATCH or RPC_UNAVAILABLE, all temporary
 */
export async function computeStateRoot(
  parent: PinnedState,
  diff: StateDiff,
  store: StateStore,
  source: ProofSource,
  options: StateRootOptions = {},
): Promise<StateRoots> {
  const pass = new StateRootPass(store, parent.stateRoot, diff)
  let filler: MissFiller | undefined
  for (;;) {
    const result = pass.run()
    if (result.tag === 'root') {
      const { stateRoot, storageRoots, newNodes } = result
      return { stateRoot, storageRoots, newNodes }
    }
    filler ??= new MissFiller(parent, diff, store, source, options.probe)
    await filler.fill(result.misses, options)
  }
}
