/**
 * Many pooled transactions, each of another sender, in this project's pool and in op-geth's, in one run on chains of the same
 * genesis: memory, what taking one costs (the same batches over HTTP to both), what choosing the best one for a block costs, and
 * both without any server around. Asserts nothing. What reading a large genesis leaves behind is part of what ours has at first,
 * and is given back while the pool grows: its growth is told by the heap of the pool alone.
 *
 * Usage: node --expose-gc test/bench/pool.ts [--counts 1000,10000,100000] [--samples 200]
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  type Address,
  bigIntToPadded,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes,
} from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../../src/primitives/rlp.ts'
import { privateKeyToAddress, signHash } from '../../src/primitives/secp256k1.ts'
import { TxPool } from '../../txpool/pool.ts'
import { startEmbeddedEl } from '../peers/support/embedded-el.ts'
import { EngineDriver } from '../peers/support/engine-driver.ts'
import { atGenesis } from '../peers/support/fork-schedule.ts'
import type { GethProcess } from '../peers/support/geth-process.ts'
import { L1Chain } from '../peers/support/l1-chain.ts'
import { L2_CHAIN_ID, l2Genesis } from '../peers/support/l2-genesis.ts'
import { startOpGeth } from '../peers/support/op-geth.ts'
import { TempFolder } from '../peers/support/temp-folder.ts'
import { waitFor } from '../peers/support/wait-for.ts'
import { fixedPoolHead } from '../support/fixed-pool-head.ts'
import { figures, ms, printTable } from './figures.ts'

const { values } = parseArgs({
  options: { counts: { type: 'string', default: '1000,10000,100000' }, samples: { type: 'string', default: '200' } },
})
const counts = values.counts.split(',').map(Number)
const most = Math.max(...counts)
const samples = Number(values.samples)
const BATCH = 500
const MEGABYTE = 1024 * 1024
const LIMITS = { accountSlots: 16, globalSlots: 2 * most, accountQueue: 64, globalQueue: 1024 }

interface Prepared {
  readonly address: Address
  readonly raw: Hex
}

/** A transfer by a sender of its own, at a price of its own. */
function prepare(index: number): Prepared {
  const key = keccak256(bigIntToPadded(BigInt(index) + 1n, 32))
  // Prices in no order, as they come.
  const tip = 10n ** 9n + BigInt((index * 7_919) % 1_000_003)
  const to = hexToBytes(`0x${'77'.repeat(20)}`)
  const fields: RlpInput[] = [BigInt(L2_CHAIN_ID), 0n, tip, 10n ** 11n + tip, 21_000n, to, 1n, new Uint8Array(), []]
  const hash = keccak256(concatBytes(Uint8Array.of(2), encodeRlp(fields)))
  const signature = signHash(hash, key)
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)].map((part) => BigInt(bytesToHex(part)))
  const encoded = encodeRlp([...fields, BigInt(signature[64] as number), r as bigint, s as bigint])
  return { address: privateKeyToAddress(key), raw: bytesToHex(concatBytes(Uint8Array.of(2), encoded)) }
}

async function timed<T>(task: () => Promise<T> | T): Promise<[elapsed: number, T]> {
  const start = performance.now()
  const value = await task()
  return [performance.now() - start, value]
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1)
}

/** Bytes of memory that a process has. */
function residentOf({ process: { pid } }: GethProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

/** A pool behind RPC. */
interface Server {
  readonly name: string
  readonly el: GethProcess
  /** Gives back what memory it can. */
  readonly tidy: () => Promise<unknown>
}

/** Sends in batches. @returns microseconds for each transaction */
async function send({ el, name }: Server, prepared: readonly Prepared[]): Promise<number> {
  let sum = 0
  for (let at = 0; at < prepared.length; at += BATCH) {
    const calls = prepared.slice(at, at + BATCH).map(({ raw }) => ({ method: 'eth_sendRawTransaction', params: [raw] }))
    const [elapsed, answers] = await timed(() => el.rpc.batch(calls))
    sum += elapsed
    const refused = answers.find((answer) => typeof answer !== 'string')
    if (refused !== undefined) throw new Error(`${name} refuses a transaction`, { cause: refused })
  }
  return (1000 * sum) / prepared.length
}

async function holds({ el, name }: Server, count: number): Promise<void> {
  await waitFor(`${name} holds ${count}`, async () => {
    const { pending } = await el.rpc.call<{ pending: Hex }>('txpool_status')
    return Number(pending) === count || undefined
  })
}

/** Milliseconds of each `test_includeBest` of one job: the first, which makes the order, and those after it. */
async function includeBest({ el }: Server): Promise<readonly number[]> {
  const job = await el.rpc.call<string>('test_open')
  const times: number[] = []
  for (let i = 0; i <= samples; i++) times.push((await timed(() => el.rpc.call('test_includeBest', [job])))[0])
  await el.rpc.call('test_cancel', [job])
  return times
}

/** Milliseconds that op-geth gets for a block. */
const BUILD_MS = 6_000
let builds = 0

/** What op-geth's builder says that it took for a block, in milliseconds for each transaction in it. */
async function opGethBuild({ el }: Server, driver: EngineDriver): Promise<readonly number[]> {
  const times: number[] = []
  for (let turn = 0; turn < 3; turn++) {
    const before = el.process.log().length
    const parent = await el.block('latest')
    const attributes = driver.attributes(parent, {
      overrides: { noTxPool: false, suggestedFeeRecipient: account(++builds) },
    })
    const built = /(?:Updated payload|Starting work on payload)[^\n]*? txs=(\d+)[^\n]*? elapsed=([\d.]+)(µs|ms|s)/g
    const lines = () => [...el.process.log().slice(before).matchAll(built)].filter(([, txs]) => Number(txs) > 1)
    const asked = driver.build(parent.hash, attributes, BUILD_MS)
    await waitFor('op-geth has built', () => lines().length > 0, { timeout: BUILD_MS }).catch(() => undefined)
    for (const [, count, value, unit] of lines()) {
      const unitMs = unit === 's' ? 1000 : unit === 'ms' ? 1 : 0.001
      times.push((Number(value) * unitMs) / (Number(count) - 1))
    }
    await asked
  }
  return times
}

/** The builder does not build a block twice that is asked for twice. */
function account(index: number): Address {
  return `0x${index.toString(16).padStart(40, '5')}`
}

/** The pool alone, in this process. */
class Bare {
  readonly #pool = new TxPool({
    ...fixedPoolHead(
      { chainId: BigInt(L2_CHAIN_ID), shanghai: true, prague: true, gasLimit: 30_000_000n },
      { nonce: 0n, balance: 10n ** 24n },
    ),
    limits: LIMITS,
  })

  /** @returns microseconds for each transaction, decoding and recovering its sender included */
  async add(prepared: readonly Prepared[]): Promise<number> {
    const raws = prepared.map(({ raw }) => hexToBytes(raw))
    const [elapsed] = await timed(async () => {
      for (const raw of raws) await this.#pool.add(raw, {})
    })
    return (1000 * elapsed) / raws.length
  }

  /** @returns microseconds of each step of an order, the first one first; of a whole order otherwise */
  steps(baseFee: bigint): readonly number[] {
    const times: number[] = []
    const begin = performance.now()
    const order = this.#pool.best(baseFee)
    for (let i = 0; i <= samples; i++) {
      const start = i === 0 ? begin : performance.now()
      order.next('included')
      times.push(1000 * (performance.now() - start))
    }
    return times
  }
}

