import type { Clock } from '../primitives/clock.ts'
import { isAppError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { recoverAddress } from '../primitives/secp256k1.ts'
import { blockSigningHash } from '../protocol/block-signature.ts'
import { payloadHeader } from '../protocol/execution-payload.ts'
import type { OpForks } from '../protocol/forks.ts'
import { hashHeader } from '../protocol/header.ts'
import type { Payload } from '../protocol/payload.ts'
import { type DecodedPayload, decodePayloadSsz } from '../protocol/payload-ssz-decode.ts'
import { type PayloadVersion, payloadHas } from '../protocol/payload-version.ts'
import { statedGossipLength, unpackGossip } from './gossip-data.ts'
import { SeenBlocks } from './seen-blocks.ts'

const SIGNATURE_SIZE = 65
/** A signature, and something that is signed. */
const MIN_GOSSIP_SIZE = SIGNATURE_SIZE + 1
/** Seconds that a block may be before the clock. */
const MAX_AHEAD = 5n

/** What becomes of a gossiped block. */
export type Verdict =
  | { readonly tag: 'accept'; readonly payload: Payload }
  /** `known`: the very block was valid before. */
  | { readonly tag: 'ignore' | 'known' | 'reject'; readonly reason: string }

/** Whose signatures count. */
export interface SignerSource {
  readonly current: Address | undefined
  readonly previous: Address | undefined
  confirm(): void
}

/** What validation goes by. */
export interface ValidationRules {
  readonly chainId: bigint
  readonly forks: OpForks
  readonly signer: SignerSource
  readonly clock: Pick<Clock, 'now'>
  /** Milliseconds that a block may be behind the clock; whole seconds count. */
  readonly maxAgeMs: number
}

const reject = (reason: string): Verdict => ({ tag: 'reject', reason })
const ignore = (reason: string): Verdict => ({ tag: 'ignore', reason })

/** The address behind a block's signature; undefined where there is none. */
function signerOf(chainId: bigint, signature: Uint8Array, encoded: Uint8Array): Address | undefined {
  try {
    const parity = signature[64] as number
    return recoverAddress(blockSigningHash(chainId, keccak256(encoded)), signature.subarray(0, 64), parity)
  } catch (error) {
    if (isAppError(error, 'SIGNATURE_INVALID')) return undefined
    throw error
  }
}

/**
 * Validates blocks of one topic as op-node does, rule by rule in its order. Nothing is awaited: while a block is looked at, no
 * more of a peer's bytes are taken.
 * @see https://specs.optimism.io/protocol/rollup-node-p2p.html#block-validation
 */
export class BlockValidator {
  readonly #version: PayloadVersion
  readonly #rules: ValidationRules
  readonly #seen = new SeenBlocks()

  constructor(version: PayloadVersion, rules: ValidationRules) {
    this.#version = version
    this.#rules = rules
  }

  /** @param data as gossiped: packed, the signature first */
  validate(data: Uint8Array): Verdict {
    let plain: Uint8Array
    try {
      if (statedGossipLength(data) < MIN_GOSSIP_SIZE) return reject('undersized')
      plain = unpackGossip(data)
    } catch (error) {
      if (isAppError(error, 'SNAPPY_INVALID')) return reject(error.message)
      throw error
    }
    const encoded = plain.subarray(SIGNATURE_SIZE)
    const refused = this.#signature(plain.subarray(0, SIGNATURE_SIZE), encoded)
    if (refused !== undefined) return refused
    let decoded: DecodedPayload
    try {
      decoded = decodePayloadSsz(encoded, this.#version)
    } catch (error) {
      if (isAppError(error, 'PAYLOAD_MALFORMED')) return reject(error.message)
      throw error
    }
    return this.#content(decoded)
  }

  #signature(signature: Uint8Array, encoded: Uint8Array): Verdict | undefined {
    const { signer, chainId } = this.#rules
    const { current } = signer
    if (current === undefined) return ignore('no unsafe block signer is known')
    const address = signerOf(chainId, signature, encoded)
    if (address === current) {
      signer.confirm()
      return undefined
    }
    return address !== undefined && address === signer.previous ? undefined : reject('invalid block signature')
  }

  /** That fields are there is the encoding's: one of this topic has all of them, and no others. */
  #content({ payload, parentBeaconBlockRoot }: DecodedPayload): Verdict {
    const { forks, clock, maxAgeMs } = this.#rules
    const { timestamp, blockHash, blockNumber } = payload
    const now = BigInt(Math.floor(clock.now() / 1000))
    if (timestamp < now - BigInt(Math.floor(maxAgeMs / 1000))) return reject('payload is too old')
    if (timestamp > now + MAX_AHEAD) return reject('payload is too new')
    const header = payloadHeader(payload, { parentBeaconBlockRoot })
    if (hashHeader(header) !== blockHash) return reject('payload has bad block hash')
    if (payload.withdrawals !== undefined && payload.withdrawals.length > 0) return reject('payload has withdrawals')
    if (payloadHas(this.#version, 'ecotone')) {
      if (!forks.isActive('jovian', timestamp) && payload.blobGasUsed !== 0n) return reject('payload uses blob gas')
      if (payload.excessBlobGas !== 0n) return reject('payload has excess blob gas')
    }
    switch (this.#seen.add(blockNumber, blockHash)) {
      case 'tooMany':
        return reject('seen too many different blocks at same height')
      case 'seen':
        return { tag: 'known', reason: 'validated already seen message again' }
      case 'new': {
        const { transactions, withdrawals } = payload
        const accepted = { hash: blockHash, header, transactions, ...(withdrawals !== undefined && { withdrawals }) }
        return { tag: 'accept', payload: accepted }
      }
    }
  }
}
