import { expect, it } from 'vitest'
import { type Address, type Hash, type Hex, toWord } from '../../src/primitives/hex.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { freePort } from './support/free-port.ts'
import { type InitiatingMessage, messageEntries } from './support/interop-message.ts'
import { JsonRpcError } from './support/json-rpc.ts'
import { startOpInteropFilter } from './support/op-interop-filter.ts'
import { type Sealed, startSequencedChain } from './support/op-sequencer.ts'
import { waitFor } from './support/wait-for.ts'

const INBOX: Address = '0x4200000000000000000000000000000000000022'
/** Logs nothing, without a topic, whenever it is called. */
const LOGGER: Address = `0x${'10'.repeat(20)}`
const LOGGER_CODE: Hex = '0x5f5fa000'
const FILTERED = 'transaction filtered out'

it('pools what op-interop-filter knows, and nothing else, as op-geth does', { timeout: 120_000 }, async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  // The filter serves a chain that is not behind the clock.
  const genesisTime = Math.floor(Date.now() / 1000) - 20
  await using chain = await startSequencedChain({
    genesisTime,
    forks: (time) => ({ ...atGenesis('jovian'), interop: time }),
    alloc: { [LOGGER]: { balance: '0x0', code: LOGGER_CODE } },
    elFlags: [`--rollup.interoprpc=${url}`, '--rollup.interopmempoolfiltering', '--txpool.nolocals'],
    chain: { txpool: { interop: { rpc: url } } },
  })
  const { el, chainId, sequencer, folder, rollupFile } = chain
  const [{ account }] = devAccounts as [(typeof devAccounts)[0]]
  const sign = (nonce: number, fields: { to: Address; storageKeys?: readonly Hash[] }): Promise<Hex> =>
    account.signTransaction({
      chainId,
      nonce,
      gas: 100_000n,
      to: fields.to,
      accessList: fields.storageKeys === undefined ? [] : [{ address: INBOX, storageKeys: fields.storageKeys }],
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    })
  const block = async (...raws: readonly Hex[]): Promise<Sealed> => {
    const job = await sequencer.rpc.call<string>('test_open')
    for (const raw of raws) await sequencer.rpc.call('test_includeRaw', [job, raw])
    return sequencer.rpc.call<Sealed>('test_seal', [job])
  }
  await block()
  const initiating = await block(await sign(0, { to: LOGGER }), await sign(1, { to: LOGGER }))
  const ahead = Math.ceil(Date.now() / 1000) + 60
  while (Number((await el.block('latest')).timestamp) < ahead) await block()

  await using filter = await startOpInteropFilter({ folder, port, chains: [{ url: el.url, rollupFile }] })
  const message: InitiatingMessage = {
    chainId: BigInt(chainId),
    blockNumber: BigInt(initiating.number),
    timestamp: BigInt(String(initiating.block.timestamp)),
    logIndex: 1n,
    origin: LOGGER,
    payload: new Uint8Array(0),
  }
  const [place, checksum] = messageEntries(message)
  const descriptor = { chainID: String(chainId), timestamp: `0x${ahead.toString(16)}`, timeout: '0x15180' }
  await waitFor('the filter knows the chain', async () => {
    await filter.rpc.call('supervisor_checkAccessList', [[place, checksum], 'cross-unsafe', descriptor])
    return true
  })

  /** What both answer to a transaction with these keys of the inbox. */
  const send = async (storageKeys: readonly Hash[], nonce = 2): Promise<unknown> => {
    const raw = await sign(nonce, { to: LOGGER, storageKeys })
    const [theirs, ours] = await Promise.all(
      [el, sequencer].map(({ rpc }) =>
        rpc.call('eth_sendRawTransaction', [raw]).catch((error: unknown) => {
          if (!(error instanceof JsonRpcError)) throw error
          return error.text
        }),
      ),
    )
    expect(ours).toEqual(theirs)
    return ours
  }
  const entries = (change: Partial<InitiatingMessage>): readonly Hash[] => messageEntries({ ...message, ...change })
  for (const bad of [
    [place],
    [checksum, place],
    [place, toWord(3n << 248n)],
    entries({ logIndex: 2n }),
    entries({ origin: INBOX }),
    entries({ payload: Uint8Array.of(1) }),
    entries({ blockNumber: message.blockNumber + 1n }),
    entries({ timestamp: message.timestamp + 2n }),
    entries({ timestamp: message.timestamp + 3600n }),
    entries({ chainId: 902n }),
    [place, checksum, ...entries({ logIndex: 7n })],
  ]) {
    expect(await send(bad), JSON.stringify(bad)).toBe(FILTERED)
  }
  expect(await send([place, checksum])).toMatch(/^0x/)
  expect(await send([...entries({ logIndex: 0n }), place, checksum], 3)).toMatch(/^0x/)

  await filter.admin.call('admin_setFailsafeEnabled', [true])
  expect(await send([place, checksum], 4)).toBe(FILTERED)
  await filter.admin.call('admin_setFailsafeEnabled', [false])
  expect(await send([place, checksum], 4)).toMatch(/^0x/)
})
