import { expect, it } from 'vitest'
import { type Address, type Hash, type Hex, toWord } from '../../src/primitives/hex.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type JsonRpc, JsonRpcError } from './support/json-rpc.ts'
import { type Sealed, startSequencedChain } from './support/op-sequencer.ts'
import { startScriptedSupervisor } from './support/scripted-supervisor.ts'
import { seededRandom } from './support/storage-world.ts'
import { waitFor } from './support/wait-for.ts'

const INBOX: Address = '0x4200000000000000000000000000000000000022'
const ELSEWHERE: Address = `0x${'44'.repeat(20)}`
const ENTRIES = Array.from({ length: 12 }, (_, i) => toWord((3n << 248n) + BigInt(i)))
const SENDS = 50

interface AccessListItem {
  readonly address: Address
  readonly storageKeys: readonly Hash[]
}

async function outcome(rpc: JsonRpc, raw: Hex): Promise<unknown> {
  try {
    return await rpc.call('eth_sendRawTransaction', [raw])
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return { code: error.code, message: error.text }
  }
}

it('keeps executing messages out of the pool and of blocks as op-geth does', { timeout: 150_000 }, async () => {
  const seed = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 2 ** 31)
  process.stderr.write(`interop filter: OP_SEQUENCER_SEED=${seed}\n`)
  const random = seededRandom(seed)
  await using supervisor = await startScriptedSupervisor()
  await using chain = await startSequencedChain({
    forks: (genesisTime) => ({ ...atGenesis('jovian'), interop: genesisTime }),
    elFlags: [
      `--rollup.interoprpc=${supervisor.url}/theirs`,
      '--rollup.interopmempoolfiltering',
      '--rpc.txfeecap',
      '0',
      // It would send anew what its pool has let go of.
      '--txpool.nolocals',
    ],
    chain: { txpool: { interop: { rpc: `${supervisor.url}/ours` } } },
  })
  const { el, chainId, sequencer } = chain
  const driver = new EngineDriver(el, chain.forks)
  const nodes = [el, sequencer]
  const nonces = devAccounts.map(() => 0)

  const sign = (from: number, accessList: readonly AccessListItem[], nonce = nonces[from] as number): Promise<Hex> =>
    (devAccounts[from] as (typeof devAccounts)[0]).account.signTransaction({
      chainId,
      nonce,
      gas: 200_000n,
      to: ELSEWHERE,
      accessList,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: BigInt(1 + random(1_000_000)),
    })
  /** Sends to both; each answers the same. */
  const send = async (from: number, accessList: readonly AccessListItem[], nonce?: number): Promise<unknown> => {
    const raw = await sign(from, accessList, nonce)
    const before = supervisor.calls.length
    const theirs = await outcome(el.rpc, raw)
    expect(await outcome(sequencer.rpc, raw), `seed ${seed}: ${JSON.stringify(accessList)}`).toEqual(theirs)
    // Beside what was sent, they may have looked through their pools.
    const entries = accessList.flatMap(({ address, storageKeys }) => (address === INBOX ? storageKeys : []))
    const [asked, expected] = ['/ours', '/theirs'].map((name) =>
      supervisor.calls
        .slice(before)
        .filter(({ client, params }) => client === name && JSON.stringify(params[0]) === JSON.stringify(entries))
        .map(({ params }) => params),
    ) as [unknown[], unknown[]]
    expect(asked[0]).toEqual(expected[0])
    if (typeof theirs === 'string') nonces[from] = (nonces[from] as number) + 1
    return theirs
  }
  const executing = (...entries: readonly Hash[]): readonly AccessListItem[] => [
    { address: INBOX, storageKeys: entries },
  ]
  const list = (): readonly AccessListItem[] => {
    const items = Array.from({ length: random(4) }, () => ({
      address: random(3) === 0 ? ELSEWHERE : INBOX,
      storageKeys: Array.from({ length: random(3) }, () => ENTRIES[random(ENTRIES.length)] as Hash),
    }))
    return items
  }
  const status = (): Promise<object[]> => Promise.all(nodes.map(({ rpc }) => rpc.call<object>('txpool_status')))
  const equalPools = async (): Promise<void> => {
    await waitFor('the pools are equal', async () => {
      const [theirs, ours] = await status()
      return JSON.stringify(theirs) === JSON.stringify(ours) || undefined
    })
    expect(await sequencer.rpc.call('txpool_content')).toEqual(await el.rpc.call('txpool_content'))
  }
  /** Has op-geth's miner look at its pool, and ours make the block. @returns what both include from the pool */
  const block = async (): Promise<readonly Hex[]> => {
    const head = await el.block('latest')
    const built = await driver.build(head.hash, driver.attributes(head, { overrides: { noTxPool: false } }), 500)
    const job = await sequencer.rpc.call<string>('test_open')
    while ((await sequencer.rpc.call('test_includeBest', [job])) !== null);
    const sealed = await sequencer.rpc.call<Sealed>('test_seal', [job])
    const raws = (sealed.payload.executionPayload as { transactions: Hex[] }).transactions.slice(1)
    expect(raws).toEqual(built.executionPayload.transactions.slice(1))
    await equalPools()
    return raws
  }
  const polled = async (): Promise<void> => {
    const before = new Map(supervisor.polls)
    const seen = (path: string): boolean => (supervisor.polls.get(path) ?? 0) > (before.get(path) ?? 0) + 1
    await waitFor('both have polled the failsafe', async () => (seen('/ours') && seen('/theirs')) || undefined)
  }
  /** How many pooled transactions execute messages. */
  const executingPooled = async (rpc: JsonRpc = el.rpc): Promise<number> => {
    const content =
      await rpc.call<Record<string, Record<string, Record<string, { accessList?: AccessListItem[] }>>>>(
        'txpool_content',
      )
    return Object.values(content)
      .flatMap((senders) => Object.values(senders).flatMap((byNonce) => Object.values(byNonce)))
      .filter(({ accessList = [] }) => accessList.some((item) => item.address === INBOX && item.storageKeys.length > 0))
      .length
  }

  // On the first block nobody can tell when the next one is due.
  expect(await send(0, executing(ENTRIES[0] as Hash))).toEqual({ code: -32000, message: 'transaction filtered out' })
  expect(await send(0, [])).toMatch(/^0x/)
  await block()

  for (const entry of ENTRIES.slice(0, 3)) supervisor.refused.add(entry)
  const outcomes = new Map<string, number>()
  for (let i = 0; i < SENDS; i++) {
    // Some are refused for their nonce, if nobody refuses them before.
    const answer = await send(random(6), list(), random(6) === 0 ? 0 : undefined)
    const kind = typeof answer === 'string' ? 'taken' : (answer as { message: string }).message
    outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
  }
  process.stderr.write(`outcomes: ${JSON.stringify(Object.fromEntries(outcomes))}\n`)
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['taken', 'transaction filtered out']))
  await equalPools()
  const raws = await block()
  expect(raws.length).toBeGreaterThan(0)

  // A reorg throws all of them out: what executes messages does not come back.
  const head = await el.block('latest')
  supervisor.refused.clear()
  const job = await sequencer.rpc.call<string>('test_open', [{ l2Parent: head.parentHash }])
  await sequencer.rpc.call('test_seal', [job])
  await equalPools()
  expect(await executingPooled()).toBe(0)
  for (const [i, { address }] of devAccounts.entries()) {
    nonces[i] = Number(await el.rpc.call<string>('eth_getTransactionCount', [address, 'pending']))
  }

  // Failsafe: none is taken, and what waits is not built with and leaves.
  expect(await send(7, executing(ENTRIES[1] as Hash))).toMatch(/^0x/)
  expect(await send(8, [])).toMatch(/^0x/)
  supervisor.failsafe = true
  await polled()
  expect(await send(9, executing(ENTRIES[1] as Hash))).toEqual({ code: -32000, message: 'transaction filtered out' })
  expect(await send(9, [])).toMatch(/^0x/)
  await block()
  expect(await executingPooled()).toBe(0)
  supervisor.failsafe = false
  await polled()
  nonces[7] = Number(await el.rpc.call<string>('eth_getTransactionCount', [devAccounts[7]?.address, 'pending']))

  // What was good and is not any more is dropped when the pool is looked through; what follows on it waits behind the gap.
  expect(await send(7, executing(ENTRIES[2] as Hash))).toMatch(/^0x/)
  expect(await send(7, executing(ENTRIES[3] as Hash))).toMatch(/^0x/)
  expect(await send(8, executing(ENTRIES[3] as Hash))).toMatch(/^0x/)
  await equalPools()
  const left = (count: number): Promise<unknown> =>
    waitFor('both have looked through their pools', async () => {
      const counts = await Promise.all(nodes.map(({ rpc }) => executingPooled(rpc)))
      if (counts.some((each) => each !== count)) throw new Error(`${counts.join(' and ')} left, not ${count}`)
      return true
    })
  supervisor.refused.add(ENTRIES[2] as Hash)
  await left(2)
  expect(await sequencer.rpc.call('txpool_content')).toEqual(await el.rpc.call('txpool_content'))

  // Nobody to ask: none is taken, and none stays.
  supervisor.down = true
  expect(await send(9, executing(ENTRIES[1] as Hash))).toEqual({ code: -32000, message: 'transaction filtered out' })
  expect(await send(9, [{ address: INBOX, storageKeys: [] }])).toMatch(/^0x/)
  await left(0)
  await equalPools()
})
