import type { Clock } from '../primitives/clock.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockSeal, ManagedEvent, ResetTarget, SafePair } from '../protocol/managed-mode.ts'
import type { OutputV0 } from '../protocol/output-root.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { ManagedNode, ManagedNodeErrorCode } from '../supervisor/ports.ts'
import { parseAnswer } from './answers.ts'
import type { ManagedLink } from './managed-link.ts'
import {
  anchorFromJson,
  blockIdToJson,
  blockRefToJson,
  CONFLICTING,
  errorCode,
  isGone,
  isNotFound,
  l2RefFromJson,
  NO_ANCHOR,
  NOT_THERE,
  outputFromJson,
  receiptsFromJson,
} from './managed-node-codec.ts'
import { PulledLink } from './pulled-link.ts'
import { SubscribedLink } from './subscribed-link.ts'

/** How to reach a managed node. */
export interface ManagedNodeOptions {
  /** A name for errors and logs: never a URL. */
  readonly name: string
  /** ws, wss: events are subscribed to; http, https: they are pulled. */
  readonly url: string
  /** 32 bytes. */
  readonly jwtSecret: Uint8Array
  readonly clock: Clock
  /** Milliseconds for a call, default 20 000. */
  readonly timeoutMs?: number
  /** Milliseconds between two attempts to pull an event where none was waiting, default 250. */
  readonly pollMs?: number
}

/** A chain id as op-node writes it. */
function chainIdFromJson(json: unknown): bigint | undefined {
  return typeof json === 'string' && /^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(json) ? BigInt(json) : undefined
}

/**
 * A rollup node in managed mode, over a network. There is a connection while somebody follows or calls; when it is lost the follower is
 * told, and the next call opens another one.
 */
export class ManagedNodeClient implements ManagedNode {
  readonly name: string
  readonly #link: ManagedLink

  constructor({ name, url, jwtSecret, clock, timeoutMs = 20_000, pollMs = 250 }: ManagedNodeOptions) {
    this.name = name
    const socket = /^wss?:/.test(url)
    this.#link = socket
      ? new SubscribedLink({ endpoint: name, url, jwtSecret, clock, timeoutMs })
      : new PulledLink({ endpoint: name, url, jwtSecret, clock, timeoutMs, pollMs })
  }

  async chainId(io: IoOptions): Promise<bigint> {
    const id = chainIdFromJson(await this.#call('interop_chainID', [], io))
    if (id === undefined) throw this.#gone('interop_chainID: not a chain id')
    return id
  }

  async follow(onEvent: (event: ManagedEvent) => Promise<void> | void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    try {
      await this.#link.follow(onEvent, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw this.#mapped(error)
    }
  }

  async updateCrossUnsafe(block: BlockId, io: IoOptions): Promise<void> {
    await this.#call('interop_updateCrossUnsafe', [blockIdToJson(block)], io)
  }

  async updateCrossSafe(derived: BlockId, source: BlockId, io: IoOptions): Promise<void> {
    await this.#call('interop_updateCrossSafe', [blockIdToJson(derived), blockIdToJson(source)], io)
  }

  async updateFinalized(block: BlockId, io: IoOptions): Promise<void> {
    await this.#call('interop_updateFinalized', [blockIdToJson(block)], io)
  }

  async invalidateBlock(block: BlockSeal, io: IoOptions): Promise<void> {
    await this.#call('interop_invalidateBlock', [{ ...blockIdToJson(block), timestamp: Number(block.timestamp) }], io)
  }

  async provideL1(block: L1BlockRef, io: IoOptions): Promise<void> {
    await this.#call('interop_provideL1', [blockRefToJson(block)], io)
  }

  async reset(target: ResetTarget, io: IoOptions): Promise<void> {
    const { localUnsafe, crossUnsafe, localSafe, crossSafe, finalized } = target
    const params = [localUnsafe, crossUnsafe, localSafe, crossSafe, finalized].map(blockIdToJson)
    await this.#call('interop_reset', params, io)
  }

  async resetPreInterop(io: IoOptions): Promise<void> {
    await this.#call('interop_resetPreInterop', [], io)
  }

  receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined> {
    return this.#found('interop_fetchReceipts', hash, io, receiptsFromJson)
  }

  refByNumber(number: bigint, io: IoOptions): Promise<L2BlockRef | undefined> {
    return this.#found('interop_l2BlockRefByNumber', Number(number), io, l2RefFromJson)
  }

  refByTimestamp(timestamp: bigint, io: IoOptions): Promise<L2BlockRef | undefined> {
    return this.#found('interop_l2BlockRefByTimestamp', Number(timestamp), io, l2RefFromJson)
  }

  outputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0> {
    return this.#parsed('interop_outputV0AtTimestamp', [Number(timestamp)], io, outputFromJson)
  }

  pendingOutputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0> {
    return this.#parsed('interop_pendingOutputV0AtTimestamp', [Number(timestamp)], io, outputFromJson)
  }

  anchorPoint(io: IoOptions): Promise<SafePair> {
    return this.#parsed('interop_anchorPoint', [], io, anchorFromJson)
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.#link.close()
  }

  /** Reads a block; undefined where the node does not know it. */
  async #found<T>(
    method: string,
    param: unknown,
    io: IoOptions,
    parse: (json: unknown) => T | undefined,
  ): Promise<T | undefined> {
    try {
      return await this.#parsed(method, [param], io, parse)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async #parsed<T>(method: string, params: readonly unknown[], io: IoOptions, parse: (json: unknown) => T): Promise<T> {
    const json = await this.#call(method, params, io)
    try {
      return parseAnswer(this.name, method, () => parse(json))
    } catch (error) {
      throw this.#mapped(error)
    }
  }

  async #call(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown> {
    try {
      return await this.#link.call(method, params, io)
    } catch (error) {
      io.signal?.throwIfAborted()
      throw this.#mapped(error)
    }
  }

  #mapped(error: unknown): unknown {
    const failed = (code: ManagedNodeErrorCode): AppError<ManagedNodeErrorCode> => {
      const data = isAppError(error) ? error.data : undefined
      return new AppError(code, { message: errorMessage(error), cause: error, ...(data && { data }) })
    }
    switch (errorCode(error)) {
      case NOT_THERE:
        return failed('MANAGED_TARGET_UNKNOWN')
      case CONFLICTING:
        return failed('MANAGED_TARGET_CONFLICTS')
      case NO_ANCHOR:
        return failed('MANAGED_NO_ANCHOR')
      default:
        return isGone(error) ? this.#gone(errorMessage(error), error) : error
    }
  }

  #gone(message: string, cause?: unknown): AppError<ManagedNodeErrorCode> {
    return new AppError('MANAGED_NODE_GONE', { message, severity: 'temporary', data: { node: this.name }, cause })
  }
}
