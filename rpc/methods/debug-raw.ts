import { z } from 'zod'
import type { LookupErrorCode } from '../../src/embedded/block-lookup.ts'
import type { ReadErrorCode } from '../../src/embedded/read-errors.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, hexToBytes, isData } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import { type Block, encodeBlock } from '../../src/protocol/block.ts'
import type { BlockId } from '../../src/protocol/block-id.ts'
import { headerToRlp } from '../../src/protocol/header.ts'
import { encodeWholeReceipt } from '../../src/protocol/receipt.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { blockId, quantity64 } from '../schema.ts'
import { type BlockReads, byHash } from './eth-blocks.ts'

/** What the states of a chain consist of, by hash. */
export interface StateStore {
  /** RLP of a trie node. */
  node(hash: Hash): Uint8Array | undefined
  code(hash: Hash): Uint8Array | undefined
}

/** Sets the head of a chain, to an ancestor, too. */
export interface HeadSetter {
  setHead(head: Hash, io: IoOptions): Promise<void>
}

/** What {@link debugRawMethods} stands on. */
export interface DebugRawServices {
  readonly blocks: BlockReads
  readonly store: StateStore
  readonly head: HeadSetter
}

/** The first byte of geth's database keys of code. */
const CODE_PREFIX = '63'

/** A hash as Go's `%d` prints an array. */
function asDecimals(hash: Hash): string {
  return `[${hexToBytes(hash).join(' ')}]`
}

function readStore(store: StateStore, key: string): Uint8Array {
  const digits = isData(key) ? key.slice(2).toLowerCase() : ''
  let found: Uint8Array | undefined
  if (digits.length === 64) found = store.node(`0x${digits}`)
  else if (digits.length === 66 && digits.startsWith(CODE_PREFIX)) found = store.code(`0x${digits.slice(2)}`)
  if (found === undefined) throw new AppError<ReadErrorCode>('DB_KEY_NOT_FOUND', { message: 'pebble: not found' })
  return found
}

/** `debug_*` reads of what is encoded, and of the state's nodes under geth's keys; and `debug_setHead`. */
export function debugRawMethods({ blocks, store, head }: DebugRawServices): readonly Method[] {
  // By hash, side branches count whatever the caller wants of canonical ones.
  const find = (id: BlockId, io: IoOptions): Promise<Block | undefined> =>
    blocks.block(id.tag === 'hash' ? byHash(id.hash) : id, io)

  const raw = (name: string, what: 'header' | 'block', encode: (block: Block) => Uint8Array): Method =>
    defineMethod({
      name,
      summary: `RLP of a ${what}; empty for a number that names none`,
      params: z.tuple([blockId]),
      paramNames: ['block'],
      result: z.string().meta({ description: 'RLP' }),
      async handler([id], io) {
        const block = await find(id, io)
        if (block !== undefined) return bytesToHex(encode(block))
        if (id.tag !== 'hash') return '0x'
        throw new AppError<LookupErrorCode>('BLOCK_NOT_FOUND', {
          message: `${what} #${asDecimals(id.hash)} not found`,
        })
      },
    })

  return [
    raw('debug_getRawHeader', 'header', ({ header }) => encodeRlp(headerToRlp(header))),
    raw('debug_getRawBlock', 'block', encodeBlock),
    defineMethod({
      name: 'debug_getRawReceipts',
      summary: 'The encoded receipts of a block',
      params: z.tuple([blockId]),
      paramNames: ['block'],
      result: described('list of receipts, encoded; or null'),
      async handler([id], io) {
        const block = await find(id, io)
        if (block === undefined) return id.tag === 'hash' ? [] : null
        const { subjects } = await blocks.receipts(block, io)
        return subjects.map(({ receipt }) => bytesToHex(encodeWholeReceipt(receipt)))
      },
    }),
    defineMethod({
      name: 'debug_dbGet',
      summary: 'A trie node by its hash, or code by its hash behind 0x63: the keys of geth’s hash scheme',
      params: z.tuple([z.string()]),
      paramNames: ['key'],
      result: z.string().meta({ description: 'RLP of the node, or the code' }),
      handler: ([key]) => bytesToHex(readStore(store, key)),
    }),
    defineMethod({
      name: 'debug_setHead',
      summary: 'Makes an earlier block of the canonical chain the head',
      params: z.tuple([quantity64]),
      paramNames: ['number'],
      result: z.null(),
      async handler([number], io) {
        const now = await blocks.header({ tag: 'label', label: 'latest' }, io)
        const target = await blocks.header({ tag: 'number', number }, io)
        if (now === undefined || target === undefined || target.hash === now.hash) {
          throw new AppError<ReadErrorCode>('REWIND_REFUSED', {
            message: 'not allowed to rewind to a future block',
          })
        }
        await head.setHead(target.hash, io)
        return null
      },
    }),
  ]
}
