import { describe, expect, it } from 'vitest'
import type { DeliverableBlock } from '../builder/service.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { BuildService, noopBuilder } from './build-service.ts'
import { chainBuilder } from './chain-job.ts'
import type { BuildOptions, ChainBuilding } from './ports.ts'
import { SlotSequencer } from './slot.ts'

const HEAD: Hash = `0x${'aa'.repeat(32)}`
const ANY: BuildOptions = { parent: undefined, l1Origin: undefined }

/** A chain whose blocks have only a hash, made of their parent's and their transactions. */
function world() {
  const log: string[] = []
  /** Steps that fail, each with what is thrown. */
  const failing = new Map<string, unknown>()
  const did = (step: string): void => {
    log.push(step)
    const [name] = step.split(' ')
    const error = failing.get(name as string)
    if (error !== undefined) throw error
  }
  const open = new Map<string, { readonly parent: Hash; readonly transactions: Uint8Array[] }>()
  const building: ChainBuilding = {
    async settle({ parent }) {
      did('settle')
      return parent ?? HEAD
    },
    async open({ parent }, transactions) {
      did(`open ${transactions.length}`)
      const id = `chain-${open.size}`
      open.set(id, { parent, transactions: [...transactions] })
      return id
    },
    async includeRaw(id, raw) {
      did('include')
      open.get(id)?.transactions.push(raw)
      return {} as never
    },
    async seal(id) {
      did('seal')
      const { parent, transactions } = open.get(id) as NonNullable<ReturnType<(typeof open)['get']>>
      const block = { hash: `${parent.slice(0, 6)}-${transactions.length}` } as unknown as DeliverableBlock
      return { layer: 'l2', block }
    },
    async cancel(id) {
      did('cancel')
      open.delete(id)
    },
  }
  const builder = chainBuilder(building)
  const jobs = new BuildService(new Map([['b1', builder]]), () => undefined)
  let active = false
  const slot = new SlotSequencer({
    jobs,
    builder,
    signer: {
      async sign(block) {
        did(`sign ${block.hash}`)
        return { block, signature: new Uint8Array(65) }
      },
    },
    committer: { commit: async ({ block }) => did(`commit ${block.hash}`) },
    publisher: { publish: async ({ block }) => did(`publish ${block.hash}`) },
    sequencing: {
      get active() {
        return active
      },
      async start(head) {
        did(`start ${head}`)
        active = true
      },
      async stop() {
        did('stop')
        active = false
        return HEAD
      },
    },
  })
  return { slot, jobs, log, failing }
}

function coded(code: string): unknown {
  return expect.objectContaining({ code })
}

