/**
 * L2 blocks a second from batches that lie on L1: op-node with a fresh op-geth, then ours with another, from genesis to the same safe
 * head, on the same L1 in the same run. Prints both and their ratio, and our process's memory as it goes. Asserts nothing.
 *
 * Usage: node test/bench/derivation.ts [--blocks 2000] [--transactions 2]
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cutFrames, encodeChannel } from '../../src/protocol/channel-data.ts'
import { encodeFrames } from '../../src/protocol/frame.ts'
import { ChannelIds, singularBatch, spanBatch } from '../peers/support/batch-data.ts'
import { startOurs } from '../peers/support/driver-stack.ts'
import { atGenesis } from '../peers/support/fork-schedule.ts'
import type { GethProcess } from '../peers/support/geth-process.ts'
import { startOpNode } from '../peers/support/op-node.ts'
import { FAST, type RollupNode, SequencedL1, statusOf } from '../peers/support/sequenced-l1.ts'
import { startTwinEl } from '../peers/support/verifier.ts'
import { waitFor } from '../peers/support/wait-for.ts'
import { printTable } from './figures.ts'

const { values } = parseArgs({
  options: { blocks: { type: 'string', default: '2000' }, transactions: { type: 'string', default: '2' } },
})
const wanted = Number(values.blocks)
/** L2 blocks of an L1 block, and of a channel. */
const PER_ORIGIN = 6
const PER_CHANNEL = 60
const MEGABYTE = 1024

/** Has the chain sequenced and batched: span batches and batches of one block by turns. @returns the last block's number */
async function store(chain: SequencedL1): Promise<number> {
  const ids = new ChannelIds()
  let batched = 0
  while (batched < wanted) {
    for (let made = 0; made < PER_CHANNEL; made += PER_ORIGIN) {
      const { timestamp } = await chain.sequencer.el.block('latest')
      const l1Head = await chain.l1.head()
      await chain.l1.mine([], { timestamp: Math.max(l1Head.timestamp + 1, Number(timestamp)) })
      const { number } = await chain.sequencer.el.block('latest')
      await chain.sequence(Number(number) + PER_ORIGIN, Number(values.transactions))
    }
    const last = await chain.sequencer.el.blockNumber()
    const blocks = await chain.blocks(batched + 1, last)
    const span = (batched / PER_CHANNEL) % 2 < 1
    const batches = span
      ? [spanBatch(chain.config, await chain.ref(batched), blocks)]
      : blocks.map((block) => singularBatch(block))
    const frames = cutFrames(ids.next(), encodeChannel(batches, 'brotli'))
    await chain.l1.mine([{ data: encodeFrames(frames) }])
    batched = last
  }
  const { hash } = await chain.l1.mine()
  const there = async (): Promise<boolean> => (await statusOf(chain.sequencer)).current_l1.hash === hash
  await waitFor('the sequencer has read it', there, { timeout: 600_000 })
  return batched
}

/** Resident memory of a process, in megabytes. */
function resident(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / MEGABYTE)
}

interface Figures {
  readonly name: string
  /** From the first answer to the last safe block. */
  readonly seconds: number
  readonly perSecond: number
  /** By tenths of the chain. */
  readonly megabytes: readonly number[]
}

async function derive(
  name: string,
  last: number,
  { rpc, process }: Pick<RollupNode, 'rpc' | 'process'>,
): Promise<Figures> {
  const began = performance.now()
  const megabytes: number[] = []
  const done = async (): Promise<boolean> => {
    const { safe_l2: safe } = await statusOf({ rpc })
    if (safe.number >= ((megabytes.length + 1) * last) / 10) megabytes.push(resident(process.pid as number))
    return safe.number >= last
  }
  await waitFor(`${name} has derived ${last} blocks`, done, { timeout: 3_600_000, interval: 100 })
  const seconds = (performance.now() - began) / 1000
  return { name, seconds, perSecond: last / seconds, megabytes }
}

await using chain = await SequencedL1.start({ forks: () => atGenesis(), back: wanted + 7_200 })
const { folder, rollupFile, l1, sequencer } = chain
const stored = performance.now()
const last = await store(chain)
const { hash } = await sequencer.el.block(last)
process.stdout.write(
  `${last} blocks in ${(await l1.head()).number} blocks of L1 (${((performance.now() - stored) / 1000).toFixed(0)} s to make)\n`,
)

/** A fresh engine, and who drives it. */
async function subject(
  name: string,
  start: (el: GethProcess) => Promise<Pick<RollupNode, 'rpc' | 'process'> & AsyncDisposable>,
): Promise<Figures> {
  await using el = await startTwinEl({ folder, el: sequencer.el }, { name: `${name}-geth` })
  await using node = await start(el)
  const figures = await derive(name, last, node)
  const block = await el.block(last)
  if (block.hash !== hash) throw new Error(`${name} has ${block.hash} for block ${last}, not ${hash}`)
  return figures
}

const opNode = await subject('op-node', (el) =>
  startOpNode({ folder, name: 'bench-op-node', l1: l1.l1, el, rollupFile, flags: FAST }),
)
const ours = await subject('ours', (el) => startOurs({ folder, rollupFile, l1: l1.l1, el }))
for (const { name, megabytes } of [opNode, ours]) {
  process.stdout.write(`${name}: RSS in MB, by tenths of the chain: ${megabytes.join(' ')}\n`)
}
const row = ({ name, seconds, perSecond, megabytes }: Figures): string[] => [
  ...[name, seconds.toFixed(1), perSecond.toFixed(1), (perSecond / opNode.perSecond).toFixed(2)],
  ...[
    String(megabytes[0] ?? ''),
    String(megabytes[Math.floor(megabytes.length / 2)] ?? ''),
    String(megabytes.at(-1) ?? ''),
  ],
]
printTable(['', 's', 'blocks/s', 'ratio', 'RSS MB first', 'middle', 'end'], [row(opNode), row(ours)])
