import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJournal } from '../../txpool/journal.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { JsonRpcError } from './support/json-rpc.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import { type Sealed, startOpSequencer, startSequencedChain } from './support/op-sequencer.ts'
import { waitFor } from './support/wait-for.ts'

type Content = Readonly<Record<'pending' | 'queued', Readonly<Record<string, Readonly<Record<string, object>>>>>>

interface Fields {
  readonly from: number
  readonly nonce: number
  readonly type: 'legacy' | 'eip2930' | 'eip1559'
  readonly cap: bigint
  readonly tip: bigint
  readonly value: bigint
  readonly gas: bigint
}

function sign(chainId: number, fields: Fields): Promise<`0x${string}`> {
  const { from, nonce, type, cap, tip, value, gas } = fields
  const { account } = devAccounts[from] as (typeof devAccounts)[number]
  const common = { chainId, nonce, gas, value, to: `0x${'77'.repeat(20)}` as const }
  if (type !== 'eip1559') return account.signTransaction({ ...common, type, gasPrice: cap })
  return account.signTransaction({ ...common, maxFeePerGas: cap, maxPriorityFeePerGas: tip })
}

const plain = (nonce: number): Fields => ({
  from: 0,
  nonce,
  type: nonce % 2 === 0 ? 'legacy' : 'eip1559',
  cap: 10n ** 11n,
  tip: 10n ** 9n,
  value: 1n,
  gas: 21_000n,
})

