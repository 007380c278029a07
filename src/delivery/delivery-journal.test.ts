import { describe, expect, it } from 'vitest'
import type { DeliverableBlock } from '../builder/service.ts'
import { type Hash, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_HEADER, hashHeader } from '../protocol/header.ts'
import { createDeposit } from '../protocol/transaction.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import { DeliveryJournal } from './delivery-journal.ts'

function block(number: bigint, parentHash: Hash): DeliverableBlock {
  const header = {
    ...EMPTY_HEADER,
    number,
    parentHash,
    baseFeePerGas: 7n,
    withdrawalsRoot: EMPTY_HEADER.transactionsRoot,
  }
  const deposit = createDeposit({
    sourceHash: ZERO_HASH,
    from: ZERO_ADDRESS,
    to: ZERO_ADDRESS,
    mint: 0n,
    value: 3n,
    gasLimit: 21_000n,
    isSystemTx: false,
    data: hexToBytes('0x0102'),
  })
  return { hash: hashHeader(header), header, transactions: [{ transaction: deposit }], withdrawals: [] }
}

describe('the journal of deliveries', () => {
  it('is there again after a restart, blocks and all', async () => {
    const store = new MemoryStore()
    const first = new DeliveryJournal(store)
    const begun = block(1n, ZERO_HASH)
    await first.begin(begun, ['conducted'], {})
    await first.done(begun.hash, 'published', {})
    await first.done(ZERO_HASH, 'published', {})
    const again = new DeliveryJournal(store)
    expect(again.records).toEqual([
      {
        hash: begun.hash,
        number: 1n,
        parentHash: ZERO_HASH,
        checked: false,
        conducted: true,
        published: true,
        inserted: false,
      },
    ])
    expect(again.childOf(ZERO_HASH)?.hash).toBe(begun.hash)
    expect(again.block(begun.hash)).toEqual(begun)
    await again.drop([begun.hash], {})
    const empty = new DeliveryJournal(store)
    expect(empty.records).toEqual([])
    expect(empty.block(begun.hash)).toBeUndefined()
  })

  it('remembers the newest blocks only', async () => {
    const store = new MemoryStore()
    const journal = new DeliveryJournal(store)
    const blocks: DeliverableBlock[] = []
    for (let number = 1n; number <= 166n; number++) {
      const next = block(number, blocks.at(-1)?.hash ?? ZERO_HASH)
      blocks.push(next)
      await journal.begin(next, [], {})
    }
    expect(journal.records).toHaveLength(160)
    expect(journal.record((blocks[5] as DeliverableBlock).hash)).toBeUndefined()
    expect(store.get(`block:${(blocks[5] as DeliverableBlock).hash}`)).toBeUndefined()
    expect(new DeliveryJournal(store).block((blocks[6] as DeliverableBlock).hash)).toEqual(blocks[6])
  })

  it('does not take what was written otherwise', async () => {
    const store = new MemoryStore()
    await store.write([['deliveries', Uint8Array.of(0xc1)]], {})
    expect(() => new DeliveryJournal(store)).toThrow(/rlp/)
  })
})
