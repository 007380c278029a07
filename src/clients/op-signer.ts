import { readFile, stat } from 'node:fs/promises'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import { type Address, bytesToHex, hexToBytes, isData, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { recoverAddress } from '../primitives/secp256k1.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import { BLOCK_SIGNING_DOMAIN, blockSigningHash } from '../protocol/block-signature.ts'
import { RpcTransport, rpcErrorData, type TlsIdentity } from './transport.ts'

/** Codes of signing (temporary): the signer does not answer, refuses, or signs as somebody else. */
export type SignerErrorCode = 'SIGNING_FAILED'

/** How to reach a remote signer. */
export interface OpSignerOptions {
  /** A name for errors and metrics. */
  readonly name: string
  readonly endpoint: string
  /** The key's. */
  readonly address: Address
  readonly chainId: bigint
  readonly headers?: Readonly<Record<string, string>>
  /** Absolute paths of PEM files; read anew when one has changed. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
}

/** Signing is on the way of every block: a signer that is slower than this is none. */
const TIMEOUT_MS = 3_000
const METHOD_NOT_FOUND = -32_601

/** A connection, and the state of the TLS files that it was made with. */
interface Connection {
  readonly transport: RpcTransport
  readonly version: string
}

/**
 * Signs with op-signer: `opsigner_signBlockPayloadV2`, or the first version where the service knows no other. What it answers
 * is checked: the signature must be of the configured address.
 */
export class OpSigner {
  readonly address: Address
  readonly #options: OpSignerOptions
  /** One block at a time: nothing is under way when the connection is replaced. */
  readonly #queue = new SerialQueue()
  #connection: Connection | undefined
  #method: 'opsigner_signBlockPayloadV2' | 'opsigner_signBlockPayload' = 'opsigner_signBlockPayloadV2'
  #closed = false

  constructor(options: OpSignerOptions) {
    this.#options = options
    this.address = options.address
  }

  /**
   * Signs a block.
   * @param payloadHash of its SSZ encoding, 32 bytes
   * @returns r ‖ s ‖ y parity, 65 bytes
   * @throws AppError SIGNING_FAILED
   */
  sign(payloadHash: Uint8Array, { signal }: IoOptions): Promise<Uint8Array> {
    return this.#queue.run(async () => {
      signal?.throwIfAborted()
      let answer: unknown
      try {
        answer = await this.#ask(await this.#connect(), payloadHash, { ...(signal && { signal }) })
      } catch (error) {
        signal?.throwIfAborted()
        throw failed(errorMessage(error), error)
      }
      if (!isData(answer, 65)) throw failed('the answer is no signature of 65 bytes')
      const signature = hexToBytes(answer)
      const signer = this.#signerOf(payloadHash, signature)
      if (signer !== this.address) throw failed(`the signature is of ${signer ?? 'nobody'}, not of ${this.address}`)
      return signature
    })
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#connection?.transport.close()
  }

  async #ask(transport: RpcTransport, payloadHash: Uint8Array, io: IoOptions): Promise<unknown> {
    const options = { ...io, idempotent: true }
    if (this.#method === 'opsigner_signBlockPayloadV2') {
      try {
        return await transport.call(this.#method, [this.#arguments(payloadHash)], options)
      } catch (error) {
        if (rpcErrorData(error)?.code !== METHOD_NOT_FOUND) throw error
        this.#method = 'opsigner_signBlockPayload'
      }
    }
    return transport.call(this.#method, [this.#firstArguments(payloadHash)], options)
  }

  #arguments(payloadHash: Uint8Array): object {
    return {
      domain: BLOCK_SIGNING_DOMAIN,
      chainId: toQuantity(this.#options.chainId),
      payloadHash: bytesToHex(payloadHash),
      senderAddress: this.address,
    }
  }

  /** As Go's JSON has byte arrays, byte slices and integers. */
  #firstArguments(payloadHash: Uint8Array): object {
    return {
      domain: [...hexToBytes(BLOCK_SIGNING_DOMAIN)],
      chainId: Number(this.#options.chainId),
      payloadHash: Buffer.from(payloadHash).toString('base64'),
      senderAddress: this.address,
    }
  }

  #signerOf(payloadHash: Uint8Array, signature: Uint8Array): Address | undefined {
    const hash = blockSigningHash(this.#options.chainId, payloadHash)
    const parity = signature[64] as number
    if (parity > 1) return undefined
    try {
      return recoverAddress(hash, signature.subarray(0, 64), parity)
    } catch (error) {
      if (!isAppError(error, 'SIGNATURE_INVALID')) throw error
      return undefined
    }
  }

  /** The connection with the TLS files of now. */
  async #connect(): Promise<RpcTransport> {
    if (this.#closed) throw failed('the signer is closed')
    const version = await this.#tlsVersion()
    const before = this.#connection
    if (before?.version === version) return before.transport
    const connection = { transport: await this.#open(), version }
    this.#connection = connection
    await before?.transport.close()
    return connection.transport
  }

  async #open(): Promise<RpcTransport> {
    const { name, endpoint: url, headers, tls } = this.#options
    const read = async (path: string | undefined): Promise<string | undefined> =>
      path === undefined ? undefined : await readFile(path, 'utf8')
    const [ca, cert, key] = await Promise.all([read(tls?.ca), read(tls?.cert), read(tls?.key)])
    const identity: TlsIdentity = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
    return new RpcTransport({
      endpoint: name,
      url,
      timeoutMs: TIMEOUT_MS,
      ...(headers && { headers }),
      ...(tls && { tls: identity }),
    })
  }

  async #tlsVersion(): Promise<string> {
    const { ca, cert, key } = this.#options.tls ?? {}
    const paths = [ca, cert, key].filter((path) => path !== undefined)
    const stats = await Promise.all(paths.map((path) => stat(path)))
    return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs}:${size}:${ino}`).join()
  }
}

function failed(why: string, cause?: unknown): AppError<SignerErrorCode> {
  return new AppError('SIGNING_FAILED', { message: `signing failed: ${why}`, severity: 'temporary', cause })
}
