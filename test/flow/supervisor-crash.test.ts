import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type Hash, type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import type { InitiatingMessage } from '../peers/support/interop-message.ts'
import { statusOf, supervisorStatus } from '../support/interop-heads.ts'
import { type InteropProcess, startInteropProcess } from '../support/interop-process.ts'
import { eventually, type InteropWorld, type ScriptedChain } from '../support/interop-world.ts'
import type { MessageStep } from '../support/message-script.ts'

const CRASHES = Number(process.env.OP_SEQUENCER_CRASHES ?? 4)
const GENESIS_TIME = 1_790_000_000
/** Of each chain in each round, which ends with an L1 block. */
const BLOCKS = 3n
/** Bytes of what is safe on a chain with an L1 block. */
const ENTRY = 90
/** Milliseconds that a process has at most. */
const LONGEST = 2_500

/** How far each chain was when all of a round was safe; by round. */
type Rests = Map<bigint, readonly bigint[]>

async function l1Number(world: InteropWorld): Promise<bigint> {
  return BigInt(await world.l1.request<Hex>({ method: 'eth_blockNumber' }))
}

/** The last L1 block that the supervisor has written a row of. */
async function lastRow(datadir: string): Promise<bigint> {
  const rows = await readFile(join(datadir, 'supervisor', 'super-safe.db'))
  return rows.length < ENTRY ? -1n : rows.readBigUInt64BE(rows.length - (rows.length % ENTRY) - ENTRY + 1)
}

/** Waits until everything that L1 holds is safe, and nothing else is there. */
async function rest(world: InteropWorld, l1: bigint, datadir: string): Promise<readonly bigint[]> {
  return eventually(`all of L1 block ${l1} is safe`, async () => {
    const row = l1 === 0n ? l1 : await lastRow(datadir)
    const statuses = await Promise.all(world.chains.map(statusOf))
    if (row < l1) return undefined
    if (statuses.some(({ safe_l2: safe, unsafe_l2: unsafe }) => safe.hash !== unsafe.hash)) return undefined
    return statuses.map(({ safe_l2: safe }) => BigInt(safe.number))
  })
}

/** What a block does follows from where it is, and from what the other chain was when the round began. */
async function script(
  chain: ScriptedChain,
  other: ScriptedChain,
  number: bigint,
  before: bigint,
): Promise<readonly MessageStep[]> {
  const log = { topics: [toWord(number)], data: '0xabcd' } as const
  const blockTag = toQuantity(before)
  const block = await other.call<{ timestamp: Hex }>('eth_getBlockByNumber', blockTag, false)
  const logs = await other.call<{ topics: readonly Hash[]; data: Hex; logIndex: Hex }[]>('eth_getLogs', {
    fromBlock: blockTag,
    toBlock: blockTag,
  })
  const place = { blockNumber: before, timestamp: BigInt(block.timestamp) }
  const invalid = (number * 7n + chain.chainId) % 5n === 0n
  const sent = logs.at(-1)
  const messages: InitiatingMessage[] = []
  if (invalid && before > 0n) messages.push(other.message(place, 50, log))
  else if (sent !== undefined && sent.topics.length === 1)
    messages.push(other.message(place, BigInt(sent.logIndex), sent))
  return [...messages.map((message) => ({ execute: message })), log]
}

/** Waits until the chains are again where they were at the end of a round. */
async function back(world: InteropWorld, heads: readonly bigint[]): Promise<void> {
  await eventually('the chains are where they were', async () => {
    const statuses = await Promise.all(world.chains.map(statusOf))
    return statuses.every(({ safe_l2: safe }, index) => BigInt(safe.number) === heads[index]) || undefined
  })
}

/** Goes on from wherever the chains are, round after round. */
async function play(world: InteropWorld, datadir: string, rests: Rests, rounds: () => bigint): Promise<void> {
  const known = rests.get(await l1Number(world))
  if (known !== undefined) await back(world, known)
  for (;;) {
    const l1 = await l1Number(world)
    if (!rests.has(l1)) rests.set(l1, await rest(world, l1, datadir))
    if (l1 >= rounds()) return
    const before = rests.get(l1) as readonly bigint[]
    for (const [index, chain] of world.chains.entries()) {
      const [own, others] = [before[index] as bigint, before[1 - index] as bigint]
      const other = world.chains[1 - index] as ScriptedChain
      for (;;) {
        const { blockNumber } = await chain.next()
        if (blockNumber > own + BLOCKS) break
        if (blockNumber === 1n) await chain.deploy()
        else await chain.block([await script(chain, other, blockNumber, others)])
      }
    }
    for (const [index, chain] of world.chains.entries()) {
      const own = before[index] as bigint
      const { channels } = await chain.batcher.status()
      // What is left of a span behind an invalid block is derived by who begins anew, and not by who goes on.
      if (channels.length === 0) await chain.batch(own + 1n, own + BLOCKS, 'singular')
    }
    await world.mineL1()
  }
}

/** Whether a call failed because the process was killed. */
function isGone(error: unknown, { child }: InteropProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || error instanceof TypeError
}

/** What came of it: every block of each chain, and what the supervisor wrote. */
async function outcome(world: InteropWorld, datadir: string) {
  const chains = await Promise.all(
    world.chains.map(async (chain) => {
      const head = BigInt((await statusOf(chain)).safe_l2.number)
      const numbers = Array.from({ length: Number(head) }, (_, i) => BigInt(i + 1))
      return Promise.all(numbers.map(async (number) => (await chain.canonical(number))?.hash))
    }),
  )
  const { chains: heads } = await supervisorStatus(world)
  const safety = await readFile(join(datadir, 'supervisor', 'super-safe.db'))
  return { chains, heads, safety: safety.toString('hex') }
}

it('a supervisor that is killed again and again comes to what one comes to that is not', {
  timeout: 120_000 + CRASHES * 30_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'supervisor-crash-'))
  await using started = new AsyncDisposableStack()
  const start = async (datadir: string): Promise<InteropProcess> =>
    started.use(await startInteropProcess(datadir, GENESIS_TIME))
  try {
    const [killed, whole] = [join(folder, 'killed'), join(folder, 'whole')]
    const rests: Rests = new Map()
    let rounds = 1_000_000n
    for (let crash = 0; crash < CRASHES; crash++) {
      const devnet = await start(killed)
      const playing = play(devnet.world, killed, rests, () => rounds).catch((error: unknown) => {
        if (!isGone(error, devnet)) throw error
      })
      await Promise.race([delay(Math.random() * LONGEST), playing])
      await devnet.kill()
      await playing
    }
    const last = await start(killed)
    rounds = (await l1Number(last.world)) + 2n
    await play(last.world, killed, rests, () => rounds)
    const found = await outcome(last.world, killed)
    await last.kill()
    const reference = await start(whole)
    const undisturbed: Rests = new Map()
    await play(reference.world, whole, undisturbed, () => rounds)
    const expected = await outcome(reference.world, whole)
    await reference.kill()
    process.stderr.write(`supervisor crashes: ${CRASHES}, ${rounds} L1 blocks\n`)
    expect(rests).toEqual(undisturbed)
    expect(found).toEqual(expected)
  } finally {
    await rm(folder, { recursive: true })
  }
})
