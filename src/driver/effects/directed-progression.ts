import type { BlockId } from '../../protocol/refs.ts'
import type { Directions, DriverState, Heads } from '../driver-state.ts'
import type { Effect, Outcome } from '../effect.ts'
import { isReady } from '../heads.ts'
import type { L2Chain, SafeHeadRecord } from '../ports.ts'

/** What {@link directedProgression} works with. */
export interface DirectedProgressionParts {
  readonly l2: Pick<L2Chain, 'ref'>
  readonly safeHeads: Pick<SafeHeadRecord, 'record'>
}

/** A head that a supervisor has said something of, which can be taken over now. */
type Next =
  | { readonly head: 'crossSafe'; readonly block: BlockId; readonly source: BlockId }
  | { readonly head: 'crossUnsafe'; readonly block: BlockId }

function next({ directions, heads }: DriverState): Next | undefined {
  if (heads === undefined) return undefined
  const { crossSafe, crossUnsafe } = directions
  const above = ({ number }: BlockId, low: BlockId, high: BlockId): boolean =>
    number > low.number && number <= high.number
  if (crossSafe !== undefined && above(crossSafe.derived, heads.crossSafe, heads.localSafe)) {
    return { head: 'crossSafe', block: crossSafe.derived, source: crossSafe.source }
  }
  if (
    crossUnsafe !== undefined &&
    crossUnsafe.hash !== heads.crossUnsafe.hash &&
    above(crossUnsafe, heads.crossSafe, heads.unsafe)
  ) {
    return { head: 'crossUnsafe', block: crossUnsafe }
  }
  return undefined
}

/** Without what was said, unless something else was said meanwhile. */
function without(directions: Directions, { head, block }: Next): Directions {
  const { [head]: said, ...rest } = directions
  const same = head === 'crossSafe' ? directions.crossSafe?.derived === block : said === block
  return same ? rest : directions
}

function withHead(heads: Heads, { head }: Next, block: Heads['crossSafe']): Heads {
  if (head === 'crossUnsafe') return { ...heads, crossUnsafe: block }
  return {
    ...heads,
    crossSafe: block,
    crossUnsafe: heads.crossUnsafe.number < block.number ? block : heads.crossUnsafe,
  }
}

/**
 * Takes over what a supervisor says: how far blocks are cross-unsafe, which follows it up and down, and cross-safe, which only goes up.
 * What is said of blocks that are not there yet waits for them.
 * @see driver specification, "Interop safety progression"
 */
export function directedProgression({ l2, safeHeads }: DirectedProgressionParts): Effect {
  return {
    name: 'interop-safety-progression',
    timeoutMs: 20_000,
    reads: ({ heads, branch, reset }) => [heads?.crossUnsafe, heads?.crossSafe, branch, reset],
    writes: ['heads', 'directions'],
    when(state) {
      if (!isReady(state)) return undefined
      const todo = next(state)
      if (todo === undefined) return undefined
      return { why: `${todo.head} ${todo.block.number}`, uses: todo.head === 'crossSafe' ? ['safe-heads'] : [] }
    },
    async run(state, io): Promise<Outcome> {
      const todo = next(state)
      if (todo === undefined) throw new TypeError('the supervisor has said nothing new')
      const block = await l2.ref(todo.block.number, io)
      if (block?.hash !== todo.block.hash) {
        return {
          patch: ({ directions }) => ({ directions: without(directions, todo) }),
          note: 'it is not on this chain',
        }
      }
      // Written down before anybody hears of it.
      if (todo.head === 'crossSafe') await safeHeads.record(block, todo.source, io)
      return {
        patch: ({ heads }) => (heads === undefined ? {} : { heads: withHead(heads, todo, block) }),
        note: block.hash,
      }
    },
  }
}
