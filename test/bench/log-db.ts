/**
 * Size and lookup time of the log database beside op-supervisor's: `npm run bench:logs -- --logs 10000000`. Both get the same
 * blocks, with messages executed by each tenth log, and are asked for the same messages.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { toWord } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import { messageChecksum } from '../../src/protocol/message-checksum.ts'
import { LogDb } from '../../src/supervisor/db/log-db.ts'
import { peersFolder } from '../peers/support/peers-folder.ts'
import { ms, percentile, printTable } from './figures.ts'

const CHAIN = 901n
const { values } = parseArgs({
  options: {
    logs: { type: 'string', default: '200000' },
    'per-block': { type: 'string', default: '100' },
    lookups: { type: 'string', default: '20000' },
  },
})
const [logs, perBlock, lookups] = [Number(values.logs), Number(values['per-block']), Number(values.lookups)]
const EXECUTING_EVERY = 10

interface Subject {
  readonly bytes: number
  readonly appendMs: number
  /** Of a lookup, in milliseconds. */
  readonly p50: number
  readonly p99: number
}

function logHash(index: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(index))
  return keccak256(bytes)
}

function blockHash(number: number) {
  return toWord(BigInt(number + 1) << 192n)
}

function here(folder: string): Subject & { readonly memory: number } {
  const blocks = Math.floor(logs / perBlock)
  let db = LogDb.open({ folder, chainId: CHAIN })
  const begun = performance.now()
  db.append({ number: 0n, hash: blockHash(0), parentHash: toWord(0n), timestamp: 1000n }, [])
  for (let number = 1; number <= blocks; number++) {
    const block = {
      number: BigInt(number),
      hash: blockHash(number),
      parentHash: blockHash(number - 1),
      timestamp: 1000n + 2n * BigInt(number),
    }
    const records = Array.from({ length: perBlock }, (_, logIndex) => {
      const hash = logHash(number * perBlock + logIndex)
      if (logIndex % EXECUTING_EVERY !== 0) return { hash }
      const executing = { chainId: CHAIN, blockNumber: block.number, logIndex, timestamp: 1000n, checksum: toWord(0n) }
      return { hash, executing }
    })
    db.append(block, records)
  }
  db.sync()
  const appendMs = performance.now() - begun
  db.close()

  db = LogDb.open({ folder, chainId: CHAIN })
  const took: number[] = []
  for (let i = 0; i < lookups; i++) {
    const at = (i * 2_654_435_761) % (blocks * perBlock)
    const blockNumber = 1n + BigInt(Math.floor(at / perBlock))
    const logIndex = at % perBlock
    const place = { chainId: CHAIN, blockNumber, timestamp: 1000n + 2n * blockNumber, logIndex }
    const checksum = messageChecksum(logHash(Number(blockNumber) * perBlock + logIndex), place)
    const asked = performance.now()
    const found = db.find({ ...place, checksum })
    took.push(performance.now() - asked)
    if (found.tag !== 'found') throw new Error(`log ${logIndex} of block ${blockNumber}: ${found.tag}`)
  }
  const sorted = took.sort((a, b) => a - b)
  const result = { bytes: db.bytes, appendMs, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
  db.close()
  return { ...result, memory: process.memoryUsage().rss }
}

function opSupervisor(folder: string): Subject {
  const args = { folder, logs, 'per-block': perBlock, lookups, executing: EXECUTING_EVERY }
  const flags = Object.entries(args).map(([name, value]) => `-${name}=${value}`)
  return JSON.parse(execFileSync(join(peersFolder(), 'log-db'), flags, { encoding: 'utf8' }))
}

const folder = mkdtempSync(join(tmpdir(), 'log-db-'))
try {
  const mine = here(join(folder, 'here'))
  const theirs = opSupervisor(folder)
  const row = (name: string, { bytes, appendMs, p50, p99 }: Subject): string[] => [
    name,
    (bytes / 1e6).toFixed(1),
    (bytes / logs).toFixed(1),
    (appendMs / 1e3).toFixed(1),
    (p50 * 1e3).toFixed(1),
    (p99 * 1e3).toFixed(1),
  ]
  process.stdout.write(`${logs} logs, ${perBlock} a block, each tenth executing; ${lookups} lookups\n\n`)
  printTable(
    ['', 'MB', 'bytes a log', 'append s', 'lookup p50 µs', 'p99 µs'],
    [row('op-sequencer', mine), row('op-supervisor', theirs)],
  )
  process.stdout.write(`\n${ms(mine.memory / 1e6)} MB of memory in this process\n`)
} finally {
  rmSync(folder, { recursive: true })
}
