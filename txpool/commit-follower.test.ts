import { describe, expect, it } from 'vitest'
import { SealedBlocks } from '../src/builder/sealed-blocks.ts'
import type { SealedBlock } from '../src/builder/service.ts'
import { type Hash, hexToBytes, toWord, ZERO_HASH } from '../src/primitives/hex.ts'
import { EMPTY_HEADER } from '../src/protocol/header.ts'
import { decodeTransaction } from '../src/protocol/transaction.ts'
import { devAccounts } from '../test/peers/support/dev-accounts.ts'
import { fixedPoolHead } from '../test/support/fixed-pool-head.ts'
import { CommitFollower } from './commit-follower.ts'
import { TxPool } from './pool.ts'

const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }

class Branches {
  readonly pool = new TxPool(fixedPoolHead(RULES, { nonce: 0n, balance: 10n ** 18n }))
  readonly blocks = new SealedBlocks()
  readonly #follower = new CommitFollower(this.pool, this.blocks)

  /** A block with the first transaction of one account. */
  async block(name: bigint, parent: Hash, from: number): Promise<SealedBlock> {
    const sender = devAccounts[from] as (typeof devAccounts)[number]
    const raw = await sender.account.signTransaction({
      chainId: 901,
      nonce: 0,
      gas: 21_000n,
      to: `0x${'77'.repeat(20)}`,
      maxFeePerGas: 100n,
      maxPriorityFeePerGas: 1n,
    })
    const transaction = decodeTransaction(hexToBytes(raw))
    const block: SealedBlock = {
      hash: toWord(name),
      header: { ...EMPTY_HEADER, parentHash: parent },
      transactions: [{ transaction } as SealedBlock['transactions'][number]],
      committed: true,
      published: false,
    }
    this.blocks.set(block)
    return block
  }

  /** @returns whose transactions wait after these commits, by the number of the account */
  waiting(...commits: readonly SealedBlock[]): number[] {
    for (const block of commits) this.#follower.committed(block)
    return devAccounts.flatMap(({ address }, i) => (this.pool.ofSender(address).length > 0 ? [i] : []))
  }
}

describe('the pool after a reorg', () => {
  it('has back what fell out, and loses it when the old branch is joined again', async () => {
    const test = new Branches()
    const root = await test.block(1n, ZERO_HASH, 0)
    const a1 = await test.block(0xa1n, root.hash, 1)
    const a2 = await test.block(0xa2n, a1.hash, 2)
    const b1 = await test.block(0xb1n, root.hash, 3)
    const a3 = await test.block(0xa3n, a2.hash, 4)
    expect(test.waiting(root, a1, a2)).toEqual([])
    expect(test.waiting(b1)).toEqual([1, 2])
    expect(test.waiting(a3)).toEqual([3])
    expect(test.waiting(b1)).toEqual([1, 2, 4])
    expect(test.waiting(a2)).toEqual([3, 4])
  })

  it('takes a transaction out that both branches hold', async () => {
    const test = new Branches()
    const root = await test.block(1n, ZERO_HASH, 0)
    const a1 = await test.block(0xa1n, root.hash, 1)
    const b1 = await test.block(0xb1n, root.hash, 1)
    expect(test.waiting(root, a1, b1)).toEqual([])
    expect(test.waiting(root)).toEqual([1])
  })
})
