import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toQuantity } from '../../src/primitives/hex.ts'
import { isDeposit } from '../../src/protocol/transaction.ts'
import { randomCall } from './support/random-calls.ts'
import { TempFolder } from './support/temp-folder.ts'
import { l1Twin, l2Twin, type TwinChain, CALLS as WEIGHTS } from './support/twin-chain.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 8)
const CALLS = Number(process.env.OP_SEQUENCER_CALLS ?? 60)

/** Ways to ask for a trace. A loop's steps, each with its whole memory, are more than a string of JavaScript can hold. */
const CONFIGS: readonly Record<string, unknown>[] = [
  { limit: 20_000 },
  { enableMemory: true, enableReturnData: true, limit: 300 },
  { disableStack: true, disableStorage: true, limit: 20_000 },
  { limit: 2000, timeout: '1m' },
  { tracer: 'callTracer' },
  { tracer: 'callTracer', tracerConfig: { withLog: true } },
  { tracer: 'callTracer', tracerConfig: { onlyTopCall: true, withLog: true } },
  { tracer: 'prestateTracer' },
  { tracer: 'prestateTracer', tracerConfig: { diffMode: true } },
  { tracer: 'prestateTracer', tracerConfig: { disableCode: true, disableStorage: true, includeEmpty: true } },
  { tracer: '4byteTracer' },
  { tracer: 'noopTracer' },
  { timeout: 'soon' },
  { tracer: 'prestateTracer', tracerConfig: { diffMode: true, includeEmpty: true } },
]

async function compareTraces(chain: TwinChain, prague: boolean): Promise<void> {
  const counts: Record<string, number> = {}
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  for (let number = 1; number <= BLOCKS; number++) {
    const { transactions } = await chain.extend(14, prague, WEIGHTS)
    const block = chain.block(BigInt(number))
    for (const config of CONFIGS) {
      await chain.compare('debug_traceBlockByNumber', [toQuantity(number), config])
      await chain.compare('debug_traceBlockByHash', [block.hash, config])
      const [first] = transactions
      const last = transactions.at(-1)
      for (const traced of [first, last]) {
        if (traced !== undefined) await chain.compare('debug_traceTransaction', [traced.transaction.hash, config])
      }
    }
    const short = transactions.find(({ receipt }) => receipt.cumulativeGasUsed < 400_000n)
    if (short !== undefined) await chain.compare('debug_traceTransaction', [short.transaction.hash])
    for (const { transaction, receipt } of transactions) {
      count(`${isDeposit(transaction) ? 'deposit' : 'transaction'} ${receipt.status === 1 ? 'ok' : 'failed'}`)
    }
  }
  expect((counts['deposit failed'] ?? 0) > 0).toBe(chain.op)
  for (const [method, params] of [
    ['debug_traceBlockByNumber', ['0x0']],
    ['debug_traceBlockByNumber', ['0xffff']],
    ['debug_traceBlockByHash', [`0x${'12'.repeat(32)}`]],
    ['debug_traceTransaction', [`0x${'12'.repeat(32)}`]],
  ] as const) {
    await chain.compare(method, params)
  }
  for (let call = 0; call < CALLS; call++) {
    const [message, block, state, header] = await randomCall(chain, prague)
    const config = {
      ...chain.draw(fc.constantFrom(...CONFIGS)),
      ...(state !== null && { stateOverrides: state }),
      ...(header !== undefined && { blockOverrides: header }),
      ...(chain.draw(fc.nat({ max: 3 })) === 0 && { txIndex: toQuantity(chain.draw(fc.nat({ max: 12 }))) }),
    }
    const answer = await chain.compare('debug_traceCall', [message, block, config])
    count('error' in answer ? 'call refused' : 'call traced')
  }
  console.info(`seed ${SEED}`, counts)
  expect(chain.differences).toEqual([])
}

describe(`traces of the embedded layer are the same (seed ${SEED})`, () => {
  it('as those of op-geth', async () => {
    await using folder = new TempFolder()
    await using chain = await l2Twin(folder, SEED)
    await compareTraces(chain, true)
  })

  it('as those of op-geth before Isthmus', async () => {
    await using folder = new TempFolder()
    await using chain = await l2Twin(folder, SEED, 'granite')
    await compareTraces(chain, false)
  })

  it('as those of geth', async () => {
    await using folder = new TempFolder()
    await using chain = await l1Twin(folder, SEED)
    await compareTraces(chain, true)
  })
})
