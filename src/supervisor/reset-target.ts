import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ResetTarget } from '../protocol/managed-mode.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { LogDb } from './db/log-db.ts'
import type { ManagedNode, SupervisedL1 } from './ports.ts'
import type { ChainHeads } from './view.ts'

/** What it depends on where a node is to go on from. */
export interface ResetQuestion {
  readonly node: Pick<ManagedNode, 'refByNumber'>
  readonly l1: SupervisedL1
  readonly logs: Pick<LogDb, 'first' | 'block'>
  /** The last block that is known to derive from L1. */
  readonly localSafe: BlockId
  readonly heads: ChainHeads
  /** Blocks that the node must not stay on: their numbers by hash. */
  readonly denied: ReadonlyMap<Hash, bigint>
}

/** The highest number from `low`, which holds, up to `high`, that holds, where all hold up to some number. */
async function highestThat(low: bigint, high: bigint, holds: (number: bigint) => Promise<boolean>): Promise<bigint> {
  let [from, to] = [low, high]
  while (from < to) {
    const middle = (from + to + 1n) / 2n
    if (await holds(middle)) from = middle
    else to = middle - 1n
  }
  return from
}

/** Blocks above the last one that is safe that are asked for at once, at first. */
const FIRST_STRIDE = 16n

/**
 * Finds where a node is to go on from: the last block that derives from L1 and that the node has, and as much of its own unsafe chain
 * above as stands on L1's canonical chain. It asks for a few blocks, whatever the distance.
 * @returns undefined where the node shares no block with what is known
 */
export async function findResetTarget(question: ResetQuestion, io: IoOptions): Promise<ResetTarget | undefined> {
  const { node, logs, localSafe, heads } = question
  const has = async (number: bigint, hash: Hash | undefined): Promise<boolean> =>
    hash !== undefined && (await node.refByNumber(number, io))?.hash === hash
  let target: BlockId = localSafe
  if (!(await has(localSafe.number, localSafe.hash))) {
    const { first } = logs
    if (first === undefined || !(await has(first.number, first.hash))) return undefined
    const number = await highestThat(first.number, localSafe.number - 1n, (each) => has(each, logs.block(each)?.hash))
    target = logs.block(number) ?? first
  }
  const atMost = ({ number, hash }: BlockId): BlockId => {
    const { number: most, hash: last } = target
    return number < most ? { number, hash } : { number: most, hash: last }
  }
  const localUnsafe = await findUnsafeTarget(question, target, io)
  const lowest = logs.first ?? target
  return {
    localUnsafe,
    crossUnsafe: atMost(heads.crossUnsafe),
    localSafe: { number: target.number, hash: target.hash },
    crossSafe: atMost(heads.crossSafe?.derived ?? lowest),
    finalized: atMost(heads.finalized ?? lowest),
  }
}

/** The last block of the node above a target that stands on L1's canonical chain, and on no block that is denied. */
async function findUnsafeTarget({ node, l1, denied }: ResetQuestion, target: BlockId, io: IoOptions): Promise<BlockId> {
  let found: BlockId = { number: target.number, hash: target.hash }
  const stands = async (number: bigint): Promise<boolean> => {
    const ref = await node.refByNumber(number, io)
    if (ref === undefined) return false
    const { hash, number: origin } = ref.l1Origin
    if ((await l1.ref(origin, io))?.hash !== hash) return false
    if (number >= found.number) found = { number, hash: ref.hash }
    return true
  }
  let highest: bigint | undefined
  for (const [hash, number] of denied)
    if (number > target.number && (highest === undefined || number <= highest))
      if ((await node.refByNumber(number, io))?.hash === hash) highest = number - 1n
  let low = target.number
  for (let stride = FIRST_STRIDE; highest === undefined || low < highest; stride *= 2n) {
    const next = highest !== undefined && low + stride > highest ? highest : low + stride
    if (await stands(next)) {
      low = next
      continue
    }
    await highestThat(low, next - 1n, stands)
    break
  }
  return found
}
