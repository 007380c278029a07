import { describe, expect, test } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import { type Hash, toWord } from '../primitives/hex.ts'
import { OpForks } from '../protocol/forks.ts'
import { EMPTY_HEADER, hashHeader } from '../protocol/header.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import { outputRoot } from '../protocol/output-root.ts'
import type { Payload } from '../protocol/payload.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { DriverState } from './driver-state.ts'
import { RollupNode, type RollupNodeParts } from './rollup-node.ts'
import { NO_SAFE_HEADS } from './safe-head-db.ts'
import { syncStatusOf } from './sync-status.ts'

const ISTHMUS = 100n

/** A genesis block: the only one that needs no L1-attributes transaction. */
function genesis(timestamp: bigint, mark = 0n): Payload {
  const header = {
    ...EMPTY_HEADER,
    number: 7n,
    timestamp,
    gasUsed: mark,
    stateRoot: toWord(0x5an),
    withdrawalsRoot: toWord(0xaan),
  }
  return { hash: hashHeader(header), header, transactions: [], withdrawals: [] }
}

function ref(number: bigint): L2BlockRef {
  return {
    hash: toWord(number),
    number,
    parentHash: toWord(number - 1n),
    timestamp: number * 2n,
    l1Origin: { hash: toWord(9n), number: 9n },
    sequenceNumber: 0n,
  }
}
const l1Ref = (number: bigint): L1BlockRef => ({ hash: toWord(number), number, parentHash: toWord(0n), timestamp: 1n })

const STATE = {
  l1: { head: l1Ref(30n), safe: l1Ref(20n), finalized: l1Ref(10n) },
  derivation: { tag: 'ready', origin: l1Ref(25n) },
  heads: {
    unsafe: ref(16n),
    crossUnsafe: ref(15n),
    pendingSafe: ref(14n),
    localSafe: ref(13n),
    crossSafe: ref(12n),
    finalized: ref(11n),
  },
  branch: 0,
} as unknown as DriverState

function node(payload: Payload | undefined, parts: Partial<RollupNodeParts> = {}) {
  const asked: unknown[] = []
  const made = new RollupNode({
    config: {
      forks: new OpForks({ canyon: 0n, ecotone: 0n, isthmus: ISTHMUS }),
      genesis: { l1: { hash: toWord(1n), number: 1n }, l2: { hash: payload?.hash, number: 7n } },
      blockTime: 2n,
    } as unknown as RollupConfig,
    state: () => STATE,
    l2: { payload: async () => payload },
    async storageRoot(block, address) {
      asked.push(block, address)
      return toWord(0xbbn)
    },
    safeHeads: NO_SAFE_HEADS,
    ...parts,
  })
  return { node: made, asked }
}

describe('the output of a block', () => {
  test('from Isthmus on: what its header says', async () => {
    const payload = genesis(ISTHMUS)
    const { node: rollup, asked } = node(payload)
    expect(await rollup.outputAtBlock(7n, {})).toEqual({
      outputRoot: outputRoot({
        stateRoot: toWord(0x5an),
        messagePasserStorageRoot: toWord(0xaan),
        blockHash: payload.hash,
      }),
      block: expect.objectContaining({ hash: payload.hash, number: 7n, l1Origin: { hash: toWord(1n), number: 1n } }),
      withdrawalStorageRoot: toWord(0xaan),
      stateRoot: toWord(0x5an),
      status: syncStatusOf(STATE),
    })
    expect(asked).toEqual([])
  })

  test('before: what the state says', async () => {
    const payload = genesis(ISTHMUS - 1n)
    const { node: rollup, asked } = node(payload)
    const { outputRoot: root, withdrawalStorageRoot } = await rollup.outputAtBlock(7n, {})
    expect(withdrawalStorageRoot).toBe(toWord(0xbbn))
    expect(root).toBe(
      outputRoot({ stateRoot: toWord(0x5an), messagePasserStorageRoot: toWord(0xbbn), blockHash: payload.hash }),
    )
    expect(asked).toEqual([{ hash: payload.hash, stateRoot: toWord(0x5an) }, MESSAGE_PASSER_ADDRESS])
  })

  test('a block that is not there', async () => {
    await expect(node(undefined).node.outputAtBlock(20n, {})).rejects.toMatchObject({
      code: 'OUTPUT_UNKNOWN',
      message:
        'failed to get L2 block ref with sync status: failed to determine L2BlockRef of height 20, could not get payload: not found',
    })
  })

  test('a block that is thrown out while it is read is read again', async () => {
    const [old, payload] = [genesis(ISTHMUS, 1n), genesis(ISTHMUS)]
    let state = STATE
    const heads = { ...STATE.heads, unsafe: ref(99n) } as DriverState['heads']
    const reads: Hash[] = []
    const { node: rollup } = node(payload, {
      state: () => state,
      l2: {
        async payload() {
          const read = reads.length === 0 ? old : payload
          reads.push(read.hash)
          state = { ...STATE, heads, branch: 1 }
          return read
        },
      },
    })
    const output = await rollup.outputAtBlock(7n, {})
    expect(output.block.hash).toBe(payload.hash)
    expect(output.status.unsafe?.number).toBe(99n)
    expect(reads).toEqual([old.hash, payload.hash])
  })
})

describe('safe heads', () => {
  test('where none are recorded', () => {
    expect(() => node(undefined).node.safeHeadAtL1Block(100n)).toThrow(
      expect.objectContaining({
        code: 'SAFE_HEADS_DISABLED',
        message: 'failed to get safe head at l1 block 0x64: safe head database not enabled',
      }),
    )
  })

  test('of the record', () => {
    const entry = { l1: { hash: toWord(2n), number: 2n }, safe: { hash: toWord(3n), number: 3n } }
    expect(node(undefined, { safeHeads: { at: () => entry } }).node.safeHeadAtL1Block(5n)).toBe(entry)
  })

  test('where it knows nothing, in the words that clients look for', () => {
    const at = (): never => {
      throw new AppError('SAFE_HEAD_UNKNOWN', { message: 'not found' })
    }
    expect(() => node(undefined, { safeHeads: { at } }).node.safeHeadAtL1Block(5n)).toThrow(/^not found$/)
  })
})

test('the sync status of a state', () => {
  expect(node(undefined).node.syncStatus()).toEqual({
    currentL1: l1Ref(25n),
    headL1: l1Ref(30n),
    safeL1: l1Ref(20n),
    finalizedL1: l1Ref(10n),
    unsafe: ref(16n),
    crossUnsafe: ref(15n),
    pendingSafe: ref(14n),
    localSafe: ref(13n),
    safe: ref(12n),
    finalized: ref(11n),
  })
})
