import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { expectHead, expectSameOnNode } from './support/block-checks.ts'
import { VARIED } from './support/block-plan.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { L1_CHAIN_CONFIG, L1_CHAIN_ID } from './support/l1-genesis.ts'
import { asGethShows, MockL1 } from './support/mock-l1.ts'
import { RandomChain } from './support/random-chain.ts'
import { RANDOM_L1_ALLOC } from './support/random-l1-chain.ts'

const BLOCKS = Math.max(20, Number(process.env.OP_SEQUENCER_BLOCKS ?? 40))
const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const GENESIS_TIME = 1_750_000_000
const BLOCK_TIME = 12

const options = fc.record({
  withdrawals: fc.array(
    fc.record({
      index: fc.constant<Hex>('0x1'),
      validatorIndex: fc.constant<Hex>('0x2'),
      address: fc.constantFrom<Hex>(`0x${'88'.repeat(20)}`, `0x${'0'.repeat(39)}4`, `0x${'fe'.repeat(20)}`),
      amount: fc.constantFrom<Hex>('0x0', '0x1', '0x773594000'),
    }),
    { maxLength: 4 },
  ),
  feeRecipient: fc.constantFrom<Hex>(`0x${'fe'.repeat(20)}`, `0x${'0'.repeat(39)}9`),
})

test('random L1 blocks, on the head and beside it: geth makes the same of each', { timeout: 1_200_000 }, async () => {
  await using l1 = await MockL1.start({
    timestamp: GENESIS_TIME,
    alloc: RANDOM_L1_ALLOC,
    config: {
      osakaTime: GENESIS_TIME + BLOCK_TIME * Math.ceil(BLOCKS / 2),
      blobSchedule: {
        ...(L1_CHAIN_CONFIG.blobSchedule as object),
        osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
      },
    },
    l1: { blockTime: BLOCK_TIME },
  })
  const target = { chainId: L1_CHAIN_ID, forks: atGenesis('isthmus'), el: l1.el, sequencer: { rpc: l1.rpc } }
  const chain = new RandomChain(target, SEED, VARIED)
  const heads: Hash[] = [l1.el.genesisHash]
  for (let made = 0; made < BLOCKS; made++) {
    // Now and then beside the newest blocks: a reorg.
    const back = chain.draw(fc.constantFrom(1, 1, 1, 1, 1, 2, 3))
    const parent = await l1.el.block(heads.at(-Math.min(back, heads.length)) as Hash)
    const job = await chain.opened(await l1.open({ parent: parent.hash, ...chain.draw(options) }), parent)
    await chain.fill(job, 12)
    const { stateRoot } = await l1.rpc.call<{ stateRoot: Hash }>('test_inspect', [job.id])
    const sealed = await l1.seal(job.id)
    expect(sealed.block.stateRoot).toBe(stateRoot)
    await expectHead(l1.el, sealed.hash)
    const results = job.included.map(({ result }) => result)
    if (results.length > 0) await expectSameOnNode(l1.el, asGethShows(sealed), results)
    for (const { contractAddress, status } of results) {
      if (contractAddress !== null && status === '0x1') chain.maker.deployed.push(contractAddress as Hex)
    }
    heads.push(sealed.hash)
  }
  console.info(`seed ${SEED}: ${BLOCKS} blocks`, chain.counts)
  const included = Object.entries(chain.counts).reduce((sum, [kind, n]) => sum + (kind.startsWith('type') ? n : 0), 0)
  expect(included).toBeGreaterThan(BLOCKS)
})
