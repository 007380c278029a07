/**
 * Records what each fork's upgrade transactions leave behind on a real chain, so that a chain can start at a fork with
 * the predeploys that it would have had. Writes `test/vectors/alloc-<fork>.json`: accounts of a genesis file, to be laid
 * over the Bedrock predeploys. Run it by hand: `node test/peers/record-jovian-alloc.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Hex, toQuantity, ZERO_HASH } from '../../src/primitives/hex.ts'
import { staggered } from './support/fork-schedule.ts'
import { UPGRADED_FORKS, upgradedAllocFile } from './support/l2-genesis.ts'
import { startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

/** One account as the prestate tracer shows it; in diff mode only what differs. */
interface TracedAccount {
  readonly balance?: Hex
  readonly nonce?: number
  readonly code?: Hex
  readonly storage?: Readonly<Record<Hex, Hex>>
}

interface TracedDiff {
  readonly result: {
    readonly pre: Readonly<Record<Hex, TracedAccount>>
    readonly post: Readonly<Record<Hex, TracedAccount>>
  }
}

interface Account {
  balance?: Hex
  nonce?: Hex
  code?: Hex
  storage?: Record<Hex, Hex>
}

const alloc = new Map<Hex, Account>()

function at(address: Hex): Account {
  const account = alloc.get(address) ?? {}
  alloc.set(address, account)
  return account
}

function apply({ pre, post }: TracedDiff['result']): void {
  for (const [address, after] of Object.entries(post) as [Hex, TracedAccount][]) {
    const account = at(address)
    if (after.code !== undefined && after.code !== '0x') account.code = after.code
    if (after.balance !== undefined) account.balance = after.balance
    if (after.nonce !== undefined) account.nonce = toQuantity(after.nonce)
    if (after.storage) account.storage = { ...account.storage, ...after.storage }
  }
  // A slot that became zero stands in "pre" only.
  for (const [address, before] of Object.entries(pre) as [Hex, TracedAccount][]) {
    for (const slot of Object.keys(before.storage ?? {}) as Hex[]) {
      if (post[address]?.storage?.[slot] !== undefined) continue
      const account = at(address)
      account.storage = { ...account.storage, [slot]: ZERO_HASH }
    }
  }
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

const newest = UPGRADED_FORKS[UPGRADED_FORKS.length - 1] ?? 'jovian'
await using stack = await startSingleStack({ forks: (time) => staggered(time, 1, newest), back: 16 })
const { el, node, forks, genesisTime } = stack
const last = (forks[newest] as number) - genesisTime
await waitFor(`${newest} is active`, async () => (await el.blockNumber()) >= last, {
  check: () => node.process.assertRunning(),
})

for (const fork of UPGRADED_FORKS) {
  const number = toQuantity((forks[fork] as number) - genesisTime)
  const tracer = { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }
  const traces = await el.rpc.call<TracedDiff[]>('debug_traceBlockByNumber', [number, tracer])
  // Without the L1-info deposit in front: what it writes is not part of the upgrade.
  for (const { result } of traces.slice(1)) apply(result)
  const changed = Object.fromEntries([...alloc].filter(([, account]) => Object.keys(account).length > 0))
  const file = upgradedAllocFile(fork)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(sorted(changed), null, 1)}\n`)
  process.stdout.write(`${fork}: ${Object.keys(changed).length} accounts\n`)
}
