/**
 * Open → N raw transfers in one JSON-RPC batch → seal → committed, beside op-geth's own builder and op-test-sequencer, on one
 * op-geth in one run. Prints medians, 95th percentiles, ratios, round trips and bytes. Asserts nothing.
 *
 * Usage: node test/bench/main.ts [--counts 0,1,10,100,500] [--latencies 0,5,50] [--samples 15]
 */
import { parseArgs } from 'node:util'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { EngineDriver } from '../peers/support/engine-driver.ts'
import { atGenesis } from '../peers/support/fork-schedule.ts'
import { freePort } from '../peers/support/free-port.ts'
import { GethProcess } from '../peers/support/geth-process.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'
import type { L1Info } from '../peers/support/l1-info.ts'
import { type OpSequencer, type Sealed, startOpSequencer } from '../peers/support/op-sequencer.ts'
import { startOpTestSequencer } from '../peers/support/op-test-sequencer.ts'
import { type SingleStack, startSingleStack } from '../peers/support/single-stack.ts'
import { figures, ms, printTable } from './figures.ts'
import { LatencyProxy } from './latency-proxy.ts'

const { values } = parseArgs({
  options: {
    counts: { type: 'string', default: '0,1,10,100,500' },
    latencies: { type: 'string', default: '0,5,50' },
    samples: { type: 'string', default: '15' },
  },
})
const counts = values.counts.split(',').map(Number)
const latencies = values.latencies.split(',').map(Number)
const wanted = Number(values.samples)

/** Fewer samples where one takes long. */
function samplesOf(count: number, latency: number): number {
  return Math.max(5, Math.round(wanted / (count >= 100 ? 2 : 1) / (latency >= 50 ? 2 : 1)))
}

/** What every sample starts from. */
interface World {
  readonly stack: SingleStack
  readonly el: GethProcess
  readonly engine: EngineDriver
  /** The L1 origin of all blocks. */
  readonly origin: L1Info
  nonce: bigint
}

const sender = devAccounts[5] as (typeof devAccounts)[number]

async function transfers(world: World, count: number): Promise<Hex[]> {
  const list: Hex[] = []
  for (let i = 0; i < count; i++) {
    list.push(
      await sender.account.signTransaction({
        chainId: 901,
        nonce: Number(world.nonce++),
        gas: 21_000n,
        to: `0x${(i % 8).toString(16).padStart(40, '7')}`,
        value: 1n,
        maxFeePerGas: 10n ** 12n,
        maxPriorityFeePerGas: 10n ** 6n,
      }),
    )
  }
  return list
}

async function timed(task: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}

/** Figures of the service's connections to the node, out of its metrics. */
async function wire(metricsUrl: string): Promise<Wire> {
  const text = await (await fetch(metricsUrl)).text()
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^op_sequencer_clients_${name}\\{endpoint="op-a\\.[a-z]+"\\} (\\d+)$`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    )
  return { roundTrips: sum('round_trips_total'), bytes: sum('received_bytes') + sum('sent_bytes') }
}

async function oursOnce(rpc: JsonRpc, parent: Hash, raws: readonly Hex[]): Promise<Hash> {
  const job = await rpc.call<string>('test_open', [{ l2Parent: parent, l1Origin: 'same' }])
  if (raws.length > 0) await rpc.batch(raws.map((raw) => ({ method: 'test_includeRaw', params: [job, raw] })))
  const sealed = await rpc.call<Sealed>('test_seal', [job])
  if (sealed.block.transactions.length !== raws.length + 1) throw new Error('the block does not hold what was asked')
  return sealed.hash
}

async function startOurs(world: World, el: GethProcess, name: string): Promise<OpSequencer & { metricsUrl: string }> {
  const port = await freePort()
  const { stack } = world
  const sequencer = await startOpSequencer({
    folder: stack.folder,
    name,
    l1: { url: stack.l1.el.url, configFile: stack.l1.configFile },
    el,
    rollupFile: stack.rollupFile,
    root: { metrics: { port } },
  })
  return Object.assign(sequencer, { metricsUrl: `http://127.0.0.1:${port}/metrics` })
}

/** Samples of one kind of block. */
class Row {
  readonly samples: number[] = []
  readonly #roundTrips: number[] = []
  readonly #bytes: number[] = []

  add(elapsed: number, before: Wire, after: Wire): void {
    this.samples.push(elapsed)
    this.#roundTrips.push(after.roundTrips - before.roundTrips)
    this.#bytes.push(after.bytes - before.bytes)
  }