function heap(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

function both(times: readonly number[]): string {
  const { p50, p95 } = figures(times)
  return `${ms(p50)} / ${ms(p95)}`
}

async function main(): Promise<void> {
  const prepared = Array.from({ length: most }, (_, index) => prepare(index))
  process.stderr.write(`${most} transactions are signed\n`)
  const alloc = Object.fromEntries(prepared.map(({ address }) => [address, { balance: '0xde0b6b3a7640000' as const }]))
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(new TempFolder())
  const timestamp = 1_750_000_000
  const l1 = stack.use(await L1Chain.start({ folder, timestamp: timestamp - 12, blockTime: 12 }))
  await l1.mine()
  const forks = atGenesis('jovian')
  const genesis = await l2Genesis({ timestamp, forks, alloc })
  const limitFlags = Object.entries(LIMITS).flatMap(([name, value]) => [
    `--txpool.${name.toLowerCase()}`,
    String(value),
  ])
  const flags = ['--rpc.txfeecap', '0', '--txpool.nolocals', ...limitFlags]
  const geth = stack.use(await startOpGeth({ folder, genesis, flags }))
  const embedded = stack.use(
    await startEmbeddedEl({
      folder,
      genesis,
      forks,
      l1: { url: l1.el.url, genesis: await l1.el.block(0) },
      chain: { txpool: LIMITS },
    }),
  )
  const theirs: Server = { name: 'op-geth', el: geth, tidy: () => geth.rpc.call('debug_freeOSMemory') }
  const ours: Server = { name: 'ours', el: embedded, tidy: async () => undefined }
  const driver = new EngineDriver(geth, forks)
  const bare = new Bare()
  const heapBefore = heap()
  const rows: string[][] = []
  for (const server of [theirs, ours]) await server.tidy()
  const resident = [theirs, ours].map(({ el }) => residentOf(el)) as [number, number]
  let sent = 0
  for (const count of counts) {
    const more = prepared.slice(sent, count)
    sent = count
    const [a, b] = [await send(theirs, more), await send(ours, more)]
    const alone = await bare.add(more)
    for (const server of [theirs, ours]) {
      await holds(server, count)
      await server.tidy()
    }
    await delay(1_000)
    const grown = [theirs, ours].map(({ el }, index) => residentOf(el) - (resident[index] ?? 0)) as [number, number]
    const [first, ...rest] = await includeBest(ours)
    const built = figures(await opGethBuild(theirs, driver)).p50
    const [firstStep, ...steps] = bare.steps(BigInt(count))
    rows.push([
      String(count),
      `${megabytes(grown[0])} / ${megabytes(grown[1])}`,
      (grown[1] / grown[0]).toFixed(2),
      megabytes(heap() - heapBefore),
      `${a.toFixed(0)} / ${b.toFixed(0)}`,
      (b / a).toFixed(2),
      alone.toFixed(0),
      `${ms(first as number)}, ${both(rest)}`,
      ms(built),
      (figures(rest).p50 / built).toFixed(2),
      `${ms((firstStep as number) / 1000)} ms, ${both(steps)}`,
    ])
    process.stderr.write(`${rows.at(-1)?.join('  ')}\n`)
  }
  printTable(
    [
      'pooled',
      'RSS MiB theirs / ours',
      'ratio',
      'alone: heap MiB',
      'insert µs theirs / ours',
      'ratio',
      'alone: µs',
      'includeBest ms first, p50 / p95',
      'op-geth ms per tx of a block',
      'ratio',
      'alone: first, step µs p50 / p95',
    ],
    rows,
  )
}

await main()
