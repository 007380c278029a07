import { describe, expect, it, test } from 'vitest'
import { type Hash, type Hex, toQuantity } from '../../src/primitives/hex.ts'
import { expectHead, expectSameOnNode } from './support/block-checks.ts'
import { DELETING } from './support/block-plan.ts'
import { atGenesis, type ForkSchedule } from './support/fork-schedule.ts'
import type { GcMode, StateScheme } from './support/geth-process.ts'
import { type Sealed, type SequencedChain, startSequencedChain } from './support/op-sequencer.ts'
import { RandomChain } from './support/random-chain.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { STORE, scenery, storeInput } from './support/scenery.ts'
import { SIGNERS, type Signer } from './support/tx-maker.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 28)
const TIMEOUT = 60_000 + BLOCKS * 3_000

/** SELFDESTRUCT still removes old contracts in the first third; Jovian's rules hold in the last. */
function schedule(genesisTime: number): ForkSchedule {
  const ecotone = genesisTime + 2 * Math.floor(BLOCKS / 3)
  const late = Object.fromEntries(
    (['ecotone', 'fjord', 'granite', 'holocene', 'isthmus', 'jovian'] as const).map((fork, i) => [
      fork,
      ecotone + 2 * (i + 1),
    ]),
  )
  return { regolith: 0, canyon: 0, delta: 0, ...late }
}

async function buildAndDelete(chain: SequencedChain, traces: boolean): Promise<void> {
  const random = new RandomChain(chain, SEED, DELETING, traces)
  const blocks = [await chain.el.block(0)]
  let tip = blocks[0] as RpcBlock
  let transactions = 0
  while (Number(tip.number) < BLOCKS) {
    if (Number(tip.number) % 6 === 4) await chain.l1.mine()
    const job = await random.open(tip)
    const beside = blocks.at(-3) ?? tip
    const side = Number(tip.number) % 4 === 2 ? await random.open(beside) : undefined
    await random.fill(job, 14)
    if (side !== undefined) {
      await random.fill(side, 8)
      blocks.push((await random.seal(side, 'side')).block as unknown as RpcBlock)
    }
    const sealed = await random.seal(job, Number(tip.number) % 5 === 3 ? 'commitLater' : 'commit')
    transactions += sealed.block.transactions.length
    tip = sealed.block as unknown as RpcBlock
    blocks.push(tip)
  }
  console.info(`seed ${SEED}: ${BLOCKS} blocks, ${transactions} transactions`, await chain.traffic(), random.counts)
  expect((await chain.el.block(BLOCKS)).hash).toBe(tip.hash)
  expect(random.counts['store ok']).toBeGreaterThan(BLOCKS / 3)
}

describe(`blocks that delete, on every kind of state storage, seed ${SEED}`, () => {
  test.each<readonly [StateScheme, GcMode]>([
    ['hash', 'full'],
    ['hash', 'archive'],
    ['path', 'full'],
    ['path', 'archive'],
  ])('%s/%s', { timeout: TIMEOUT }, async (scheme, gcmode) => {
    await using chain = await startSequencedChain({ forks: schedule, alloc: scenery(), scheme, gcmode })
    await buildAndDelete(chain, true)
  })

  it('builds on a node that serves eth_* only', { timeout: TIMEOUT }, async () => {
    // The harness gives its own list before these flags; the last one counts.
    const elFlags = ['--http.api', 'eth,net,web3']
    await using chain = await startSequencedChain({ forks: schedule, alloc: scenery(), elFlags })
    await expect(chain.el.rpc.call('debug_chaindbProperty')).rejects.toMatchObject({ code: -32601 })
    await buildAndDelete(chain, false)
  })
})

/** Blocks with one write to {@link STORE} each, so that the state tells the branch. */
class Branches {
  readonly chain: SequencedChain
  readonly #nonces = new Map<Hash, number>()
  readonly #signer = SIGNERS[0] as Signer

  constructor(chain: SequencedChain, genesis: Hash) {
    this.chain = chain
    this.#nonces.set(genesis, 0)
  }

