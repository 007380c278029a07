import { describe, expect, it } from 'vitest'
import type { IoOptions } from '../../src/primitives/io.ts'
import { MESSAGE_GENESIS } from '../support/message-chains.ts'
import { SupervisorWorld } from '../support/supervisor-world.ts'

const [A, B] = [901n, 902n]

/** Messages both ways, one that does not hold and one that depends on it, over four L1 blocks. */
async function busyRun(world: SupervisorWorld, pause: () => Promise<void>): Promise<void> {
  await world.start()
  for (let round = 0; round < 4; round++) {
    world.build(A, [world.log(), ...(round === 1 ? [world.executes(B, 1n, 9)] : [])])
    world.build(B, [world.executes(A, BigInt(world.sequencer(A).unsafe.ref.number), 0), world.log()])
    world.mine()
    await pause()
  }
}

async function expectSettled(world: SupervisorWorld): Promise<void> {
  await world.settled()
  expect(world.difference()).toBeUndefined()
  expect(world.store?.pending).toEqual([])
  expect(world.store?.deniedBlocks.length).toBeGreaterThan(0)
  expect(world.violations).toEqual([])
  await world.stop()
}

describe('a supervisor that ends', () => {
  it('at any write comes to the same', async () => {
    const whole = new SupervisorWorld()
    await busyRun(whole, () => whole.run(2000))
    await expectSettled(whole)
    const rows = JSON.stringify([...(whole.store?.safety.rows() ?? [])].length)
    let ended = 0
    for (let step = 0; step < whole.disk.steps; step++) {
      const world = new SupervisorWorld({ seed: step + 1 })
      world.disk.crashAt(step)
      const pause = async (): Promise<void> => {
        for (let part = 0; part < 8; part++) {
          await world.run(250)
          if (await world.recover()) ended++
        }
      }
      await busyRun(world, pause).catch(async (error: unknown) => {
        if (!world.disk.hasEnded) throw error
      })
      if (world.supervisor === undefined) {
        await world.recover()
        await busyRun(world, pause)
      }
      await world.recover()
      await expectSettled(world)
      expect(JSON.stringify([...(world.store?.safety.rows() ?? [])].length)).toBe(rows)
    }
    expect(ended).toBeGreaterThan(whole.disk.steps / 2)
  })

  it.each(['before', 'after'] as const)('%s any call comes to the same', async (moment) => {
    const whole = new SupervisorWorld()
    let calls = 0
    const count = (world: SupervisorWorld, onCall: (nth: number, io: IoOptions) => Promise<void> | void): void => {
      calls = 0
      for (const nodes of world.nodes.values())
        for (const node of nodes)
          node.fault = async (call, when, io) => {
            if (when === moment && call !== 'refByNumber' && call !== 'receipts') await onCall(calls++, io)
          }
    }
    count(whole, () => {})
    await busyRun(whole, () => whole.run(2000))
    await expectSettled(whole)
    const all = calls
    expect(all).toBeGreaterThan(20)
    for (let at = 0; at < all; at += 2) {
      const world = new SupervisorWorld({ seed: at + 1 })
      let ends = false
      count(world, async (nth, { signal }) => {
        if (nth !== at) return
        ends = true
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
      })
      await busyRun(world, async () => {
        for (let part = 0; part < 8; part++) {
          await world.run(250)
          if (!ends) continue
          ends = false
          await world.crash()
        }
      })
      await expectSettled(world)
    }
  })

  it('does so loudly where its disk fails', async () => {
    const world = new SupervisorWorld()
    await world.start()
    world.build(A, [world.log()])
    world.mine()
    await world.settled()
    world.disk.crashAt(world.disk.steps + 1)
    world.mine()
    await world.run(5000)
    expect(await world.stop()).toMatchObject({ code: 'SUPERVISOR_DB_BROKEN', severity: 'critical' })
  })
})

