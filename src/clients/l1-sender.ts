import type { BatcherErrorCode, L1Sender, TransactionPlace } from '../batcher/ports.ts'
import { AppError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { hashedHeaderFromJson } from '../protocol/block-json.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { blockRef, type L1BlockRef } from '../protocol/refs.ts'
import { parseAnswer } from './answers.ts'
import { type RpcCaller, rpcErrorData } from './transport.ts'

/** Sends transactions to an L1 node, and asks what has become of them. */
export class L1SenderClient implements L1Sender {
  readonly #caller: RpcCaller

  constructor(caller: RpcCaller) {
    this.#caller = caller
  }

  #read(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown> {
    return this.#caller.call(method, params, { ...io, idempotent: true })
  }

  #parse<T>(method: string, parse: () => T): T {
    return parseAnswer(this.#caller.endpoint, method, parse)
  }

  async #header(io: IoOptions): Promise<ReturnType<typeof hashedHeaderFromJson>> {
    const method = 'eth_getBlockByNumber'
    const json = await this.#read(method, ['latest', false], io)
    return this.#parse(method, () => hashedHeaderFromJson(json))
  }

  async head(io: IoOptions): Promise<L1BlockRef> {
    return blockRef(await this.#header(io))
  }

  async fees(io: IoOptions): Promise<{ readonly baseFee: bigint; readonly blobBaseFee: bigint | undefined }> {
    const { header } = await this.#header(io)
    const baseFee = header.baseFeePerGas ?? 0n
    if (header.excessBlobGas === undefined) return { baseFee, blobBaseFee: undefined }
    const method = 'eth_blobBaseFee'
    const json = await this.#read(method, [], io)
    return {
      baseFee,
      blobBaseFee: this.#parse(method, () => new JsonObject({ blobBaseFee: json }).uint('blobBaseFee')),
    }
  }

  async nonces(account: Address, io: IoOptions): Promise<{ readonly latest: bigint; readonly pending: bigint }> {
    const method = 'eth_getTransactionCount'
    const [latest, pending] = await Promise.all(
      ['latest', 'pending'].map((label) => this.#read(method, [account, label], io)),
    )
    const counts = new JsonObject({ latest, pending })
    return this.#parse(method, () => ({ latest: counts.uint('latest', 64), pending: counts.uint('pending', 64) }))
  }

  /** @throws AppError BATCH_REFUSED in the node's words */
  async send(raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const method = 'eth_sendRawTransaction'
    try {
      // Twice does no harm: the node says that it has it.
      const json = await this.#read(method, [bytesToHex(raw)], io)
      return this.#parse(method, () => new JsonObject({ hash: json }).hash('hash'))
    } catch (error) {
      const refusal = rpcErrorData(error)
      if (refusal === undefined) throw error
      throw new AppError<BatcherErrorCode>('BATCH_REFUSED', { message: refusal.message, cause: error })
    }
  }

  async place(hash: Hash, io: IoOptions): Promise<TransactionPlace> {
    const method = 'eth_getTransactionByHash'
    const json = await this.#read(method, [hash], io)
    if (json === null) return { tag: 'unknown' }
    return this.#parse(method, () => {
      const fields = new JsonObject(json)
      if (!fields.has('blockHash')) return { tag: 'pending' }
      return { tag: 'block', block: { hash: fields.hash('blockHash'), number: fields.uint('blockNumber', 64) } }
    })
  }
}
