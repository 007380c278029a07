import type { GethLine } from '../evm/watch.ts'
import type { ChainConfig } from '../protocol/chain-config.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { OpForks } from '../protocol/forks.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'

/** Whose rules a chain's receipts and fees follow. */
export type ChainKind =
  | { readonly tag: 'op'; readonly forks: OpForks; readonly constants: Eip1559Constants }
  | { readonly tag: 'l1'; readonly config: L1ChainConfig }

/** The kind of the chain that a genesis file configures. */
export function chainKind({ op, l1 }: ChainConfig): ChainKind {
  return op === undefined ? { tag: 'l1', config: l1 } : { tag: 'op', forks: op.forks, constants: op.eip1559 }
}

/** The line of geth that a chain's node is of. */
export function gethLine({ tag }: ChainKind): GethLine {
  return tag === 'op' ? '1.17' : '1.16'
}
