import type { Hash } from '../../src/primitives/hex.ts'
import { frontierOracle } from './frontier-oracle.ts'
import { genesisBlock } from './managed-node-model.ts'
import { type BlockSpec, checksumIn, executedBy, type ModelBlock, makeBlock, replacementOf } from './message-blocks.ts'
import type { MessageChain, MessageLog } from './message-chains.ts'
import type { L1ModelBlock, SupervisedL1Model } from './supervised-l1-model.ts'

/** A chain that is supervised. */
export interface OracleChain {
  readonly chainId: bigint
  readonly blockTime: bigint
}

/** What is to be safe with an L1 block. */
export interface OracleRow {
  readonly l1: Hash
  /** In the order of the chains. */
  readonly chains: readonly { readonly localSafe: Hash; readonly crossSafe: Hash; readonly depositsOnly: boolean }[]
}

/** What comes out of an L1 chain. */
export interface Oracle {
  readonly rows: readonly OracleRow[]
  /** Local-safe blocks of each chain, genesis first. */
  readonly blocks: ReadonlyMap<bigint, readonly ModelBlock[]>
  /** Blocks that were replaced. */
  readonly invalid: ReadonlySet<Hash>
}

const CHANNEL_TIMEOUT = 2

/** Derives the whole of L1 from scratch, L1 block by L1 block, and replaces what does not hold: without events, nodes, or a store. */
export function supervisorOracle(l1: SupervisedL1Model, specs: readonly OracleChain[]): Oracle {
  const blocks = new Map(specs.map((each) => [each.chainId, [genesisBlock({ ...each, l1 })]]))
  const cross = new Map(specs.map(({ chainId }) => [chainId, 0n]))
  const invalid = new Set<Hash>()
  const rows: OracleRow[] = []
  for (const [index, { ref }] of l1.chain.entries()) {
    for (const spec of specs) derive(l1, spec, blocks, index)
    for (;;) {
      const chains = specs.map((spec) => messageChain(spec, blocks))
      const limits = new Map(chains.map(({ chainId, blocks: all }) => [chainId, BigInt(all.length) - 1n]))
      const frontier = frontierOracle(chains, cross, limits)
      if (frontier.invalid.size === 0) {
        for (const [chainId, number] of frontier.valid) cross.set(chainId, number)
        break
      }
      for (const spec of specs) {
        const all = blocks.get(spec.chainId) ?? []
        const bad = all[Number(frontier.valid.get(spec.chainId)) + 1]
        if (bad === undefined || !frontier.invalid.has(spec.chainId)) continue
        invalid.add(bad.ref.hash)
        all.splice(Number(bad.ref.number), all.length, replacementOf(bad, spec.blockTime))
        const base = Math.max(0, Number(bad.ref.l1Origin.number) - CHANNEL_TIMEOUT)
        for (let again = base + 1; again <= index; again++) derive(l1, spec, blocks, again)
      }
    }
    rows.push({
      l1: ref.hash,
      chains: specs.map(({ chainId }) => {
        const all = blocks.get(chainId) as readonly ModelBlock[]
        const crossSafe = all[Number(cross.get(chainId))] as ModelBlock
        return {
          localSafe: (all.at(-1) as ModelBlock).ref.hash,
          crossSafe: crossSafe.ref.hash,
          depositsOnly: crossSafe.spec.replaces !== undefined,
        }
      }),
    })
  }
  return { rows, blocks, invalid }
}

function derive(
  l1: SupervisedL1Model,
  { chainId, blockTime }: OracleChain,
  blocks: ReadonlyMap<bigint, ModelBlock[]>,
  index: number,
): void {
  const all = blocks.get(chainId) as ModelBlock[]
  for (const spec of (l1.chain[index] as L1ModelBlock).batches) {
    const parent = all.at(-1) as ModelBlock
    if (spec.chainId === chainId && fits(l1, spec, parent)) all.push(makeBlock(spec, blockTime))
  }
}

function fits(l1: SupervisedL1Model, spec: BlockSpec, parent: ModelBlock): boolean {
  const origin = l1.chain[Number(spec.l1Origin.number)]?.ref.hash
  return spec.parentHash === parent.ref.hash && origin === spec.l1Origin.hash
}

/** The blocks as the oracle of messages takes them: a message is forged where the log that it names is another one. */
function messageChain(
  { chainId, blockTime }: OracleChain,
  blocks: ReadonlyMap<bigint, readonly ModelBlock[]>,
): MessageChain {
  const log = (each: BlockSpec['logs'][number]): MessageLog => {
    const message = executedBy(each)
    if (message === undefined) return {}
    const from = blocks.get(message.chainId)?.[Number(message.blockNumber)]
    const found = from && checksumIn(from, message.logIndex)
    const { chainId: of, blockNumber, logIndex, timestamp, checksum } = message
    // One of another time has another checksum; that is told apart by its time.
    const isSame = from?.ref.timestamp !== timestamp || found === checksum
    return { executes: { chainId: of, blockNumber, logIndex, timestamp, forged: found !== undefined && !isSame } }
  }
  return { chainId, blockTime, blocks: (blocks.get(chainId) ?? []).map(({ spec }) => spec.logs.map(log)) }
}
