/**
 * How late blocks of automatic sequencing are, by the service's own log: sealed, and the head of op-node and op-geth, against when
 * they were due. Blocks every 2 s and every 1 s by the clock, and every 250 ms by `test_auto`, each under a stream of transfers to the
 * service's pool. One L1 block a second moves the origin. Asserts nothing.
 *
 * Usage: node test/bench/sequencing.ts [--minutes 1] [--rate 20] [--cases 2000,1000,250]
 * `minutes` is of all cases together, `rate` in transactions a second.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { devAccounts, unsafeBlockSigner } from '../peers/support/dev-accounts.ts'
import { atGenesis } from '../peers/support/fork-schedule.ts'
import { LoadSender } from '../peers/support/load.ts'
import { type OpSequencer, startOpSequencer } from '../peers/support/op-sequencer.ts'
import { startSingleStack } from '../peers/support/single-stack.ts'
import { waitFor } from '../peers/support/wait-for.ts'
import { ms, percentile, printTable } from './figures.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    rate: { type: 'string', default: '20' },
    cases: { type: 'string', default: '2000,1000,250' },
  },
})
const cases = values.cases.split(',').map(Number)
const durationMs = (Number(values.minutes) * 60_000) / cases.length
const rate = Number(values.rate)

const SENDER_KEY = `0x${'71'.repeat(32)}` as const

interface Timed {
  readonly msg: string
  readonly number: number
  readonly latenessMs: number
}

/** What the service logged of blocks from a height on. */
function logged(sequencer: OpSequencer, msg: string, from: number): number[] {
  return sequencer.process
    .log()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${msg}"`))
    .map((line) => JSON.parse(line) as Timed)
    .filter(({ number }) => number >= from)
    .map(({ latenessMs }) => latenessMs)
    .sort((a, b) => a - b)
}

/** Sends transfers in step with the clock until it is over. @returns how many */
async function load(sequencer: OpSequencer, senders: readonly LoadSender[], until: number): Promise<number> {
  const begun = performance.now()
  let sent = 0
  while (performance.now() < until) {
    const due = Math.floor(((performance.now() - begun) * rate) / 1000)
    const batch = await Promise.all(
      Array.from({ length: Math.min(due - sent, 50) }, (_, i) =>
        senders[(sent + i) % senders.length]?.next('transfer'),
      ),
    )
    sent += batch.length
    if (batch.length > 0)
      await sequencer.rpc.batch(batch.map((raw) => ({ method: 'eth_sendRawTransaction', params: [raw] })))
    await delay(20)
  }
  return sent
}

async function measure(intervalMs: number): Promise<readonly string[]> {
  const blockTime = Math.max(1, Math.round(intervalMs / 1000))
  await using stack = await startSingleStack({
    forks: () => atGenesis(),
    blockTime,
    sequencer: 'stopped',
    p2p: { privateKey: SENDER_KEY },
  })
  const { folder, l1, el, rollupFile, node } = stack
  await using sequencer = await startOpSequencer({
    folder,
    l1: { url: l1.el.url, configFile: l1.configFile },
    el,
    rollupFile,
    logLevel: 'debug',
    chain: {
      mode: 'auto',
      node: { rpc: node.url },
      insert: 'op-node',
      signer: { keyFile: folder.write('signer.key', unsafeBlockSigner.privateKey) },
      sequencer: { l1Confs: 1 },
    },
  })
  await waitFor('the chain is in time', async () => {
    const { unsafe_l2: unsafe } = await node.syncStatus()
    return unsafe.number > 2 && unsafe.timestamp > Date.now() / 1000 - 1
  })
  if (intervalMs < 1000) await sequencer.rpc.call('test_auto', [true, { interval: intervalMs }])
  const senders = devAccounts.slice(3, 8).map((account) => new LoadSender(account, { gas: 21_000n }))
  // The first blocks under load are not measured: the program warms up.
  const warm = performance.now() + 5000
  await load(sequencer, senders, warm)
  const first = (await node.syncStatus()).unsafe_l2.number + 2
  const sent = await load(sequencer, senders, performance.now() + durationMs)
  const sealed = logged(sequencer, 'block sealed', first)
  const delivered = logged(sequencer, 'block delivered', first)
  const last = first + delivered.length - 1
  let included = 0
  for (let number = first; number <= last; number++) {
    const { transactions } = await el.rpc.call<{ transactions: readonly string[] }>('eth_getBlockByNumber', [
      `0x${number.toString(16)}`,
      false,
    ])
    included += transactions.length - 1
  }
  const row = (of: readonly number[]): string[] => [0.5, 0.95, 0.99, 1].map((share) => ms(percentile(of, share)))
  return [
    `${intervalMs} ms`,
    String(delivered.length),
    String(sent),
    String(included),
    ...row(sealed),
    ...row(delivered),
  ]
}

const rows: (readonly string[])[] = []
for (const intervalMs of cases) rows.push(await measure(intervalMs))
process.stdout.write(`lateness in ms, ${rate} transactions a second, ${(durationMs / 1000).toFixed(0)} s each\n`)
const shares = ['p50', 'p95', 'p99', 'max']
printTable(
  ['interval', 'blocks', 'sent', 'included', ...shares.map((s) => `sealed ${s}`), ...shares.map((s) => `head ${s}`)],
  rows,
)
