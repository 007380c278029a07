import type { Committer } from '../../builder/ports.ts'
import type { SealedBlocks } from '../../builder/sealed-blocks.ts'
import type { BuilderErrorCode, DeliverableBlock, ForkchoiceUpdate } from '../../builder/service.ts'
import type { Clock } from '../../primitives/clock.ts'
import { AppError, isAppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import { SerialQueue } from '../../primitives/serial-queue.ts'
import { type Payload, sealedPayload } from '../../protocol/payload.ts'

/** What this committer asks of op-node; `clients/op-node.ts` has it. */
export interface CommittingNode {
  commitBlock(payload: Payload, signature: Uint8Array, io: IoOptions): Promise<void>
  postUnsafePayload(payload: Payload, io: IoOptions): Promise<void>
  syncHeads(
    io: IoOptions,
  ): Promise<Readonly<Record<'unsafe' | 'safe' | 'finalized', { readonly hash: Hash; readonly number: bigint }>>>
}

/** What an {@link OpNodeCommitter} is made of. */
export interface OpNodeCommitterOptions {
  readonly node: CommittingNode
  /** The execution layer's head. */
  readonly head: (io: IoOptions) => Promise<Hash | undefined>
  readonly blocks: SealedBlocks
  readonly clock: Clock
}

/** op-node's error codes. */
const TEMPORARY = -40_100
const INVALID_BLOCK = -40_110
const METHOD_NOT_FOUND = -32_601
/** Between two looks at op-node's heads, in milliseconds. */
const POLL_MS = 20
/** How long op-node has to make a block its head, in milliseconds. */
const PATIENCE_MS = 10_000

/** op-node does not look at the signature of what it commits, and tells it to nobody. */
const NO_SIGNATURE = new Uint8Array(65)

function codeOf(error: unknown): unknown {
  return isAppError(error, 'RPC_ERROR') ? error.data?.code : undefined
}

function refused(hash: Hash, why: string, cause?: unknown): AppError<BuilderErrorCode> {
  const status = codeOf(cause) === INVALID_BLOCK ? 'INVALID' : 'ERROR'
  return new AppError('COMMIT_REFUSED', {
    message: `commit of ${hash} refused: ${why}`,
    data: { status, validationError: why, hash },
    cause,
  })
}

/**
 * Commits through op-node, so that op-node knows of the block from the first: `opstack_commitBlockV1`, or
 * `admin_postUnsafePayload` where op-node does not serve that. Commits go one after the other.
 */
export class OpNodeCommitter implements Committer {
  readonly #options: OpNodeCommitterOptions
  readonly #queue = new SerialQueue()

  constructor(options: OpNodeCommitterOptions) {
    this.#options = options
  }

  commit(block: DeliverableBlock, io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#commit(block, io))
  }

  async #commit(block: DeliverableBlock, io: IoOptions): Promise<void> {
    const { node, clock } = this.#options
    const deadline = clock.now() + PATIENCE_MS
    const parent = this.#options.blocks.get(block.header.parentHash)
    await this.#hand(block, io)
    for (let restored = false; ; ) {
      const [{ unsafe }, head] = await Promise.all([node.syncHeads(io), this.#options.head(io)])
      if (unsafe.hash === block.hash && head === block.hash) return
      if (clock.now() >= deadline) {
        throw refused(
          block.hash,
          `op-node's unsafe head is ${unsafe.hash}, the execution layer's head ${head ?? '(unknown)'}`,
        )
      }
      // An execution layer that lost its newest blocks answers that it is syncing, which op-node takes for a yes.
      if (!restored && parent !== undefined && clock.now() >= deadline - PATIENCE_MS / 2) {
        restored = true
        for (const ancestor of this.#options.blocks.lineage(block)) await this.#hand(ancestor, io)
        await this.#hand(block, io)
      }
      await clock.sleep(POLL_MS, io)
    }
  }

  async #hand(block: DeliverableBlock, io: IoOptions): Promise<void> {
    const payload = sealedPayload(block)
    try {
      await this.#options.node.commitBlock(payload, NO_SIGNATURE, io)
    } catch (error) {
      if (codeOf(error) === METHOD_NOT_FOUND) return this.#post(payload, io)
      if (codeOf(error) === TEMPORARY || !isAppError(error, 'RPC_ERROR')) throw error
      throw refused(block.hash, error.message, error)
    }
  }

  async #post(payload: Payload, io: IoOptions): Promise<void> {
    try {
      await this.#options.node.postUnsafePayload(payload, io)
    } catch (error) {
      if (!isAppError(error, 'RPC_ERROR')) throw error
      throw refused(payload.hash, error.message, error)
    }
  }

  setForkchoice(
    update: ForkchoiceUpdate,
    io: IoOptions,
  ): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }> {
    return this.#queue.run(async () => {
      const { head, safe, finalized } = update
      if (safe !== undefined || finalized !== undefined) {
        throw refused(safe ?? (finalized as Hash), 'safe and finalized are op-node’s (insert: op-node)')
      }
      if (head !== undefined) {
        const block = this.#options.blocks.get(head)
        if (block === undefined) throw refused(head, 'it was not sealed here')
        await this.#commit(block, io)
      }
      const now = await this.#options.node.syncHeads(io)
      return { head: now.unsafe.hash, safe: now.safe.hash, finalized: now.finalized.hash }
    })
  }
}
