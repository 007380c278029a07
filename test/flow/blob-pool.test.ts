import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { Journal } from '../../txpool/journal.ts'
import { type BlobFields, signBlobs, signPlain } from '../peers/support/blob-stream.ts'
import { type DevAccount, devAccounts } from '../peers/support/dev-accounts.ts'
import { L1_CHAIN_CONFIG, L1_CHAIN_ID } from '../peers/support/l1-genesis.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { embeddedL1Host } from '../support/embedded-l1-host.ts'

type Host = Awaited<ReturnType<typeof embeddedL1Host>>

const TIME = 1_000
const [alice, bob] = devAccounts as [DevAccount, DevAccount]
const OSAKA = {
  osakaTime: TIME + 12,
  blobSchedule: {
    ...(L1_CHAIN_CONFIG.blobSchedule as object),
    osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  },
}

function blobs(fields: Partial<BlobFields> = {}, signer = alice, version: 0 | 1 = 0): Promise<Hex> {
  const price = 10n ** 11n
  return signBlobs(
    signer,
    {
      ...{ nonce: 0, tip: 10n ** 9n, cap: price, blobCap: price, gas: 21_000n, value: 0n, chainId: L1_CHAIN_ID },
      ...{ data: new Uint8Array(0), blobs: [7], fault: 'none', ...fields },
    },
    version,
  )
}

async function send(host: Host, raw: Hex): Promise<Hash> {
  return (await host.call('eth_sendRawTransaction', raw)) as Hash
}

async function block(host: Host, count: number, options: object = {}): Promise<{ hash: Hash; parentHash: Hash }> {
  const job = await host.call('test_open', options)
  for (let i = 0; i < count; i++) await host.call('test_includeBest', job)
  const sealed = (await host.call('test_seal', job)) as { block: { hash: Hash; parentHash: Hash } }
  return sealed.block
}

const waiting = async (host: Host): Promise<number> =>
  Number(((await host.call('txpool_status')) as { pending: Hex }).pending)

describe('blob transactions in the pool of an embedded L1', () => {
  it('are counted and given out, but not listed, as with geth', async () => {
    await using host = await embeddedL1Host({ timestamp: TIME })
    const raw = await blobs()
    const hash = await send(host, raw)
    expect(await host.call('txpool_status')).toEqual({ pending: '0x1', queued: '0x0' })
    expect(await host.call('txpool_content')).toEqual({ pending: {}, queued: {} })
    expect(await host.call('eth_pendingTransactions')).toEqual([])
    expect(await host.call('eth_getTransactionCount', alice.address, 'pending')).toBe('0x1')
    expect(await host.call('eth_getTransactionByHash', hash)).toMatchObject({
      ...{ hash, type: '0x3', blockHash: null, maxFeePerBlobGas: '0x174876e800' },
      blobVersionedHashes: [expect.stringMatching(/^0x01/)],
    })
    expect(await host.call('eth_getRawTransactionByHash', hash)).toBe(raw)
    expect(await host.answer('eth_sendRawTransaction', [raw])).toEqual({
      error: { code: -32000, message: 'already known' },
    })
    await block(host, 1)
    expect(await waiting(host)).toBe(0)
    const mined = (await host.call('eth_getRawTransactionByHash', hash)) as Hex
    expect(mined.length).toBeLessThan(1000)
  })

  it('keep their account out of the pool of the others, and the other way round', async () => {
    await using host = await embeddedL1Host({ timestamp: TIME })
    const plain = (signer: DevAccount) => signPlain(signer, { nonce: 0, tip: 1n, cap: 10n ** 11n, value: 0n })
    await send(host, await blobs())
    await send(host, await plain(bob))
    const reserved = { error: { code: -32000, message: 'address already reserved' } }
    expect(await host.answer('eth_sendRawTransaction', [await plain(alice)])).toEqual(reserved)
    expect(await host.answer('eth_sendRawTransaction', [await blobs({}, bob)])).toEqual(reserved)
    await block(host, 2)
    await send(host, await blobs({ nonce: 1 }, bob))
    expect(await waiting(host)).toBe(1)
  })

  it('come back with their blobs when a reorg throws them out, and only then', async () => {
    await using host = await embeddedL1Host({ timestamp: TIME })
    const raws = [await blobs(), await blobs({ nonce: 1 }), await blobs({}, bob)]
    const hashes: Hash[] = []
    for (const raw of raws) hashes.push(await send(host, raw))
    const { parentHash } = await block(host, 3)
    // One that no pool has seen: nobody could send its blobs again.
    const job = await host.call('test_open', { parent: parentHash, extraData: '0x01' })
    await host.call('test_includeRaw', job, await blobs({ cap: 2n * 10n ** 11n }, bob))
    await host.call('test_seal', job)
    expect(await waiting(host)).toBe(2)
    expect(await host.call('eth_getRawTransactionByHash', hashes[1])).toBe(raws[1])
    // What another one took the place of is gone, and so is what nobody has the blobs of.
    await block(host, 0, { parent: parentHash, extraData: '0x02' })
    expect(await waiting(host)).toBe(2)
    expect(await host.call('eth_getRawTransactionByHash', hashes[2])).toBe('0x')
    await block(host, 2)
    expect(await waiting(host)).toBe(0)
  })

  it('have the proofs of Osaka from then on, whichever came', async () => {
    await using host = await embeddedL1Host({ timestamp: TIME, config: OSAKA })
    await block(host, 0)
    const hash = await send(host, await blobs({ nonce: 0 }))
    expect(await host.call('eth_getRawTransactionByHash', hash)).toBe(await blobs({}, alice, 1))
  })

  it('outlive the process where the pool is journaled', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'blob-pool-'))
    const path = join(folder, 'transactions.rlp')
    const raws = [await blobs(), await blobs({ nonce: 1 })]
    {
      await using host = await embeddedL1Host({ timestamp: TIME }, await Journal.open(path))
      for (const raw of raws) await send(host, raw)
      await send(host, await signPlain(bob, { nonce: 0, tip: 1n, cap: 10n ** 11n, value: 0n }))
    }
    await using host = await embeddedL1Host({ timestamp: TIME }, await Journal.open(path))
    await expect.poll(() => waiting(host)).toBe(3)
    await block(host, 3)
    expect(await waiting(host)).toBe(0)
    await rm(folder, { recursive: true })
  })

  it('are refused on an L2, as op-geth does', async () => {
    await using host = await embeddedHost()
    for (const raw of [await blobs({ chainId: 901 }), await blobs({ chainId: 901, fault: 'noSidecar' })]) {
      expect(await host.answer('eth_sendRawTransaction', [raw])).toEqual({
        error: { code: -32000, message: 'transaction type not supported' },
      })
    }
  })
})
