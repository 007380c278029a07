import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, toQuantity } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { transfer } from '../support/embedded-world.ts'

type Host = Awaited<ReturnType<typeof embeddedHost>>

const ALICE = devAccounts[0]?.address as string
/** geth forgets what a deeper reorg throws out. */
const DEEP = 70

async function send(host: Host, nonce: number): Promise<Hash> {
  return (await host.call('eth_sendRawTransaction', bytesToHex(await transfer(nonce)))) as Hash
}

/** Makes a block of what waits, at most `count`. @returns its hash */
async function block(host: Host, options: object = {}, count = 1): Promise<Hash> {
  const job = await host.call('test_open', options)
  for (let i = 0; i < count; i++) await host.call('test_includeBest', job)
  return ((await host.call('test_seal', job)) as { hash: Hash }).hash
}

const status = (pending: number, queued = 0) => ({ pending: toQuantity(pending), queued: toQuantity(queued) })

describe('the pool of an embedded chain', () => {
  it('shows a transaction as soon as it was sent, and lets go of it when a block has it', async () => {
    await using host = await embeddedHost()
    const hash = await send(host, 0)
    const gap = await send(host, 2)
    expect(await host.call('txpool_status')).toEqual(status(1, 1))
    expect(await host.call('eth_getTransactionByHash', hash)).toMatchObject({ hash, blockHash: null })
    expect(await host.call('eth_getTransactionByHash', gap)).toMatchObject({ hash: gap, blockHash: null })
    expect(await host.call('eth_getTransactionCount', ALICE, 'pending')).toBe('0x1')
    const blockHash = await block(host)
    expect(await host.call('txpool_status')).toEqual(status(0, 1))
    expect(await host.call('eth_getTransactionByHash', hash)).toMatchObject({ hash, blockHash })
    await send(host, 1)
    expect(await host.call('eth_getTransactionCount', ALICE, 'pending')).toBe('0x3')
    expect(await host.answer('eth_sendRawTransaction', [bytesToHex(await transfer(0))])).toEqual({
      error: { code: -32000, message: 'nonce too low: next nonce 1, tx nonce 0' },
    })
  })

  it('has back what a reorg of any depth threw out, and loses it when the old branch is joined again', async () => {
    await using host = await embeddedHost()
    const hashes: Hash[] = []
    let head = '0x0' as Hash
    for (let nonce = 0; nonce < DEEP; nonce++) {
      hashes.push(await send(host, nonce))
      head = await block(host)
    }
    expect(await host.call('txpool_status')).toEqual(status(0))
    await block(host, { l2Parent: '0x0' })
    expect(await host.call('txpool_status')).toEqual(status(DEEP))
    const side = await block(host, {}, 2)
    expect(await host.call('txpool_status')).toEqual(status(DEEP - 2))
    expect(await host.call('eth_getTransactionCount', ALICE, 'pending')).toBe(toQuantity(DEEP))
    expect(await host.call('eth_getTransactionByHash', hashes[1])).toMatchObject({ blockHash: side })
    expect(await host.call('eth_getTransactionByHash', hashes[2])).toMatchObject({ blockHash: null })
    await host.call('test_setForkchoice', { head })
    expect(await host.call('txpool_status')).toEqual(status(0))
    expect(await host.call('eth_getTransactionByHash', hashes[2])).toMatchObject({ blockNumber: '0x3' })
  })

  it('has back what stood above a head that is set by hand', async () => {
    await using host = await embeddedHost()
    for (const nonce of [0, 1]) await send(host, nonce)
    for (let i = 0; i < 2; i++) await block(host)
    await send(host, 2)
    await host.call('debug_setHead', '0x0')
    expect(await host.call('txpool_status')).toEqual(status(3))
    await block(host, {}, 3)
    expect(await host.call('txpool_status')).toEqual(status(0))
    expect(await host.call('eth_getTransactionCount', ALICE)).toBe('0x3')
  })

  it('looks at what waits anew when a test has changed an account', async () => {
    await using host = await embeddedHost()
    for (const nonce of [0, 1]) await send(host, nonce)
    await host.call('anvil_setNonce', ALICE, '0x1')
    expect(await host.call('txpool_status')).toEqual(status(1))
    await host.call('anvil_setBalance', ALICE, '0x0')
    expect(await host.call('txpool_status')).toEqual(status(0))
    expect(await host.answer('eth_sendRawTransaction', [bytesToHex(await transfer(1))])).toMatchObject({
      error: { message: expect.stringContaining('insufficient funds for gas * price + value: balance 0, tx cost') },
    })
  })

  it('comes back with a snapshot as it was, and is empty after a reset', async () => {
    await using host = await embeddedHost()
    const hashes = [await send(host, 0), await send(host, 1)]
    const before = await host.call('txpool_content')
    for (const drop of ['block', 'anvil_dropAllTransactions']) {
      const snapshot = await host.call('evm_snapshot')
      if (drop === 'block') await block(host, {}, 2)
      else await host.call(drop)
      await send(host, drop === 'block' ? 2 : 0)
      expect(await host.call('evm_revert', snapshot)).toBe(true)
      expect(await host.call('txpool_content')).toEqual(before)
    }
    await block(host, {}, 1)
    expect(await host.call('eth_getTransactionReceipt', hashes[0])).toMatchObject({ blockNumber: '0x1' })
    await host.call('anvil_reset')
    expect(await host.call('txpool_status')).toEqual(status(0))
  })

  it('lets go of what it is told to', async () => {
    await using host = await embeddedHost()
    const hashes = [await send(host, 0), await send(host, 1), await send(host, 2)]
    expect(await host.call('anvil_dropTransaction', hashes[1])).toBe(hashes[1])
    expect(await host.call('hardhat_dropTransaction', hashes[1])).toBe(null)
    expect(await host.call('txpool_status')).toEqual(status(1, 1))
    expect(await host.call('eth_getTransactionByHash', hashes[1])).toBe(null)
    expect(await host.call('anvil_removePoolTransactions', ALICE)).toEqual([hashes[0], hashes[2]])
    expect(await host.call('txpool_status')).toEqual(status(0))
  })

  it('answers a transaction that is sent synchronously with its receipt', async () => {
    await using host = await embeddedHost()
    const early = host.answer('eth_sendRawTransactionSync', [bytesToHex(await transfer(0)), '0xea60'])
    const late = host.answer('eth_sendRawTransactionSync', [bytesToHex(await transfer(1)), 60_000])
    while (((await host.call('txpool_status')) as { pending: string }).pending !== '0x2') await Promise.resolve()
    const first = await block(host)
    expect(await early).toMatchObject({ result: { blockHash: first, blockNumber: '0x1', status: '0x1', from: ALICE } })
    const second = await block(host)
    const { result } = (await late) as { result: { transactionHash: Hash; blockHash: Hash } }
    expect(result.blockHash).toBe(second)
    expect(result).toEqual(await host.call('eth_getTransactionReceipt', result.transactionHash))
  })
})
