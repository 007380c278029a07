import type { Hash } from '../primitives/hex.ts'
import { bytesToHex, ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { envelopeToJson, type Payload } from '../protocol/payload.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { ChainHeads, ChainStatus } from '../sequencer/ports.ts'
import { parseAnswer } from './answers.ts'
import type { RpcTransport } from './transport.ts'

/** A block by hash and number. */
interface BlockRef {
  readonly hash: Hash
  readonly number: bigint
}

/** The heads that an op-node follows. */
export interface SyncHeads {
  readonly unsafe: BlockRef
  readonly safe: BlockRef
  readonly finalized: BlockRef
}

function blockRef(fields: JsonObject, key: string): BlockRef {
  const ref = fields.object(key)
  return { hash: ref.hash('hash'), number: ref.integer('number') }
}

/** op-node writes a block that it does not know as zeros. */
function l2BlockRef(fields: JsonObject, key: string): L2BlockRef | undefined {
  const ref = fields.object(key)
  const id = blockRef(fields, key)
  if (id.hash === ZERO_HASH) return undefined
  return {
    ...id,
    parentHash: ref.hash('parentHash'),
    timestamp: ref.integer('timestamp'),
    l1Origin: blockRef(ref, 'l1origin'),
    sequenceNumber: ref.integer('sequenceNumber'),
  }
}

function signedEnvelope(payload: Payload, signature: Uint8Array): object {
  return { envelope: envelopeToJson(payload), signature: bytesToHex(signature) }
}

/** op-node's sequencing interface (`--experimental.sequencer-api`). Errors are the transport's. */
export class OpNodeClient implements ChainStatus {
  readonly #transport: RpcTransport

  constructor(transport: RpcTransport) {
    this.#transport = transport
  }

  /** Has op-node make a block the unsafe head. It does not look at the signature. */
  async commitBlock(payload: Payload, signature: Uint8Array, { signal }: IoOptions): Promise<void> {
    await this.#call('opstack_commitBlockV1', [signedEnvelope(payload, signature)], signal)
  }

  /** Has op-node gossip a block. */
  async publishBlock(payload: Payload, signature: Uint8Array, { signal }: IoOptions): Promise<void> {
    await this.#call('opstack_publishBlockV1', [signedEnvelope(payload, signature)], signal)
  }

  /** Hands op-node a block that becomes its unsafe head when its turn has come: for op-nodes without the other interface. */
  async postUnsafePayload(payload: Payload, { signal }: IoOptions): Promise<void> {
    await this.#call('admin_postUnsafePayload', [envelopeToJson(payload)], signal)
  }

  /** @throws AppError RPC_UNAVAILABLE, RPC_ERROR, or that of an answer that is not one */
  async syncHeads({ signal }: IoOptions): Promise<SyncHeads> {
    const answer = await this.#call('optimism_syncStatus', [], signal)
    return parseAnswer(this.#transport.endpoint, 'optimism_syncStatus', () => {
      const fields = new JsonObject(answer)
      return {
        unsafe: blockRef(fields, 'unsafe_l2'),
        safe: blockRef(fields, 'safe_l2'),
        finalized: blockRef(fields, 'finalized_l2'),
      }
    })
  }

  /** What op-node has for its rollup.json. */
  rollupConfig({ signal }: IoOptions): Promise<unknown> {
    return this.#call('optimism_rollupConfig', [], signal)
  }

  /** Where its chain is; undefined before it has found out. @throws AppError as {@link syncHeads} */
  async read({ signal }: IoOptions): Promise<ChainHeads | undefined> {
    const answer = await this.#call('optimism_syncStatus', [], signal)
    return parseAnswer(this.#transport.endpoint, 'optimism_syncStatus', () => {
      const fields = new JsonObject(answer)
      const unsafe = l2BlockRef(fields, 'unsafe_l2')
      const headL1 = blockRef(fields, 'head_l1')
      if (unsafe === undefined || headL1.hash === ZERO_HASH) return undefined
      return {
        unsafe,
        safe: l2BlockRef(fields, 'safe_l2'),
        finalized: l2BlockRef(fields, 'finalized_l2'),
        currentL1: blockRef(fields, 'current_l1'),
        headL1,
      }
    })
  }

  #call(method: string, params: readonly unknown[], signal: AbortSignal | undefined): Promise<unknown> {
    // All of them can be said twice.
    return this.#transport.call(method, params, { idempotent: true, ...(signal && { signal }) })
  }
}
