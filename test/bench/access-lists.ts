/**
 * `supervisor_checkAccessList` beside op-supervisor's, over HTTP, each with two op-nodes of its own: `npm run bench:access-lists -- --calls 2000`.
 */
import { parseArgs } from 'node:util'
import { toQuantity, toWord } from '../../src/primitives/hex.ts'
import { messageEntries } from '../peers/support/interop-message.ts'
import { SupervisorSides } from '../peers/support/supervisor-sides.ts'
import { ms, percentile, printTable } from './figures.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '2000' },
    messages: { type: 'string', default: '10' },
    parallel: { type: 'string', default: '16' },
  },
})
const [calls, messages, parallel] = [Number(values.calls), Number(values.messages), Number(values.parallel)]

await using sides = await SupervisorSides.start()
const [a, b] = sides.devnet.chains
const block = await a.block(await Promise.all(Array.from({ length: messages }, (_, at) => a.emitting(toWord(7n), at))))
await sides.gossip(a, block)
await sides.reached(a, 'crossUnsafe', block.number)
const entries = block.receipts.slice(1).flatMap((_, at) => messageEntries(a.message(block, at + 1)))
const executing = { chainID: String(b.chainId), timestamp: toQuantity(block.timestamp + 2) }

const rows: string[][] = []
for (const { name, supervisor } of [sides.ours, sides.theirs, sides.ours, sides.theirs]) {
  const check = (): Promise<unknown> =>
    supervisor.rpc.call('supervisor_checkAccessList', [entries, 'cross-unsafe', executing])
  const took: number[] = []
  for (let at = 0; at < calls; at++) {
    const begun = performance.now()
    await check()
    took.push(performance.now() - begun)
  }
  took.sort((one, other) => one - other)
  const begun = performance.now()
  let left = calls
  const worker = async (): Promise<void> => {
    while (left-- > 0) await check()
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  const rate = (calls * messages * 1000) / (performance.now() - begun)
  rows.push([name, ms(percentile(took, 0.5)), ms(percentile(took, 0.99)), rate.toFixed(0)])
}
process.stdout.write(`${calls} calls of ${messages} messages; one at a time, then ${parallel} at once\n`)
printTable(['', 'p50 ms', 'p99 ms', 'messages/s'], rows)
