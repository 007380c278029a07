import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Hash, type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { expectHead, expectSameOnNode, expectValid } from './support/block-checks.ts'
import { otherUser, user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type Sealed, type SequencedChain, startSequencedChain } from './support/op-sequencer.ts'
import { scenery } from './support/scenery.ts'
import { errorOf, Subject } from './support/subject.ts'
import { waitFor } from './support/wait-for.ts'

describe('jobs, forkchoice, pool and automatic building', () => {
  let subject: Subject
  let chain: SequencedChain

  beforeAll(async () => {
    chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      alloc: scenery(),
    })
    subject = new Subject(chain)
    await subject.finish(await subject.open())
  })
  afterAll(() => chain?.[Symbol.asyncDispose]())

  it('test_jobs and test_cancel', async () => {
    const head = await chain.el.block('latest')
    const job = await subject.open()
    await subject.include(job, await subject.sign())
    type Listed = { jobId: string; state: string; number: Hex; parentHash: Hash; transactions: number }
    const find = async (): Promise<Listed | undefined> =>
      (await subject.call<Listed[]>('test_jobs')).find(({ jobId }) => jobId === job)
    const listed = { jobId: job, number: toQuantity(BigInt(head.number) + 1n), parentHash: head.hash, transactions: 2 }
    expect(await find()).toEqual({ ...listed, state: 'open' })
    await subject.call('test_cancel', job)
    expect(await find()).toEqual({ ...listed, state: 'cancelled' })
    await expectHead(chain.el, head.hash)
  })

  it('test_setForkchoice moves the labels of op-geth', async () => {
    const first = await subject.finish(await subject.open())
    const second = await subject.finish(await subject.open())
    const side = await subject.call<Sealed>(
      'test_seal',
      await subject.open({ l2Parent: first.hash, prevRandao: toWord(77n) }),
      { commit: false },
    )
    const labels = { head: second.hash, safe: first.hash, finalized: first.block.parentHash }
    expect(await subject.call('test_setForkchoice', { safe: labels.safe, finalized: labels.finalized })).toEqual(labels)
    expect((await chain.el.block('safe')).hash).toBe(labels.safe)
    expect((await chain.el.block('finalized')).hash).toBe(labels.finalized)
    expect(await subject.call('test_setForkchoice', {})).toEqual(labels)
    // A commit leaves safe and finalized alone.
    const third = await subject.finish(await subject.open())
    expect(await subject.call('test_setForkchoice', {})).toEqual({ ...labels, head: third.hash })
    await expectValid(chain.el, chain.forks, side)
    expect(await subject.call('test_setForkchoice', { head: side.hash })).toEqual({ ...labels, head: side.hash })
    await expectHead(chain.el, side.hash)
    // What the reorg threw out is back in the pool.
    const job = await subject.open()
    for (const { block } of [second, third]) {
      expect(await subject.call('test_includeBest', job)).toMatchObject({
        transactionHash: block.transactions[1]?.hash,
      })
    }
    const sealed = await subject.call<Sealed>('test_seal', job)
    await expectHead(chain.el, sealed.hash)
    await expectSameOnNode(chain.el, sealed)
  })

  it('the pool: best, first, by hash', async () => {
    const [mine, theirs] = [await subject.nonce(user.address), await subject.nonce(otherUser.address)]
    const low = await subject.sign({ nonce: mine, maxPriorityFeePerGas: 1n })
    const next = await subject.sign({ nonce: mine + 1, maxPriorityFeePerGas: 10n ** 9n })
    const high = await subject.sign({ nonce: theirs, maxPriorityFeePerGas: 5n }, otherUser.account)
    const hashes: Hash[] = []
    for (const raw of [low, next, high]) hashes.push(await subject.call<Hash>('eth_sendRawTransaction', raw))
    const job = await subject.open()
    expect(await errorOf(subject.call('test_includeByHash', job, hashes[1]))).toMatchObject({
      code: -38512,
      data: { reason: 'nonceTooHigh' },
    })
    expect(await subject.call('test_includeBest', job)).toMatchObject({ transactionHash: hashes[2] })
    expect(await subject.call('test_includeFirst', job, user.address)).toMatchObject({ transactionHash: hashes[0] })
    expect(await subject.call('test_includeByHash', job, hashes[1])).toMatchObject({ transactionHash: hashes[1] })
    expect(await subject.call('test_includeBest', job)).toBeNull()
    const sealed = await subject.call<Sealed>('test_seal', job)
    await expectHead(chain.el, sealed.hash)
    await expectSameOnNode(chain.el, sealed)
    expect(sealed.block.transactions.slice(1).map(({ hash }) => hash)).toEqual([hashes[2], hashes[0], hashes[1]])
    // They are mined, so that the pool has nothing for the next block.
    const after = await subject.open()
    expect(await subject.call('test_includeBest', after)).toBeNull()
    await subject.finish(after)
  })

  it('test_auto builds with what the pool has until it is switched off', async () => {
    const start = await chain.el.blockNumber()
    const hash = await subject.call<Hash>('eth_sendRawTransaction', await subject.sign({ maxPriorityFeePerGas: 1n }))
    expect(await subject.call('test_auto', true, { interval: 100 })).toBe(false)
    expect(await subject.call('test_auto', true, { interval: 100 })).toBe(true)
    await waitFor('three blocks', async () => (await chain.el.blockNumber()) >= start + 3)
    expect(await subject.call('test_auto', false)).toBe(true)
    expect(await subject.call('test_auto', false)).toBe(false)
    const receipt = await chain.el.rpc.call<{ status: Hex }>('eth_getTransactionReceipt', [hash])
    expect(receipt.status).toBe('0x1')
    // Whatever was in the making is done or given up when a job of ours extends the head.
    await waitFor('a job on the head', async () => {
      const head = await chain.el.block('latest')
      const sealed = await subject.call<Sealed>('test_seal', await subject.open())
      return sealed.block.parentHash === head.hash
    })
    const idle = await chain.el.block('latest')
    await subject.finish(await subject.open({ l2Parent: idle.hash }))
  })
})
