import { beforeEach, describe, expect, it } from 'vitest'
import { embeddedReadMethods } from '../../rpc/methods/embedded-reads.ts'
import type { PendingTransactions } from '../../rpc/methods/eth-subscribe.ts'
import type { PooledTransactions } from '../../rpc/methods/eth-transactions.ts'
import { chainKind } from '../../src/embedded/chain-kind.ts'
import { readServices } from '../../src/embedded/read-services.ts'
import { bytesToHex, type Hash, toQuantity } from '../../src/primitives/hex.ts'
import { decodeTransaction, type SignedTransaction } from '../../src/protocol/transaction.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { embeddedWorld, transfer } from '../support/embedded-world.ts'
import { localRpc } from '../support/local-rpc.ts'

const ALICE = devAccounts[0]?.address.toLowerCase() as Hash
const NOBODY = `0x${'ab'.repeat(32)}`

type Json = Readonly<Record<string, unknown>>
type World = Awaited<ReturnType<typeof embeddedWorld>>

let w: World
let waiting: SignedTransaction[]
let rpc: ReturnType<typeof localRpc>

beforeEach(async () => {
  w = await embeddedWorld(new MemoryStore())
  waiting = []
  const pool: PooledTransactions & PendingTransactions = {
    onTransaction: () => () => undefined,
    get: (hash) => waiting.find((transaction) => transaction.hash === hash),
    networkForm: (hash) => waiting.find((transaction) => transaction.hash === hash)?.raw,
    content: async (_io, sender) => ({ pending: new Map([[sender, waiting.filter((tx) => tx.sender === sender)]]) }),
  }
  const identity = { chainId: 901n, clientVersion: 'op-sequencer/v0', accounts: [ALICE] }
  const services = readServices(w.engine, chainKind(w.genesis.config), { now: () => 0 })
  rpc = localRpc(embeddedReadMethods({ identity, pool, ...services }))
})

async function signed(nonce: number): Promise<SignedTransaction> {
  return decodeTransaction(await transfer(nonce)) as SignedTransaction
}

