import { expect, test } from 'vitest'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { blockDaSize, DaBudget } from '../../src/sequencer/da-budget.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { engineMakerWorld } from '../support/engine-maker-world.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 500)
const SEED = Number(process.env.OP_SEQUENCER_SEED ?? 17)
const BLOCK_TIME = 2_000
const RATE = 1_500
const BURST = 40_000

/** Numbers below a bound, the same ones for each seed. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test(`over ${BLOCKS} blocks of random load the budget holds its average`, { timeout: 600_000 }, async () => {
  await using world = await engineMakerWorld()
  const clock = new VirtualClock(1_000_000)
  const budget = new DaBudget({ rate: RATE, burst: BURST, dryRun: false }, clock, BLOCK_TIME)
  const maker = world.maker()
  const pick = random(SEED)
  const nonces = devAccounts.map(() => 0)
  let sent = 0
  let sizes: number[] = []

  const send = async (): Promise<void> => {
    const from = pick(devAccounts.length)
    const data = Uint8Array.from({ length: pick(4_000) }, () => pick(256))
    const { account } = devAccounts[from] as (typeof devAccounts)[number]
    const raw = await account.signTransaction({
      chainId: 901,
      nonce: nonces[from] as number,
      gas: 21_000n + 40n * BigInt(data.length),
      to: `0x${'77'.repeat(20)}`,
      data: bytesToHex(data),
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: BigInt(1 + pick(1_000)),
    })
    await world.call('eth_sendRawTransaction', raw)
    nonces[from] = (nonces[from] as number) + 1
    sent++
  }

  for (let number = 0; number < BLOCKS; number++) {
    // Quiet times, and times with several times what the budget gives.
    const busy = Math.floor(number / 40) % 3 !== 0
    for (let left = busy ? pick(8) : pick(2); left > 0; left--) await send()
    const allowance = budget.next()
    const block = await (await maker.begin(await world.planOn('latest', { allowance }), {})).seal({})
    await world.deliver(block)
    budget.built(block)
    const size = blockDaSize(block)
    expect(BigInt(size)).toBeLessThanOrEqual(allowance.maxBlockBytes ?? 0n)
    sizes.push(size)
    await clock.advance(BLOCK_TIME)
  }

  const share = (RATE * BLOCK_TIME) / 1000
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const average = total / BLOCKS
  const included = (await world.call('eth_getTransactionCount', devAccounts[0]?.address, 'latest')) as string
  process.stdout.write(
    `seed ${SEED}: ${BLOCKS} blocks, ${sent} transactions sent, average ${average.toFixed(0)} bytes a block of a budget of ${share}, ` +
      `largest ${Math.max(...sizes)}, ${sizes.filter((size) => size > share).length} above the average, ${budget.figures.over} over\n`,
  )
  expect(average).toBeLessThanOrEqual(share)
  expect(budget.figures).toMatchObject({ blocks: BLOCKS, over: 0, bytes: total })
  // There was more to do than the budget gives, and it was used.
  expect(average).toBeGreaterThan(share * 0.8)
  expect(Math.max(...sizes)).toBeGreaterThan(share * 2)
  expect(Number(included)).toBeGreaterThan(0)
  // Over any stretch it is what the rate gives, and what was saved before at most.
  let stretch = 0
  for (sizes = sizes.toReversed(); sizes.length > 0; sizes = sizes.slice(25)) {
    stretch = sizes.slice(0, 25).reduce((sum, size) => sum + size, 0)
    expect(stretch).toBeLessThanOrEqual(BURST + 25 * share)
  }
})
