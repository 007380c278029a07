import { isDeepStrictEqual } from 'node:util'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import type { Hex } from '../../src/primitives/hex.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { JsonRpcError } from './support/json-rpc.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import { startOpSequencer, startSequencedChain } from './support/op-sequencer.ts'
import { startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

type Account = (typeof devAccounts)[number]
const account = (index: number): Account => devAccounts[index] as Account
const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
const common = { gas: 100_000n, value: 1n, to: `0x${'77'.repeat(20)}` } as const
const hashOf = (raw: Hex): Hex => decodeTransaction(hexToBytes(raw)).hash

function plain(chainId: number, from: number, nonce: number, fields: object = {}): Promise<Hex> {
  return account(from).account.signTransaction({ ...common, ...fees, chainId, nonce, ...fields })
}

/** One transaction of each type that stands in an L2 block, of an account each. */
async function ofEachType(chainId: number): Promise<Hex[]> {
  const gasPrice = fees.maxFeePerGas
  const accessList = [{ address: common.to, storageKeys: [`0x${'01'.repeat(32)}`] as const }]
  const authority = privateKeyToAccount(account(4).privateKey)
  const authorization = await authority.signAuthorization({ chainId, nonce: 0, contractAddress: common.to })
  return Promise.all([
    account(0).account.signTransaction({ ...common, type: 'legacy', chainId, nonce: 0, gasPrice }),
    account(1).account.signTransaction({ ...common, type: 'eip2930', chainId, nonce: 0, gasPrice, accessList }),
    account(2).account.signTransaction({ ...common, ...fees, type: 'eip1559', chainId, nonce: 0, accessList }),
    account(3).account.signTransaction({
      ...{ ...common, ...fees, type: 'eip7702', chainId, nonce: 0 },
      authorizationList: [authorization],
    }),
  ])
}

/** What a node answers to a call: its result or its error's code and message. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return { code: error.code, message: error.text }
  }
}

describe('a pool that exchanges transactions with op-geth over JSON-RPC', () => {
  it('takes what nodes tell of and what verifiers forward, and sends what it takes', { timeout: 120_000 }, async () => {
    await using chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      chain: ({ url, wsUrl }) => ({
        txpool: { sources: [{ subscribe: wsUrl, content: url, interval: '300ms' }], relayTo: [url] },
      }),
    })
    const { el, sequencer, chainId, folder, forks, blockTime, genesisTime } = chain
    const genesis = await l2Genesis({ timestamp: genesisTime, forks })
    await using verifier = await startOpGeth({
      ...{ folder, genesis, name: 'verifier' },
      flags: ['--rollup.sequencerhttp', sequencer.rpc.url, '--rollup.sequencertxconditionalenabled'],
    })
    const content = (rpc: typeof el.rpc) => rpc.call<object>('txpool_content')
    const same = async (): Promise<void> => {
      const equal = async () => isDeepStrictEqual(await content(sequencer.rpc), await content(el.rpc))
      await waitFor('the pools are equal', equal, { timeout: 15_000 }).catch(() => undefined)
      expect(await content(sequencer.rpc)).toEqual(await content(el.rpc))
    }

    // What comes into op-geth's pool, of every type; what waits there behind a gap only its content tells.
    const typed = await ofEachType(chainId)
    for (const raw of typed) await el.rpc.call('eth_sendRawTransaction', [raw])
    await el.rpc.call('eth_sendRawTransaction', [await plain(chainId, 0, 2)])
    await same()
    expect(await sequencer.rpc.call('txpool_status')).toEqual({ pending: '0x4', queued: '0x1' })
    for (const raw of typed) expect(await sequencer.rpc.call('eth_getRawTransactionByHash', [hashOf(raw)])).toBe(raw)

    // The service is a sequencer that op-geth forwards to; from there the other op-geth gets it.
    const forwarded = await plain(chainId, 5, 0)
    expect(await verifier.rpc.call('eth_sendRawTransaction', [forwarded])).toBe(hashOf(forwarded))
    expect(await sequencer.rpc.call('eth_getTransactionByHash', [hashOf(forwarded)])).toMatchObject({ blockHash: null })
    await same()
    const refused = await Promise.all([
      plain(chainId, 5, 1, { gas: 20_000n }),
      plain(chainId, 5, 1, { value: 10n ** 30n }),
      plain(chainId, 5, 0, { value: 2n }),
      plain(chainId, 5, 1, { gas: 100_000_000n }),
      plain(chainId + 1, 5, 1),
    ])
    for (const raw of [forwarded, ...refused]) {
      const wanted = await outcome(el.rpc.call('eth_sendRawTransaction', [raw]))
      expect(wanted).toMatchObject({ code: -32000 })
      expect(await outcome(verifier.rpc.call('eth_sendRawTransaction', [raw]))).toEqual(wanted)
    }

    // Conditions are looked at on a block and its parent.
    const driver = new EngineDriver(el, forks, blockTime)
    const built = await driver.build(el.genesisHash, driver.attributes(await el.block(0)))
    for (const node of [driver, new EngineDriver(verifier, forks, blockTime)]) {
      await node.insert(built)
      await node.setHead(built.executionPayload.blockHash)
    }
    await waitFor('the service has seen the block', async () => (await sequencer.rpc.call('eth_blockNumber')) === '0x1')
    const conditional = await plain(chainId, 6, 0)
    const params = [conditional, { blockNumberMin: '0x1', blockNumberMax: '0x100' }]
    expect(await verifier.rpc.call('eth_sendRawTransactionConditional', params)).toBe(hashOf(conditional))
    expect(await sequencer.rpc.call('eth_getTransactionByHash', [hashOf(conditional)])).toMatchObject({ nonce: '0x0' })

    const figures = await chain.metrics()
    const figure = (name: string, result: string): number =>
      Number(new RegExp(`^op_sequencer_txpool_${name}\\{.*result="${result}"\\} (\\d+)$`, 'm').exec(figures)?.[1])
    // Those of the node came from it: none of them was sent back.
    expect(figure('relay_transactions_total', 'sent')).toBe(1)
    expect(figure('relay_transactions_total', 'refused')).toBe(0)
    expect(figure('source_transactions_total', 'taken')).toBe(5)
    expect(figure('source_transactions_total', 'invalid')).toBe(0)
    expect(figure('source_contents_total', 'reads')).toBeGreaterThan(0)
  })

  it('empties as op-node sequences what it has sent', { timeout: 120_000 }, async () => {
    await using stack = await startSingleStack({ forks: () => atGenesis('jovian') })
    const { folder, l1, el, node, rollupFile } = stack
    await using service = await startOpSequencer({
      ...{ folder, l1: { url: l1.el.url, configFile: l1.configFile }, el, rollupFile },
      chain: { insert: 'none', el: { rpc: el.url, ws: el.wsUrl }, txpool: { relayTo: [el.url] } },
    })
    const check = (): void => node.process.assertRunning()
    const chainId = Number(await el.rpc.call('eth_chainId'))
    const raws = await Promise.all(Array.from({ length: 40 }, (_, i) => plain(chainId, i % 4, Math.floor(i / 4))))
    for (const raw of raws) await service.rpc.call('eth_sendRawTransaction', [raw])
    await waitFor(
      'all are in blocks',
      async () => {
        const receipts = await el.rpc.batch(
          raws.map((raw) => ({ method: 'eth_getTransactionReceipt', params: [hashOf(raw)] })),
        )
        return receipts.every((receipt) => receipt !== null)
      },
      { check, timeout: 30_000 },
    )
    await waitFor(
      'the pool is empty',
      async () => {
        return JSON.stringify(await service.rpc.call('txpool_status')) === '{"pending":"0x0","queued":"0x0"}'
      },
      { check },
    )
    expect(await service.rpc.call('txpool_content')).toEqual({ pending: {}, queued: {} })
  })
})
