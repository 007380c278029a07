/**
 * The devnet beside other development chains: how fast they start, what memory they take, how long blocks take, and whether that
 * stays so. Times of a busy machine are the machine's: CPU time of the process stands beside them. Asserts nothing.
 *
 * Usage: node test/bench/devnet.ts [--blocks 3000] [--part 500] [--transactions 1000] [--starts 5] [--only ours,anvil,edr]
 */

import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Hex } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { cpuOf, rssOf, type Subject, startAnvil, startEdr, startOurs } from './devnet-subject.ts'
import { figures, ms, printTable } from './figures.ts'

const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '3000' },
    part: { type: 'string', default: '500' },
    transactions: { type: 'string', default: '1000' },
    starts: { type: 'string', default: '5' },
    only: { type: 'string', default: 'ours,anvil,edr' },
  },
})
const [blocks, part, transactions, starts] = [values.blocks, values.part, values.transactions, values.starts].map(
  Number,
) as [number, number, number, number]

const STARTS = { ours: startOurs, anvil: startAnvil, edr: startEdr } as const
type Name = keyof typeof STARTS

/** Blocks with one transaction each that are measured, and those before them that are not. */
const SINGLES = 200
const WARM_UP = 50
/** Transactions in one request. */
const BATCH = 100
/** Milliseconds until a program that was started is idle. */
const SETTLE = 1500

/** What was measured of one program. Milliseconds and megabytes. */
interface Measured {
  readonly name: Name
  readonly starts: readonly { readonly ms: number; readonly cpu: number; readonly idle: number }[]
  readonly after: number
  readonly furtherChain: number | undefined
  readonly parts: readonly { readonly p50: number; readonly p95: number; readonly cpu: number }[]
  /** Empty blocks without a request for each. */
  readonly inner: number
  readonly single: number
  readonly submit: number
  readonly mine: number
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}

async function measureStarts(name: Name): Promise<Measured['starts']> {
  const found: { ms: number; cpu: number; idle: number }[] = []
  for (let run = 0; run < starts; run++) {
    const subject = await STARTS[name]()
    await sleep(SETTLE)
    found.push({ ...subject.firstAnswer, idle: rssOf(subject.pid) })
    await subject.stop()
  }
  return found
}

async function emptyBlocks(subject: Subject): Promise<Measured['parts']> {
  const parts: { p50: number; p95: number; cpu: number }[] = []
  for (let mined = 0; mined < blocks; mined += part) {
    const samples: number[] = []
    const cpu = cpuOf(subject.pid)
    for (let i = 0; i < part; i++) samples.push(await timed(() => subject.call('evm_mine')))
    parts.push({ ...figures(samples), cpu: (cpuOf(subject.pid) - cpu) / part })
  }
  return parts
}

/** Milliseconds of an empty block that nobody asks for by itself. */
async function innerBlock(subject: Subject, name: Name): Promise<number> {
  const COUNT = 100
  const samples: number[] = []
  for (let run = 0; run < 10; run++) {
    if (name === 'edr') samples.push(...((await subject.call('bench_mine', [COUNT])) as number[]))
    else samples.push((await timed(() => subject.call('anvil_mine', [`0x${COUNT.toString(16)}`]))) / COUNT)
  }
  return figures(samples).p50
}

/** A sender's transfers, signed before anything is measured. */
async function transfers(
  account: (typeof devAccounts)[number]['account'],
  from: number,
  count: number,
): Promise<Hex[]> {
  const signed: Hex[] = []
  for (let nonce = from; nonce < from + count; nonce++) {
    signed.push(
      await account.signTransaction({
        chainId: 901,
        nonce,
        gas: 21_000n,
        to: `0x${'77'.repeat(20)}`,
        value: 1n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 9n,
      }),
    )
  }
  return signed
}

async function singleBlocks(subject: Subject): Promise<number> {
  const samples: number[] = []
  const [first] = devAccounts
  for (const raw of first === undefined ? [] : await transfers(first.account, 0, WARM_UP + SINGLES)) {
    samples.push(
      await timed(async () => {
        const hash = await subject.call('eth_sendRawTransaction', [raw])
        await subject.call('evm_mine')
        const receipt = (await subject.call('eth_getTransactionReceipt', [hash])) as { status?: string } | null
        if (receipt?.status !== '0x1') throw new Error('the transaction is not in the block')
      }),
    )
  }
  return figures(samples.slice(WARM_UP)).p50
}

