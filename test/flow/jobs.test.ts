import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Jobs } from '../../src/builder/jobs.ts'
import { OpRules } from '../../src/builder/op-rules.ts'
import { remoteStates } from '../../src/builder/remote-pinned-state.ts'
import { SealedBlocks } from '../../src/builder/sealed-blocks.ts'
import type { DeliverableBlock } from '../../src/builder/service.ts'
import { BlockRun } from '../../src/evm/block-run.ts'
import { OpExecutor } from '../../src/evm/op-executor.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { AutoBuilder } from '../../src/sequencer/auto.ts'
import { type FollowedBlock, signedOf } from '../../txpool/branch-walk.ts'
import { HeadFollower } from '../../txpool/head-follower.ts'
import { TxPool } from '../../txpool/pool.ts'
import { PoolUpkeep } from '../../txpool/pool-upkeep.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { fixedPoolHead } from '../support/fixed-pool-head.ts'
import { MemoryChain } from '../support/memory-chain.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const EXPIRY = 60_000
const [alice, bob] = devAccounts as [(typeof devAccounts)[0], (typeof devAccounts)[0]]

function world() {
  const chain = new MemoryChain(new Map([alice, bob].map(({ address }) => [address, 10n ** 20n])))
  const clock = new VirtualClock(1_000_000)
  const sealedBlocks = new SealedBlocks()
  const { forks, l2ChainId: chainId } = chain.config
  const rules = { chainId, shanghai: true, prague: true, gasLimit: 30_000_000n }
  const pool = new TxPool(fixedPoolHead(rules, { nonce: 0n, balance: 10n ** 20n }))
  const followed = ({ hash, header, transactions }: DeliverableBlock): FollowedBlock => ({
    hash,
    number: header.number,
    parentHash: header.parentHash,
    transactions: signedOf(transactions.map(({ transaction }) => transaction)),
  })
  const silent = async () => {
    throw new Error('nobody asks the node')
  }
  const follower = new HeadFollower({
    upkeep: new PoolUpkeep(pool),
    chain: { head: silent, block: silent, canonical: silent },
    own: (hash) => {
      const block = sealedBlocks.get(hash)
      return block && followed(block)
    },
    clock,
    pollMs: 1000,
    onSkipped: () => undefined,
    onFailure: (message) => failures.push(message),
  })
  const auto = new AutoBuilder({ builder: () => jobs, clock, blockTimeMs: 2_000, onFailure: (m) => failures.push(m) })
  const failures: string[] = []
  const jobs: Jobs = new Jobs({
    rules: new OpRules({
      config: chain.config,
      constants: chain.config.chainOpConfig as NonNullable<typeof chain.config.chainOpConfig>,
      l1Chain: { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} },
      chain,
      l1: chain.l1,
    }),
    chain,
    executor: new OpExecutor({ chainId, forks }),
    state: remoteStates(chain.store, chain.source),
    pool,
    committer: {
      commit: async (block) => {
        await chain.commit(block)
        follower.committed(followed(block))
      },
      setForkchoice: () => chain.setForkchoice(),
    },
    publisher: undefined,
    auto,
    sealedBlocks,
    clock,
    limits: { expiryMs: EXPIRY, maxOpen: 4 },
  })
  return { chain, clock, jobs, pool, auto, failures }
}

let w: ReturnType<typeof world>
beforeEach(() => {
  w = world()
})

/** A transfer of `value` wei to nobody in particular. */
async function transfer(from: typeof alice, nonce: number, value = 1n, tip = 1n): Promise<Uint8Array> {
  const raw = await from.account.signTransaction({
    chainId: 901,
    nonce,
    gas: 21_000n,
    to: `0x${'77'.repeat(20)}`,
    value,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: tip,
  })
  return hexToBytes(raw)
}

const everything = { commit: true, publish: true }

