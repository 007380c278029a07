import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { SealedBlocks } from '../../builder/sealed-blocks.ts'
import type { SealedBlock } from '../../builder/service.ts'
import { AppError } from '../../primitives/errors.ts'
import { type Hash, toWord, ZERO_HASH } from '../../primitives/hex.ts'
import { EMPTY_HEADER } from '../../protocol/header.ts'
import type { Payload } from '../../protocol/payload.ts'
import { type CommittingNode, OpNodeCommitter } from './op-node.ts'

function block(number: bigint): SealedBlock {
  const header = { ...EMPTY_HEADER, number, parentHash: toWord(number - 1n) }
  return { hash: toWord(number), header, transactions: [], committed: false, published: false }
}

function rpcError(code: number, message: string): AppError {
  return new AppError('RPC_ERROR', { message, data: { code, message } })
}

/** An op-node whose execution layer has some blocks: it says yes to others, too, and stays where it is. */
class FakeNode implements CommittingNode {
  readonly known: Set<Hash>
  readonly calls: string[] = []
  unsafe: Hash = ZERO_HASH
  failure: AppError | undefined
  /** Looks at the heads before what was taken shows. */
  lag = 0
  #next: Hash = ZERO_HASH

  constructor(known: readonly bigint[]) {
    this.known = new Set(known.map(toWord))
  }

  #take({ hash, header }: Payload): void {
    if (!this.known.has(header.parentHash)) return
    this.known.add(hash)
    this.#next = hash
  }

  async commitBlock(payload: Payload): Promise<void> {
    this.calls.push(`commit ${payload.header.number}`)
    if (this.failure !== undefined) throw this.failure
    this.#take(payload)
  }

  async postUnsafePayload(payload: Payload): Promise<void> {
    this.calls.push(`post ${payload.header.number}`)
    this.#take(payload)
  }

  async syncHeads() {
    if (this.lag-- <= 0) this.unsafe = this.#next
    const ref = (hash: Hash) => ({ hash, number: 0n })
    return { unsafe: ref(this.unsafe), safe: ref(toWord(1n)), finalized: ref(ZERO_HASH) }
  }
}

function setUp(known: readonly bigint[]) {
  const node = new FakeNode(known)
  const blocks = new SealedBlocks()
  const clock = new VirtualClock()
  const committer = new OpNodeCommitter({ node, head: async () => node.unsafe, blocks, clock })
  /** Commits while time goes by. */
  const commit = async (number: bigint): Promise<void> => {
    const sealed = block(number)
    blocks.set(sealed)
    const committed = committer.commit(sealed, {})
    const outcome = committed.then(
      () => undefined,
      (error: unknown) => error,
    )
    await clock.advance(20_000)
    const error = await outcome
    if (error !== undefined) throw error
  }
  return { node, committer, commit, blocks }
}

describe('committing through op-node', () => {
  it('ends when the block is the head of both', async () => {
    const { node, commit } = setUp([1n])
    node.lag = 30
    await commit(2n)
    expect(node.unsafe).toBe(toWord(2n))
    expect(node.calls).toEqual(['commit 2'])
  })

  it('goes the other way where op-node has no sequencing interface', async () => {
    const { node, commit } = setUp([1n])
    node.failure = rpcError(-32_601, 'the method does not exist')
    await commit(2n)
    expect(node.calls).toEqual(['commit 2', 'post 2'])
  })

  it('hands over ancestors that the execution layer has lost', async () => {
    const { node, commit } = setUp([1n])
    for (const number of [2n, 3n]) await commit(number)
    node.known.delete(toWord(2n))
    node.known.delete(toWord(3n))
    node.calls.length = 0
    await commit(4n)
    expect(node.calls).toEqual(['commit 4', 'commit 2', 'commit 3', 'commit 4'])
    expect(node.unsafe).toBe(toWord(4n))
  })

  it('tells of a block that op-node refuses, and of one that does not become the head', async () => {
    const { node, commit } = setUp([1n])
    node.failure = rpcError(-40_110, 'execution invalid')
    await expect(commit(2n)).rejects.toMatchObject({ code: 'COMMIT_REFUSED', message: /execution invalid/ })
    node.failure = undefined
    await expect(commit(7n)).rejects.toMatchObject({ code: 'COMMIT_REFUSED', message: /op-node's unsafe head/ })
    await commit(2n)
  })

  it('leaves what may pass to the caller', async () => {
    const { node, commit } = setUp([1n])
    node.failure = rpcError(-40_100, 'temporary')
    await expect(commit(2n)).rejects.toMatchObject({ code: 'RPC_ERROR' })
  })

  it('moves the head only to blocks of its own, and no other label', async () => {
    const { committer, commit } = setUp([1n])
    await commit(2n)
    const labels = { head: toWord(2n), safe: toWord(1n), finalized: ZERO_HASH }
    expect(await committer.setForkchoice({}, {})).toEqual(labels)
    expect(await committer.setForkchoice({ head: toWord(2n) }, {})).toEqual(labels)
    await expect(committer.setForkchoice({ head: toWord(9n) }, {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
    await expect(committer.setForkchoice({ safe: toWord(2n) }, {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
  })
})
