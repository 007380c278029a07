import { describe, expect, it } from 'vitest'
import { BatcherL1 } from '../../test/support/batcher-l1.ts'
import { DerivationWorld } from '../../test/support/derivation-world.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { BlockId } from '../protocol/refs.ts'
import { encodeSigned } from '../protocol/transaction-encoding.ts'
import { AutoBatcher } from './auto-batcher.ts'
import { InboxWriter } from './inbox-writer.ts'
import { Outbox } from './outbox.ts'
import type { BatcherChain } from './ports.ts'

const never = () => Promise.reject(new TypeError('no blobs here'))
const KEY = `0x${'0a'.repeat(32)}` as const

/** A chain whose blocks a test makes, and an L1 that takes them. */
class AutoWorld {
  readonly l1 = new BatcherL1()
  readonly l2 = new DerivationWorld({ fork: 'jovian' })
  readonly clock = new VirtualClock(0)
  readonly failures: string[] = []
  safe = 0
  /** Where it is not the newest block. */
  unsafe: number | undefined
  derivedFrom: bigint | undefined
  readonly auto: AutoBatcher

  constructor() {
    const { config } = this.l2
    const account = { address: `0x${'ba'.repeat(20)}`, key: KEY } as const
    const prover = { commitment: never, proof: never, cellProofs: never }
    const l1Chain = { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} }
    const outbox = new Outbox(this.l1, 900n)
    const writer = new InboxWriter({ config, l1Chain, sender: this.l1, outbox, prover, account, clock: this.clock })
    this.auto = new AutoBatcher({
      ...{ config, chain: this.#chain(), sender: this.l1, writer, da: 'calldata', clock: this.clock, pollMs: 100 },
      onFailure: (message) => this.failures.push(message),
    })
  }

  #chain(): BatcherChain {
    const blocks = this.l2.sequenced
    const id = (index: number): BlockId => blocks[index]?.ref as BlockId
    return {
      heads: async () => ({
        ...{ safe: id(this.safe), unsafe: id(this.unsafe ?? blocks.length - 1) },
        ...(this.derivedFrom !== undefined && { derivedFrom: this.derivedFrom }),
      }),
      block: async (number) => blocks[Number(number)],
    }
  }

  sequence(count: number): void {
    for (let i = 0; i < count; i++) this.l2.sequence([], false)
  }

  /** Replaces the newest blocks. */
  reorgL2(depth: number): void {
    this.l2.sequenced.splice(-depth)
    const fields = { type: 0, chainId: 901n, nonce: 0n, gasLimit: 21_000n, to: undefined, value: 1n } as const
    const data = new Uint8Array(0)
    const transaction = encodeSigned({ ...fields, gasPrice: 1n, data }, { yParity: 1, r: 5n, s: 6n })
    for (let i = 0; i < depth; i++) this.l2.sequence([transaction], false)
  }

  /** From where to where channels that are not safe go. */
  get ranges(): string[] {
    return this.auto.status.channels.map(({ first, last }) => `${first}-${last.number}`)
  }

  turn(): Promise<void> {
    return this.auto.turn({})
  }
}

