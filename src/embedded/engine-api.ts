import type { PayloadBuilder } from '../builder/payload-builder.ts'
import type { SealedBlock } from '../builder/service.ts'
import { isAppError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { RequestedAttributes } from '../protocol/attributes.ts'
import type { BlobSidecar } from '../protocol/blob-sidecar.ts'
import { transactionsOf } from '../protocol/block.ts'
import { type ExecutionPayload, payloadHeader } from '../protocol/execution-payload.ts'
import { type Header, hashHeader } from '../protocol/header.ts'
import { type Payload, sealedPayload } from '../protocol/payload.ts'
import { decodeTransaction, type Transaction } from '../protocol/transaction.ts'
import type { ChainRules } from './chain-rules.ts'
import type { EmbeddedEngine, Forkchoice, PayloadStatus } from './engine.ts'
import type { EngineBlobs } from './engine-blobs.ts'
import { engineError } from './engine-errors.ts'
import type { EngineRules } from './engine-rules.ts'
import {
  checkAttributes,
  checkNewPayload,
  checkPayloadId,
  checkPayloadTime,
  type ForkchoiceVersion,
  type GetPayloadVersion,
  type NewPayloadContext,
  type NewPayloadVersion,
} from './engine-versions.ts'
import { type PayloadBody, payloadBodies, payloadBody } from './payload-bodies.ts'
import { PayloadBuilds } from './payload-builds.ts'
import { payloadId } from './payload-id.ts'

/** What `engine_forkchoiceUpdated` answers. */
export interface ForkchoiceAnswer {
  readonly payloadStatus: PayloadStatus
  /** 8 bytes; undefined where nothing is being built. */
  readonly payloadId: Uint8Array | undefined
}

/** A block that was built for somebody. */
export interface BuiltPayload {
  readonly payload: Payload
  /** What its transactions pay to the fee recipient, in wei. */
  readonly blockValue: bigint
  /** What goes with its blob transactions, in their order. */
  readonly sidecar: Omit<BlobSidecar, 'version'>
}

/** What the Engine API of an embedded chain stands on. */
export interface EngineApiParts {
  readonly engine: EmbeddedEngine
  readonly chainRules: ChainRules
  readonly rules: EngineRules
  readonly builder: Pick<PayloadBuilder<never>, 'start'>
  /** On L1. */
  readonly blobs: EngineBlobs | undefined
  /** Told which labels a client has set: they are its own from then on. */
  readonly onLabels: (labels: { readonly safe?: Hash; readonly finalized?: Hash }) => void
}

const NO_SIDECAR: BuiltPayload['sidecar'] = { blobs: [], commitments: [], proofs: [] }

/** Those that are there. */
function labelsOf({ safe = ZERO_HASH, finalized = ZERO_HASH }: Forkchoice): { safe?: Hash; finalized?: Hash } {
  return { ...(safe !== ZERO_HASH && { safe }), ...(finalized !== ZERO_HASH && { finalized }) }
}

function invalid(validationError: string | undefined): PayloadStatus {
  return { status: 'INVALID', latestValidHash: undefined, validationError }
}

function hashList(hashes: readonly Hash[]): string {
  return `[${hashes.join(' ')}]`
}

/** Why the blobs that a caller names are not those of the block. @see geth, beacon/engine ExecutableDataToBlock */
function versionedHashFault(transactions: readonly Transaction[], stated: readonly Hash[]): string | undefined {
  const hashes = transactions.flatMap((transaction) => (transaction.type === 3 ? transaction.blobVersionedHashes : []))
  if (hashes.length !== stated.length) {
    return `invalid number of versionedHashes: ${hashList(stated)} blobHashes: ${hashList(hashes)}`
  }
  const wrong = hashes.findIndex((hash, index) => hash !== stated[index])
  return wrong < 0
    ? undefined
    : `invalid versionedHash at ${wrong}: ${hashList(stated)} blobHashes: ${hashList(hashes)}`
}

/** The Engine API of a chain in this process, with geth's answers. @see execution-apis, src/engine */
export class EngineApi {
  readonly #parts: EngineApiParts
  /** On L1. */
  readonly blobs: EngineBlobs | undefined
  readonly #builds = new PayloadBuilds()

  constructor(parts: EngineApiParts) {
    this.#parts = parts
    this.blobs = parts.blobs
  }

  /** @throws AppError ENGINE_PARAMS_INVALID, FORK_UNSUPPORTED, STATE_UNAVAILABLE */
  async newPayload(
    version: NewPayloadVersion,
    payload: ExecutionPayload,
    context: NewPayloadContext,
    io: IoOptions,
  ): Promise<PayloadStatus> {
    const { engine, rules } = this.#parts
    checkNewPayload(rules, version, payload, context)
    const header = payloadHeader(payload, context)
    const foreign = this.#foreign(payload, header)
    if (foreign !== undefined) return invalid(foreign)
    const transactions: Transaction[] = []
    for (const [index, raw] of payload.transactions.entries()) {
      try {
        transactions.push(decodeTransaction(raw, engine.decoding))
      } catch (error) {
        if (!isAppError(error)) throw error
        return invalid(`invalid transaction ${index}: ${error.message}`)
      }
    }
    const { withdrawals, blockHash } = payload
    const fault =
      versionedHashFault(transactions, context.versionedHashes ?? []) ?? rules.contextFault(payload, context)
    if (fault !== undefined) return invalid(fault)
    const hash = hashHeader(header)
    if (hash !== blockHash) return invalid(`blockhash mismatch, want ${blockHash.slice(2)}, got ${hash.slice(2)}`)
    return engine.newBlock({ hash, header, transactions, ...(withdrawals !== undefined && { withdrawals }) }, io)
  }

  /** Why a payload is not one of this chain's. */
  #foreign(payload: ExecutionPayload, header: Header): string | undefined {
    const { chainRules, rules } = this.#parts
    const { blockHash: hash, withdrawals } = payload
    const block = { hash, header, transactions: [], ...(withdrawals !== undefined && { withdrawals }) }
    return chainRules.payloadFault(block) ?? rules.payloadFault(payload)
  }

  /**
   * Sets head and labels; with attributes, begins a block on the head.
   * @throws AppError FORKCHOICE_INVALID, ATTRIBUTES_INVALID, FORK_UNSUPPORTED, ENGINE_PARAMS_INVALID
   */
  async forkchoiceUpdated(
    version: ForkchoiceVersion,
    forkchoice: Forkchoice,
    requested: RequestedAttributes | undefined,
    io: IoOptions,
  ): Promise<ForkchoiceAnswer> {
    const { engine, chainRules, rules, builder } = this.#parts
    const { head } = forkchoice
    if (requested !== undefined) {
      checkAttributes(rules, version, requested)
      const fault = head === ZERO_HASH ? undefined : rules.attributesFault(requested)
      if (fault !== undefined) throw engineError('ATTRIBUTES_INVALID', fault)
    }
    const payloadStatus = await this.#setForkchoice(forkchoice, io)
    const ignored = engine.chain.labels.head !== head && !chainRules.ancestorHeads
    if (payloadStatus.status !== 'VALID' || requested === undefined || ignored) {
      return { payloadStatus, payloadId: undefined }
    }
    const attributes = rules.accepted(requested)
    const id = payloadId(head, attributes, version)
    try {
      // Others may ask for the same block: it is begun for all of them, so without a signal.
      await this.#builds.begin(id, () => builder.start(head, attributes, {}))
    } catch (error) {
      // That a state could not be read now says nothing of the attributes.
      const fault = isAppError(error) && error.severity === 'invalid'
      throw fault ? engineError('ATTRIBUTES_INVALID', error.message, error) : error
    }
    return { payloadStatus, payloadId: id }
  }

  async #setForkchoice(forkchoice: Forkchoice, io: IoOptions): Promise<PayloadStatus> {
    try {
      const status = await this.#parts.engine.forkchoiceUpdated(forkchoice, io)
      if (status.status === 'VALID') this.#parts.onLabels(labelsOf(forkchoice))
      return status
    } catch (error) {
      if (isAppError(error, 'FORKCHOICE_INVALID')) throw engineError('FORKCHOICE_INVALID', error.message, error)
      throw error
    }
  }

  /** @throws AppError PAYLOAD_UNKNOWN, FORK_UNSUPPORTED, BLOCK_INVALID, STATE_UNAVAILABLE */
  async getPayload(version: GetPayloadVersion, id: Uint8Array): Promise<BuiltPayload> {
    const { rules, blobs } = this.#parts
    checkPayloadId(version, id)
    const build = await this.#builds.get(id)
    if (build === undefined) throw engineError('PAYLOAD_UNKNOWN')
    const block = await build.finish()
    checkPayloadTime(rules, version, block.header.timestamp)
    const sidecar = await blobs?.sidecar(block.header.timestamp, transactionsOf(block))
    return { payload: sealedPayload(block), blockValue: tips(block), sidecar: sidecar ?? NO_SIDECAR }
  }

  /** The bodies of blocks; undefined for one that is not stored. */
  bodiesByHash(hashes: readonly Hash[]): readonly (PayloadBody | undefined)[] {
    return hashes.map((hash) => payloadBody(this.#parts.engine.chain, hash))
  }

  /** The bodies of canonical blocks up to the head. @throws AppError ENGINE_PARAMS_INVALID, REQUEST_TOO_LARGE */
  bodiesByRange(start: bigint, count: bigint): readonly (PayloadBody | undefined)[] {
    return payloadBodies(this.#parts.engine.chain, start, count)
  }

  /** Ends what is being built. */
  close(): void {
    this.#builds.stop()
  }
}

function tips({ header, transactions }: SealedBlock): bigint {
  const baseFee = header.baseFeePerGas ?? 0n
  return transactions.reduce(
    (sum, { transaction, gasUsed, effectiveGasPrice }) =>
      transaction.type === 0x7e ? sum : sum + gasUsed * (effectiveGasPrice - baseFee),
    0n,
  )
}
