import { describe, expect, it } from 'vitest'
import type { Hex } from '../../src/primitives/hex.ts'
import { expectHead, expectSameOnNode } from './support/block-checks.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type Sealed, startSequencedChain } from './support/op-sequencer.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { STORE, scenery, storeInput } from './support/scenery.ts'
import { errorOf, Subject } from './support/subject.ts'

describe('-38590: nodes that are gone', () => {
  it('op-geth is killed and comes back: the job goes on where it was', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian'), alloc: scenery() })
    const { el } = chain
    const subject = new Subject(chain)
    for (let i = 0; i < 3; i++) await subject.finish(await subject.open())
    const job = await subject.open()
    const nonce = await subject.nonce(user.address)
    const store = (offset: number, slot: bigint): Promise<Hex> =>
      subject.sign({ nonce: nonce + offset, gas: 300_000n, to: STORE, value: 0n, data: storeInput([[slot, 0n]]) })
    const signed = [await store(0, 5n), await store(1, 6n), await store(2, 7n)] as const
    await subject.include(job, signed[0])
    const other = await subject.open()
    await subject.include(other, signed[0])

    await el.process.kill9()
    const opening = await errorOf(subject.open())
    expect(opening).toMatchObject({ code: -38590, data: { endpoint: 'op-a.el' } })
    expect((opening.data as { method: string }).method).toMatch(/^eth_/)
    expect(await errorOf(subject.include(job, signed[1]))).toMatchObject({ code: -38590 })
    expect(await errorOf(subject.call('test_seal', other))).toMatchObject({ code: -38590 })
    expect((await fetch(`${chain.sequencer.url}/healthz`)).status).toBe(200)
    expect(await subject.call('test_jobs')).toContainEqual(expect.objectContaining({ jobId: job, state: 'open' }))

    await el.process.start()
    expect((await subject.include(job, signed[1])).status).toBe('0x1')
    expect((await subject.include(job, signed[2])).status).toBe('0x1')
    const sealed = await subject.call<Sealed>('test_seal', job)
    expect(sealed.block.transactions).toHaveLength(4)
    await expectHead(el, sealed.hash)
    await expectSameOnNode(el, sealed)
    await subject.finish(await subject.open())
  })

  it('op-geth is killed between sealing and committing', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian'), alloc: scenery() })
    const { el } = chain
    const subject = new Subject(chain)
    for (let i = 0; i < 3; i++) await subject.finish(await subject.open())
    const job = await subject.open()
    await subject.include(job, await subject.sign())
    const sealed = await subject.call<Sealed>('test_seal', job, { commit: false })
    await el.process.kill9()
    expect(await errorOf(subject.call('test_commit', sealed.hash))).toMatchObject({
      code: -38590,
      data: { endpoint: 'op-a.engine' },
    })
    await el.process.start()
    expect(await subject.call('test_commit', sealed.hash)).toBe(true)
    await expectHead(el, sealed.hash)
    await subject.finish(await subject.open())
  })

  it('L1 stops while a job is being opened', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian'), alloc: scenery() })
    const { l1, el } = chain
    const subject = new Subject(chain)
    await subject.finish(await subject.open())
    const head = await el.block('latest')
    const running = await subject.open()
    // Frozen first, so that the service is in the middle of a question when the answer can no more come.
    process.kill(l1.el.process.pid as number, 'SIGSTOP')
    const opening = errorOf(subject.open())
    await new Promise((resolve) => setTimeout(resolve, 200))
    await l1.el.process.kill9()
    const error = await opening
    expect(error).toMatchObject({ code: -38590, data: { endpoint: 'l1.el' } })
    expect((error.data as { method: string }).method).toMatch(/^eth_/)
    expect(await errorOf(subject.open())).toMatchObject({ code: -38590, data: { endpoint: 'l1.el' } })
    await expectHead(el, head.hash)
    // What is open already needs no L1.
    await subject.finish(running)
    await l1.el.process.start()
    await subject.finish(await subject.open())
  })

  it('a full node restarts between sealing and committing', async () => {
    // Killed, it would come back at genesis and ask for snap sync: no Engine API call brings it on from there.
    await using chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      alloc: scenery(),
      gcmode: 'full',
    })
    const { el } = chain
    const subject = new Subject(chain)
    let parent: RpcBlock = await el.block(0)
    for (let i = 0; i < 5; i++) {
      await subject.finish(await subject.open())
      parent = await el.block('latest')
    }
    const job = await subject.open({ l2Parent: parent.hash })
    await subject.include(job, await subject.sign())
    const sealed = await subject.call<Sealed>('test_seal', job, { commit: false })
    await el.process.restart()
    expect(await subject.call('test_commit', sealed.hash)).toBe(true)
    await expectHead(el, sealed.hash)
    await expectSameOnNode(el, sealed)
    await subject.finish(await subject.open())
  })
})
