import type { ChainReader } from '../builder/ports.ts'
import type { DriverState } from '../driver/driver-state.ts'

/**
 * A chain whose head the driver says. An engine is not wound back: where L1 has left blocks behind, they stay its head until another
 * block stands in their place.
 * @param driver undefined where nobody drives it, or not yet
 */
export function drivenChain(
  inner: ChainReader,
  driver: () => { readonly state: Pick<DriverState, 'engine' | 'heads'> } | undefined,
): ChainReader {
  return {
    block(id, io, wants) {
      const state = driver()?.state
      const head = state?.engine.leftBehind === undefined ? undefined : state.heads?.unsafe.hash
      return inner.block(id === 'latest' && head !== undefined ? head : id, io, wants)
    },
    ancestorHash: (tip, number, io) => inner.ancestorHash(tip, number, io),
  }
}
