import { isAppError } from '../../../src/primitives/errors.ts'
import { bigIntToPadded, bytesToHex, concatBytes, type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import { encodeSingularBatch } from '../../../src/protocol/batch.ts'
import { cutFrames, encodeChannel } from '../../../src/protocol/channel-data.ts'
import { encodeFrames, type Frame } from '../../../src/protocol/frame.ts'
import { encodeSpanBatch } from '../../../src/protocol/span-batch.ts'
import type { BatcherTransaction } from './l1-model.ts'
import type { L2Block } from './l2-blocks.ts'
import { Random } from './random.ts'
import { type SequencerModel, userTransaction } from './sequencer-model.ts'

/** What a batcher may do wrong. */
export const BATCH_FAULTS = [
  'invalid-transaction',
  'deposit',
  'wrong-parent',
  'wrong-origin',
  'wrong-time',
  'missing-block',
  'swapped-blocks',
  'truncated',
  'corrupted',
  'missing-frame',
  'shuffled-frames',
  'repeated-frames',
  'garbage',
  'foreign-sender',
  'rewritten',
  'rewritten-then-invalid',
] as const

/** A channel that goes to L1. */
export interface Submission {
  /** Blocks that are submitted, beginning after those that were before. */
  readonly blocks: number
  /** Blocks that are submitted once more. */
  readonly overlap: number
  /** Begins after the safe head, whatever was submitted. */
  readonly resync: boolean
  readonly span: boolean
  /** Bytes of data. */
  readonly frameSize: number
  /** Frames of a transaction. */
  readonly together: number
  readonly fault: (typeof BATCH_FAULTS)[number] | undefined
}

/** A block as it is to be batched. */
interface Entry {
  readonly parentHash: Hash
  readonly timestamp: bigint
  readonly l1Origin: { readonly number: bigint; readonly hash: Hash }
  readonly advancesOrigin: boolean
  readonly transactions: readonly Uint8Array[]
}

function entryOf(block: L2Block): Entry {
  const { parentHash, timestamp, l1Origin, sequenceNumber } = block.ref
  const transactions = block.payload.transactions.filter((raw) => raw[0] !== 0x7e)
  return { parentHash, timestamp, l1Origin, advancesOrigin: sequenceNumber === 0n, transactions }
}

/** Puts the sequencer's blocks into channels: rightly, or not. */
export class BatcherModel {
  readonly #sequencer: SequencerModel
  readonly #seed: number
  /** The last block that was submitted. */
  #submitted: L2Block
  #channels = 0

  constructor(sequencer: SequencerModel, seed: number, genesis: L2Block) {
    this.#sequencer = sequencer
    this.#seed = seed
    this.#submitted = genesis
  }

  /** Makes transactions of the next channel; none where there is no block. */
  submit(plan: Submission, safeHead: L2Block, spanBatches: boolean): BatcherTransaction[] {
    const { chain } = this.#sequencer
    const random = new Random(this.#seed, 'batch', this.#channels)
    if (plan.resync || !this.#sequencer.has(this.#submitted)) this.#submitted = safeHead
    const from = Math.max(1, Number(this.#submitted.ref.number) + 1 - plan.overlap)
    const blocks = chain.slice(from, Number(this.#submitted.ref.number) + 1 + plan.blocks)
    const last = blocks.at(-1)
    if (last === undefined || !this.#sequencer.has(safeHead)) return []
    this.#submitted = last
    const entries = this.#tamperEntries(blocks.map(entryOf), plan.fault, random)
    // A span batch has no place for a deposit.
    const span = plan.span && spanBatches && plan.fault !== 'deposit'
    const batches = this.#batches(entries, span)
    const data = this.#tamperBytes(encodeChannel(batches), plan.fault, random)
    const id = bytesToHex(bigIntToPadded(BigInt(this.#channels++), 16))
    const frames = this.#tamperFrames(cutFrames(id, data, plan.frameSize), plan.fault, random)
    return Array.from({ length: Math.ceil(frames.length / plan.together) }, (_, at) => ({
      data:
        plan.fault === 'garbage' && at === 0
          ? garbage(random)
          : encodeFrames(frames.slice(at * plan.together, (at + 1) * plan.together)),
      foreign: plan.fault === 'foreign-sender',
    }))
  }

  #batches(entries: readonly Entry[], span: boolean): Uint8Array[] {
    try {
      if (span) return [this.#span(entries)]
    } catch (error) {
      // A flipped bit may have put a transaction into the chain, in a batch of one block, that a span has no place for.
      if (!isAppError(error)) throw error
    }
    return entries.map((entry) => this.#singular(entry))
  }

  #singular({ parentHash, timestamp, l1Origin, transactions }: Entry): Uint8Array {
    const epoch = { epochNumber: l1Origin.number, epochHash: l1Origin.hash }
    return encodeSingularBatch({ type: 'singular', parentHash, timestamp, ...epoch, transactions })
  }

  #span(entries: readonly Entry[]): Uint8Array {
    const { parentHash, advancesOrigin } = entries[0] as Entry
    const encoded = encodeSpanBatch(
      entries,
      { parentHash, advancesOrigin },
      { blockTime: 2n, l2ChainId: 901n, genesis: { l2Time: this.#sequencer.chain[0]?.ref.timestamp ?? 0n } },
    )
    return concatBytes(Uint8Array.of(1), encoded)
  }

  #tamperEntries(entries: Entry[], fault: Submission['fault'], random: Random): Entry[] {
    const at = random.below(entries.length)
    const entry = entries[at] as Entry
    const change = (fields: Partial<Entry>): Entry[] => entries.with(at, { ...entry, ...fields })
    const nonce = random.below(1_000_000)
    switch (fault) {
      case 'invalid-transaction':
        return change({ transactions: [...entry.transactions, userTransaction(nonce, true)] })
      case 'rewritten':
        return change({ transactions: [userTransaction(nonce)] })
      case 'rewritten-then-invalid': {
        // In a span that replaces blocks, and is found to be invalid when some of them are replaced.
        const behind = entries[random.below(at + 1)] as Entry
        if (behind === entry) return entries
        const invalid = change({ transactions: [...entry.transactions, userTransaction(nonce, true)] })
        return invalid.with(entries.indexOf(behind), { ...behind, transactions: [userTransaction(nonce)] })
      }
      case 'deposit':
        return change({ transactions: [...entry.transactions, Uint8Array.of(0x7e, 0xc0)] })
      case 'wrong-parent':
        return change({ parentHash: keccakHash(Uint8Array.of(at)) })
      case 'wrong-origin':
        return change({ l1Origin: { number: entry.l1Origin.number + 1n, hash: ZERO_HASH } })
      case 'wrong-time':
        return change({ timestamp: entry.timestamp + BigInt(random.between(1, 5)) })
      case 'missing-block':
        return entries.length > 1 ? entries.toSpliced(at, 1) : entries
      case 'swapped-blocks':
        return entries.length > 1 ? [...entries.slice(1), entries[0] as Entry] : entries
      default:
        return entries
    }
  }

  #tamperBytes(data: Uint8Array, fault: Submission['fault'], random: Random): Uint8Array {
    if (fault === 'truncated') return data.slice(0, random.between(1, data.length))
    if (fault !== 'corrupted') return data
    const at = random.below(data.length)
    return data.with(at, (data[at] as number) ^ (1 << random.below(8)))
  }

  #tamperFrames(frames: Frame[], fault: Submission['fault'], random: Random): Frame[] {
    const at = random.below(frames.length)
    switch (fault) {
      case 'missing-frame':
        return frames.length > 1 ? frames.toSpliced(at, 1) : frames
      case 'shuffled-frames':
        return frames
          .map((frame) => [random.next(), frame] as const)
          .sort(([a], [b]) => a - b)
          .map(([, frame]) => frame)
      case 'repeated-frames':
        return frames.flatMap((frame, index) => (index === at ? [frame, frame] : [frame]))
      default:
        return frames
    }
  }
}

function garbage(random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: random.between(1, 80) }, () => random.below(256))
  // Every other one begins as batcher data does.
  return random.chance(0.5) ? concatBytes(Uint8Array.of(0), bytes) : bytes
}
