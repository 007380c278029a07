import { describe, expect, it } from 'vitest'
import { randomCall } from './support/random-calls.ts'
import { TempFolder } from './support/temp-folder.ts'
import { l1Twin, l2Twin, type TwinChain } from './support/twin-chain.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const BLOCKS = 8
const CALLS = Number(process.env.OP_SEQUENCER_CALLS ?? 300)

/** Methods, and how many of a call's parameters they take. */
const METHODS = [
  ['eth_call', 4],
  ['eth_estimateGas', 4],
  ['eth_createAccessList', 3],
] as const

/** What both answered, by kind, so that a run shows what it has reached. */
function outcome(answer: Awaited<ReturnType<TwinChain['compare']>>): string {
  return 'error' in answer ? answer.error.message.replaceAll(/0x[0-9a-fA-F]+|\d+/g, '…').slice(0, 60) : 'ok'
}

async function compareCalls(chain: TwinChain, prague: boolean): Promise<void> {
  const counts: Record<string, number> = {}
  for (let block = 0; block < BLOCKS; block++) await chain.extend(14, prague)
  for (let call = 0; call < CALLS; call++) {
    const params = await randomCall(chain, prague)
    for (const [method, count] of METHODS) {
      const kind = `${method} ${outcome(await chain.compare(method, params.slice(0, count)))}`
      counts[kind] = (counts[kind] ?? 0) + 1
    }
  }
  console.info(`seed ${SEED}`, counts)
  expect(chain.differences).toEqual([])
  expect(Object.keys(counts).length).toBeGreaterThan(5)
}

describe(`calls of the embedded layer are answered word for word (seed ${SEED})`, () => {
  it('as by op-geth', async () => {
    await using folder = new TempFolder()
    await using chain = await l2Twin(folder, SEED)
    await compareCalls(chain, true)
  })

  it('as by op-geth before Isthmus', async () => {
    await using folder = new TempFolder()
    await using chain = await l2Twin(folder, SEED, 'granite')
    await compareCalls(chain, false)
  })

  it('as by geth', async () => {
    await using folder = new TempFolder()
    await using chain = await l1Twin(folder, SEED)
    await compareCalls(chain, true)
  })
})