describe('a slot', () => {
  it('goes from step to step, and each step is taken once', async () => {
    const { slot, log } = world()
    expect(() => slot.buildJob()).toThrow('unknown job')
    for (const [step, code] of [
      [slot.open({}), 'JOB_UNKNOWN'],
      [slot.seal({}), 'JOB_UNKNOWN'],
      [slot.includeTx(Uint8Array.of(1), {}), 'JOB_UNKNOWN'],
      [slot.sign({}), 'NOT_SEALED'],
      [slot.commit({}), 'UNSIGNED'],
      [slot.publish({}), 'UNCOMMITTED'],
      [slot.stop({}), 'SEQUENCER_INACTIVE'],
    ] as const) {
      await expect(step).rejects.toEqual(coded(code))
    }
    await slot.newJob(ANY, {})
    await expect(slot.newJob(ANY, {})).rejects.toEqual(coded('JOB_CONFLICT'))
    await slot.includeTx(Uint8Array.of(1), {})
    await expect(slot.seal({})).rejects.toEqual(coded('BUILD_NOT_OPEN'))
    await slot.open({})
    await slot.includeTx(Uint8Array.of(2), {})
    await slot.seal({})
    for (const [step, code] of [
      [slot.newJob(ANY, {}), 'ALREADY_SEALED'],
      [slot.open({}), 'ALREADY_SEALED'],
      [slot.seal({}), 'ALREADY_SEALED'],
      [slot.prebuilt({} as DeliverableBlock), 'JOB_CONFLICT'],
      [slot.commit({}), 'UNSIGNED'],
      [slot.publish({}), 'UNCOMMITTED'],
    ] as const) {
      await expect(step).rejects.toEqual(coded(code))
    }
    await slot.sign({})
    await expect(slot.sign({})).rejects.toEqual(coded('ALREADY_SIGNED'))
    await expect(slot.publish({})).rejects.toEqual(coded('UNCOMMITTED'))
    await slot.commit({})
    await expect(slot.commit({})).rejects.toEqual(coded('ALREADY_COMMITTED'))
    await slot.publish({})
    await slot.publish({})
    await slot.next({})
    const hash = '0xaaaa-2'
    expect(log).toEqual([
      'settle',
      'open 1',
      'include',
      'seal',
      `sign ${hash}`,
      `commit ${hash}`,
      `publish ${hash}`,
      `publish ${hash}`,
    ])
    expect(() => slot.buildJob()).toThrow('unknown job')
  })

  it('goes on where a step failed', async () => {
    const { slot, log, failing } = world()
    for (const step of ['settle', 'open', 'seal', 'sign', 'commit', 'publish']) {
      failing.set(step, new AppError('NODE_UNAVAILABLE', { message: `no ${step}`, data: { endpoint: 'node' } }))
      await expect(slot.next({})).rejects.toMatchObject({
        code: 'STEP_FAILED',
        message: expect.stringMatching(`: no ${step}$`),
        data: { reason: 'NODE_UNAVAILABLE', endpoint: 'node' },
      })
      failing.delete(step)
    }
    await slot.next({})
    const taken = log.filter((line) => line.startsWith('commit') || line.startsWith('sign'))
    expect(taken).toEqual(['sign 0xaaaa-0', 'sign 0xaaaa-0', 'commit 0xaaaa-0', 'commit 0xaaaa-0'])
    log.length = 0
    await slot.next({})
    expect(log).toEqual(['settle', 'open 0', 'seal', 'sign 0xaaaa-0', 'commit 0xaaaa-0', 'publish 0xaaaa-0'])
  })

  it('takes a block from elsewhere', async () => {
    const { slot, log } = world()
    const block = { hash: '0xelsewhere' } as unknown as DeliverableBlock
    await slot.prebuilt(block)
    await expect(slot.prebuilt(block)).rejects.toEqual(coded('ALREADY_SEALED'))
    await expect(slot.newJob(ANY, {})).rejects.toEqual(coded('ALREADY_SEALED'))
    await expect(slot.includeTx(Uint8Array.of(1), {})).rejects.toEqual(coded('JOB_UNKNOWN'))
    await slot.next({})
    expect(log).toEqual(['sign 0xelsewhere', 'commit 0xelsewhere', 'publish 0xelsewhere'])
  })

  it('is free when its job is closed', async () => {
    const { slot, jobs, log } = world()
    await slot.newJob(ANY, {})
    const { id } = slot.buildJob()
    await jobs.open(id, {})
    await jobs.closeJob(id, {})
    expect(log).toEqual(['settle', 'open 0', 'cancel'])
    expect(() => slot.buildJob()).toThrow('unknown job')
    await slot.newJob(ANY, {})
    expect(slot.buildJob().id).not.toBe(id)
  })

  it('is emptied when sequencing starts', async () => {
    const { slot, jobs } = world()
    await slot.newJob(ANY, {})
    const { id } = slot.buildJob()
    await slot.start(HEAD, {})
    expect(() => jobs.open(id, {})).toThrow('unknown job')
    await expect(slot.start(HEAD, {})).rejects.toEqual(coded('SEQUENCER_ACTIVE'))
    expect(await slot.stop({})).toBe(HEAD)
    await expect(slot.stop({})).rejects.toEqual(coded('SEQUENCER_INACTIVE'))
  })

  it('tells what a node said in its own words', async () => {
    const { slot, failing } = world()
    await slot.newJob(ANY, {})
    failing.set('open', new AppError('TX_REFUSED', { message: 'nonce too high', data: { reason: 'nonceTooHigh' } }))
    await expect(slot.open({})).rejects.toMatchObject({
      code: 'INCLUSION_REFUSED',
      message: 'invalid payload attributes: nonce too high',
      data: { code: 'TX_REFUSED', reason: 'nonceTooHigh' },
    })
    failing.delete('open')
    await slot.open({})
    await slot.seal({})
    await slot.sign({})
    const answer = { code: -40110, message: 'execution invalid: <nil>' }
    const cause = new AppError('RPC_ERROR', { data: answer })
    failing.set('commit', new AppError('COMMIT_REFUSED', { cause }))
    await expect(slot.commit({})).rejects.toMatchObject({ code: 'UPSTREAM_ERROR', data: answer })
    failing.set('commit', new AppError('COMMIT_REFUSED', { data: { status: 'INVALID', validationError: 'bad root' } }))
    await expect(slot.commit({})).rejects.toMatchObject({
      code: 'BLOCK_REFUSED',
      message: 'execution invalid: bad root',
    })
    const bug = new TypeError('a fault of this program')
    failing.set('commit', bug)
    await expect(slot.commit({})).rejects.toBe(bug)
  })
})

