import { beforeEach, describe, expect, it } from 'vitest'
import type { SealedBlock, SealOptions } from '../../src/builder/service.ts'
import { type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { transactionsRoot } from '../../src/protocol/block.ts'
import { hashHeader } from '../../src/protocol/header.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { embeddedWorld, transfer } from '../support/embedded-world.ts'

type World = Awaited<ReturnType<typeof embeddedWorld>>

let maker: World
let w: World
beforeEach(async () => {
  maker = await embeddedWorld(new MemoryStore())
  w = await embeddedWorld(new MemoryStore())
})

function payloadOf({ header, transactions }: SealedBlock): Payload {
  return {
    hash: hashHeader(header),
    header,
    transactions: transactions.map(({ transaction }) => transaction.raw),
    withdrawals: [],
  }
}

async function make(count: number): Promise<Payload[]> {
  const payloads: Payload[] = []
  for (let nonce = 0; nonce < count; nonce++) {
    payloads.push(payloadOf(await maker.block('latest', await transfer(nonce))))
  }
  return payloads
}

const valid = (hash: Hash) => ({ status: 'VALID', latestValidHash: hash, validationError: undefined })
const syncing = { status: 'SYNCING', latestValidHash: undefined, validationError: undefined }

describe('the embedded engine', () => {
  it('takes blocks in order, and moves the head only when it is told to', async () => {
    const [first, second] = (await make(2)) as [Payload, Payload]
    expect(await w.engine.newPayload(second, {})).toEqual(syncing)
    expect(await w.engine.newPayload(first, {})).toEqual(valid(first.hash))
    expect(await w.engine.newPayload(first, {})).toEqual(valid(first.hash))
    expect(await w.engine.newPayload(second, {})).toEqual(valid(second.hash))
    expect(w.chain.labels.head).toBe(w.chain.genesis)
    expect(await w.engine.forkchoiceUpdated({ head: second.hash, safe: first.hash, finalized: ZERO_HASH }, {})).toEqual(
      valid(second.hash),
    )
    expect(w.chain.labels).toEqual({ head: second.hash, safe: first.hash, finalized: ZERO_HASH })
  })

  it('serves calls one after the other, however they come', async () => {
    const payloads = await make(8)
    const statuses = await Promise.all(payloads.map((payload) => w.engine.newPayload(payload, {})))
    expect(statuses.map(({ status }) => status)).toEqual(payloads.map(() => 'VALID'))
  })

  it('answers a head that is an ancestor with VALID, sets the labels, and stays where it is', async () => {
    const [first, second] = (await make(2)) as [Payload, Payload]
    for (const payload of [first, second]) await w.engine.newPayload(payload, {})
    await w.engine.forkchoiceUpdated({ head: second.hash }, {})
    expect(await w.engine.forkchoiceUpdated({ head: first.hash, safe: first.hash }, {})).toEqual(valid(first.hash))
    expect(w.chain.labels).toEqual({ head: second.hash, safe: first.hash, finalized: ZERO_HASH })
  })

  it('does not know a head that it was not given', async () => {
    expect(await w.engine.forkchoiceUpdated({ head: `0x${'ab'.repeat(32)}` }, {})).toEqual(syncing)
    expect(await w.engine.forkchoiceUpdated({ head: ZERO_HASH }, {})).toMatchObject({ status: 'INVALID' })
  })

  it('rejects what stands on a rejected block', async () => {
    const [first, second, third] = (await make(3)) as [Payload, Payload, Payload]
    const header = { ...first.header, stateRoot: ZERO_HASH }
    const bad = { ...first, header, hash: hashHeader(header) }
    expect(await w.engine.newPayload(bad, {})).toMatchObject({
      status: 'INVALID',
      latestValidHash: w.chain.genesis,
      validationError: expect.stringMatching(/^invalid merkle root/),
    })
    const linked = {
      status: 'INVALID',
      latestValidHash: w.chain.genesis,
      validationError: 'links to previously rejected block',
    }
    expect(await w.engine.newPayload(bad, {})).toEqual(linked)
    expect(await w.engine.forkchoiceUpdated({ head: bad.hash }, {})).toEqual(linked)
    const child = { ...second.header, parentHash: bad.hash }
    const onBad = { ...second, header: child, hash: hashHeader(child) }
    expect(await w.engine.newPayload(onBad, {})).toEqual(linked)
    const grandchild = { ...third.header, parentHash: onBad.hash }
    expect(await w.engine.newPayload({ ...third, header: grandchild, hash: hashHeader(grandchild) }, {})).toEqual(
      linked,
    )
    expect(await w.engine.newPayload(first, {})).toEqual(valid(first.hash))
  })

  it('says which transaction cannot be applied', async () => {
    const [first, second] = (await make(2)) as [Payload, Payload]
    const job = await maker.jobs.open({ l2Parent: maker.chain.genesis }, {})
    const kept: SealOptions = { commit: false, publish: false }
    const empty = payloadOf(await maker.jobs.seal(job, kept, {}))
    const raws = [...empty.transactions, second.transactions[1] as Uint8Array]
    const { blobGasUsed = 0n } = second.header
    const header = { ...empty.header, blobGasUsed, transactionsRoot: transactionsRoot(raws) }
    const early = { ...empty, header, transactions: raws, hash: hashHeader(header) }
    expect(await w.engine.newPayload(early, {})).toMatchObject({
      status: 'INVALID',
      validationError: expect.stringMatching(
        /^could not apply tx 1 \[0x[0-9a-f]{64}\]: nonce too high: address 0x[0-9a-fA-F]{40}, tx: 1 state: 0$/,
      ),
    })
    const garbled = { ...first, hash: `0x${'12'.repeat(32)}` as const, transactions: [Uint8Array.of(0x7f)] }
    expect(await w.engine.newPayload(garbled, {})).toMatchObject({ status: 'INVALID', latestValidHash: undefined })
  })

  it('refuses labels that are not on the head’s branch, with nothing moved', async () => {
    const [first, second] = (await make(2)) as [Payload, Payload]
    const side = payloadOf(await maker.block(maker.chain.genesis, await transfer(0, { value: 7n })))
    for (const payload of [first, second, side]) await w.engine.newPayload(payload, {})
    await w.engine.forkchoiceUpdated({ head: first.hash }, {})
    const refused = (message: string) => ({ code: 'FORKCHOICE_INVALID', message })
    const update = (labels: { safe?: Hash; finalized?: Hash }) =>
      w.engine.forkchoiceUpdated({ head: second.hash, ...labels }, {})
    const nobody: Hash = `0x${'cd'.repeat(32)}`
    await expect(update({ safe: side.hash })).rejects.toMatchObject(refused('safe block not in canonical chain'))
    await expect(update({ finalized: side.hash })).rejects.toMatchObject(refused('final block not in canonical chain'))
    await expect(update({ finalized: nobody })).rejects.toMatchObject(refused('final block not available in database'))
    expect(w.chain.labels.head).toBe(first.hash)
    await update({ safe: first.hash, finalized: first.hash })
    // A reorg below them takes the labels off: they name no block of the chain any more.
    await w.engine.forkchoiceUpdated({ head: side.hash }, {})
    expect(w.chain.labels).toEqual({ head: side.hash, safe: ZERO_HASH, finalized: ZERO_HASH })
  })
})
