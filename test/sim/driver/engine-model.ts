import type { EngineErrorCode, EngineStatus, ForkchoiceState, PayloadTicket } from '../../../src/engine/engine-api.ts'
import { AppError } from '../../../src/primitives/errors.ts'
import { type Hash, type Hex, hexToBytes, joinBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import type { PayloadAttributes } from '../../../src/protocol/attributes.ts'
import { hashHeader } from '../../../src/protocol/header.ts'
import type { Payload } from '../../../src/protocol/payload.ts'
import type { L2Block, L2Blocks } from './l2-blocks.ts'

/** How engines differ. */
export interface EngineStyle {
  /** Attributes of an invalid block are refused at once; else the block is made, and not taken. */
  readonly refusesAttributes: boolean
  /** An ancestor of the head becomes the head; else the head stays. */
  readonly rewinds: boolean
  /** A block whose parent is missing is ACCEPTED; else SYNCING. */
  readonly accepts: boolean
}

/** What is left of an engine that comes back. */
export interface EngineRestart {
  /** Blocks below the head that it goes back, at most to the finalized one. */
  readonly rollback: number
  /** Whether it still has the blocks above. */
  readonly keepsBlocks: boolean
  /** Whether `safe` is what it was; else it is the finalized block, as with geth. */
  readonly keepsSafe: boolean
}

type Label = 'latest' | 'safe' | 'finalized'

function refuse(code: number, message: string): never {
  throw new AppError<EngineErrorCode>('ENGINE_REFUSED', { message, data: { code }, severity: 'temporary' })
}

function answer(status: EngineStatus['status'], latestValidHash?: Hash, validationError?: string): EngineStatus {
  return { status, latestValidHash, validationError }
}

/** An execution layer that executes nothing: a block is valid or not by what it holds. Otherwise as op-geth. */
export class EngineModel {
  readonly #blocks: L2Blocks
  readonly #style: EngineStyle
  #known = new Map<Hash, L2Block>()
  /** Whose parents are missing. */
  readonly #remote = new Map<Hash, L2Block>()
  readonly #invalid = new Set<Hash>()
  readonly #jobs = new Map<Hex, L2Block>()
  #canonical: L2Block[]
  #safe: L2Block | undefined
  #finalized: L2Block | undefined
  /** What it would fetch from other nodes, if it could. */
  #target: L2Block | undefined

  constructor(blocks: L2Blocks, style: EngineStyle) {
    this.#blocks = blocks
    this.#style = style
    this.#known.set(blocks.genesis.ref.hash, blocks.genesis)
    this.#canonical = [blocks.genesis]
  }

  get head(): L2Block {
    return this.#canonical.at(-1) as L2Block
  }

  labelled(label: Label): L2Block | undefined {
    return { latest: this.head, safe: this.#safe, finalized: this.#finalized }[label]
  }

  byHash(hash: Hash): L2Block | undefined {
    return this.#known.get(hash)
  }

  byNumber(number: bigint): L2Block | undefined {
    return this.#canonical[Number(number)]
  }

  newPayload(payload: Payload): EngineStatus {
    const block = this.#blocks.get(payload.hash)
    if (block === undefined || hashHeader(payload.header) !== payload.hash) {
      return answer('INVALID', undefined, 'blockhash mismatch')
    }
    if (this.#known.has(payload.hash)) return answer('VALID', payload.hash)
    const { parentHash } = block.ref
    if (this.#invalid.has(parentHash) || this.#invalid.has(payload.hash)) {
      this.#invalid.add(payload.hash)
      return answer('INVALID', undefined, 'links to previously rejected block')
    }
    if (!this.#known.has(parentHash)) {
      this.#remote.set(payload.hash, block)
      return answer(this.#style.accepts ? 'ACCEPTED' : 'SYNCING')
    }
    return this.#execute(block)
  }

  #execute(block: L2Block): EngineStatus {
    const { hash, parentHash } = block.ref
    this.#remote.delete(hash)
    if (block.invalid !== undefined) {
      this.#invalid.add(hash)
      return answer('INVALID', parentHash, block.invalid)
    }
    this.#known.set(hash, block)
    return answer('VALID', hash)
  }

  forkchoiceUpdated(
    { head, safe, finalized }: ForkchoiceState,
    attributes: PayloadAttributes | undefined,
  ): { readonly status: EngineStatus; readonly ticket: PayloadTicket | undefined } {
    if (this.#invalid.has(head)) {
      return { status: answer('INVALID', undefined, 'links to previously rejected block'), ticket: undefined }
    }
    const block = this.#known.get(head)
    if (block === undefined) {
      this.#target = this.#remote.get(head) ?? this.#target
      return { status: answer('SYNCING'), ticket: undefined }
    }
    this.#target = undefined
    if (this.byNumber(block.ref.number) !== block || this.#style.rewinds) this.#setHead(block)
    // As op-geth, which has moved its head by now.
    const finalBlock = this.#label('finalized', finalized)
    if (finalBlock !== undefined) this.#finalized = finalBlock
    const safeBlock = this.#label('safe', safe)
    if (safeBlock !== undefined) this.#safe = safeBlock
    const ticket = attributes && this.#begin(block, attributes)
    return { status: answer('VALID', head), ticket }
  }

  #label(name: string, hash: Hash): L2Block | undefined {
    if (hash === ZERO_HASH) return undefined
    const block = this.#known.get(hash)
    if (block === undefined) return refuse(-38_002, `${name} block not available in database`)
    if (this.byNumber(block.ref.number) !== block) return refuse(-38_002, `${name} block not in canonical chain`)
    return block
  }

  #begin(parent: L2Block, attributes: PayloadAttributes): PayloadTicket {
    const { timestamp, transactions } = attributes
    if (timestamp <= parent.ref.timestamp) refuse(-38_003, 'invalid timestamp')
    const block = this.#blocks.build(parent, attributes)
    if (block.invalid !== undefined && this.#style.refusesAttributes) refuse(-38_003, block.invalid)
    const id = keccakHash(joinBytes([hexToBytes(block.ref.hash), ...transactions])).slice(0, 18) as Hex
    this.#jobs.set(id, block)
    return { id, timestamp }
  }

  getPayload({ id }: PayloadTicket): Payload {
    return this.#jobs.get(id)?.payload ?? refuse(-38_001, 'Unknown payload')
  }

  #setHead(head: L2Block): void {
    const branch: L2Block[] = []
    let block = head
    while (this.byNumber(block.ref.number) !== block) {
      branch.push(block)
      block = this.#known.get(block.ref.parentHash) as L2Block
    }
    this.#canonical.splice(Number(block.ref.number) + 1)
    this.#canonical.push(...branch.reverse())
  }

  /** Fetches what is missing below its target. @param network what other nodes would give @returns whether its head has changed */
  sync(network: (hash: Hash) => L2Block | undefined): boolean {
    const target = this.#target
    if (target === undefined) return false
    const missing: L2Block[] = []
    for (let block: L2Block | undefined = target; !this.#known.has(block.ref.hash); ) {
      missing.push(block)
      const parentHash: Hash = block.ref.parentHash
      block = this.#known.get(parentHash) ?? this.#remote.get(parentHash) ?? network(parentHash)
      if (block === undefined) return false
    }
    this.#target = undefined
    for (const block of missing.reverse()) {
      if (this.#execute(block).status !== 'VALID') {
        for (const { ref } of missing) if (!this.#known.has(ref.hash)) this.#invalid.add(ref.hash)
        return false
      }
    }
    this.#setHead(target)
    return true
  }

  /** Comes back after a crash. What it was building is gone. */
  restart({ rollback, keepsBlocks, keepsSafe }: EngineRestart): void {
    this.#jobs.clear()
    this.#remote.clear()
    this.#invalid.clear()
    this.#target = undefined
    const lowest = Number(this.#finalized?.ref.number ?? 0n)
    const height = Math.max(lowest, Number(this.head.ref.number) - rollback)
    this.#canonical.splice(height + 1)
    if (!keepsBlocks) this.#known = new Map([...this.#known].filter(([, { ref }]) => ref.number <= height))
    if (!keepsSafe || (this.#safe?.ref.number ?? 0n) > this.head.ref.number) this.#safe = this.#finalized
  }
}
