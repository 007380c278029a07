/**
 * Records the upgrade transactions of each fork from a chain that op-node itself takes over all of them, into
 * `src/protocol/upgrade-txs/<fork>.json`: raw transactions as hex, in block order. Run it by hand after the pinned
 * op-node has changed: `node test/peers/record-upgrade-txs.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { forksUpTo, staggered } from './support/fork-schedule.ts'
import { startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

const LAST = 'karst'
const target = fileURLToPath(new URL('../../src/protocol/upgrade-txs/', import.meta.url))

// Genesis lies so far back that the sequencer builds the whole schedule at once.
await using stack = await startSingleStack({ forks: (time) => staggered(time, 2, LAST), back: 24 })
const { el, node, forks, genesisTime } = stack
const last = (forks[LAST] as number) - genesisTime
await waitFor(`${LAST} is active`, async () => (await el.blockNumber()) >= last, {
  check: () => node.process.assertRunning(),
})

mkdirSync(target, { recursive: true })
for (const fork of forksUpTo(LAST)) {
  const number = `0x${((forks[fork] as number) - genesisTime).toString(16)}`
  const count = Number(await el.rpc.call<Hex>('eth_getBlockTransactionCountByNumber', [number]))
  const raw: Hex[] = []
  // The first is the L1-info deposit. There are no users here: every other one belongs to the upgrade.
  for (let index = 1; index < count; index++) {
    const tx = await el.rpc.call<Hex>('eth_getRawTransactionByBlockNumberAndIndex', [number, `0x${index.toString(16)}`])
    if (hexToBytes(tx)[0] !== 0x7e) throw new Error(`transaction ${index} of ${fork}'s activation block is no deposit`)
    raw.push(tx)
  }
  if (raw.length > 0) writeFileSync(`${target}${fork}.json`, `${JSON.stringify(raw, null, 2)}\n`)
  const { gasLimit, gasUsed } = await el.block(Number(number))
  process.stdout.write(`${fork}: ${raw.length} (gas limit ${Number(gasLimit)}, used ${Number(gasUsed)})\n`)
}
