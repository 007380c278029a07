import { expect, test } from 'vitest'
import { genesisHeader, parseGenesis } from '../../src/protocol/genesis.ts'
import type { L1TimeFork } from '../../src/protocol/l1-chain.ts'
import { L1Import } from '../support/l1-import.ts'
import { startGeth } from './support/geth-process.ts'
import { L1_CHAIN_ID, l1Genesis } from './support/l1-genesis.ts'
import { RANDOM_L1_ALLOC, RandomL1Chain } from './support/random-l1-chain.ts'
import { TempFolder } from './support/temp-folder.ts'

/** Blocks from the merge on until the last fork's; each fork gets as many. */
const BLOCKS = Math.max(56, Number(process.env.OP_SEQUENCER_BLOCKS ?? 56))
const BLOCK_TIME = 12
const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
/** In the order of their activation; the chain begins before the first. */
const FORKS = ['shanghai', 'cancun', 'prague', 'osaka', 'bpo1', 'bpo2'] as const satisfies readonly L1TimeFork[]
const BLOCKS_PER_FORK = Math.ceil(BLOCKS / (FORKS.length + 1))
const SCHEDULE = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671 },
}

test('geth takes the blocks that we execute, and refuses what we refuse, from the merge to BPO 2', async () => {
  await using folder = new TempFolder()
  const time = 1_750_000_000
  const step = BLOCKS_PER_FORK * BLOCK_TIME
  const times = Object.fromEntries(FORKS.map((fork, i) => [`${fork}Time`, time + BLOCK_TIME + step * (i + 1)]))
  const whole = l1Genesis({ timestamp: time, alloc: RANDOM_L1_ALLOC, config: { ...times, blobSchedule: SCHEDULE } })
  // geth puts these into a genesis header whatever its fork, and then can't read it back.
  const genesis = { ...whole, excessBlobGas: undefined, blobGasUsed: undefined }
  const flags = ['--networkid', String(L1_CHAIN_ID)]
  await using geth = await startGeth({ folder, name: 'l1', program: 'geth', genesis, flags })
  const parsed = parseGenesis(genesis)
  const chain = new L1Import(parsed.config.l1)
  const head = chain.addHeader(genesisHeader(parsed, chain.importState(parsed.alloc)))
  expect(head).toBe(geth.genesisHash)
  const run = new RandomL1Chain(geth, parsed.config.l1, chain, head, SEED)
  console.info(`seed ${SEED}`)
  for (let i = 1; i <= BLOCKS_PER_FORK * (FORKS.length + 1); i++) await run.block(BigInt(time + i * BLOCK_TIME))
  expect((await geth.block('latest')).hash).toBe(run.head)
  await run.spoilByDeposit(BigInt(time + (BLOCKS_PER_FORK * (FORKS.length + 1) + 1) * BLOCK_TIME))
  console.info(JSON.stringify(Object.fromEntries(Object.entries(run.counts).sort())))
})
