import { describe, expect, it } from 'vitest'
import { WITHDRAWAL_QUEUE_ADDRESS } from '../../src/evm/block-requests.ts'
import { type Address, type Hex, toQuantity } from '../../src/primitives/hex.ts'
import { randomSimulation } from './support/random-calls.ts'
import { TempFolder } from './support/temp-folder.ts'
import { l1Twin, l2Twin, type TwinChain } from './support/twin-chain.ts'
import { SIGNERS } from './support/tx-maker.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 8)
const CALLS = Number(process.env.OP_SEQUENCER_CALLS ?? 100)

const [alice, bob, carol] = SIGNERS.map(({ address }) => address) as [Address, Address, Address]
const EMITTER: Hex = `0x${'e1'.repeat(20)}`
/** MSTORE(0, CALLVALUE), LOG1(0, 32, 7), and nothing but REVERT for those who send more than 1 wei. */
const EMITTER_CODE: Hex = '0x345f52600760205fa16001341160145760006000f35b5f5ffd'

/** Simulations that random ones do not come by. */
function particular(chain: TwinChain): readonly unknown[] {
  const withdrawal = { from: alice, to: WITHDRAWAL_QUEUE_ADDRESS, value: '0x1', data: `0x${'5a'.repeat(56)}` }
  const emit = (from: Address, value: Hex) => ({ from, to: EMITTER, value, gas: '0x186a0', nonce: '0x7' })
  return [
    // Requests, on L1.
    { blockStateCalls: [{ calls: [withdrawal, { ...withdrawal, from: bob }] }, { calls: [] }] },
    // Calls that hash alike.
    {
      blockStateCalls: [
        {
          stateOverrides: { [EMITTER]: { code: EMITTER_CODE } },
          calls: [emit(alice, '0x1'), emit(bob, '0x1'), emit(bob, '0x2'), emit(carol, '0x0')],
        },
        { calls: [emit(carol, '0x1')] },
      ],
      traceTransfers: true,
      returnFullTransactions: true,
    },
    // More gas than all calls together may have.
    {
      blockStateCalls: Array.from({ length: 3 }, () => ({
        blockOverrides: { gasLimit: '0x2faf080' },
        stateOverrides: { [EMITTER]: { code: '0x5b5f56' } },
        calls: [{ from: alice, to: EMITTER }],
      })),
    },
    { blockStateCalls: [{ calls: Array.from({ length: chain.op ? 5_001 : 1 }, () => ({ from: alice, to: bob })) }] },
    { blockStateCalls: [] },
    { blockStateCalls: Array.from({ length: 257 }, () => ({})) },
    { blockStateCalls: [{ blockOverrides: { number: toQuantity(chain.headNumber + 256n) }, calls: [] }] },
  ]
}

async function compareSimulations(chain: TwinChain, prague: boolean): Promise<void> {
  const counts: Record<string, number> = {}
  for (let block = 0; block < BLOCKS; block++) await chain.extend(14, prague)
  for (const request of particular(chain)) await chain.compare('eth_simulateV1', [request])
  for (let call = 0; call < CALLS; call++) {
    const answer = await chain.compare('eth_simulateV1', await randomSimulation(chain, prague))
    const kind = 'error' in answer ? `refused ${answer.error.code} ${answer.error.message.slice(0, 40)}` : 'simulated'
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  console.info(`seed ${SEED}`, counts)
  expect(chain.differences).toEqual([])
  expect((counts.simulated ?? 0) > CALLS / 4).toBe(true)
}

describe(`simulations of the embedded layer are the same (seed ${SEED})`, () => {
  it('as those of op-geth', async () => {
    await using folder = new TempFolder()
    await using chain = await l2Twin(folder, SEED)
    await compareSimulations(chain, true)
  })

  it('as those of op-geth before Isthmus', async () => {
    await using folder = new TempFolder()
    await using chain = await l2Twin(folder, SEED, 'granite')
    await compareSimulations(chain, false)
  })

  it('as those of geth', async () => {
    await using folder = new TempFolder()
    await using chain = await l1Twin(folder, SEED)
    await compareSimulations(chain, true)
  })
})
