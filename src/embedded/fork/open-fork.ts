import { AppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { Block } from '../../protocol/block.ts'
import type { Receipt } from '../../protocol/receipt.ts'
import type { ProofSource } from '../../state/source.ts'
import type { KeyValueStore } from '../../storage/key-value-store.ts'
import type { ChainBase } from '../chain-state.ts'
import { ChainStore, type EmbeddedErrorCode } from '../chain-store.ts'
import type { StoredNodes } from '../stored-nodes.ts'
import { FetchedNodes } from './fetched-nodes.ts'
import { ForkAncestors, type HeaderSource } from './fork-ancestors.ts'
import { type ForkedBlock, ForkedState } from './forked-state.ts'

const CONFIG_KEY = 'forked-config'

/** The chain that is forked, as a node tells of it. It is read, and nothing else. */
export interface ForkedChain extends HeaderSource {
  readonly states: ProofSource
  /** What it answers to `eth_config`. @throws AppError RPC_ERROR when it does not serve that */
  config(io: IoOptions): Promise<unknown>
  /** A block with its receipts, each verified against the header; undefined where the node has none. */
  whole(
    id: bigint | 'latest',
    io: IoOptions,
  ): Promise<{ readonly block: Block; readonly receipts: readonly Receipt[] } | undefined>
}

function base(forked: ForkedChain, { hash, header }: Block, nodes: StoredNodes, store: KeyValueStore): ChainBase {
  const fetched = new FetchedNodes(nodes, store)
  const ancestors = new ForkAncestors({ hash, header }, forked, store)
  const { number, stateRoot } = header
  /** The state before the next block's first transaction, or before its own: most of storage is the same there. */
  const probe = async (io: IoOptions): Promise<Hash> => {
    const [next] = await forked.canonical([number + 1n], io)
    return next?.header.parentHash === hash ? next.hash : hash
  }
  const block: ForkedBlock = { hash, number, stateRoot, source: forked.states, probe }
  return {
    state: (root) => new ForkedState(block, fetched, root),
    ancestorHash: (at, io) => ancestors.hash(at, io),
  }
}

function unusable(message: string): AppError<EmbeddedErrorCode> {
  return new AppError('FORK_UNUSABLE', { message })
}

/**
 * Opens a chain that goes on from a block of another one. A store that holds such a chain already is opened without asking
 * anybody; an empty one begins with the block that is asked for.
 * @param number left out: what the store begins with, else the other chain's head
 * @throws AppError CHAIN_MISMATCH, FORK_UNUSABLE, RPC_UNAVAILABLE, RPC_ERROR
 */
export async function openFork(
  store: KeyValueStore,
  forked: ForkedChain,
  number: bigint | undefined,
  io: IoOptions,
): Promise<ChainStore> {
  const stored = ChainStore.first(store)
  if (stored !== undefined && number !== undefined && stored.header.number !== number) {
    throw new AppError<EmbeddedErrorCode>('CHAIN_MISMATCH', {
      message: `the store holds a chain that begins with block ${stored.header.number}, not with ${number}`,
    })
  }
  const first = stored === undefined ? await forked.whole(number ?? 'latest', io) : { block: stored }
  if (first === undefined) throw unusable(`the chain to fork has no block ${number}`)
  const { block } = first
  if (block.header.difficulty !== 0n) throw unusable(`block ${block.header.number} is older than the merge`)
  return ChainStore.open(store, { ...first, newNodes: new Map(), codes: new Map() }, io, (nodes) =>
    base(forked, block, nodes, store),
  )
}

/**
 * What the node answers to `eth_config`, asked for once: a store that has it is enough from then on.
 * @throws AppError RPC_ERROR, RPC_UNAVAILABLE
 */
export async function forkedConfig(store: KeyValueStore, forked: ForkedChain, io: IoOptions): Promise<unknown> {
  const stored = store.get(CONFIG_KEY)
  if (stored !== undefined) return JSON.parse(new TextDecoder().decode(stored)) as unknown
  const config = await forked.config(io)
  await store.write([[CONFIG_KEY, new TextEncoder().encode(JSON.stringify(config))]], io)
  return config
}