describe('a job', () => {
  it('seals what it was told, and the next one builds on it', async () => {
    const first = await w.jobs.open({}, {})
    await w.jobs.includeRaw(first, await transfer(alice, 0), {})
    const sealed = await w.jobs.seal(first, everything, {})
    expect(sealed).toMatchObject({ committed: true, published: false })
    expect(sealed.transactions).toHaveLength(2)
    const second = await w.jobs.open({ l2Parent: sealed.hash }, {})
    await w.jobs.includeRaw(second, await transfer(alice, 1), {})
    const next = await w.jobs.seal(second, everything, {})
    expect(next.header.parentHash).toBe(sealed.hash)
    expect(w.chain.head.hash).toBe(next.hash)
  })

  it('previews the root that sealing gives', async () => {
    const job = await w.jobs.open({}, {})
    await w.jobs.includeRaw(job, await transfer(alice, 0), {})
    const partial = await w.jobs.inspect(job, {})
    const sealed = await w.jobs.seal(job, everything, {})
    expect(partial.stateRoot).toBe(sealed.header.stateRoot)
    expect(partial.header).toMatchObject(sealed.header)
  })

  it('is as it was after a refused transaction', async () => {
    const job = await w.jobs.open({}, {})
    const before = await w.jobs.inspect(job, {})
    const refusals: [Uint8Array, string][] = [
      [await transfer(alice, 7), 'nonceTooHigh'],
      [await transfer(alice, 0, 10n ** 21n), 'insufficientFunds'],
      [Uint8Array.of(0x7f, 1, 2), 'typeNotSupported'],
      [Uint8Array.of(0xc0), 'invalid'],
    ]
    for (const [raw, reason] of refusals) {
      await expect(w.jobs.includeRaw(job, raw, {})).rejects.toMatchObject({ code: 'TX_REFUSED', data: { reason } })
    }
    expect(await w.jobs.inspect(job, {})).toEqual(before)
  })

  it('serves calls one after the other, in the order in which they came', async () => {
    const job = await w.jobs.open({}, {})
    const raws = await Promise.all([0, 1, 2, 3].map((nonce) => transfer(alice, nonce)))
    const calls = raws.map((raw) => w.jobs.includeRaw(job, raw, {}))
    const sealed = w.jobs.seal(job, everything, {})
    const late = w.jobs.includeRaw(job, await transfer(alice, 4), {})
    await Promise.all(calls)
    expect((await sealed).transactions).toHaveLength(5)
    await expect(late).rejects.toMatchObject({ code: 'JOB_STATE', data: { state: 'sealed' } })
  })

  it('cannot be used any more once it is cancelled, and never unknown', async () => {
    const job = await w.jobs.open({}, {})
    await w.jobs.cancel(job, {})
    await expect(w.jobs.seal(job, everything, {})).rejects.toMatchObject({ code: 'JOB_STATE' })
    await expect(w.jobs.cancel(job, {})).rejects.toMatchObject({ code: 'JOB_STATE' })
    await expect(w.jobs.inspect('nobody', {})).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
    expect(w.jobs.jobs()).toMatchObject([{ jobId: job, state: 'cancelled' }])
    expect(await w.jobs.inspect(job, {})).toMatchObject({ state: 'cancelled', transactions: [{ index: 0 }] })
    for (let i = 0; i < 16; i++) await w.jobs.cancel(await w.jobs.open({}, {}), {})
    await expect(w.jobs.inspect(job, {})).rejects.toMatchObject({ code: 'JOB_STATE', data: { state: 'cancelled' } })
  })

  it('is not opened with a transaction that cannot stand in it', async () => {
    const forced: [Uint8Array, string][] = [
      [await transfer(alice, 3), 'nonceTooHigh'],
      [Uint8Array.of(0xc0), 'invalid'],
      [Uint8Array.of(0x02, 0xf8), 'invalid'],
    ]
    for (const [raw, reason] of forced) {
      const opening = w.jobs.open({ transactions: [raw] }, {})
      await expect(opening).rejects.toMatchObject({ code: 'TX_REFUSED', data: { reason } })
    }
    expect(w.jobs.jobs()).toEqual([])
  })

  it('does not undo what it was opened with', async () => {
    const job = await w.jobs.open({ transactions: [await transfer(alice, 0)] }, {})
    await w.jobs.includeRaw(job, await transfer(alice, 1), {})
    await expect(w.jobs.undo(job, 2, {})).rejects.toMatchObject({ code: 'JOB_STATE', data: { undoable: 1 } })
    expect(await w.jobs.undo(job, 1, {})).toBe(2)
  })

  it('holds the same block however it came to its transactions', async () => {
    const raws = await Promise.all([0, 1, 2, 3, 4, 5].map((nonce) => transfer(alice, nonce, BigInt(nonce + 1))))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 12 }), async (steps) => {
        const walked = await w.jobs.open({}, {})
        let held = 0
        for (const step of steps) {
          if (step < 0) {
            const count = Math.min(held, -step)
            held -= count
            expect(await w.jobs.undo(walked, count, {})).toBe(held + 1)
          }
          for (let i = 0; i < step && held < raws.length; i++) {
            await w.jobs.includeRaw(walked, raws[held++] as Uint8Array, {})
          }
        }
        const straight = await w.jobs.open({}, {})
        for (const raw of raws.slice(0, held)) await w.jobs.includeRaw(straight, raw, {})
        const [a, b] = [await w.jobs.inspect(walked, {}), await w.jobs.inspect(straight, {})]
        expect(a).toEqual({ ...b, jobId: walked })
        await w.jobs.cancel(walked, {})
        await w.jobs.cancel(straight, {})
      }),
      { numRuns: 25 },
    )
  })
})

