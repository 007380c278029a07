import type { Hash } from '../primitives/hex.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { engineVersions, l1EngineVersions, PLAIN_FORKCHOICE_UPDATED } from '../protocol/engine-versions.ts'
import type { OpForks } from '../protocol/forks.ts'
import { JsonObject } from '../protocol/json-value.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { newPayloadParams, type Payload, payloadToJson } from '../protocol/payload.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { RpcCall, RpcOutcome, RpcTransport } from './transport.ts'

/** What an engine says of a payload or a head. */
export interface PayloadStatus {
  readonly status: string
  readonly latestValidHash: Hash | undefined
  readonly validationError: string | undefined
}

/** Forkchoice to set; what is left out stays as it is. */
export interface Forkchoice {
  readonly head: Hash
  readonly safe?: Hash | undefined
  readonly finalized?: Hash | undefined
}

/** What became of a block that was handed over to become the head. */
export interface InsertOutcome {
  readonly payload: PayloadStatus
  readonly forkchoice: PayloadStatus
  /** The node's head after that; undefined when it could not be read. */
  readonly head: Hash | undefined
  /** Outcomes of the calls that rode along. */
  readonly along: readonly RpcOutcome[]
}

/** A forkchoice as the Engine API takes it. */
export function forkchoiceState({ head, safe, finalized }: Forkchoice): object {
  // geth leaves a label alone that is given as zeros.
  return { headBlockHash: head, safeBlockHash: safe ?? ZERO_HASH, finalizedBlockHash: finalized ?? ZERO_HASH }
}

/** The call that hands over a block, in the version that its fork asks for. */
export type NewPayload = (payload: Payload) => RpcCall

/** {@link NewPayload} of an OP-Stack chain. */
export function opNewPayload(forks: OpForks): NewPayload {
  return (payload) => {
    const { newPayload } = engineVersions(forks, payload.header.timestamp)
    const params: unknown[] = [payloadToJson(payload, true)]
    if (newPayload !== 'engine_newPayloadV2') params.push([], payload.header.parentBeaconBlockRoot)
    if (newPayload === 'engine_newPayloadV4') params.push([])
    return { method: newPayload, params }
  }
}

/** {@link NewPayload} of an L1. */
export function l1NewPayload(config: L1ChainConfig): NewPayload {
  return (payload) => ({
    method: l1EngineVersions(config, payload.header.timestamp).newPayload,
    params: newPayloadParams(payload, false, payload.executionRequests),
  })
}

/** Reads what an engine says of a payload or a head. @throws AppError RPC_UNAVAILABLE */
export function payloadStatus(endpoint: string, method: string, value: unknown): PayloadStatus {
  return parseAnswer(endpoint, method, () => {
    const json = new JsonObject(value)
    const { status, validationError } = value as { status?: unknown; validationError?: unknown }
    return {
      status: String(status),
      latestValidHash: json.optional('latestValidHash', (key) => json.hash(key)),
      validationError: typeof validationError === 'string' ? validationError : undefined,
    }
  })
}

/** An execution layer's Engine API. */
export class EngineClient {
  readonly #transport: RpcTransport
  readonly #newPayloadCall: NewPayload

  constructor(transport: RpcTransport, newPayload: NewPayload) {
    this.#transport = transport
    this.#newPayloadCall = newPayload
  }

  #status(method: string, value: unknown): PayloadStatus {
    return payloadStatus(this.#transport.endpoint, method, value)
  }

  /** Hands a block over without making it the head. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async newPayload(payload: Payload, io: IoOptions): Promise<PayloadStatus> {
    const { method, params } = this.#newPayloadCall(payload)
    return this.#status(method, await this.#transport.call(method, params, { ...io, idempotent: true }))
  }

  /**
   * The state root that the node computes for a block whose own is wrong; undefined when it finds something else wrong first.
   * The node keeps nothing of such a block but its hash.
   * @throws AppError RPC_UNAVAILABLE, RPC_ERROR
   */
  async rootOf(payload: Payload, io: IoOptions): Promise<Hash | undefined> {
    const { validationError } = await this.newPayload(payload, io)
    const local = /^invalid merkle root \(remote: [0-9a-f]{64} local: ([0-9a-f]{64})\)/.exec(validationError ?? '')?.[1]
    return local === undefined ? undefined : `0x${local}`
  }

  /** Sets the forkchoice. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async forkchoiceUpdated(forkchoice: Forkchoice, io: IoOptions): Promise<PayloadStatus> {
    const answer = await this.#transport.call(PLAIN_FORKCHOICE_UPDATED, [forkchoiceState(forkchoice), null], {
      ...io,
      idempotent: true,
    })
    return this.#forkchoiceStatus(answer)
  }

  #forkchoiceStatus(value: unknown): PayloadStatus {
    return this.#status(PLAIN_FORKCHOICE_UPDATED, (value as { payloadStatus?: unknown } | null)?.payloadStatus)
  }

  /**
   * Hands a block over and makes it the head, in one round trip unless the block is huge: the node serves a batch in order.
   * @param along calls to be served after that, on the way
   * @throws AppError RPC_UNAVAILABLE, RPC_ERROR
   */
  async insert(
    payload: Payload,
    labels: Omit<Forkchoice, 'head'>,
    along: readonly RpcCall[],
    io: IoOptions,
  ): Promise<InsertOutcome> {
    const calls: RpcCall[] = [
      this.#newPayloadCall(payload),
      { method: PLAIN_FORKCHOICE_UPDATED, params: [forkchoiceState({ head: payload.hash, ...labels }), null] },
      { method: 'eth_getBlockByNumber', params: ['latest', false] },
    ]
    const outcomes = await this.#transport.batch([...calls, ...along], { ...io, idempotent: true, ordered: true })
    const [status, forkchoice] = outcomes
    const head = outcomes[2]?.ok === true ? (outcomes[2].value as { hash?: Hash } | null)?.hash : undefined
    return {
      payload: this.#status((calls[0] as RpcCall).method, outcomeValue(status)),
      forkchoice: this.#forkchoiceStatus(outcomeValue(forkchoice)),
      head,
      along: outcomes.slice(calls.length),
    }
  }

  /** Head, safe and finalized as the node has them; a label that is not set yet is the zero hash. */
  async labels(io: IoOptions): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }> {
    const tags = ['latest', 'safe', 'finalized']
    const calls = tags.map((tag) => ({ method: 'eth_getBlockByNumber', params: [tag, false] }))
    const outcomes = await this.#transport.batch(calls, { ...io, idempotent: true })
    // Before it is set, geth answers a label with an error.
    const hashes = outcomes.map((outcome) => (outcome.ok ? (outcome.value as { hash?: Hash } | null)?.hash : undefined))
    return { head: hashes[0] ?? ZERO_HASH, safe: hashes[1] ?? ZERO_HASH, finalized: hashes[2] ?? ZERO_HASH }
  }
}
