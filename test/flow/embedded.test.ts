import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SealedBlock } from '../../src/builder/service.ts'
import { ChainStore, type HeadChange } from '../../src/embedded/chain-store.ts'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { StoredState } from '../../src/embedded/stored-state.ts'
import { type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import type { Header } from '../../src/protocol/header.ts'
import { LevelStore } from '../../src/storage/level-store.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { EMBEDDED_GENESIS, embeddedWorld, transfer } from '../support/embedded-world.ts'

type World = Awaited<ReturnType<typeof embeddedWorld>>

const RECIPIENT = `0x${'77'.repeat(20)}` as const

let w: World
beforeEach(async () => {
  w = await embeddedWorld(new MemoryStore())
})

/** What the recipient of {@link transfer} holds after a block. */
function received(world: World, hash: Hash): bigint {
  const header = world.chain.header(hash) as Header
  return new StoredState(world.chain.nodes, header.stateRoot).account(RECIPIENT)?.balance ?? 0n
}

function hashesOf({ removed, added }: HeadChange): { removed: Hash[]; added: Hash[] } {
  return { removed: removed.map(({ hash }) => hash), added: added.map(({ hash }) => hash) }
}

describe('jobs on an embedded chain', () => {
  it('build block on block', async () => {
    const first = await w.block('latest', await transfer(0))
    const second = await w.block('latest', await transfer(1), await transfer(2))
    expect(second.header.parentHash).toBe(first.hash)
    expect(w.chain.labels).toEqual({ head: second.hash, safe: ZERO_HASH, finalized: ZERO_HASH })
    expect(w.chain.block(second.hash)?.transactions).toEqual(second.transactions.map(({ transaction }) => transaction))
    expect(w.chain.receipts(second.hash)).toEqual(second.transactions.map(({ receipt }) => receipt))
    expect(w.chain.canonicalHash(1n)).toBe(first.hash)
    expect(w.chain.transaction(keccakHash(await transfer(2)))).toEqual({ blockHash: second.hash, index: 2 })
    expect([received(w, w.chain.genesis), received(w, first.hash), received(w, second.hash)]).toEqual([0n, 1n, 3n])
  })

  it('build siblings, and reorg from one to the other and back', async () => {
    const changes: HeadChange[] = []
    const stop = w.engine.onHead((change) => changes.push(change))
    const old = await w.block('latest', await transfer(0))
    const older = await w.block('latest', await transfer(1))
    const side = await w.block(w.chain.genesis, await transfer(0, { value: 5n }))
    expect(w.chain.labels.head).toBe(side.hash)
    expect(hashesOf(changes.at(-1) as HeadChange)).toEqual({ removed: [old.hash, older.hash], added: [side.hash] })
    expect(w.chain.transaction(keccakHash(await transfer(0)))).toBeUndefined()
    expect(w.chain.canonicalHash(2n)).toBeUndefined()
    expect(received(w, side.hash)).toBe(5n)
    await w.jobs.setForkchoice({ head: older.hash, safe: old.hash }, {})
    expect(w.chain.labels).toEqual({ head: older.hash, safe: old.hash, finalized: ZERO_HASH })
    expect(hashesOf(changes.at(-1) as HeadChange)).toEqual({ removed: [side.hash], added: [old.hash, older.hash] })
    expect(w.chain.transaction(keccakHash(await transfer(0)))).toEqual({ blockHash: old.hash, index: 1 })
    stop()
    await w.block('latest')
    expect(changes).toHaveLength(4)
  })

  it('keep a transaction that both branches hold in the index, at its new place', async () => {
    const old = await w.block('latest', await transfer(0))
    const side = await w.block(w.chain.genesis, await transfer(0), await transfer(1))
    expect(side.hash).not.toBe(old.hash)
    expect(w.chain.transaction(keccakHash(await transfer(0)))).toEqual({ blockHash: side.hash, index: 1 })
  })

  it('reorg deeply', async () => {
    const branch: SealedBlock[] = []
    for (let nonce = 0; nonce < 40; nonce++) branch.push(await w.block('latest', await transfer(nonce)))
    const tip = branch.at(-1) as SealedBlock
    let parent: Hash = w.chain.genesis
    for (let nonce = 0; nonce < 30; nonce++) parent = (await w.block(parent, await transfer(nonce, { value: 2n }))).hash
    expect(w.chain.labels.head).toBe(parent)
    expect([received(w, parent), received(w, tip.hash)]).toEqual([60n, 40n])
    expect(w.chain.canonicalHash(31n)).toBeUndefined()
    const next = await w.block(tip.hash, await transfer(40))
    expect(w.chain.labels.head).toBe(next.hash)
    for (const { hash, header } of branch) expect(w.chain.canonicalHash(header.number)).toBe(hash)
    expect(w.chain.ancestorHash(parent, 7n)).not.toBe(w.chain.canonicalHash(7n))
    expect(w.chain.ancestorHash(next.hash, 7n)).toBe(w.chain.canonicalHash(7n))
  })

  it('are told why a block is invalid, in geth’s words, and the chain stays', async () => {
    const base = await w.block('latest', await transfer(0))
    const zeros = '00'.repeat(32)
    const faults: [Partial<Header>, RegExp][] = [
      [{ stateRoot: ZERO_HASH }, new RegExp(`^invalid merkle root \\(remote: ${zeros} local: [0-9a-f]{64}\\) dberr`)],
      [
        { receiptsRoot: ZERO_HASH },
        new RegExp(`^invalid receipt root hash \\(remote: ${zeros} local: [0-9a-f]{64}\\)$`),
      ],
      [{ transactionsRoot: ZERO_HASH }, /^transaction root hash mismatch \(header value 0{64}, calculated /],
      [{ logsBloom: new Uint8Array(256).fill(1) }, /^invalid bloom \(remote: 0101/],
      [{ gasUsed: 1n }, /^invalid gas used \(remote: 1 local: \d+\)$/],
      [{ gasUsed: 1n << 40n }, /^invalid gasUsed: have 1099511627776, gasLimit 30000000$/],
      [{ gasLimit: 1n << 63n }, /^invalid gasLimit: have 9223372036854775808, max 9223372036854775807$/],
      [{ baseFeePerGas: 5n }, /^invalid baseFee: have 5, want \d+, parentBaseFee \d+, parentGasUsed \d+$/],
      [{ timestamp: base.header.timestamp }, /^invalid timestamp$/],
      [{ number: 7n }, /^invalid block number$/],
      [{ difficulty: 1n }, /^invalid difficulty: have 1, want 0$/],
      [{ excessBlobGas: 3n }, /^invalid excessBlobGas: have 3, want 0$/],
      [{ blobGasUsed: 3n }, /^invalid DA footprint in blobGasUsed field \(remote: 3 local: 0\)$/],
      [{ withdrawalsRoot: ZERO_HASH }, /^invalid withdrawals hash \(remote: 0x0{64} local: 0x56e8/],
      [{ requestsHash: ZERO_HASH }, /^invalid requests hash \(remote: 0{64} local: e3b0/],
      [{ extraData: new Uint8Array(33) }, /^Jovian extraData should be 17 bytes, got 33$/],
      [{ nonce: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1) }, /^invalid nonce$/],
      [{ ommersHash: ZERO_HASH }, /^invalid uncle hash$/],
    ]
    for (const [header, validationError] of faults) {
      const job = await w.jobs.open({}, {})
      await expect(
        w.jobs.seal(job, { commit: true, publish: false, header }, {}),
        validationError.source,
      ).rejects.toMatchObject({
        code: 'COMMIT_REFUSED',
        data: { status: 'INVALID', validationError: expect.stringMatching(validationError) },
      })
    }
    expect(w.chain.labels.head).toBe(base.hash)
    await w.block('latest', await transfer(1))
  })

  it('survive a restart on disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'embedded-'))
    try {
      const store = await LevelStore.open(folder)
      const before = await embeddedWorld(store)
      const first = await before.block('latest', await transfer(0))
      const side = await before.block(before.chain.genesis, await transfer(0, { value: 9n }))
      await before.jobs.setForkchoice({ head: first.hash, finalized: first.hash }, {})
      await store.close()
      const again = await LevelStore.open(folder)
      const after = await embeddedWorld(again)
      expect(after.chain.labels).toEqual({ head: first.hash, safe: ZERO_HASH, finalized: first.hash })
      expect(received(after, side.hash)).toBe(9n)
      expect(after.chain.receipts(first.hash)).toEqual(first.transactions.map(({ receipt }) => receipt))
      const next = await after.block('latest', await transfer(1))
      expect(next.header.parentHash).toBe(first.hash)
      await after.block(side.hash, await transfer(1))
      const other = genesisState(parseGenesis({ ...EMBEDDED_GENESIS, timestamp: '0x1' }))
      await expect(ChainStore.open(again, other, {})).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' })
      await again.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
