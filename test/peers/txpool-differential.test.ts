import { copyFileSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseJournal } from '../../txpool/journal.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { startOpSequencer, startSequencedChain } from './support/op-sequencer.ts'
import { PoolPair } from './support/pool-pair.ts'
import { poolStream, type StreamWeights } from './support/pool-stream.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 2 ** 31)
const OPERATIONS = Number(process.env.OP_SEQUENCER_OPERATIONS ?? 300)

/** The same limits for both. */
interface Limits {
  readonly accountSlots: number
  readonly globalSlots: number
  readonly accountQueue: number
  readonly globalQueue: number
}

function flags(limits: Limits): string[] {
  const named = Object.entries(limits).flatMap(([name, value]) => [`--txpool.${name.toLowerCase()}`, String(value)])
  return ['--rpc.txfeecap', '0', '--txpool.nolocals', '--txpool.journalremotes', ...named]
}

async function compare(name: string, limits: Limits, weights: StreamWeights): Promise<void> {
  process.stderr.write(`pool stream ${name}: OP_SEQUENCER_SEED=${SEED} OP_SEQUENCER_OPERATIONS=${OPERATIONS}\n`)
  await using chain = await startSequencedChain({
    forks: () => atGenesis('jovian'),
    elFlags: flags(limits),
  })
  const { folder, el, l1, chainId } = chain
  await chain.sequencer[Symbol.asyncDispose]()
  const file = folder.path('data', 'op-a', 'transactions.rlp')
  const start = () =>
    startOpSequencer({
      folder,
      name: 'journaling',
      l1: { url: l1.el.url, configFile: l1.configFile },
      el,
      rollupFile: chain.rollupFile,
      root: { datadir: folder.path('data') },
      chain: { txpool: { ...limits, journal: true } },
    })
  const sequencer = await start()
  await using _ended = { [Symbol.asyncDispose]: () => sequencer[Symbol.asyncDispose]() }
  const journaled = (path: string): string[] =>
    parseJournal(readFileSync(path)).transactions.map((raw) => Buffer.from(raw).toString('hex'))
  let blocks = 0
  const pair = new PoolPair({
    theirs: el.rpc,
    ours: sequencer.rpc,
    chainId,
    beforeBlock: async () => (++blocks % 5 === 0 ? l1.mine() : undefined),
    restart: async () => {
      await Promise.all([el.process.stop(), sequencer.process.stop()])
      const theirs = folder.path('op-geth', 'geth', 'transactions.rlp')
      expect(journaled(file).sort()).toEqual(journaled(theirs).sort())
      // op-geth writes its accounts in any order; how long they have been silent follows from it.
      copyFileSync(theirs, file)
      await el.process.start()
      await sequencer.process.start()
    },
  })
  const steps = poolStream(SEED, OPERATIONS, weights)
  const began = performance.now()
  for (const [index, step] of steps.entries()) {
    const shown = JSON.stringify(step, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
    await pair.run(step, `seed ${SEED}, step ${index}: ${shown}`)
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stderr.write(`${name}: ${steps.length} operations in ${seconds} s ${JSON.stringify(pair.counts)}\n`)
}

describe('the pool beside that of op-geth, with room for a few', () => {
  it('gives up the same ones for the same others', { timeout: 1_800_000 }, async () => {
    const limits = { accountSlots: 3, globalSlots: 16, accountQueue: 5, globalQueue: 8 }
    await compare('full', limits, { blocks: 30, reorgs: 0, restarts: 0 })
  })

  it('follows blocks, reorgs and restarts', { timeout: 1_800_000 }, async () => {
    const limits = { accountSlots: 3, globalSlots: 20, accountQueue: 6, globalQueue: 100 }
    await compare('moving', limits, { blocks: 40, reorgs: 25, restarts: 6 })
  })
})