  /** Medians: the service asks its nodes for a sign of life every few seconds, which is no part of a block. */
  get wire(): Wire {
    return { roundTrips: figures(this.#roundTrips).p50, bytes: figures(this.#bytes).p50 }
  }
}

interface Wire {
  readonly roundTrips: number
  readonly bytes: number
}

async function measureOurs(
  world: World,
  el: GethProcess,
  count: number,
  samples: number,
): Promise<{ warm: Row; cold: Row }> {
  const cold = new Row()
  const warm = new Row()
  for (let run = 0; run < 3; run++) {
    await using sequencer = await startOurs(world, el, `ours-${count}-${run}-${Math.random()}`)
    // One block to warm up the program; the state of the next one is cold only in a new process, so cold is its first.
    const turns = run === 2 ? samples + 3 : 1
    for (let turn = 0; turn < turns; turn++) {
      const { hash } = await world.stack.el.block('latest')
      const raws = await transfers(world, count)
      const before = await wire(sequencer.metricsUrl)
      const elapsed = await timed(async () => void (await oursOnce(sequencer.rpc, hash, raws)))
      const after = await wire(sequencer.metricsUrl)
      // The first warm blocks still compile.
      if (turn > 0 && turn < 4) continue
      const row = turn === 0 ? cold : warm
      row.add(elapsed, before, after)
    }
  }
  return { warm, cold }
}

async function measureEngine(world: World, driver: EngineDriver, count: number, samples: number): Promise<number[]> {
  const times: number[] = []
  for (let turn = 0; turn < samples; turn++) {
    const parent = await world.stack.el.block('latest')
    const attributes = driver.attributes(parent, { transactions: await transfers(world, count), l1: world.origin })
    times.push(
      await timed(async () => {
        const built = await driver.build(parent.hash, attributes)
        const status = await driver.insert(built)
        if (status.status !== 'VALID') throw new Error(JSON.stringify(status))
        await driver.setHead(built.executionPayload.blockHash)
      }),
    )
  }
  return times
}

async function measureTestSequencer(world: World, rpc: JsonRpc, count: number, samples: number): Promise<number[]> {
  const times: number[] = []
  for (let turn = 0; turn < samples; turn++) {
    const { hash } = await world.stack.el.block('latest')
    const raws = await transfers(world, count)
    times.push(
      await timed(async () => {
        await rpc.call('sequencer_new', [{ parent: hash }])
        if (raws.length > 0) await rpc.batch(raws.map((raw) => ({ method: 'sequencer_includeTx', params: [raw] })))
        for (const step of ['open', 'seal', 'sign', 'commit']) await rpc.call(`sequencer_${step}`)
      }),
    )
    // Not implemented there, but it empties the slot, also when the gossip rules refuse to publish a block of the future.
    await rpc.call('sequencer_start', [hash]).catch(() => undefined)
  }
  return times
}

async function main(): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  const stack = cleanup.use(
    await startSingleStack({
      forks: () => atGenesis('jovian'),
      sequencer: 'stopped',
      p2p: { privateKey: (devAccounts[4] as (typeof devAccounts)[number]).privateKey },
    }),
  )
  const { folder, el } = stack
  const [http, engine] = [
    cleanup.use(await LatencyProxy.start(el.url)),
    cleanup.use(await LatencyProxy.start(el.engineUrl)),
  ]
  const proxied = new GethProcess({
    process: el.process,
    folder,
    rpc: new JsonRpc(http.url),
    engine: new JsonRpc(engine.url, folder.jwt.secret),
    genesisFile: el.genesisFile,
    genesisHash: el.genesisHash,
  })
  const genesis = await stack.l1.el.rpc.call<Record<string, Hex>>('eth_getBlockByNumber', ['0x0', false])
  const origin: L1Info = {
    number: 0n,
    timestamp: BigInt(genesis.timestamp as Hex),
    baseFee: BigInt(genesis.baseFeePerGas as Hex),
    blobBaseFee: 1n,
    hash: genesis.hash as Hash,
    prevRandao: genesis.mixHash as Hash,
    parentBeaconBlockRoot: genesis.parentBeaconBlockRoot as Hash,
  }
  const world: World = {
    stack,
    el: proxied,
    engine: new EngineDriver(proxied, stack.forks, stack.blockTime),
    origin,
    nonce: 0n,
  }
  const peer = cleanup.use(
    await startOpTestSequencer({ folder, l1: { url: stack.l1.el.url }, el: proxied, node: stack.node }),
  )
  const rows: string[][] = []
  for (const latency of latencies) {
    for (const count of counts) {
      http.roundTripMs = latency
      engine.roundTripMs = latency
      const samples = samplesOf(count, latency)
      const theirs = figures(await measureTestSequencer(world, peer.sequencer, count, samples))
      const builder = figures(await measureEngine(world, world.engine, count, samples))
      const { warm, cold } = await measureOurs(world, proxied, count, samples)
      const ours = figures(warm.samples)
      const first = figures(cold.samples)
      rows.push([
        String(latency),
        String(count),
        `${ms(ours.p50)} / ${ms(ours.p95)}`,
        ms(first.p50),
        `${ms(builder.p50)} / ${ms(builder.p95)}`,
        `${ms(theirs.p50)} / ${ms(theirs.p95)}`,
        (ours.p50 / builder.p50).toFixed(2),
        (ours.p95 / builder.p95).toFixed(2),
        (ours.p50 / theirs.p50).toFixed(2),
        (ours.p95 / theirs.p95).toFixed(2),
        `${warm.wire.roundTrips} / ${cold.wire.roundTrips}`,
        `${(warm.wire.bytes / 1024).toFixed(0)} / ${(cold.wire.bytes / 1024).toFixed(0)}`,
      ])
      process.stderr.write(`${rows.at(-1)?.join('  ')}\n`)
    }
  }
  printTable(
    [
      'RTT ms',
      'N',
      'ours p50/p95 ms',
      'cold ms',
      '(a) op-geth builder',
      '(b) op-test-sequencer',
      'ours/(a) p50',
      'p95',
      'ours/(b) p50',
      'p95',
      'round trips warm/cold',
      'KiB warm/cold',
    ],
    rows,
  )
}

await main()
