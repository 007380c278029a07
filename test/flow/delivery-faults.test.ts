import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { DeliveryWorld, type FaultKind, type FaultyStep } from '../support/delivery-world.ts'

const PAGE = fileURLToPath(new URL('../../docs/delivery.md', import.meta.url))

const STEPS: readonly FaultyStep[] = [
  'check',
  'write down',
  'conductor',
  'write conducted',
  'sign',
  'publish',
  'write published',
  'insert',
  'write inserted',
]
const KINDS: readonly FaultKind[] = ['error', 'refusal', 'time-out', 'lost answer', 'crash before', 'crash after']

/** The block that the fault strikes. */
const STRUCK = 2n
const LAST = 5n

/** Has one thing fail once, goes on, and tells what became of the block; what must always hold is checked on the way. */
async function outcome(step: FaultyStep, kind: FaultKind): Promise<string> {
  const world = new DeliveryWorld()
  await world.until(STRUCK - 1n)
  world.strike(step, kind)
  await world.until(LAST)
  expect(world.struck, `${step}, ${kind}`).toBe(true)
  const { chain, network, conducted, built } = world
  const heights = (hashes: readonly string[]): bigint[] =>
    hashes.map((hash) => built.find((block) => block.hash === hash)?.header.number ?? -1n)
  // One block of a height, in the raft before it is on the network; nothing is lost.
  expect(new Set(heights(network)).size).toBe(new Set(network).size)
  for (const hash of network) expect(conducted).toContain(hash)
  expect([...network].sort()).toEqual([...chain].sort())
  expect([...world.raft.values()]).toEqual(chain)
  expect(heights(chain)).toEqual([1n, 2n, 3n, 4n, 5n])
  const [first] = built.filter((block) => block.header.number === STRUCK)
  if (first?.hash === chain[Number(STRUCK) - 1]) {
    return world.unpublished.length === 0 ? 'same block' : 'same block, published with the next'
  }
  expect(network).not.toContain(first?.hash)
  expect(conducted).not.toContain(first?.hash)
  return 'new block'
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** A fixed sequence of pseudo-random numbers below a bound. */
function sequence(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

describe('faults of delivering', () => {
  it('never publish two blocks of a height, and lose none', async () => {
    const lines = [row(['step', ...KINDS]), row(['---', ...KINDS.map(() => '---')])]
    for (const step of STEPS) {
      const cells: string[] = []
      for (const kind of KINDS) cells.push(await outcome(step, kind))
      lines.push(row([step, ...cells]))
    }
    const table = lines.join('\n')
    expect(readFileSync(PAGE, 'utf8')).toContain(`<!-- faults -->\n\n${table}\n`)
  })

  it('also when fault follows fault', { timeout: 60_000 }, async () => {
    const random = sequence(Number(process.env.OP_SEQUENCER_SEED ?? 7))
    const blocks = Number(process.env.OP_SEQUENCER_BLOCKS ?? 60)
    const world = new DeliveryWorld()
    while (world.headNumber < blocks) {
      world.strike(STEPS[random(STEPS.length)] as FaultyStep, KINDS[random(KINDS.length)] as FaultKind)
      await world.step()
    }
    await world.until(world.headNumber + 2n)
    const { chain, network, conducted, raft } = world
    expect([...network].sort()).toEqual([...chain].sort())
    expect([...raft.values()]).toEqual(chain)
    for (const hash of network) expect(conducted).toContain(hash)
  })
})

describe('delivery', () => {
  it('goes on without publishing, and publishes in order when it can', async () => {
    const world = new DeliveryWorld()
    await world.until(1n)
    world.publishing = 'down'
    await world.until(3n)
    world.publishing = 'silent'
    await world.until(4n)
    expect(world.network).toHaveLength(1)
    expect(world.unpublished).toHaveLength(3)
    world.restart()
    world.publishing = 'works'
    await world.until(6n)
    expect(world.network).toEqual(world.chain)
  })

  it('does not publish what no peer would take any more', async () => {
    const world = new DeliveryWorld()
    world.publishing = 'down'
    await world.until(1n)
    await world.clock.advance(70_000)
    world.publishing = 'works'
    await world.until(2n)
    expect(world.network).toEqual(world.chain.slice(1))
  })

  it('lets go of a block that the conductor surely has not, and of no other', async () => {
    const world = new DeliveryWorld()
    await world.until(1n)
    world.leads = false
    await world.step()
    expect(world.errors.at(-1)).toMatchObject({ code: 'CONDUCTOR_REFUSED', message: /not the leader/ })
    expect(world.delivery.held).toBeUndefined()
    // The answer is lost: the cluster may have it.
    world.leads = true
    world.strike('conductor', 'time-out')
    await world.step()
    const held = world.delivery.held?.hash
    expect(held).toBe(world.built.at(-1)?.hash)
    world.leads = false
    await world.step()
    expect(world.errors.at(-1)).toMatchObject({ code: 'CONDUCTOR_REFUSED' })
    world.restart()
    await world.step()
    expect(world.delivery.held?.hash).toBe(held)
    expect(world.network).toHaveLength(1)
    world.leads = true
    await world.until(2n)
    expect(world.head).toBe(held)
    expect(world.delivery.held).toBeUndefined()
  })

  it('gives way to another sequencer without publishing what it holds', async () => {
    const world = new DeliveryWorld()
    await world.until(1n)
    world.strike('conductor', 'time-out')
    await world.step()
    const held = world.delivery.held?.hash
    const other = world.overtake()
    await world.until(3n)
    expect(world.chain[1]).toBe(other)
    expect(world.network).not.toContain(held)
    expect(world.abandoned).toMatchObject([{ record: { hash: held, published: false }, why: /gone past it/ }])
  })

  it('brings back what the execution layer has lost, and no other block', async () => {
    const world = new DeliveryWorld()
    await world.until(4n)
    const chain = [...world.chain]
    world.head = chain[1] as Hash
    for (const hash of chain.slice(2)) world.blocks.delete(hash)
    world.restart()
    await world.until(5n)
    expect(world.chain.slice(0, 4)).toEqual(chain)
    expect(world.network).toEqual(world.chain)
  })

  it.each([true, false])('brings back what consensus still takes for the head; looks at blocks: %s', async (checks) => {
    const world = new DeliveryWorld({ checks })
    await world.until(4n)
    const chain = [...world.chain]
    world.remembered = { hash: world.head, number: 4n }
    world.head = world.genesis.hash
    for (const hash of chain) world.blocks.delete(hash)
    world.restart()
    await world.step()
    expect(world.restored).toEqual([])
    await world.step()
    expect(world.restored).toEqual([chain[3]])
    world.remembered = undefined
    await world.until(6n)
    expect(world.chain.slice(0, 4)).toEqual(chain)
    expect(world.network).toEqual(world.chain)
    expect(world.restored).toHaveLength(1)
  })

  it('builds another block where the L1 has taken back the origin', async () => {
    const world = new DeliveryWorld()
    await world.until(3n)
    const old = world.head
    world.orphaned.add(old)
    world.head = world.chain[1] as Hash
    await world.until(4n)
    expect(world.chain).not.toContain(old)
    expect(world.abandoned).toMatchObject([{ record: { hash: old }, why: /L1 origin/ }])
  })

  it('refuses a second block on a parent until the first one is abandoned', async () => {
    const world = new DeliveryWorld()
    await world.until(2n)
    const [parent, first] = world.chain as [Hash, Hash]
    const second = world.build(parent)
    await expect(world.delivery.deliver(second, {})).rejects.toMatchObject({
      code: 'DELIVERY_CONFLICT',
      data: { hash: second.hash, delivered: first },
    })
    await world.delivery.abandon(first)
    await world.delivery.deliver(second, {})
    expect(world.head).toBe(second.hash)
  })

  it('lets go of a block that only turns out to be invalid when it is inserted', async () => {
    const world = new DeliveryWorld({ checks: false })
    await world.until(1n)
    world.strike('insert', 'refusal')
    await world.step()
    expect(world.errors.at(-1)).toMatchObject({ code: 'COMMIT_REFUSED', data: { status: 'INVALID' } })
    expect(world.abandoned).toMatchObject([{ record: { published: true, inserted: false } }])
    await world.until(2n)
  })

  it('does nothing more for a caller who has gone', async () => {
    const world = new DeliveryWorld()
    world.publishing = 'silent'
    const caller = new AbortController()
    const delivered = world.delivery.deliver(world.build(), { signal: caller.signal })
    const outcome = delivered.catch((error: unknown) => error)
    await world.clock.advance(100)
    caller.abort(new Error('gone'))
    expect(await outcome).toMatchObject({ message: 'gone' })
    expect(world.headNumber).toBe(0n)
    world.publishing = 'works'
    await world.until(1n)
    expect(world.built).toHaveLength(1)
  })
})