  async build(parent: Hash, slot: bigint, value: bigint, selector: Hex | 'latest' = parent): Promise<Sealed> {
    const { rpc } = this.chain.sequencer
    const nonce = this.#nonces.get(parent) as number
    const job = await rpc.call<string>('test_open', [{ l2Parent: selector }])
    const result = await rpc.call<{ status: Hex }>('test_includeRaw', [
      job,
      await this.#signer.account.signTransaction({
        type: 'eip1559',
        chainId: this.chain.chainId,
        nonce,
        gas: 200_000n,
        to: STORE,
        data: storeInput([[slot, value]]),
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 1n,
      }),
    ])
    expect(result.status).toBe('0x1')
    const sealed = await rpc.call<Sealed>('test_seal', [job])
    expect(sealed.block.parentHash).toBe(parent)
    await this.expectHead(sealed)
    this.#nonces.set(sealed.hash, nonce + 1)
    return sealed
  }

  async expectHead(sealed: Sealed): Promise<void> {
    await expectHead(this.chain.el, sealed.hash)
    await expectSameOnNode(this.chain.el, sealed)
    // By number, too: the branch is the canonical one.
    expect((await this.chain.el.block(Number(sealed.number))).hash).toBe(sealed.hash)
  }

  async stored(slot: bigint): Promise<bigint> {
    return BigInt(await this.chain.el.rpc.call<Hex>('eth_getStorageAt', [STORE, toQuantity(slot), 'latest']))
  }
}

describe('reorgs', () => {
  test.each<readonly [StateScheme, GcMode]>([
    ['hash', 'archive'],
    ['path', 'full'],
  ])('%s/%s: op-geth follows to another branch and back', async (scheme, gcmode) => {
    await using chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      alloc: scenery(),
      scheme,
      gcmode,
    })
    const { el } = chain
    const genesis = await el.block(0)
    const branches = new Branches(chain, genesis.hash)
    const root = await branches.build(genesis.hash, 1n, 100n)
    const a1 = await branches.build(root.hash, 1n, 101n, 'latest')
    const a2 = await branches.build(a1.hash, 1n, 102n, toQuantity(2))
    const a3 = await branches.build(a2.hash, 2n, 0n)
    expect(await branches.stored(1n)).toBe(102n)
    expect(await branches.stored(2n)).toBe(0n)

    // Three blocks back: the head gets lower before it gets higher.
    const b1 = await branches.build(root.hash, 1n, 201n, toQuantity(1))
    expect(await el.blockNumber()).toBe(2)
    expect(await branches.stored(1n)).toBe(201n)
    expect(await branches.stored(2n)).toBe(2n)
    const b2 = await branches.build(b1.hash, 3n, 0n, 'latest')
    const b3 = await branches.build(b2.hash, 1n, 203n)
    expect(await el.rpc.call('eth_getTransactionReceipt', [a3.block.transactions[1]?.hash])).toBeNull()

    // Back to the first branch, which gets longer: its parent is on a side branch now.
    const a4 = await branches.build(a3.hash, 1n, 104n)
    expect(await branches.stored(1n)).toBe(104n)
    expect(await branches.stored(3n)).toBe(3n)
    expect((await el.block(4)).hash).toBe(a3.hash)
    const receipt = await el.rpc.call<{ blockHash: Hash }>('eth_getTransactionReceipt', [
      a3.block.transactions[1]?.hash,
    ])
    expect(receipt.blockHash).toBe(a3.hash)

    // Siblings at one height; the second becomes the head just as the first did.
    const a5 = await branches.build(a4.hash, 1n, 105n)
    const c5 = await branches.build(a4.hash, 1n, 305n)
    const d5 = await branches.build(a4.hash, 400n, 0n)
    expect(new Set([a5.hash, c5.hash, d5.hash]).size).toBe(3)
    expect(await branches.stored(400n)).toBe(0n)
    // A side block that never was anybody's parent, behind the head's height.
    const b4 = await branches.build(b3.hash, 1n, 204n)
    await branches.build(c5.hash, 1n, 306n)
    await branches.build(b4.hash, 1n, 205n)
  })
})