describe('the automatic batcher', () => {
  it('sends each block once, from the safe head on, and forgets what is safe', async () => {
    const world = new AutoWorld()
    await world.turn()
    expect(world.l1.sent).toEqual([])
    world.sequence(3)
    await world.turn()
    await world.turn()
    expect(world.ranges).toEqual(['1-3'])
    world.l1.mine()
    world.sequence(2)
    await world.turn()
    expect(world.ranges).toEqual(['1-3', '4-5'])
    expect(world.l1.sent.length).toBe(2)
    world.safe = 3
    await world.turn()
    expect(world.ranges).toEqual(['4-5'])
    world.safe = 5
    await world.turn()
    expect(world.ranges).toEqual([])
    expect(world.l1.sent.length).toBe(2)
  })

  it('begins behind what is safe when it starts', async () => {
    const world = new AutoWorld()
    world.sequence(4)
    world.safe = 2
    await world.turn()
    expect(world.ranges).toEqual(['3-4'])
  })

  it('begins anew at the safe head where the chain has taken another way', async () => {
    const world = new AutoWorld()
    world.sequence(4)
    await world.turn()
    world.safe = 1
    world.reorgL2(2)
    await world.turn()
    expect(world.ranges).toEqual(['2-4'])
    expect(world.l1.sent.length).toBe(2)
  })

  it('begins anew where the chain has become shorter, also where the blocks are still there', async () => {
    const world = new AutoWorld()
    world.sequence(4)
    await world.turn()
    world.unsafe = 3
    await world.turn()
    expect(world.ranges).toEqual(['1-3'])
  })

  it('has L1 get again what a reorg took out of it', async () => {
    const world = new AutoWorld()
    world.sequence(2)
    await world.turn()
    const [sent] = world.l1.sent
    world.l1.mine()
    world.l1.reorg(1, { forget: true })
    world.l1.mine({ empty: true })
    await world.turn()
    expect(world.l1.sent.map(({ hash }) => hash)).toEqual([sent?.hash, sent?.hash])
    expect(world.ranges).toEqual(['1-2'])
    world.l1.mine()
    await world.turn()
    expect(world.l1.sent.length).toBe(2)
  })

  it('begins anew where L1 does not take it again', async () => {
    const world = new AutoWorld()
    world.sequence(2)
    await world.turn()
    const [lost] = world.l1.sent
    world.l1.pool.clear()
    world.l1.admit = ({ hash }) => {
      if (hash === lost?.hash) throw new AppError('BATCH_REFUSED', { message: 'transaction underpriced' })
    }
    world.sequence(1)
    await world.turn()
    expect(world.ranges).toEqual(['1-3'])
    expect(world.l1.sent.map(({ nonce }) => nonce)).toEqual([0n, 0n])
  })

  it('begins anew where L1 was read beyond a channel, and nothing came of it', async () => {
    const world = new AutoWorld()
    world.sequence(2)
    await world.turn()
    world.l1.mine()
    world.derivedFrom = 1n
    await world.turn()
    expect(world.l1.sent.length).toBe(1)
    world.derivedFrom = 2n
    await world.turn()
    expect(world.l1.sent.length).toBe(2)
    expect(world.ranges).toEqual(['1-2'])
  })

  it('begins anew where the safe head went back behind all that is remembered', async () => {
    const world = new AutoWorld()
    world.sequence(2)
    await world.turn()
    world.sequence(2)
    await world.turn()
    world.safe = 2
    await world.turn()
    expect(world.ranges).toEqual(['3-4'])
    world.safe = 1
    await world.turn()
    expect(world.ranges).toEqual(['2-4'])
  })

  it('puts as many blocks into a channel as it is told, and stops where too much waits', async () => {
    const world = new AutoWorld()
    world.sequence(25)
    await world.auto.set(true, { maxBlocks: 2 })
    await world.auto.set(false)
    await world.turn()
    expect(world.ranges.length).toBe(10)
    expect(world.ranges.at(-1)).toBe('19-20')
    world.l1.mine()
    await world.turn()
    expect(world.ranges.slice(10)).toEqual(['21-22', '23-24', '25-25'])
  })

  it('looks with each L1 block while it is on, tells a failure once, and goes on after it', async () => {
    const world = new AutoWorld()
    expect(await world.auto.set(true)).toBe(false)
    await world.clock.advance(100)
    world.l1.mine()
    world.sequence(2)
    world.l1.admit = () => {
      throw new AppError('BATCH_REFUSED', { message: 'insufficient funds' })
    }
    for (let i = 0; i < 3; i++) await world.clock.advance(100)
    expect(world.failures).toEqual(['insufficient funds'])
    expect(world.auto.status).toMatchObject({ active: true, failure: 'insufficient funds' })
    world.l1.admit = () => {}
    await world.clock.advance(100)
    expect(world.ranges).toEqual(['1-2'])
    expect(world.auto.status.failure).toBeUndefined()
    // No new L1 block: nothing to look at.
    world.sequence(1)
    await world.clock.advance(1000)
    expect(world.ranges).toEqual(['1-2'])
    expect(await world.auto.set(true, { intervalMs: 300 })).toBe(true)
    for (let i = 0; i < 4; i++) await world.clock.advance(100)
    expect(world.ranges).toEqual(['1-2', '3-3'])
    expect(await world.auto.set(false)).toBe(true)
    world.sequence(1)
    await world.clock.advance(1000)
    expect(world.ranges).toEqual(['1-2', '3-3'])
    expect(world.auto.status.active).toBe(false)
  })
})
