import type { ForkConfigs } from '../../src/embedded/fork-configs.ts'
import type { Method } from '../method.ts'
import { debugRawMethods, type HeadSetter, type StateStore } from './debug-raw.ts'
import { type BlockReads, ethBlockMethods } from './eth-blocks.ts'
import { ethConfigMethods } from './eth-config.ts'
import { ethFeeMethods, type FeeReads } from './eth-fees.ts'
import { ethFilterMethods, type FilterService } from './eth-filters.ts'
import { ethLogMethods, type LogReads } from './eth-logs.ts'
import { ethStateMethods, type StateReads } from './eth-state.ts'
import { type ChainEventSource, ethSubscribeMethods, type PendingTransactions } from './eth-subscribe.ts'
import { ethTransactionMethods, type PooledTransactions } from './eth-transactions.ts'
import { type NodeIdentity, netMethods } from './net.ts'

/** What the reads of a chain that lives in this process stand on. */
export interface EmbeddedReadServices {
  readonly identity: NodeIdentity
  readonly blocks: BlockReads
  readonly states: StateReads
  readonly logs: LogReads
  readonly fees: FeeReads
  /** Of an L1 chain: its upgrades, seen from the head. */
  readonly forks?: (() => ForkConfigs) | undefined
  readonly store: StateStore
  readonly head: HeadSetter
  readonly events: ChainEventSource
  readonly filters: FilterService
  readonly pool: PooledTransactions & PendingTransactions
}

/** All methods that read a chain that lives in this process, as geth and op-geth answer them; and `debug_setHead`. */
export function embeddedReadMethods(services: EmbeddedReadServices): readonly Method[] {
  const { identity, blocks, states, logs, fees, forks, events, filters, pool } = services
  return [
    ...netMethods(identity),
    ...ethBlockMethods(blocks),
    ...ethTransactionMethods(blocks, pool),
    ...ethStateMethods(states, pool),
    ...ethLogMethods(logs),
    ...ethFeeMethods(fees),
    ...(forks === undefined ? [] : ethConfigMethods(identity.chainId, forks)),
    ...ethFilterMethods(filters, logs, pool),
    ...ethSubscribeMethods(events, pool),
    ...debugRawMethods(services),
  ]
}
