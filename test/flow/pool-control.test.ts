import { createTestClient, custom } from 'viem'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../../src/client/devnet.ts'
import type { InProcessChain } from '../../src/client/in-process-chain.ts'
import { IncludeError, testSequencerActions } from '../../src/client/viem.ts'
import { type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'

const TO = `0x${'77'.repeat(20)}` as const
const [alice, bob] = devAccounts as [(typeof devAccounts)[0], (typeof devAccounts)[0]]

let devnet: Devnet
beforeAll(async () => {
  devnet = await createDevnet({ chains: [901], manual: true })
})
afterAll(() => devnet.close())

function sign(chain: InProcessChain, from: typeof alice, nonce: number, tip = 1n, data: Hex = '0x'): Promise<Hex> {
  return from.account.signTransaction({
    chainId: chain.chainId,
    nonce,
    gas: 60_000n,
    to: TO,
    data,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: tip,
  })
}

describe.each(['l1', 'l2'] as const)('the pool of an %s in the hands of a test', (layer) => {
  let chain: InProcessChain
  let start: string
  const client = () => createTestClient({ transport: custom(chain), mode: 'anvil' }).extend(testSequencerActions())
  const send = async (from: typeof alice, nonce: number, tip = 1n, data: Hex = '0x'): Promise<Hash> =>
    chain.request({ method: 'eth_sendRawTransaction', params: [await sign(chain, from, nonce, tip, data)] })
  const pending = async (): Promise<string> =>
    (await chain.request<{ pending: string }>({ method: 'txpool_status' })).pending
  /** What a block on the head would take, in its order. */
  const best = async (): Promise<readonly Hash[]> => {
    const job = await client().openJob()
    const hashes: Hash[] = []
    for (;;) {
      const included = await job.includeBest()
      if (included === null) break
      hashes.push(included.transactionHash)
    }
    await job.cancel()
    return hashes
  }

  beforeAll(async () => {
    chain = layer === 'l1' ? devnet.l1 : (devnet.chains[0] as InProcessChain)
    start = await chain.request({ method: 'test_snapshot' })
  })
  beforeEach(async () => {
    await chain.request({ method: 'test_revert', params: [start] })
    start = await chain.request({ method: 'test_snapshot' })
  })

  it('keeps one transaction, and what follows on it, from blocks, and shows it all the same', async () => {
    const test = client()
    const [a0, a1, b0] = [await send(alice, 0, 9n), await send(alice, 1, 9n), await send(bob, 0)]
    const hold = await test.poolHold({ hash: a0 })
    expect(await pending()).toBe('0x3')
    expect(await best()).toEqual([b0])
    expect(await test.poolHolds()).toEqual([{ holdId: hold, hash: a0, transactions: [a0] }])
    const job = await test.openJob()
    expect(await job.includeFirst(alice.address)).toBe(null)
    // Whoever names it gets it, and then what follows is next.
    expect(await job.includeByHash(a0)).toMatchObject({ transactionHash: a0 })
    expect(await job.includeByHash(a1)).toMatchObject({ transactionHash: a1 })
    await job.cancel()
    // A job that found nothing more finds what was released since.
    const open = await test.openJob()
    expect(await open.includeBest()).toMatchObject({ transactionHash: b0 })
    expect(await open.includeBest()).toBe(null)
    expect(await test.poolRelease(hold)).toEqual([hold])
    expect(await open.includeBest()).toMatchObject({ transactionHash: a0 })
    expect(await open.includeBest()).toMatchObject({ transactionHash: a1 })
    await open.cancel()
    expect(await best()).toEqual([a0, a1, b0])
    expect(await test.poolRelease(hold)).toEqual([])
  })

  it('keeps what comes later from a sender, or for a function, too', async () => {
    const test = client()
    await test.poolHold({ sender: alice.address })
    await test.poolHold({ selector: '0x11223344', to: TO })
    await test.poolHold({ selector: '0xaabbccdd', to: `0x${'88'.repeat(20)}` })
    const a0 = await send(alice, 0)
    const [b0, b1] = [await send(bob, 0, 1n, '0xaabbccdd'), await send(bob, 1, 1n, '0x1122334455')]
    expect(await best()).toEqual([b0])
    expect(await test.poolHolds()).toMatchObject([
      { sender: alice.address, transactions: [a0] },
      { selector: '0x11223344', to: TO, transactions: [b1] },
      { selector: '0xaabbccdd', transactions: [] },
    ])
    expect(await test.poolRelease({ sender: alice.address })).toHaveLength(1)
    expect(await best()).toEqual([a0, b0])
    expect(await test.poolRelease()).toHaveLength(2)
    expect(await best()).toEqual([a0, b0, b1])
  })

  it('says why what waits behind a gap cannot go in', async () => {
    const a1 = await send(alice, 1)
    const job = await client().openJob()
    const refused = await job.includeByHash(a1).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(IncludeError)
    expect((refused as IncludeError).reason).toBe('nonceTooHigh')
    expect((refused as IncludeError).message).toMatch(/nonce too high: address .*, tx: 1 state: 0/)
    await job.includeRaw(await sign(chain, alice, 0))
    expect(await job.includeByHash(a1)).toMatchObject({ transactionHash: a1 })
    await job.cancel()
  })

  it('takes out what is meant, and brings back what waited and what was held', async () => {
    const test = client()
    const [a0, a1, b0] = [await send(alice, 0), await send(alice, 1), await send(bob, 0, 1n, '0x11223344')]
    await test.poolHold({ hash: a1 })
    const snapshot = await test.poolSnapshot()
    expect(await test.poolDrop(a0)).toEqual([a0])
    expect(await best()).toEqual([b0])
    expect(await test.poolDrop({ selector: '0x11223344' })).toEqual([b0])
    await test.poolRelease()
    expect(await best()).toEqual([])
    expect(await test.poolDrop('all')).toEqual([a1])
    expect(await pending()).toBe('0x0')
    expect(await test.poolRestore(snapshot)).toBe(true)
    expect(await best()).toEqual([a0, b0])
    // What a block has taken does not come back.
    const job = await test.openJob()
    await job.includeByHash(b0)
    await job.seal()
    expect(await test.poolRestore(snapshot)).toBe(true)
    expect(await pending()).toBe('0x2')
    expect(await best()).toEqual([a0])
    expect(await test.poolRestore('0x999')).toBe(false)
  })

  it('forces an order on what pays the same, and on nothing else', async () => {
    const test = client()
    const later = await sign(chain, alice, 1)
    const [a0, b0, b1] = [await send(alice, 0), await send(bob, 0), await send(bob, 1, 2n)]
    expect(await best()).toEqual([a0, b0, b1])
    const a1 = keccakHash(hexToBytes(later))
    await test.poolOrder([a1, b0, a0])
    expect(await best()).toEqual([b0, b1, a0])
    await chain.request({ method: 'eth_sendRawTransaction', params: [later] })
    // What it follows on goes before it all the same.
    expect(await best()).toEqual([b0, b1, a0, a1])
    await test.poolOrder([])
    expect(await best()).toEqual([a0, b0, b1, a1])
  })

  it('holds until it is released, where each transaction gets a block at once', async () => {
    const test = client()
    await test.setAutomine(true)
    const { holds, head } = {
      holds: await test.poolHold({ sender: alice.address }),
      head: () => chain.request<string>({ method: 'eth_blockNumber' }),
    }
    const before = await head()
    const a0 = await send(alice, 0)
    expect(await head()).toBe(before)
    await test.poolRelease(holds)
    expect(BigInt(await head())).toBe(BigInt(before) + 1n)
    expect(await chain.request({ method: 'eth_getTransactionReceipt', params: [a0] })).toMatchObject({ status: '0x1' })
    await test.setAutomine(false)
  })

  it('goes back with the chain, holds included', async () => {
    const test = client()
    const a0 = await send(alice, 0)
    const hold = await test.poolHold({ hash: a0 })
    const snapshot = await chain.request({ method: 'test_snapshot' })
    await test.poolRelease()
    await chain.request({ method: 'test_revert', params: [snapshot] })
    expect(await test.poolHolds()).toEqual([{ holdId: hold, hash: a0, transactions: [a0] }])
    expect(await best()).toEqual([])
  })

  it('refuses targets that mean nothing or two things', async () => {
    for (const target of [
      {},
      { hash: TO },
      { selector: '0x112233' },
      { sender: TO, hash: `0x${'00'.repeat(32)}` },
      'all',
    ]) {
      await expect(chain.request({ method: 'test_poolHold', params: [target] })).rejects.toMatchObject({ code: -32602 })
    }
  })
})
