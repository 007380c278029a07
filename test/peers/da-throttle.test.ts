import { expect, it } from 'vitest'
import type { Hex } from '../../src/primitives/hex.ts'
import { transactionFromJson } from '../../src/protocol/transaction-json.ts'
import { blockDaSize } from '../../src/sequencer/da-budget.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { upgrading } from './support/fork-schedule.ts'
import { freePort } from './support/free-port.ts'
import type { GethProcess } from './support/geth-process.ts'
import { LoadSender } from './support/load.ts'
import { startOpBatcher } from './support/op-batcher.ts'
import { startOpSequencer } from './support/op-sequencer.ts'
import { startRecordingProxy } from './support/recording-proxy.ts'
import { startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

/** Bytes of a block that op-batcher asks for at full throttle, and without. */
const LOWER = 3_000
const UPPER = 8_000
/** Blocks that are looked at under each. */
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 4)

/** Up to Isthmus at genesis, and the last one while the chain runs. */
const schedule = upgrading({ jovian: 4 })

/** Bytes that hardly compress, others for each seed. */
function noise(length: number, seed: number): Hex {
  let state = seed + 1
  const bytes = Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
  return `0x${Buffer.from(bytes).toString('hex')}`
}

async function daSize(el: GethProcess, number: number): Promise<number> {
  const block = await el.rpc.call<{ transactions: unknown[] }>('eth_getBlockByNumber', [
    `0x${number.toString(16)}`,
    true,
  ])
  return blockDaSize({ transactions: block.transactions.map((json) => ({ transaction: transactionFromJson(json) })) })
}

it('blocks stay under what a real op-batcher asks for', { timeout: 240_000 + BLOCKS * 4_000 }, async () => {
  await using stack = await startSingleStack({ forks: schedule, sequencer: 'stopped' })
  const { folder, l1, el, node, rollupFile } = stack
  const metricsPort = await freePort()
  // Measured, but not imposed: what is looked at here is op-batcher's limit.
  const daBudget = { dryRun: true, floor: 500, ceiling: 100_000, backlog: 5_000, window: '1s' }
  await using sequencer = await startOpSequencer({
    folder,
    l1: { url: l1.el.url, configFile: l1.configFile },
    el,
    rollupFile,
    chain: { mode: 'auto', node: { rpc: node.url }, insert: 'op-node', sequencer: { l1Confs: 0, daBudget } },
    root: { metrics: { port: metricsPort } },
  })
  const figure = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    return Number(
      new RegExp(`^op_sequencer_sequencer_da_budget_${name}\\{chain="op-a"\\} (\\S+)$`, 'm').exec(text)?.[1],
    )
  }
  await using asked = await startRecordingProxy(sequencer.rpc.url)
  const flags = [
    ...['--throttle.additional-endpoints', asked.url, '--throttle.controller-type', 'step'],
    ...['--throttle.unsafe-da-bytes-lower-threshold', '20000', '--throttle.unsafe-da-bytes-upper-threshold', '40000'],
    ...['--throttle.block-size-lower-limit', String(LOWER), '--throttle.block-size-upper-limit', String(UPPER)],
    ...['--throttle.tx-size-lower-limit', '1600', '--throttle.tx-size-upper-limit', '1700'],
  ]
  await using _batcher = await startOpBatcher({ folder, l1, el, node, flags })
  const limits = (): number[] => asked.calls.map(({ params }) => Number(params[1] as string))
  const limit = (): number => limits().at(-1) ?? 0
  const head = (): Promise<number> => el.blockNumber()

  const senders = devAccounts.slice(0, 8).map((account) => new LoadSender(account, { gas: 100_000n }))
  let sent = 0
  /** More than blocks under the limit can hold for a while. */
  const fill = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) {
      for (const sender of senders) {
        const raw = await sender.sign({ to: `0x${'77'.repeat(20)}`, data: noise(1_500, sent++) })
        await sequencer.rpc.call('eth_sendRawTransaction', [raw])
      }
    }
  }

  await waitFor('op-batcher asks for its limits', () => limit() > 0)
  expect(asked.calls.every(({ method }) => method === 'miner_setMaxDASize')).toBe(true)
  await waitFor('no block is in the making from before', async () => (await head()) > 4)
  const from = (await head()) + 3
  await fill()
  await waitFor('blocks hold them', async () => (await head()) >= from + BLOCKS, { timeout: 120_000 + BLOCKS * 3_000 })
  const free = await Promise.all(Array.from({ length: BLOCKS }, (_, index) => daSize(el, from + index)))
  for (const size of free) expect(size).toBeLessThanOrEqual(UPPER)
  // L1 stands still: what was not batched piles up.
  await l1.pause()
  await fill()
  // What L1 took just before it stopped may have op-batcher let go once more: those blocks are not looked at.
  let throttled: number
  let since: number
  do {
    await waitFor('op-batcher throttles', () => limit() === LOWER, { timeout: 120_000 })
    since = asked.calls.length - 1
    // One block may be on its way to the node, and the next one begun on it.
    throttled = (await head()) + 3
    await fill()
    await waitFor('blocks under it', async () => (await head()) >= throttled + BLOCKS, {
      timeout: 120_000 + BLOCKS * 3_000,
    })
  } while (
    limits()
      .slice(since)
      .some((asked) => asked !== LOWER)
  )
  const sizes = await Promise.all(Array.from({ length: BLOCKS }, (_, index) => daSize(el, throttled + index)))
  process.stdout.write(
    `op-batcher's throttle: blocks of ${Math.max(...free)} bytes of ${UPPER} at most, then of ${Math.max(...sizes)} of ${LOWER}\n`,
  )
  for (const size of sizes) expect(size).toBeLessThanOrEqual(LOWER)
  // There was more for them than they may hold.
  expect(Math.min(...sizes)).toBeGreaterThan(LOWER / 2)
  expect(Math.max(...free)).toBeGreaterThan(LOWER)
  // What L1 takes is measured, too: nothing.
  await waitFor('the rate is the least that it may be', async () => (await figure('rate_bytes')) === 500)
  expect(await figure('backlog_bytes')).toBeGreaterThan(5_000)
  l1.run()
  await waitFor('more is safe', async () => (await figure('rate_bytes')) > 500, { timeout: 120_000 })
  await waitFor('op-batcher lets go', () => limit() === UPPER, { timeout: 120_000 })
})
