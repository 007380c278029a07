import { equalBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import { matchesCheck, type SpanBatch } from '../protocol/span-batch.ts'
import { ACCEPT, type BatchVerdict, drop, undecided } from './batch-verdict.ts'
import { checkDrift, checkTransactions } from './block-rules.ts'
import type { BatchContext } from './check-singular-batch.ts'
import type { SafeChain } from './ports.ts'

const DEPOSIT_TYPE = 0x7e

/** What a span batch is judged by. */
export interface SpanContext extends BatchContext {
  /** Where the blocks are that it begins before. */
  readonly l2: Pick<SafeChain, 'ref' | 'block'>
}

/** A verdict, and the block before the batch where it came that far. */
interface PrefixVerdict {
  readonly verdict: BatchVerdict
  readonly parent?: L2BlockRef
}

/** Which block it begins after: the safe head, or one before it. */
async function parentOf(
  batch: SpanBatch,
  { config, safeHead, l2 }: SpanContext,
  io: IoOptions,
): Promise<L2BlockRef | BatchVerdict> {
  const first = batch.timestamp(0)
  if (first === safeHead.timestamp + config.blockTime) return safeHead
  if (first > safeHead.timestamp) return drop(`time ${first} is between two blocks`)
  const back = safeHead.timestamp - first
  if (back % config.blockTime !== 0n) return drop(`time ${first} is between two blocks`)
  const number = safeHead.number - back / config.blockTime - 1n
  // A batch that begins with genesis, or before, has a parent that nobody knows.
  const parent = number < 0n ? undefined : await l2.ref(number, io)
  return parent ?? undecided(`L2 block ${number} is not known`)
}

async function checkPrefix(batch: SpanBatch, context: SpanContext, io: IoOptions): Promise<PrefixVerdict> {
  const { config, l1Blocks, safeHead, inclusion } = context
  const { forks, blockTime, seqWindowSize } = config
  const [epoch, nextEpoch] = l1Blocks
  if (epoch === undefined) return { verdict: undecided('no L1 block is known') }
  const start = batch.epochNumber(0)
  const origin = start === epoch.number + 1n ? nextEpoch : epoch
  if (origin === undefined) return { verdict: undecided('its first L1 origin is not known') }
  if (!forks.isActive('delta', origin.timestamp)) return { verdict: drop('its L1 origin is before Delta') }
  const holocene = forks.isActive('holocene', inclusion.timestamp)
  const next = safeHead.timestamp + blockTime
  const first = batch.timestamp(0)
  if (first > next) {
    const why = `time ${first} is after ${next}`
    return { verdict: holocene ? drop(why) : { tag: 'future', why } }
  }
  if (batch.timestamp(batch.blockCount - 1) < next) {
    const why = 'it has no block after the safe head'
    return { verdict: holocene ? { tag: 'past', why } : drop(why) }
  }
  const parent = await parentOf(batch, context, io)
  if ('tag' in parent) return { verdict: parent }
  if (!matchesCheck(batch.parentCheck, parent.hash)) return { verdict: drop(`its parent is not ${parent.hash}`) }
  if (start + seqWindowSize < inclusion.number) return { verdict: drop('the sequencing window expired') }
  if (start > parent.l1Origin.number + 1n) return { verdict: drop(`its first L1 origin ${start} is too far ahead`) }
  const end = batch.epochNumber(batch.blockCount - 1)
  const last = l1Blocks.find(({ number }) => number === end)
  if (last === undefined) return { verdict: undecided(`its last L1 origin ${end} is not known`) }
  if (!matchesCheck(batch.l1OriginCheck, last.hash)) return { verdict: drop(`its last L1 origin is not ${last.hash}`) }
  if (start < parent.l1Origin.number) return { verdict: drop(`its first L1 origin ${start} is too old`) }
  return { verdict: ACCEPT, parent }
}

/**
 * Whether a span batch can be cut into singular ones, which are judged one by one then: Holocene's rule.
 * @throws what the source of L2 blocks throws
 * @see OP specs: Holocene derivation, "Span Batch Prefix"
 */
export async function checkSpanPrefix(batch: SpanBatch, context: SpanContext, io: IoOptions): Promise<BatchVerdict> {
  const { verdict } = await checkPrefix(batch, context, io)
  return verdict
}

/** The rules for each block after the safe head. */
function checkBlocks(batch: SpanBatch, context: SpanContext, parent: L2BlockRef): BatchVerdict {
  const { config, l1Blocks, safeHead } = context
  let at = 0
  for (let index = 0; index < batch.blockCount; index++) {
    const timestamp = batch.timestamp(index)
    if (timestamp <= safeHead.timestamp) continue
    const epoch = batch.epochNumber(index)
    if (epoch < safeHead.l1Origin.number) return drop(`the L1 origin ${epoch} of a block is too old`)
    while (at < l1Blocks.length && l1Blocks[at]?.number !== epoch) at++
    const origin = l1Blocks[at]
    if (origin === undefined) return drop(`the L1 origin ${epoch} of a block is not known`)
    if (timestamp < origin.timestamp) return drop('a block is before its L1 origin')
    const before = index === 0 ? parent.l1Origin.number : batch.epochNumber(index - 1)
    const transactions = batch.transactions(index)
    const block = { timestamp, transactions, origin, advancesOrigin: epoch > before, nextOrigin: l1Blocks[at + 1] }
    const drift = checkDrift(config, block)
    if (drift.tag !== 'accept') return drift
    const content = checkTransactions(config, timestamp, transactions)
    if (content.tag !== 'accept') return content
  }
  return ACCEPT
}

/** Whether the blocks that are there already are those of the batch. */
async function checkOverlap(
  batch: SpanBatch,
  { safeHead, l2 }: SpanContext,
  parent: L2BlockRef,
  io: IoOptions,
): Promise<BatchVerdict> {
  for (let index = 0; index < Number(safeHead.number - parent.number); index++) {
    const number = parent.number + BigInt(index) + 1n
    const block = await l2.block(number, io)
    if (block === undefined) return undecided(`L2 block ${number} is not known`)
    const users = block.transactions.filter((raw) => raw[0] !== DEPOSIT_TYPE)
    const batched = batch.transactions(index)
    const same = users.length === batched.length && users.every((raw, at) => equalBytes(raw, batched.at(at) ?? raw))
    if (!same) return drop(`the transactions of block ${number} are others`)
    if (block.ref.l1Origin.number !== batch.epochNumber(index)) return drop(`block ${number} has another L1 origin`)
  }
  return ACCEPT
}

/**
 * Whether a span batch, as a whole, comes right after the safe head, or agrees with what is there: the rules before Holocene.
 * @throws what the source of L2 blocks throws
 * @see OP specs: Delta, "Span Batch Validity"
 */
export async function checkSpanBatch(batch: SpanBatch, context: SpanContext, io: IoOptions): Promise<BatchVerdict> {
  const { verdict, parent } = await checkPrefix(batch, context, io)
  if (verdict.tag !== 'accept' || parent === undefined) return verdict
  const blocks = checkBlocks(batch, context, parent)
  return blocks.tag === 'accept' ? checkOverlap(batch, context, parent, io) : blocks
}