describe('reads of an embedded chain', () => {
  it('show side branches by hash only', async () => {
    const first = await w.block('latest', await transfer(0))
    const side = await w.block(w.chain.genesis, await transfer(0, { value: 7n }))
    const [, included] = first.transactions
    const hash = included?.transaction.hash as Hash
    expect(await rpc.call('eth_getBlockByNumber', '0x1', false)).toMatchObject({ hash: side.hash })
    expect(await rpc.call('eth_getBlockByHash', first.hash, false)).toMatchObject({ hash: first.hash })
    expect(await rpc.call('eth_getTransactionByHash', hash)).toBe(null)
    expect(await rpc.call('eth_getTransactionReceipt', hash)).toBe(null)
    expect(await rpc.call('eth_getTransactionByBlockHashAndIndex', first.hash, '0x1')).toMatchObject({ hash })
    expect(await rpc.call('eth_getBlockReceipts', first.hash)).toHaveLength(2)
    expect(await rpc.answer('eth_getBlockReceipts', [{ blockHash: first.hash, requireCanonical: true }])).toEqual({
      error: { code: -32000, message: 'hash is not currently canonical' },
    })
    const balances = [first.hash, side.hash].map((blockHash) => rpc.call('eth_getBalance', ALICE, { blockHash }))
    const [before, after] = (await Promise.all(balances)) as [string, string]
    expect(BigInt(before) - BigInt(after)).toBe(6n)
  })

  it('find a transaction that waits, with no place, and count it in the pending nonce', async () => {
    await w.block('latest', await transfer(0))
    waiting = [await signed(1), await signed(2)]
    const [next] = waiting as [SignedTransaction]
    expect(await rpc.call('eth_getTransactionByHash', next.hash)).toMatchObject({
      hash: next.hash,
      from: ALICE,
      blockHash: null,
      blockNumber: null,
      transactionIndex: null,
    })
    expect(await rpc.call('eth_getTransactionReceipt', next.hash)).toBe(null)
    expect(await rpc.call('eth_getRawTransactionByHash', next.hash)).toBe(bytesToHex(next.raw))
    expect(await rpc.call('eth_getTransactionCount', ALICE, 'pending')).toBe('0x3')
    expect(await rpc.call('eth_getTransactionCount', ALICE, 'latest')).toBe('0x1')
    expect(await rpc.call('eth_getTransactionCount', ALICE)).toBe('0x1')
    // A pool that has not seen the block yet does not lower the nonce.
    waiting = [await signed(0)]
    expect(await rpc.call('eth_getTransactionCount', ALICE, 'pending')).toBe('0x1')
  })

  it('say in geth’s words what is not there', async () => {
    const missing = (message: string) => ({ error: { code: -32000, message } })
    expect(await rpc.answer('eth_getBalance', [ALICE, '0x9'])).toEqual(missing('header not found'))
    expect(await rpc.answer('eth_getCode', [ALICE, { blockHash: NOBODY }])).toEqual(missing('header not found'))
    expect(await rpc.answer('eth_getBlockByNumber', ['safe', false])).toEqual(missing('safe block not found'))
    expect(await rpc.answer('debug_dbGet', [NOBODY])).toEqual(missing('pebble: not found'))
    expect(await rpc.answer('debug_dbGet', ['LastBlock'])).toEqual(missing('pebble: not found'))
    expect(await rpc.call('eth_getBlockByHash', NOBODY, false)).toBe(null)
    expect(await rpc.call('eth_getBlockReceipts', '0x9')).toBe(null)
    expect(await rpc.call('eth_getRawTransactionByHash', NOBODY)).toBe('0x')
  })

  it('prove state down from the root that the header states', async () => {
    const { hash } = await w.block('latest', await transfer(0))
    const { stateRoot } = (await rpc.call('eth_getHeaderByHash', hash)) as { stateRoot: Hash }
    const proof = (await rpc.call('eth_getProof', ALICE, ['0x1', `0x${'00'.repeat(31)}02`])) as {
      accountProof: Hash[]
      storageProof: Json[]
    }
    expect(await rpc.call('debug_dbGet', stateRoot)).toBe(proof.accountProof[0])
    expect(proof.storageProof).toEqual([
      { key: '0x1', value: '0x0', proof: [] },
      { key: `0x${'00'.repeat(31)}02`, value: '0x0', proof: [] },
    ])
  })

  it('set the head back, and refuse what is no way back', async () => {
    const first = await w.block('latest', await transfer(0))
    const second = await w.block('latest', await transfer(1))
    const refused = { error: { code: -32000, message: 'not allowed to rewind to a future block' } }
    for (const number of [2, 3]) expect(await rpc.answer('debug_setHead', [toQuantity(number)])).toEqual(refused)
    expect(await rpc.call('debug_setHead', '0x1')).toBe(null)
    expect(await rpc.call('eth_blockNumber')).toBe('0x1')
    expect(await rpc.call('eth_getBlockByNumber', 'pending', false)).toMatchObject({ hash: first.hash })
    expect(await rpc.call('eth_getBlockByNumber', '0x2', false)).toBe(null)
    expect(await rpc.call('eth_getHeaderByHash', second.hash)).toMatchObject({ hash: second.hash })
  })

  it('tell of the node', async () => {
    expect(await rpc.call('net_version')).toBe('901')
    expect(await rpc.call('web3_clientVersion')).toBe('op-sequencer/v0')
    expect(await rpc.call('web3_sha3', '0x68656c6c6f20776f726c64')).toBe(
      '0x47173285a8d7341e5e972fc677286384f802f8ef42a5ec5f03bbfa254cb01fad',
    )
    expect(await rpc.call('eth_accounts')).toEqual([ALICE])
    expect(await rpc.call('eth_syncing')).toBe(false)
  })
})
