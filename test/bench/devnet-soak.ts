/**
 * Empty L2 blocks in a devnet of this process, without HTTP in between: how long a block takes and what memory grows by, per part
 * of the run. Prints medians of batches, CPU time and memory. Asserts nothing.
 *
 * Usage: node test/bench/devnet-soak.ts [--blocks 100000] [--parts 10] [--datadir] [--chain op-901]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { devnetConfig } from '../../src/devnet/devnet-config.ts'
import { startNode } from '../../src/node.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'
import { figures, ms, printTable } from './figures.ts'

const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '100000' },
    parts: { type: 'string', default: '10' },
    datadir: { type: 'boolean', default: false },
    chain: { type: 'string', default: 'op-901' },
  },
})
const parts = Number(values.parts)
const perPart = Math.round(Number(values.blocks) / parts)
/** Blocks in one call: few enough for many samples, enough that the call itself does not count. */
const BATCH = Math.min(100, perPart)
const MEGABYTE = 1024 * 1024

const folder = values.datadir ? await mkdtemp(join(tmpdir(), 'devnet-soak-')) : undefined
const node = await startNode(
  devnetConfig({
    shape: {
      genesisTime: 1_700_000_000,
      chainIds: [901],
      blockTime: 2,
      l1BlockTime: 12,
      fork: 'jovian',
      l1Fork: 'prague',
    },
    automine: false,
    rpc: { host: '127.0.0.1', port: 0 },
    ...(folder !== undefined && { datadir: folder }),
  }),
  { logger: silentLogger(), signal: new AbortController().signal },
)
try {
  const rpc = new JsonRpc(`${node.url}/${values.chain}`)
  await rpc.call('test_mine', [BATCH])
  const rows: string[][] = []
  for (let part = 0; part < parts; part++) {
    const samples: number[] = []
    const cpu = process.cpuUsage()
    for (let mined = 0; mined < perPart; mined += BATCH) {
      const start = performance.now()
      await rpc.call('test_mine', [BATCH])
      samples.push((performance.now() - start) / BATCH)
    }
    const { user, system } = process.cpuUsage(cpu)
    const { p50, p95 } = figures(samples)
    const { rss, heapUsed, external } = process.memoryUsage()
    const megabytes = [rss, heapUsed, external].map((bytes) => (bytes / MEGABYTE).toFixed(0))
    rows.push([String((part + 1) * perPart), ms(p50), ms(p95), ms((user + system) / 1000 / perPart), ...megabytes])
  }
  printTable(['blocks', 'p50 ms', 'p95 ms', 'CPU ms', 'RSS MB', 'heap MB', 'external MB'], rows)
} finally {
  await node.close()
  if (folder !== undefined) await rm(folder, { recursive: true })
}