/** What a node answers to a call: its result or its error's code and message. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return { code: error.code, message: error.message }
  }
}

describe('the pool beside that of op-geth', () => {
  it('journals as op-geth does: each reads what the other wrote', { timeout: 60_000 }, async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian') })
    const { folder, el, chainId } = chain
    const raws = await Promise.all([0, 1, 2, 5].map((nonce) => sign(chainId, plain(nonce))))
    // op-geth writes down what it is sent over RPC.
    for (const raw of raws) await el.rpc.call('eth_sendRawTransaction', [raw])
    const theirs = folder.path('op-geth', 'geth', 'transactions.rlp')
    const read = (path: string): string[] =>
      parseJournal(readFileSync(path)).transactions.map((raw) => `0x${Buffer.from(raw).toString('hex')}`)
    await waitFor('op-geth writes its journal', async () => read(theirs).length === raws.length || undefined)
    expect(read(theirs)).toEqual(raws)
    const expected = await el.rpc.call<Content>('txpool_content')

    const ours = folder.path('data', 'op-a', 'transactions.rlp')
    mkdirSync(dirname(ours), { recursive: true })
    copyFileSync(theirs, ours)
    const journaling = {
      folder,
      name: 'journaling',
      l1: { url: chain.l1.el.url, configFile: chain.l1.configFile },
      el,
      rollupFile: chain.rollupFile,
      root: { datadir: folder.path('data') },
      chain: { txpool: { journal: true } },
    }
    const more = await sign(chainId, plain(6))
    {
      await using sequencer = await startOpSequencer(journaling)
      await waitFor('the journal is read', async () => {
        const { pending } = await sequencer.rpc.call<{ pending: string }>('txpool_status')
        return pending === '0x3' || undefined
      })
      expect(await sequencer.rpc.call('txpool_content')).toEqual(expected)
      await sequencer.rpc.call('eth_sendRawTransaction', [more])
    }
    expect(read(ours)).toEqual([...raws, more])

    // An op-geth that keeps its whole pool in the journal takes ours.
    const other = await l2Genesis({ timestamp: chain.genesisTime, forks: chain.forks })
    const name = 'op-geth-2'
    const target = folder.path(name, 'geth', 'transactions.rlp')
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(ours, target)
    const flags = ['--txpool.nolocals', '--txpool.journalremotes']
    await using second = await startOpGeth({ folder, genesis: other, name, flags })
    const status = await waitFor('op-geth reads the journal', async () => {
      const answer = await second.rpc.call<{ pending: string; queued: string }>('txpool_status')
      return answer.pending === '0x0' ? undefined : answer
    })
    expect(status).toEqual({ pending: '0x3', queued: '0x2' })
  })

  it('waits for a block as op-geth does: the receipt, or the same words', { timeout: 60_000 }, async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian') })
    const { el, chainId, sequencer } = chain
    const method = 'eth_sendRawTransactionSync'
    const params = [await sign(chainId, plain(0)), 60]
    const theirs = await outcome(el.rpc.call(method, params))
    expect(theirs).toMatchObject({ code: 4 })
    expect(await outcome(sequencer.rpc.call(method, params))).toEqual(theirs)
    const again = await outcome(sequencer.rpc.call(method, params))
    expect(again).toEqual(await outcome(el.rpc.call(method, params)))

    const waiting = sequencer.rpc.call<{ transactionHash: string }>(method, [await sign(chainId, plain(1)), '0xea60'])
    await waitFor('the pool has both', async () => {
      const { pending } = await sequencer.rpc.call<{ pending: string }>('txpool_status')
      return pending === '0x2' || undefined
    })
    const job = await sequencer.rpc.call<string>('test_open')
    for (let i = 0; i < 2; i++) await sequencer.rpc.call('test_includeBest', [job])
    await sequencer.rpc.call('test_seal', [job])
    const receipt = await waiting
    expect(receipt).toEqual(await el.rpc.call('eth_getTransactionReceipt', [receipt.transactionHash]))
  })

  it('holds the same after the same stream of sends, in the same words', { timeout: 120_000 }, async () => {
    // The same stream with each run, unless another is asked for.
    const seed = Number(process.env.OP_SEQUENCER_SEED ?? 2)
    process.stderr.write(`pool stream: OP_SEQUENCER_SEED=${seed}\n`)
    await using chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      elFlags: ['--rpc.txfeecap', '0'],
    })
    const { el, chainId, sequencer } = chain
    const senders = devAccounts.slice(0, 4)
    const price = fc.integer({ min: 90, max: 125 })
    const arbitrary = fc.record({
      from: fc.nat({ max: senders.length - 1 }),
      ahead: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -2, max: 3 }) }, fc.integer({ min: 0, max: 90 })),
      type: fc.constantFrom('legacy' as const, 'eip2930' as const, 'eip1559' as const),
      cap: price,
      tip: price,
      gas: fc.oneof({ weight: 8, arbitrary: fc.constant(21_000n) }, fc.constantFrom(20_999n, 60_000n, 100_000_000n)),
      share: fc.oneof({ weight: 9, arbitrary: fc.constant(0n) }, fc.integer({ min: 1, max: 110 }).map(BigInt)),
    })
    const blocks = 6
    const sends = 60
    const stream = fc.sample(arbitrary, { seed, numRuns: blocks * sends })
    for (let block = 0; block < blocks; block++) {
      const nonces = await Promise.all(
        senders.map(async ({ address }) =>
          Number(await el.rpc.call<string>('eth_getTransactionCount', [address, 'pending'])),
        ),
      )
      const balances = await Promise.all(
        senders.map(async ({ address }) => BigInt(await el.rpc.call<string>('eth_getBalance', [address, 'latest']))),
      )
      for (const step of stream.slice(block * sends, (block + 1) * sends)) {
        const { from, ahead, type, gas, share } = step
        const fields: Fields = {
          from,
          nonce: Math.max(0, (nonces[from] as number) + ahead),
          type,
          cap: BigInt(Math.max(step.cap, step.tip)) * 10n ** 9n,
          tip: BigInt(step.tip) * 10n ** 9n,
          value: ((balances[from] as bigint) * share) / 100n,
          gas,
        }
        const raw = await sign(chainId, fields)
        const theirs = await outcome(el.rpc.call('eth_sendRawTransaction', [raw]))
        const ours = await outcome(sequencer.rpc.call('eth_sendRawTransaction', [raw]))
        expect(
          ours,
          `seed ${seed}, block ${block}: nonce ${fields.nonce} of ${from}, cap ${fields.cap}, tip ${fields.tip}, value ${fields.value}, gas ${gas}, ${type}`,
        ).toEqual(theirs)
        // op-geth moves between queued and pending in the background: the next send waits until that is done.
        await waitFor('the pools are equal', async () => {
          const status = await el.rpc.call<object>('txpool_status')
          const own = await sequencer.rpc.call<object>('txpool_status')
          return JSON.stringify(status) === JSON.stringify(own) || undefined
        })
      }
      expect(await sequencer.rpc.call('txpool_content')).toEqual(await el.rpc.call('txpool_content'))
      expect(await sequencer.rpc.call('txpool_inspect')).toEqual(await el.rpc.call('txpool_inspect'))
      for (const { address } of senders) {
        const params = [address]
        expect(await sequencer.rpc.call('txpool_contentFrom', params)).toEqual(
          await el.rpc.call('txpool_contentFrom', params),
        )
      }
      // Every third block takes the place of the one before: what only that held comes back.
      const head = await el.block('latest')
      const reorg = block % 3 === 2
      const job = await sequencer.rpc.call<string>('test_open', reorg ? [{ l2Parent: head.parentHash }] : [])
      for (let i = 0; i < (reorg ? 2 : 8); i++) await sequencer.rpc.call('test_includeBest', [job])
      const sealed = await sequencer.rpc.call<Sealed>('test_seal', [job])
      expect(sealed.committed).toBe(true)
      await waitFor('op-geth has followed the block', async () => {
        const [a, b] = await Promise.all([el, sequencer].map(({ rpc }) => rpc.call<object>('txpool_status')))
        return JSON.stringify(a) === JSON.stringify(b) || undefined
      })
      expect(await sequencer.rpc.call('txpool_content')).toEqual(await el.rpc.call('txpool_content'))
    }
  })
})