describe('a supervisor with nodes that fail', () => {
  it('goes on with the other chains', async () => {
    const world = new SupervisorWorld()
    for (const node of world.nodes.get(A) ?? [])
      node.fault = () => {
        throw new Error('out of order')
      }
    await world.start()
    for (let block = 0; block < 3; block++) {
      world.build(A)
      world.build(B)
      world.mine()
    }
    const heads = () => world.supervisor?.chains.get(B)?.heads
    await world.until('the other chain', () => heads()?.localSafe?.derived.number === 3n)
    await world.until('its unsafe blocks', () => heads()?.crossUnsafe.number === 3n)
    expect(heads()?.crossSafe?.derived.number).toBe(0n)
    for (const node of world.nodes.get(A) ?? []) node.fault = () => {}
    await world.settled()
    expect(world.difference()).toBeUndefined()
    await world.stop()
  })

  it('goes on with the next node of a chain, and sets that one right which comes back', async () => {
    const world = new SupervisorWorld({ nodes: 2 })
    await world.start()
    world.build(A, [world.log()])
    world.build(B, [world.executes(A, 1n, 4)])
    world.mine()
    await world.run(3000)
    const [first] = world.nodes.get(B) ?? []
    const fails = { now: true }
    if (first !== undefined)
      first.fault = () => {
        if (fails.now) throw new Error('out of order')
      }
    first?.restart()
    for (let block = 0; block < 3; block++) {
      world.build(A, [world.log()])
      world.mine()
      await world.run(3000)
    }
    await world.until('rows', () => world.supervisor?.safety.tip?.l1.number === 4n)
    fails.now = false
    await world.settled()
    expect(world.difference()).toBeUndefined()
    expect(world.violations).toEqual([])
    await world.stop()
  })

  it('tells a node what is safe that lacks unsafe blocks', async () => {
    const world = new SupervisorWorld({ nodes: 2, gossip: false })
    await world.start()
    for (let block = 0; block < 3; block++) {
      world.build(A, [world.log()])
      world.build(B)
      world.mine()
    }
    world.build(A)
    world.l1.finalize(2)
    const [, other] = world.nodes.get(A) ?? []
    const heads = () => world.supervisor?.chains.get(A)?.heads
    await world.until('cross-unsafe', () => heads()?.crossUnsafe.number === 4n)
    await world.until('cross-safe', () => other?.heads.crossSafe?.number === 3n && other.heads.finalized?.number === 2n)
    expect(other?.heads.crossUnsafe?.number).not.toBe(4n)
    await world.stop()
  })

  it('resets a node once, and leaves it alone when it agrees', async () => {
    const world = new SupervisorWorld({ nodes: 2 })
    await world.start()
    for (let block = 0; block < 6; block++) {
      world.build(A, [world.log()])
      world.build(B, [world.executes(A, BigInt(block + 1), 0)])
      world.mine()
      await world.run(4000)
    }
    await world.settled()
    for (const nodes of world.nodes.values())
      for (const node of nodes) expect(node.calls.get('reset')).toBeLessThanOrEqual(2)
    const resets = () => [...world.nodes.values()].flat().map(({ calls }) => calls.get('reset'))
    const before = resets()
    await world.run(300_000)
    expect(resets()).toEqual(before)
    await world.stop()
  })
})

it('begins where messages become active', async () => {
  const world = new SupervisorWorld({ interop: MESSAGE_GENESIS + 5n })
  await world.start()
  for (let block = 0; block < 6; block++) {
    world.build(A, block >= 3 ? [world.log()] : [])
    world.build(B, block >= 4 ? [world.executes(A, BigInt(block + 1), 0)] : [])
    world.mine()
    await world.run(1000)
  }
  await world.settled()
  expect(world.store?.logs.get(A)?.first).toMatchObject({ number: 3n, timestamp: MESSAGE_GENESIS + 6n })
  expect(world.supervisor?.chains.get(B)?.heads?.crossSafe?.derived.number).toBe(6n)
  expect(world.difference()).toBeUndefined()
  await world.crash()
  world.mine()
  await world.settled()
  const dropped = world.l1.reorg(1)
  for (let block = 0; block < dropped.length + 1; block++) world.mine()
  await world.settled()
  expect(world.difference()).toBeUndefined()
  expect(world.violations).toEqual([])
  await world.stop()
})