describe('parents and origins', () => {
  it('says which rule a parent or an origin breaks', async () => {
    const unknown: Hash = `0x${'ab'.repeat(32)}`
    const cases: [Parameters<Jobs['open']>[0], string][] = [
      [{ l2Parent: unknown }, 'unknownParent'],
      [{ l2Parent: 99n }, 'unknownParent'],
      [{ l1Origin: unknown }, 'unknownOrigin'],
      [{ l1Origin: 'next' }, 'unknownOrigin'],
      [{ timestamp: w.chain.genesis.header.timestamp }, 'timestamp'],
    ]
    for (const [options, rule] of cases) {
      await expect(w.jobs.open(options, {})).rejects.toMatchObject({ code: 'PARENT_UNUSABLE', data: { rule } })
    }
    expect(w.jobs.jobs()).toEqual([])
  })

  it('builds siblings on an old parent', async () => {
    const genesis = w.chain.genesis.hash
    const seal = async (value: bigint): Promise<Hash> => {
      const job = await w.jobs.open({ l2Parent: genesis }, {})
      await w.jobs.includeRaw(job, await transfer(alice, 0, value), {})
      return (await w.jobs.seal(job, everything, {})).hash
    }
    const [a, b] = [await seal(1n), await seal(2n)]
    expect(a).not.toBe(b)
    expect(w.chain.head.hash).toBe(b)
  })
})

