import { expect, it } from 'vitest'
import { SupervisorWorld } from '../support/supervisor-world.ts'

const [A, B] = [901n, 902n]

it('makes messages between two chains cross-safe', async () => {
  const world = new SupervisorWorld()
  await world.start()
  world.build(A, [world.log()])
  world.build(B, [world.executes(A, 1n, 0)])
  world.build(B, [world.log()])
  world.build(A, [world.executes(B, 2n, 0)])
  await world.until('cross-unsafe', () => world.supervisor?.chains.get(A)?.heads?.crossUnsafe.number === 2n)
  world.mine()
  await world.settled()
  expect(world.difference()).toBeUndefined()
  expect(world.supervisor?.chains.get(B)?.heads?.crossSafe?.derived.number).toBe(2n)
  expect(world.violations).toEqual([])
  expect(await world.stop()).toBeUndefined()
})

it('replaces a block whose message was never emitted, and what depends on it', async () => {
  const world = new SupervisorWorld()
  await world.start()
  world.build(A, [world.log(), world.executes(B, 1n, 7)])
  world.build(B, [world.executes(A, 1n, 0)])
  world.mine()
  await world.settled()
  expect(world.difference()).toBeUndefined()
  expect(world.store?.deniedBlocks).toHaveLength(2)
  expect(world.supervisor?.failsafe).toBe(true)
  expect(world.violations).toEqual([])
  expect(await world.stop()).toBeUndefined()
})

it('tells how far L1 is final', async () => {
  const world = new SupervisorWorld()
  await world.start()
  for (let block = 0; block < 4; block++) {
    world.build(A, [world.log()])
    world.build(B)
    world.mine()
  }
  world.l1.finalize(2)
  await world.settled()
  await world.until('finalized', () => world.sequencer(B).heads.finalized?.number === 2n)
  expect(world.supervisor?.chains.get(A)?.heads?.finalized?.number).toBe(2n)
  world.l1.finalize(4)
  await world.until('finalized', () => world.sequencer(A).heads.finalized?.number === 4n)
  expect(world.violations).toEqual([])
  await world.stop()
})

it('waits for the batches of the chain that a message is of', async () => {
  const world = new SupervisorWorld()
  await world.start()
  world.build(A, [world.log()])
  world.build(B, [world.executes(A, 1n, 0)])
  world.mine([B])
  world.mine([])
  await world.until('two L1 blocks', () => world.supervisor?.safety.tip?.l1.number === 2n)
  const heads = () => world.supervisor?.chains.get(B)?.heads
  expect(heads()?.localSafe?.derived.number).toBe(1n)
  expect(heads()?.crossSafe?.derived.number).toBe(0n)
  world.mine([A])
  await world.settled()
  expect(heads()?.crossSafe).toMatchObject({ derived: { number: 1n }, source: { number: 3n } })
  expect(world.difference()).toBeUndefined()
  expect(world.store?.deniedBlocks).toEqual([])
  await world.stop()
})

it('goes back with L1, and comes to what another L1 holds', async () => {
  const world = new SupervisorWorld()
  await world.start()
  for (let block = 0; block < 6; block++) {
    world.build(A, [world.log()])
    world.build(B, block === 3 ? [world.executes(A, 2n, 5)] : [])
    world.mine()
    await world.run(3000)
  }
  await world.settled()
  expect(world.store?.deniedBlocks).toHaveLength(1)
  const dropped = world.l1.reorg(2)
  for (let block = 0; block < 6; block++) world.mine()
  await world.settled()
  expect(world.difference()).toBeUndefined()
  world.l1.restore(2, dropped)
  world.mine([])
  world.mine([])
  await world.settled()
  expect(world.difference()).toBeUndefined()
  expect(world.violations).toEqual([])
  await world.stop()
})

it('goes on from its disk after a crash at any time', async () => {
  for (let at = 0; at < 12; at++) {
    const world = new SupervisorWorld({ seed: at + 1 })
    await world.start()
    for (let block = 0; block < 5; block++) {
      world.build(A, [world.log(), ...(block === 2 ? [world.executes(B, 1n, 9)] : [])])
      world.build(B, [world.executes(A, BigInt(block + 1), 0)])
      world.mine()
      await world.run(at * 150)
      if (block % 2 === 0) await world.crash()
    }
    await world.settled()
    expect(world.difference()).toBeUndefined()
    expect(world.violations).toEqual([])
    await world.stop()
  }
})
