import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { transfer } from '../support/embedded-world.ts'

type Host = Awaited<ReturnType<typeof embeddedHost>>

async function send(host: Host, nonce: number, conditional: object) {
  return host.answer('eth_sendRawTransactionConditional', [bytesToHex(await transfer(nonce)), conditional])
}

/** Makes a block of what waits, or of nothing. */
async function block(host: Host, options: object = {}, most = Number.POSITIVE_INFINITY): Promise<void> {
  const job = await host.call('test_open', options)
  for (let i = 0; i < most && (await host.call('test_includeBest', job)) !== null; i++);
  await host.call('test_seal', job)
}

const pending = async (host: Host): Promise<unknown> =>
  ((await host.call('txpool_status')) as { pending: string }).pending

describe('transactions with conditions on an embedded chain', () => {
  it('are refused as long as the head has no parent, whose state counts, too', async () => {
    await using host = await embeddedHost()
    expect(await send(host, 0, {})).toEqual({ error: { code: -32000, message: 'header for hash not found' } })
    await block(host)
    expect(await send(host, 0, {})).toHaveProperty('result')
  })

  it('leave the pool when the next block cannot have them, and not when a caller asks for one by name', async () => {
    await using host = await embeddedHost()
    await block(host)
    const { result: hash } = (await send(host, 0, { blockNumberMax: 1 })) as { result: Hash }
    expect(await pending(host)).toBe('0x1')
    const job = await host.call('test_open')
    expect(await host.answer('test_includeByHash', [job, hash])).toMatchObject({
      error: {
        code: -38512,
        message: 'failed header check: failed block number maximmum constraint: transaction conditional failed',
        data: { reason: 'conditionalFailed' },
      },
    })
    expect(await pending(host)).toBe('0x1')
    expect(await host.call('test_includeBest', job)).toBe(null)
    expect(await pending(host)).toBe('0x0')
    expect(await host.answer('test_includeRaw', [job, bytesToHex(await transfer(0))])).toHaveProperty('result')
  })

  it('lose their conditions with their block: a reorg brings them back without', async () => {
    await using host = await embeddedHost()
    await block(host)
    const { result: hash } = (await send(host, 0, { blockNumberMin: '0x1', blockNumberMax: '0x2' })) as { result: Hash }
    await block(host)
    expect(await pending(host)).toBe('0x0')
    // Another branch, and on it a block in which the conditions would not hold.
    await block(host, { l2Parent: '0x1', prevRandao: `0x${'01'.repeat(32)}` }, 0)
    expect(await pending(host)).toBe('0x1')
    const job = await host.call('test_open')
    expect(await host.call('test_includeBest', job)).toMatchObject({ transactionHash: hash })
  })

  it('are held to storage as it stands where they go in, and to storage roots before the block', async () => {
    await using host = await embeddedHost()
    await block(host)
    const unset = { [`0x${'77'.repeat(20)}`]: { [`0x${'00'.repeat(32)}`]: `0x${'00'.repeat(31)}01` } }
    expect(await send(host, 0, { knownAccounts: unset })).toMatchObject({
      error: {
        code: -32003,
        message: `failed state check: failed account storage slot key 0x${'00'.repeat(32)} constraint. Got 0x${'00'.repeat(32)}, Expected 0x${'00'.repeat(31)}01`,
      },
    })
    const empty = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
    expect(await send(host, 0, { knownAccounts: { [`0x${'77'.repeat(20)}`]: empty } })).toHaveProperty('result')
    await block(host)
    expect(await pending(host)).toBe('0x0')
  })
})
