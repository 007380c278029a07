import { describe, expect, it } from 'vitest'
import { type Address, toQuantity } from '../../src/primitives/hex.ts'
import { impersonatedTransaction } from '../../src/protocol/impersonation.ts'
import { sealedPayload } from '../../src/protocol/payload.ts'
import { decodeTransaction, type SignedTransaction } from '../../src/protocol/transaction.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { TxPool } from '../../txpool/pool.ts'
import { EMBEDDED_GENESIS, embeddedWorld } from '../support/embedded-world.ts'
import { fixedPoolHead } from '../support/fixed-pool-head.ts'

/** A contract with funds, whose key nobody has. */
const CONTRACT: Address = `0x${'c0'.repeat(20)}`
const RECIPIENT: Address = `0x${'77'.repeat(20)}`
const FILE = {
  ...EMBEDDED_GENESIS,
  alloc: {
    ...(EMBEDDED_GENESIS.alloc as object),
    [CONTRACT]: { balance: toQuantity(10n ** 20n), code: '0x600160005500' },
  },
}
const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }

function fromContract(nonce: bigint): Uint8Array {
  const price = 10n ** 10n
  return impersonatedTransaction(
    {
      type: 2,
      chainId: 901n,
      nonce,
      gasLimit: 21_000n,
      to: RECIPIENT,
      value: 5n,
      data: new Uint8Array(0),
      maxFeePerGas: price,
      maxPriorityFeePerGas: 1n,
      accessList: [],
    },
    CONTRACT,
  )
}

async function impersonatingWorld(store = new MemoryStore()) {
  const pool = new TxPool(fixedPoolHead(RULES, { nonce: 0n, balance: 10n ** 20n }))
  return { pool, world: await embeddedWorld(store, FILE, { pool, decoding: { impersonation: true } }) }
}

describe('a transaction of an account that a test acts for', () => {
  it('waits in the pool, stands in a block, and is read again from the store', async () => {
    const store = new MemoryStore()
    const { pool, world } = await impersonatingWorld(store)
    const transaction = decodeTransaction(fromContract(0n), { impersonation: true }) as SignedTransaction
    await pool.addImpersonated(transaction, {})
    const job = await world.jobs.open({ l2Parent: 'latest' }, {})
    expect(await world.jobs.includeBest(job, {})).toMatchObject({ transaction: { sender: CONTRACT } })
    const sealed = await world.jobs.seal(job, { commit: true, publish: false }, {})

    const again = await embeddedWorld(store, FILE)
    expect(again.chain.labels.head).toBe(sealed.hash)
    expect(again.chain.block(sealed.hash)?.transactions[1]).toMatchObject({ hash: transaction.hash, sender: CONTRACT })
    expect(again.chain.receipts(sealed.hash)?.[1]?.status).toBe(1)
  })

  it('is refused by everyone who does not know', async () => {
    const { pool, world } = await impersonatingWorld()
    await pool.addImpersonated(decodeTransaction(fromContract(0n), { impersonation: true }) as SignedTransaction, {})
    const job = await world.jobs.open({ l2Parent: 'latest' }, {})
    await world.jobs.includeBest(job, {})
    const sealed = await world.jobs.seal(job, { commit: false, publish: false }, {})
    const words = 'invalid transaction: invalid signature values'

    const other = await embeddedWorld(new MemoryStore(), FILE)
    expect(await other.engine.newPayload(sealedPayload(sealed), {})).toMatchObject({
      status: 'INVALID',
      validationError: words,
    })
    // Nor does a caller who hands in bytes act for somebody.
    await expect(pool.add(fromContract(1n), {})).rejects.toMatchObject({ code: 'TX_REJECTED', message: words })
    const next = await world.jobs.open({ l2Parent: 'latest' }, {})
    await expect(world.jobs.includeRaw(next, fromContract(1n), {})).rejects.toMatchObject({ code: 'TX_REFUSED' })
  })
})