describe('a node that fails', () => {
  it('leaves a job that can go on when it is back', async () => {
    const job = await w.jobs.open({}, {})
    await w.jobs.includeRaw(job, await transfer(alice, 0), {})
    w.chain.faults.down = true
    const failure = { code: 'NODE_UNAVAILABLE', data: { method: 'engine_newPayloadV4', endpoint: 'node' } }
    await expect(w.jobs.seal(job, everything, {})).rejects.toMatchObject(failure)
    await expect(w.jobs.open({}, {})).rejects.toMatchObject({ code: 'NODE_UNAVAILABLE' })
    w.chain.faults.down = false
    const sealed = await w.jobs.seal(job, everything, {})
    expect(sealed.committed).toBe(true)
    await expect(w.jobs.seal(job, everything, {})).rejects.toMatchObject({ code: 'JOB_STATE' })
  })

  it('keeps a block that was refused, to be committed later', async () => {
    const job = await w.jobs.open({}, {})
    w.chain.faults.refuse = { status: 'INVALID', validationError: 'no' }
    await expect(w.jobs.seal(job, everything, {})).rejects.toMatchObject({
      code: 'COMMIT_REFUSED',
      data: { status: 'INVALID', validationError: 'no' },
    })
    w.chain.faults.refuse = undefined
    const { header } = await w.jobs.inspect(job, {})
    expect(header.parentHash).toBe(w.chain.genesis.hash)
    const sealed = await w.jobs.seal(job, everything, {})
    expect(w.chain.head.hash).toBe(sealed.hash)
  })

  it('refuses to commit what was not sealed here', async () => {
    await expect(w.jobs.commit(`0x${'cd'.repeat(32)}`, {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
    await expect(w.jobs.publish(`0x${'cd'.repeat(32)}`, {})).rejects.toMatchObject({ code: 'PUBLISH_REFUSED' })
  })

  it('commits a block that was sealed without', async () => {
    const job = await w.jobs.open({}, {})
    const sealed = await w.jobs.seal(job, { commit: false, publish: false }, {})
    expect(sealed.committed).toBe(false)
    expect(w.chain.head.hash).toBe(w.chain.genesis.hash)
    await w.jobs.commit(sealed.hash, {})
    expect(w.chain.head.hash).toBe(sealed.hash)
  })
})

describe('limits', () => {
  it('cancels jobs that nobody uses', async () => {
    const stop = new AbortController()
    const expiring = w.jobs.expire(stop.signal)
    const [idle, used] = [await w.jobs.open({}, {}), await w.jobs.open({}, {})]
    await w.clock.advance(EXPIRY - 1)
    await w.jobs.inspect(used, {})
    await w.clock.advance(EXPIRY / 2)
    const states = Object.fromEntries(w.jobs.jobs().map(({ jobId, state }) => [jobId, state]))
    expect(states).toEqual({ [idle]: 'cancelled', [used]: 'open' })
    stop.abort()
    await expiring
  })

  it('opens no more jobs than it can hold', async () => {
    const opened = await Promise.allSettled(Array.from({ length: 6 }, () => w.jobs.open({}, {})))
    expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
    await expect(w.jobs.open({}, {})).rejects.toMatchObject({ code: 'TOO_MANY_JOBS', data: { limit: 4 } })
    await w.jobs.close()
    await w.jobs.open({}, {})
  })
})

describe('the pool', () => {
  it('gives the best, a sender’s next, or one by its hash', async () => {
    await w.pool.add(await transfer(alice, 0, 1n, 5n), {})
    await w.pool.add(await transfer(alice, 1, 1n, 500n), {})
    await w.pool.add(await transfer(bob, 0, 1n, 50n), {})
    const last = await w.pool.add(await transfer(bob, 1, 2n, 1n), {})
    const job = await w.jobs.open({}, {})
    const best = await w.jobs.includeBest(job, {})
    expect(best?.transaction).toMatchObject({ sender: bob.address, nonce: 0n })
    const first = await w.jobs.includeFirst(job, alice.address, {})
    expect(first?.transaction).toMatchObject({ sender: alice.address, nonce: 0n })
    const named = await w.jobs.includeByHash(job, last, {})
    expect(named.transaction.hash).toBe(last)
    expect((await w.jobs.includeBest(job, {}))?.transaction).toMatchObject({ sender: alice.address, nonce: 1n })
    expect(await w.jobs.includeBest(job, {})).toBeUndefined()
    expect(await w.jobs.includeFirst(job, alice.address, {})).toBeUndefined()
    await w.jobs.seal(job, everything, {})
    expect(w.pool.size).toBe(0)
  })

  it('gives all that can be included, each once, and what was undone again', async () => {
    const runs = vi.spyOn(BlockRun.prototype, 'run')
    for (let nonce = 0; nonce < 20; nonce++) await w.pool.add(await transfer(alice, nonce, 1n, BigInt(nonce + 1)), {})
    await w.pool.add(await transfer(bob, 0), {})
    await w.pool.add(await transfer(bob, 2), {})
    const job = await w.jobs.open({}, {})
    await w.jobs.includeBest(job, {})
    runs.mockClear()
    expect(await w.jobs.includeAll(job, {})).toBe(20)
    // One more is tried, behind its gap, in each of two rounds; what the block holds is not tried at all.
    expect(runs).toHaveBeenCalledTimes(22)
    runs.mockRestore()
    await w.jobs.undo(job, 3, {})
    expect(await w.jobs.includeAll(job, {})).toBe(3)
    expect(await w.jobs.includeBest(job, {})).toBeUndefined()
    expect((await w.jobs.inspect(job, {})).transactions).toHaveLength(22)
  })

  it('gives no more when it is told to stop', async () => {
    for (let nonce = 0; nonce < 3; nonce++) await w.pool.add(await transfer(alice, nonce), {})
    const job = await w.jobs.open({}, {})
    expect(await w.jobs.includeAll(job, { signal: AbortSignal.abort() })).toBe(1)
  })

  it('gets back what a reorg threw out', async () => {
    await w.pool.add(await transfer(alice, 0), {})
    const job = await w.jobs.open({}, {})
    await w.jobs.includeBest(job, {})
    await w.jobs.seal(job, everything, {})
    expect(w.pool.size).toBe(0)
    const sibling = await w.jobs.open({ l2Parent: w.chain.genesis.hash }, {})
    await w.jobs.seal(sibling, everything, {})
    expect(w.pool.size).toBe(1)
  })
})

describe('automatic building', () => {
  it('builds a block an interval, with what the pool has, until it is switched off', async () => {
    expect(await w.jobs.auto(true, { intervalMs: 100 }, {})).toBe(false)
    await w.clock.advance(50)
    await w.pool.add(await transfer(alice, 0), {})
    await w.clock.advance(200)
    expect(await w.jobs.auto(false, undefined, {})).toBe(true)
    await w.clock.advance(1_000)
    expect(w.chain.committed.map((block) => block.transactions.length)).toEqual([1, 2, 1])
    expect(w.failures).toEqual([])
  })

  it('goes on after a block that could not be built', async () => {
    w.chain.faults.down = true
    await w.jobs.auto(true, { intervalMs: 100 }, {})
    await w.clock.advance(150)
    w.chain.faults.down = false
    await w.clock.advance(100)
    await w.auto.close()
    expect(w.failures).toHaveLength(2)
    expect(w.chain.committed).toHaveLength(1)
  })
})