async function fullBlocks(subject: Subject): Promise<Pick<Measured, 'submit' | 'mine'>> {
  const senders = devAccounts.slice(1)
  const each = Math.ceil(transactions / senders.length)
  const [submits, mines]: [number[], number[]] = [[], []]
  for (let run = 0; run < 6; run++) {
    const signed = (await Promise.all(senders.map(({ account }) => transfers(account, run * each, each)))).flat()
    const wanted = signed.slice(0, each * senders.length)
    submits.push(
      await timed(async () => {
        for (let at = 0; at < wanted.length; at += BATCH) {
          await subject.batch(wanted.slice(at, at + BATCH).map((raw) => ['eth_sendRawTransaction', [raw]] as const))
        }
      }),
    )
    mines.push(await timed(() => subject.call('evm_mine')))
    const block = (await subject.call('eth_getBlockByNumber', ['latest', false])) as {
      transactions: readonly unknown[]
    }
    // An L2 block begins with a deposit where the program makes one.
    const missing = wanted.length - block.transactions.length
    if (missing > 0) throw new Error(`${missing} of ${wanted.length} transactions are not in the block`)
  }
  return { submit: figures(submits.slice(1)).p50, mine: figures(mines.slice(1)).p50 }
}

/** What a chain more costs: of ours CPU time, as four more at the start show it; EDR makes one while it runs. */
async function furtherChain(name: Name, subject: Subject): Promise<number | undefined> {
  if (name === 'anvil') return undefined
  const samples: number[] = []
  for (let run = 0; run < 5; run++) {
    if (name === 'edr') {
      samples.push((await subject.call('bench_chain')) as number)
      continue
    }
    const [one, five] = [await startOurs(), await startOurs('--chains', '901,902,903,904,905')]
    samples.push((five.firstAnswer.cpu - one.firstAnswer.cpu) / 4)
    await Promise.all([one.stop(), five.stop()])
  }
  return figures(samples).p50
}

async function measure(name: Name): Promise<Measured> {
  const measuredStarts = await measureStarts(name)
  const subject = await STARTS[name]()
  try {
    const single = await singleBlocks(subject)
    const full = await fullBlocks(subject)
    const parts = await emptyBlocks(subject)
    const inner = await innerBlock(subject, name)
    const after = rssOf(subject.pid)
    return {
      name,
      starts: measuredStarts,
      after,
      furtherChain: await furtherChain(name, subject),
      parts,
      inner,
      single,
      ...full,
    }
  } finally {
    await subject.stop()
  }
}

function report(all: readonly Measured[]): void {
  const [ours] = all
  const ratio = (mine: number | undefined, theirs: number | undefined): string =>
    mine === undefined || theirs === undefined ? '' : `${(theirs / mine).toFixed(2)}x`
  const row = (title: string, of: (measured: Measured) => number | undefined): string[] => [
    title,
    ...all.map((each) => {
      const value = of(each)
      return value === undefined ? '-' : ms(value)
    }),
    ...all.slice(1).map((each) => ratio(ours && of(ours), of(each))),
  ]
  const start = (pick: 'ms' | 'cpu' | 'idle') => (measured: Measured) =>
    figures(measured.starts.map((each) => each[pick])).p50
  process.stdout.write(`load ${loadavg().map(ms).join(' ')}\n`)
  printTable(
    ['', ...all.map(({ name }) => name), ...all.slice(1).map(({ name }) => `${name}/${ours?.name}`)],
    [
      row('first answer, ms', start('ms')),
      row('… fastest', ({ starts: runs }) => Math.min(...runs.map((run) => run.ms))),
      row('… CPU ms', start('cpu')),
      row('idle RSS, MB', start('idle')),
      row('RSS after, MB', ({ after }) => after),
      row('further chain, ms', (measured) => measured.furtherChain),
      row('1 transaction: send + mine + receipt, ms', ({ single }) => single),
      row(`${transactions} transactions: submit, ms`, ({ submit }) => submit),
      row('… mine, ms', ({ mine }) => mine),
      ...(ours?.parts ?? []).flatMap((_, i) => [
        row(`empty block ${(i + 1) * part}: p50, ms`, ({ parts }) => parts[i]?.p50),
        row('… p95, ms', ({ parts }) => parts[i]?.p95),
        row('… CPU ms', ({ parts }) => parts[i]?.cpu),
      ]),
      row('empty block, 100 in a call, ms', ({ inner }) => inner),
    ],
  )
}

const measured: Measured[] = []
for (const name of values.only.split(',') as Name[]) {
  try {
    measured.push(await measure(name))
  } catch (error) {
    process.stdout.write(`SKIPPED: ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}
report(measured)
