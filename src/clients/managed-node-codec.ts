import { isAppError } from '../primitives/errors.ts'
import { JsonObject } from '../protocol/json-value.ts'
import type { ManagedEvent, SafePair } from '../protocol/managed-mode.ts'
import type { OutputV0 } from '../protocol/output-root.ts'
import type { Receipt } from '../protocol/receipt.ts'
import { receiptFromJson } from '../protocol/receipt-json.ts'
import type { BlockId, BlockRef, L2BlockRef } from '../protocol/refs.ts'
import { rpcErrorData } from './transport.ts'

// op-node's JSON of managed mode: numbers are numbers.

/** A block's number and hash. */
export function blockIdToJson({ hash, number }: BlockId): object {
  return { hash, number: Number(number) }
}

/** A block and its place. */
export function blockRefToJson({ hash, number, parentHash, timestamp }: BlockRef): object {
  return { hash, number: Number(number), parentHash, timestamp: Number(timestamp) }
}

function blockRef(json: JsonObject): BlockRef {
  return {
    hash: json.hash('hash'),
    number: json.integer('number'),
    parentHash: json.hash('parentHash'),
    timestamp: json.integer('timestamp'),
  }
}

function pair(json: JsonObject): SafePair {
  return { source: blockRef(json.object('source')), derived: blockRef(json.object('derived')) }
}

/** @throws AppError JSON_VALUE_INVALID */
export function l2RefFromJson(value: unknown): L2BlockRef {
  const json = new JsonObject(value)
  const origin = json.object('l1origin')
  return {
    ...blockRef(json),
    l1Origin: { hash: origin.hash('hash'), number: origin.integer('number') },
    sequenceNumber: json.integer('sequenceNumber'),
  }
}

/** @throws AppError JSON_VALUE_INVALID */
export function anchorFromJson(value: unknown): SafePair {
  return pair(new JsonObject(value))
}

/** A block's receipts; undefined where a node gives none. @throws AppError JSON_VALUE_INVALID */
export function receiptsFromJson(value: unknown): readonly Receipt[] | undefined {
  if (value === null) return undefined
  return new JsonObject({ receipts: value }).list('receipts').map((receipt) => receiptFromJson(receipt).receipt)
}

/** @throws AppError JSON_VALUE_INVALID */
export function outputFromJson(value: unknown): OutputV0 {
  const json = new JsonObject(value)
  return {
    stateRoot: json.hash('stateRoot'),
    messagePasserStorageRoot: json.hash('messagePasserStorageRoot'),
    blockHash: json.hash('blockHash'),
  }
}

/**
 * What a node tells at once, in the order in which it is to be applied; what is not known is passed over.
 * @throws AppError JSON_VALUE_INVALID
 */
export function eventsFromJson(value: unknown): readonly ManagedEvent[] {
  const json = new JsonObject(value)
  const events: ManagedEvent[] = []
  const object = (key: string): JsonObject => json.object(key)
  if (json.has('reset')) events.push({ tag: 'reset', reason: String((value as { reset: unknown }).reset) })
  const unsafe = json.optional('unsafeBlock', object)
  if (unsafe !== undefined) events.push({ tag: 'unsafe-block', block: blockRef(unsafe) })
  const derived = json.optional('derivationUpdate', object)
  const origin = json.optional('derivationOriginUpdate', object)
  if (derived !== undefined) {
    const told = origin && { origin: blockRef(origin) }
    events.push({ tag: 'derivation-update', pair: pair(derived), ...told })
  }
  const exhausted = json.optional('exhaustL1', object)
  if (exhausted !== undefined) events.push({ tag: 'exhausted', pair: pair(exhausted) })
  const replaced = json.optional('replaceBlock', object)
  if (replaced !== undefined) {
    const replacement = blockRef(replaced.object('replacement'))
    events.push({ tag: 'replaced', replaced: { replacement, invalidated: replaced.hash('invalidated') } })
  }
  return events
}

/** A block to go on from is not there, or, of a pulled event, none is waiting. */
export const NOT_THERE = -39001
/** The node has another block of that number. */
export const CONFLICTING = -39002
/** Messages were not active at genesis. */
export const NO_ANCHOR = -39003

/** The node's own number of an error; undefined where it did not answer with one. */
export function errorCode(error: unknown): number | undefined {
  return rpcErrorData(error)?.code
}

/** Whether a node says that it does not know a block. Go's nodes have no number for it. */
export function isNotFound(error: unknown): boolean {
  return /not found|unknown block/i.test(rpcErrorData(error)?.message ?? '')
}

/** Whether a node cannot be reached, or answers what makes no sense. */
export function isGone(error: unknown): boolean {
  return isAppError(error, 'RPC_UNAVAILABLE') || isAppError(error, 'JSON_VALUE_INVALID')
}