describe('build jobs', () => {
  it('are known by id until they are closed', async () => {
    const { jobs, log } = world()
    await expect(jobs.newJob('nobody', ANY, {})).rejects.toEqual(coded('BUILDER_UNKNOWN'))
    const job = await jobs.newJob('b1', { parent: `0x${'bb'.repeat(32)}`, l1Origin: undefined }, {})
    await jobs.open(job.id, {})
    await jobs.open(job.id, {})
    const built = await jobs.seal(job.id, {})
    expect(built.block.hash).toBe('0xbbbb-0')
    expect(await jobs.seal(job.id, {})).toBe(built)
    await jobs.closeJob(job.id, {})
    expect(() => jobs.closeJob(job.id, {})).toThrow('unknown job')
    expect(log).toEqual(['settle', 'open 0', 'seal'])
  })

  it('are opened anew when they were cancelled', async () => {
    const { jobs, log } = world()
    const job = await jobs.newJob('b1', ANY, {})
    await jobs.cancel(job.id, {})
    await job.includeTx(Uint8Array.of(1), {})
    await jobs.open(job.id, {})
    await jobs.cancel(job.id, {})
    await expect(jobs.seal(job.id, {})).rejects.toEqual(coded('BUILD_NOT_OPEN'))
    await jobs.open(job.id, {})
    expect((await jobs.seal(job.id, {})).block.hash).toBe('0xaaaa-1')
    await expect(job.includeTx(Uint8Array.of(2), {})).rejects.toEqual(coded('STEP_FAILED'))
    expect(log).toEqual(['settle', 'open 1', 'cancel', 'open 1', 'seal'])
  })

  it('are ended when too many are left open', async () => {
    const { jobs, log } = world()
    const first = await jobs.newJob('b1', ANY, {})
    await jobs.open(first.id, {})
    for (let i = 0; i < 1000; i++) await jobs.newJob('b1', ANY, {})
    expect(() => jobs.open(first.id, {})).toThrow('unknown job')
    expect(log).toContain('cancel')
  })

  it('of a builder that builds nothing hold nothing', async () => {
    const jobs = new BuildService(new Map([['none', noopBuilder]]), () => undefined)
    const job = await jobs.newJob('none', ANY, {})
    await jobs.open(job.id, {})
    await expect(job.includeTx(Uint8Array.of(1), {})).rejects.toThrow('not supported')
    await expect(jobs.seal(job.id, {})).rejects.toThrow('no building supported')
    await jobs.cancel(job.id, {})
    await jobs.closeJob(job.id, {})
  })
})
