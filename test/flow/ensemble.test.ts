import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../../src/client/devnet.ts'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { signBlobs } from '../peers/support/blob-stream.ts'
import { type DevAccount, devAccounts } from '../peers/support/dev-accounts.ts'

let devnet: Devnet
let clean: string

beforeAll(async () => {
  devnet = await createDevnet({ chains: [901], manual: true, genesisTime: 1_700_000_000 })
})
beforeEach(async () => {
  if (clean !== undefined) await devnet.revert(clean)
  clean = await devnet.snapshot()
})
afterAll(() => devnet.close())

const [alice] = devAccounts as [DevAccount]
const TO = `0x${'77'.repeat(20)}` as const
const CAP = 10n ** 11n

interface Block {
  readonly hash: Hash
  readonly parentHash: Hash
  readonly number: Hex
  readonly transactions: readonly Hash[]
}

interface Envelope {
  readonly executionPayload: { readonly blockHash: Hash; readonly transactions: readonly Hex[] }
  readonly blobsBundle?: Readonly<Record<'commitments' | 'proofs' | 'blobs', readonly Hex[]>>
  readonly blockValue?: Hex
}

async function call<T>(path: string, method: string, ...params: readonly unknown[]): Promise<T> {
  const response = await fetch(new URL(path, devnet.chains[0].url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result: T; error?: object }
  if (error !== undefined) throw error
  return result
}

const slot = <T = null>(step: string, ...params: readonly unknown[]): Promise<T> =>
  call('/sequencers/test-seq-901', `sequencer_${step}`, ...params)
const l1Slot = <T = null>(step: string, ...params: readonly unknown[]): Promise<T> =>
  call('/sequencers/test-seq-900', `sequencer_${step}`, ...params)
const build = <T = null>(step: string, ...params: readonly unknown[]): Promise<T> =>
  call('/', `build_${step}`, ...params)
const head = (chain: '901' | '900' = '901'): Promise<Block> =>
  call(`/${chain}`, 'eth_getBlockByNumber', 'latest', false)

function transfer(nonce: number, chainId = 901): Promise<Hex> {
  const price = { maxFeePerGas: CAP, maxPriorityFeePerGas: 10n ** 9n }
  return alice.account.signTransaction({ chainId, nonce, gas: 21_000n, to: TO, value: 1n, ...price })
}

describe('the slot of an L2 chain', () => {
  it('holds what was included before the block was opened, and after', async () => {
    const parent = await head()
    await slot('new', { parent: parent.hash })
    expect(await slot('includeTx', await transfer(0))).toBeNull()
    await slot('open')
    await slot('includeTx', await transfer(1))
    expect(await call('/tx/test-seq-901', 'eth_sendRawTransaction', await transfer(2))).toBeNull()
    // Refused at once, and the block is as it was.
    await expect(slot('includeTx', await transfer(9))).rejects.toMatchObject({
      code: -40101,
      message: expect.stringMatching(/^invalid payload attributes: nonce too high: /),
      data: { code: 'TX_REFUSED', reason: 'nonceTooHigh' },
    })
    await slot('seal')
    expect((await head()).hash).toBe(parent.hash)
    await slot('sign')
    await slot('commit')
    const block = await head()
    expect(block.parentHash).toBe(parent.hash)
    expect(block.transactions).toHaveLength(4)
    await slot('publish')
    await slot('next')
    await expect(slot('buildJob')).rejects.toEqual({ code: -38510, message: 'unknown job' })
  })

  it('is filled on the head when it is empty, and on another parent for a reorg', async () => {
    const first = await head()
    await slot('next')
    const second = await head()
    expect(second.parentHash).toBe(first.hash)
    await slot('new', { parent: first.hash, l1Origin: null, unknown: 1 })
    await slot('includeTx', await transfer(0))
    await slot('next')
    const sibling = await head()
    expect(sibling).toMatchObject({ parentHash: first.hash, number: second.number })
    expect(sibling.hash).not.toBe(second.hash)
  })

  it('takes a block from elsewhere, and tells why it is invalid', async () => {
    const parent = await head()
    const job = await build<string>('new', 'op-901', { parent: parent.hash })
    await build('open', job)
    const envelope = await build<Envelope>('seal', job)
    expect(await build('seal', job)).toEqual(envelope)
    await build('closeJob', job)
    const wrong = { ...envelope, executionPayload: { ...envelope.executionPayload, blockHash: `0x${'11'.repeat(32)}` } }
    await slot('prebuiltEnvelope', wrong)
    await slot('sign')
    const refusal = {
      code: -40110,
      message: expect.stringMatching(/^execution invalid: blockhash mismatch, want 1{64}/),
    }
    await expect(slot('commit')).rejects.toMatchObject(refusal)
    await expect(slot('next')).rejects.toMatchObject(refusal)
    await expect(slot('new', {})).rejects.toEqual({ code: -38521, message: 'block already sealed' })
    expect((await head()).hash).toBe(parent.hash)
    // Another sequencer of the chain has a slot of the same name and content: there is one for each chain.
    await expect(call('/sequencers/901', 'sequencer_new', {})).rejects.toMatchObject({ code: -38521 })
  })

  it('refuses what is no envelope', async () => {
    await expect(slot('prebuiltEnvelope', { executionPayload: {} })).rejects.toMatchObject({ code: -32602 })
    await expect(slot('prebuiltEnvelope', null)).rejects.toMatchObject({ code: -32602 })
  })
})

describe('builders', () => {
  it('say what they do not know', async () => {
    const unknown = `0x${'33'.repeat(32)}`
    await expect(build('new', 'nobody', {})).rejects.toEqual({ code: -38502, message: 'unknown builder' })
    await expect(build('new', '901', { parent: unknown })).rejects.toMatchObject({
      code: -32000,
      message: `unknown parent ${unknown}`,
      data: { reason: 'PARENT_UNUSABLE', rule: 'unknownParent' },
    })
    await expect(build('new', '901', { l1Origin: unknown })).rejects.toMatchObject({
      code: -32000,
      data: { rule: 'unknownOrigin' },
    })
    await expect(build('new', 'x'.repeat(101), {})).rejects.toMatchObject({ code: -32602 })
    await expect(build('open', 'job-none')).rejects.toEqual({ code: -38510, message: 'unknown job' })
  })

  it('make the same block of the same options', async () => {
    const hashes: Hash[] = []
    for (let i = 0; i < 2; i++) {
      const job = await build<string>('new', '901', {})
      await expect(build('seal', job)).rejects.toMatchObject({ code: -40199 })
      await build('open', job)
      await build('cancel', job)
      await build('open', job)
      hashes.push((await build<Envelope>('seal', job)).executionPayload.blockHash)
    }
    expect(hashes[0]).toBe(hashes[1])
  })
})

describe('the L1 builder', () => {
  it('makes the head, of what was included and what waits, blobs beside it', async () => {
    const parent = await head('900')
    await call('/900', 'eth_sendRawTransaction', await transfer(1, 900))
    const job = await build<string>('new', 'l1', {})
    await build('open', job)
    await build('closeJob', job)
    const again = await build<string>('new', 'l1', { parent: parent.hash })
    await build('open', again)
    const empty = await build<Envelope>('seal', again)
    expect(empty.executionPayload.transactions).toEqual([])
    expect((await head('900')).hash).toBe(empty.executionPayload.blockHash)

    const blob = await signBlobs(
      alice,
      {
        ...{ nonce: 0, tip: 10n ** 9n, cap: CAP, blobCap: CAP, gas: 21_000n, value: 0n, chainId: 900 },
        ...{ data: new Uint8Array(0), blobs: [7], fault: 'none' as const },
      },
      0,
    )
    await l1Slot('new', {})
    await l1Slot('includeTx', blob)
    const slotJob = await l1Slot<string>('buildJob')
    await l1Slot('open')
    const { executionPayload, blobsBundle, blockValue } = await build<Envelope>('seal', slotJob)
    expect(executionPayload.transactions).toHaveLength(2)
    expect(blobsBundle?.commitments).toEqual([expect.stringMatching(/^0x[0-9a-f]{96}$/)])
    expect(blobsBundle?.proofs).toEqual([expect.stringMatching(/^0x[0-9a-f]{96}$/)])
    expect(blobsBundle?.blobs[0]).toHaveLength(2 + 2 * 131_072)
    expect(BigInt(blockValue ?? 0)).toBe(2n * 21_000n * 10n ** 9n)
    for (const step of ['seal', 'sign', 'commit', 'publish']) await l1Slot(step)
    await l1Slot('next')
    expect((await head('900')).hash).toBe(executionPayload.blockHash)
  })

  it('makes another block each time it is asked for one on the same parent', async () => {
    const parent = await head('900')
    const seen = new Set<Hash>()
    for (let i = 0; i < 3; i++) {
      await l1Slot('new', { parent: parent.hash })
      await l1Slot('next')
      const block = await head('900')
      expect(block.parentHash).toBe(parent.hash)
      seen.add(block.hash)
    }
    expect(seen.size).toBe(3)
    // Also where the first one was made in another way.
    const other = await head('900')
    const job = await call<string>('/900', 'test_open')
    const { hash } = await call<{ hash: Hash }>('/900', 'test_seal', job)
    await l1Slot('new', { parent: other.hash })
    await l1Slot('next')
    expect((await head('900')).parentHash).toBe(other.hash)
    expect((await head('900')).hash).not.toBe(hash)
  })

  it('has no L1 origins, and takes no blocks from elsewhere', async () => {
    await expect(l1Slot('new', { l1Origin: `0x${'33'.repeat(32)}` })).rejects.toMatchObject({ code: -38501 })
  })
})

it('serves the routes of op-test-sequencer', async () => {
  const base = devnet.chains[0].url
  const get = async (path: string): Promise<number> => (await fetch(new URL(path, base))).status
  expect(await get('/sequencers/901/healthz')).toBe(200)
  expect(await get('/tx/op-901/healthz')).toBe(200)
  expect(await get('/sequencers/nobody')).toBe(404)
  await expect(call('/tx/901', 'eth_chainId')).rejects.toMatchObject({ code: -32601 })
  await expect(call('/sequencers/901', 'build_new', '901', {})).rejects.toMatchObject({ code: -32601 })
  expect(await call('/', 'health_status')).toBe(await call('/tx/901', 'health_status'))
})
