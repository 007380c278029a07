import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toQuantity, toWord } from '../../src/primitives/hex.ts'
import { expectHead } from './support/block-checks.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type Sealed, type SequencedChain, startSequencedChain } from './support/op-sequencer.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { scenery } from './support/scenery.ts'
import { errorOf, Subject } from './support/subject.ts'

describe('errors over RPC, and what they leave behind', () => {
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

  it('-38510: a job that nobody opened', async () => {
    const head = await chain.el.block('latest')
    const calls: readonly (readonly [string, ...unknown[]])[] = [
      ['test_includeRaw', '0x00'],
      ['test_includeBest'],
      ['test_includeFirst', user.address],
      ['test_includeByHash', toWord(1n)],
      ['test_undo'],
      ['test_inspect'],
      ['test_seal'],
      ['test_cancel'],
    ]
    for (const [method, ...rest] of calls) {
      const error = await errorOf(subject.call(method, 'job-0', ...rest))
      expect(error, method).toMatchObject({ code: -38510, data: { jobId: 'job-0' } })
    }
    await expectHead(chain.el, head.hash)
  })

  it('-38511: a job in a state that forbids the call', async () => {
    const sealedJob = await subject.open()
    await subject.finish(sealedJob)
    const cancelled = await subject.open()
    expect(await subject.call('test_cancel', cancelled)).toBe(true)
    const raw = await subject.sign()
    for (const [job, state] of [
      [sealedJob, 'sealed'],
      [cancelled, 'cancelled'],
    ] as const) {
      const calls: readonly (readonly [string, ...unknown[]])[] = [
        ['test_includeRaw', raw],
        ['test_includeBest'],
        ['test_includeFirst', user.address],
        ['test_includeByHash', toWord(1n)],
        ['test_undo'],
        ['test_cancel'],
        ['test_seal'],
      ]
      for (const [method, ...rest] of calls) {
        const error = await errorOf(subject.call(method, job, ...rest))
        expect(error, `${method} on ${state}`).toMatchObject({ code: -38511, data: { jobId: job, state } })
      }
    }
    const open = await subject.open()
    await subject.include(open, raw)
    expect(await errorOf(subject.call('test_undo', open, 2))).toMatchObject({ code: -38511 })
    expect(await subject.call('test_undo', open, 1)).toBe(1)
    await subject.finish(open, [raw])
  })

  it('-38513: parents and origins that cannot be built on', async () => {
    const head = await chain.el.block('latest')
    const l1Head = await chain.l1.el.block('latest')
    const cases: readonly (readonly [object, string])[] = [
      [{ l2Parent: toWord(5n) }, 'unknownParent'],
      [{ l2Parent: toQuantity(BigInt(head.number) + 1n) }, 'unknownParent'],
      [{ l1Origin: toWord(6n) }, 'unknownOrigin'],
      [{ l1Origin: 'next' }, 'unknownOrigin'],
      [{ l1Origin: toQuantity(BigInt(l1Head.number) + 9n) }, 'unknownOrigin'],
      // Behind the parent's origin.
      [{ l1Origin: '0x0' }, 'originMismatch'],
      [{ timestamp: head.timestamp }, 'timestamp'],
      [{ timestamp: '0x1' }, 'timestamp'],
    ]
    for (const [options, rule] of cases) {
      expect(await errorOf(subject.open(options)), JSON.stringify(options)).toMatchObject({
        code: -38513,
        data: { rule },
      })
    }
    await expectHead(chain.el, head.hash)
    // What the parent forbids can be forced; op-geth then refuses it for the same reason.
    const job = await subject.open({ timestamp: head.timestamp, force: true })
    const refused = await errorOf(subject.call('test_seal', job))
    expect(refused).toMatchObject({ code: -38530, data: { status: 'INVALID' } })
    expect(refused.message).toContain('timestamp')
    await expectHead(chain.el, head.hash)

    // Two L1 blocks on: an origin may not be skipped, nor come before its time.
    const next = await chain.l1.mine()
    const afterNext = await chain.l1.mine()
    const skipping = await errorOf(subject.open({ l1Origin: afterNext.hash }))
    expect(skipping).toMatchObject({ code: -38513, data: { rule: 'originMismatch' } })
    const time = (block: RpcBlock): number => Number(block.timestamp)
    const timestamp = toQuantity(Math.max(time(head) + chain.blockTime, time(next)))
    const sealed = await subject.finish(await subject.open({ timestamp, l1Origin: 'next' }))
    expect(sealed.block.mixHash).toBe(next.mixHash)
    const late = await chain.l1.mine({ timestamp: Number(sealed.block.timestamp) + 100 })
    await subject.finish(
      await subject.open({ timestamp: toQuantity(Number(timestamp) + 60), l1Origin: afterNext.hash }),
    )
    expect(await errorOf(subject.open({ l1Origin: late.hash }))).toMatchObject({
      code: -38513,
      data: { rule: 'originMismatch' },
    })
  })

  it('-38530: op-geth refuses a block', async () => {
    const head = await chain.el.block('latest')
    const overrides: readonly (readonly [object, string])[] = [
      [{ stateRoot: toWord(1n) }, 'invalid merkle root'],
      [{ receiptsRoot: toWord(2n) }, 'invalid receipt root hash'],
      [{ gasUsed: '0x5208' }, 'invalid gas used'],
      [{ logsBloom: `0x${'01'.repeat(256)}` }, 'invalid bloom'],
      [{ baseFeePerGas: '0x1' }, 'invalid baseFee'],
      [{ withdrawalsRoot: toWord(3n) }, 'invalid withdrawals hash'],
      [{ blobGasUsed: '0x7' }, 'blob'],
    ]
    for (const [header, words] of overrides) {
      const job = await subject.open()
      await subject.include(job, await subject.sign())
      const error = await errorOf(subject.call('test_seal', job, { header }))
      expect(error, words).toMatchObject({ code: -38530, data: { status: 'INVALID' } })
      expect((error.data as { validationError: string }).validationError).toContain(words)
      await expectHead(chain.el, head.hash)
      // The sealed block is kept, and refused again.
      const again = await errorOf(subject.call('test_seal', job))
      expect(again.code).toBe(-38530)
    }
    // op-geth's own root, in its answer, is the one that an honest block has.
    const [crafted, honest] = [await subject.open(), await subject.open()]
    const raw = await subject.sign()
    for (const job of [crafted, honest]) await subject.include(job, raw)
    const { data } = await errorOf(subject.call('test_seal', crafted, { header: { stateRoot: toWord(9n) } }))
    const sealed = await subject.call<Sealed>('test_seal', honest)
    expect((data as { validationError: string }).validationError).toContain(
      `local: ${(sealed.block.stateRoot as string).slice(2)}`,
    )
    await expectHead(chain.el, sealed.hash)

    const ancestor = await errorOf(subject.call('test_setForkchoice', { head: toWord(11n) }))
    expect(ancestor).toMatchObject({ code: -38530, data: { status: 'SYNCING' } })
    expect(await errorOf(subject.call('test_commit', toWord(10n)))).toMatchObject({ code: -38530 })
    await subject.finish(await subject.open())
    const back = await errorOf(subject.call('test_commit', sealed.hash))
    expect(back).toMatchObject({ code: -38530, data: { status: 'VALID' } })
    expect(back.message).toContain('ancestor')
  })

  it('-38540: nobody publishes', async () => {
    const sealed = await subject.finish(await subject.open())
    expect(await errorOf(subject.call('test_publish', sealed.hash))).toMatchObject({ code: -38540 })
    await expectHead(chain.el, sealed.hash)
  })

  it('the errors of JSON-RPC itself', async () => {
    const head = await chain.el.block('latest')
    const job = await subject.open()
    const params: readonly (readonly [string, readonly unknown[]])[] = [
      ['test_open', [{ parentHash: head.hash }]],
      ['test_open', [{ timestamp: '0x01' }]],
      ['test_open', [{ gasLimit: 5 }]],
      ['test_open', [{}, {}]],
      ['test_includeRaw', [job]],
      ['test_includeRaw', [job, '0x123']],
      ['test_includeRaw', [job, 'deadbeef']],
      ['test_includeFirst', [job, '0x00']],
      ['test_undo', [job, -1]],
      ['test_undo', [job, 1.5]],
      ['test_seal', [job, { header: { colour: 'red' } }]],
      ['test_commit', ['0x00']],
      ['test_auto', ['yes']],
    ]
    for (const [method, list] of params) {
      expect(await errorOf(subject.call(method, ...list)), `${method} ${JSON.stringify(list)}`).toMatchObject({
        code: -32602,
      })
    }
    expect(await errorOf(subject.call('test_opne'))).toMatchObject({ code: -32601 })
    const post = async (body: string): Promise<{ id: unknown; error: { code: number } }> => {
      const response = await fetch(`${chain.sequencer.url}/op-a`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      return (await response.json()) as { id: unknown; error: { code: number } }
    }
    expect(await post('{"jsonrpc":"2.0",')).toMatchObject({ id: null, error: { code: -32700 } })
    expect(await post('[]')).toMatchObject({ id: null, error: { code: -32600 } })
    expect(await post('{"jsonrpc":"1.0","id":7,"method":"test_jobs"}')).toMatchObject({ error: { code: -32600 } })
    expect(await post('{"jsonrpc":"2.0","id":7}')).toMatchObject({ error: { code: -32600 } })
    await subject.finish(job)
  })
})
