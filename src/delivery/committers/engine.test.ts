import { describe, expect, it } from 'vitest'
import { SealedBlocks } from '../../builder/sealed-blocks.ts'
import type { SealedBlock } from '../../builder/service.ts'
import { AppError } from '../../primitives/errors.ts'
import { type Hash, toWord, ZERO_HASH } from '../../primitives/hex.ts'
import { EMPTY_HEADER } from '../../protocol/header.ts'
import { EngineCommitter, type EnginePort, type EngineStatus } from './engine.ts'

const VALID: EngineStatus = { status: 'VALID', validationError: undefined }

function block(number: bigint): SealedBlock {
  const header = { ...EMPTY_HEADER, number, parentHash: toWord(number - 1n) }
  return { hash: toWord(number), header, transactions: [], committed: false, published: false }
}

/** An engine that has some blocks, and takes those whose parent it has. */
class FakeEngine implements EnginePort<string, string> {
  readonly known: Set<Hash>
  readonly given: Hash[] = []
  head: Hash = ZERO_HASH
  answer: EngineStatus | undefined
  stays = false
  /** Takes no payload before it is told of a head, as geth after it was started. */
  asleep = false
  failure: AppError | undefined

  constructor(known: readonly bigint[]) {
    this.known = new Set(known.map(toWord))
  }

  #take(hash: Hash, parentHash: Hash): EngineStatus {
    this.given.push(hash)
    if (this.answer !== undefined) return this.answer
    if (this.asleep) return { status: 'SYNCING', validationError: undefined }
    if (!this.known.has(parentHash)) return { status: 'SYNCING', validationError: undefined }
    this.known.add(hash)
    return VALID
  }

  async newPayload({ hash, header }: Parameters<EnginePort<string, string>['newPayload']>[0]): Promise<EngineStatus> {
    return this.#take(hash, header.parentHash)
  }

  async forkchoiceUpdated({ head }: { readonly head: Hash }): Promise<EngineStatus> {
    if (!this.known.has(head)) return { status: 'SYNCING', validationError: undefined }
    this.asleep = false
    this.head = head
    return VALID
  }

  async insert(...[payload, , along]: Parameters<EnginePort<string, string>['insert']>) {
    if (this.failure !== undefined) throw this.failure
    const status = await this.newPayload(payload)
    const forkchoice = this.stays ? VALID : await this.forkchoiceUpdated({ head: payload.hash })
    return { payload: status, forkchoice, head: this.head, along: along.map((call) => `${call}!`) }
  }

  async labels() {
    return { head: this.head, safe: ZERO_HASH, finalized: ZERO_HASH }
  }
}

function setUp(known: readonly bigint[]) {
  const engine = new FakeEngine(known)
  const blocks = new SealedBlocks()
  const arrived: (readonly string[])[] = []
  const committer = new EngineCommitter(engine, blocks, () => ({
    calls: ['proof'],
    arrived: (outcomes: readonly string[]) => arrived.push(outcomes),
  }))
  return { engine, blocks, committer, arrived }
}

describe('committing through the Engine API', () => {
  it('makes the block the head, with its passengers', async () => {
    const { engine, committer, arrived } = setUp([1n])
    await committer.commit(block(2n), {})
    expect(engine.head).toBe(toWord(2n))
    expect(arrived).toEqual([['proof!']])
  })

  it('has the node look at a block that stays where it is', async () => {
    const { engine, committer } = setUp([1n])
    engine.head = toWord(1n)
    expect(await committer.check(block(2n), {})).toBe(true)
    expect(engine.head).toBe(toWord(1n))
    engine.answer = { status: 'INVALID', validationError: 'bad state root' }
    await expect(committer.check(block(3n), {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED', message: /bad state/ })
  })

  it('wakes a node to have it look, and does not wait for one that syncs', async () => {
    const { engine, committer } = setUp([1n])
    engine.head = toWord(1n)
    engine.asleep = true
    expect(await committer.check(block(2n), {})).toBe(true)
    expect(await committer.check(block(9n), {})).toBe(false)
  })

  it('hands a node that came back without them its blocks again', async () => {
    const { engine, blocks, committer } = setUp([1n])
    for (const number of [2n, 3n, 4n]) blocks.set(block(number))
    await committer.commit(block(4n), {})
    expect(engine.head).toBe(toWord(4n))
    expect(engine.given).toEqual([4n, 2n, 3n, 4n].map(toWord))
  })

  it.each([
    [{ status: 'INVALID', validationError: 'invalid merkle root' }, 'invalid merkle root'],
    [{ status: 'SYNCING', validationError: undefined }, 'SYNCING'],
  ])('tells what the node answered: %j', async (answer, message) => {
    const { engine, committer, arrived } = setUp([1n])
    engine.answer = answer
    await expect(committer.commit(block(2n), {})).rejects.toMatchObject({
      code: 'COMMIT_REFUSED',
      message: expect.stringContaining(message),
      data: { status: answer.status, validationError: answer.validationError ?? null, hash: toWord(2n) },
    })
    expect(arrived).toEqual([])
  })

  it('does not take a head that did not move for a commit', async () => {
    const { engine, committer } = setUp([1n])
    engine.stays = true
    engine.head = toWord(9n)
    await expect(committer.commit(block(2n), {})).rejects.toMatchObject({
      code: 'COMMIT_REFUSED',
      data: { status: 'VALID', validationError: expect.stringContaining(toWord(9n)) },
    })
  })

  it('tells a refusal of the call from a node that cannot be reached', async () => {
    const { engine, committer } = setUp([1n])
    engine.failure = new AppError('RPC_ERROR', { message: 'Invalid parameters' })
    await expect(committer.commit(block(2n), {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
    engine.failure = new AppError('RPC_UNAVAILABLE', { message: 'down', severity: 'temporary' })
    await expect(committer.commit(block(2n), {})).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
  })

  it('commits one after the other', async () => {
    const { engine, committer } = setUp([1n])
    await Promise.all([2n, 3n, 4n].map((number) => committer.commit(block(number), {})))
    expect(engine.given).toEqual([2n, 3n, 4n].map(toWord))
  })

  it('moves labels when told, and says what they are', async () => {
    const { engine, committer } = setUp([1n, 5n])
    expect(await committer.setForkchoice({}, {})).toMatchObject({ head: ZERO_HASH })
    expect(await committer.setForkchoice({ head: toWord(5n) }, {})).toMatchObject({ head: toWord(5n) })
    await expect(committer.setForkchoice({ head: toWord(6n) }, {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
    expect(engine.head).toBe(toWord(5n))
  })
})
