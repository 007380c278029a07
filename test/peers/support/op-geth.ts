import { type GcMode, type GethProcess, type StateScheme, startGeth } from './geth-process.ts'
import type { Genesis } from './l1-genesis.ts'
import type { TempFolder } from './temp-folder.ts'

/** How to start op-geth. */
export interface OpGethOptions {
  readonly folder: TempFolder
  /** As {@link l2Genesis} makes it. */
  readonly genesis: Genesis
  /** Names its data folder and log; "op-geth" when left out. */
  readonly name?: string
  /** `hash` when left out. */
  readonly scheme?: StateScheme
  /** `archive` when left out. */
  readonly gcmode?: GcMode
  /** Take this many devp2p peers and share the pool with them; 0, and no sharing, when left out. */
  readonly maxPeers?: number
  readonly flags?: readonly string[]
}

/** Starts op-geth on a fresh data folder. Its chain grows only through the Engine API. */
export function startOpGeth(options: OpGethOptions): Promise<GethProcess> {
  const { name = 'op-geth', maxPeers = 0, flags = [] } = options
  return startGeth({
    ...options,
    name,
    program: 'op-geth',
    flags: [
      '--rollup.superchain-upgrades=false',
      ...(maxPeers === 0 ? ['--rollup.disabletxpoolgossip'] : []),
      ...flags,
    ],
  })
}
