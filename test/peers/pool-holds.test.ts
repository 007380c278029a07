import { createTestClient, http } from 'viem'
import { expect, it } from 'vitest'
import { testSequencerActions } from '../../src/client/viem.ts'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { startSequencedChain } from './support/op-sequencer.ts'
import { seededRandom } from './support/storage-world.ts'

const BLOCKS = 4
const SELECTORS = ['0x11223344', '0xaabbccdd'] as const

it('makes exactly the blocks that holds and releases ask for, and op-geth takes them', {
  timeout: 90_000,
}, async () => {
  const seed = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 2 ** 31)
  process.stderr.write(`pool holds: OP_SEQUENCER_SEED=${seed}\n`)
  const random = seededRandom(seed)
  await using chain = await startSequencedChain({ forks: () => atGenesis('jovian') })
  const { el, chainId, sequencer } = chain
  const driver = new EngineDriver(el, chain.forks)
  const test = createTestClient({ transport: http(sequencer.rpc.url), mode: 'anvil' }).extend(testSequencerActions())
  const senders = devAccounts.slice(0, 5)
  const nonces = senders.map(() => 0)
  /** Those that wait, with what they are held by in a test's own words. */
  let waiting: { hash: Hash; raw: Hex; from: number; tip: bigint; selector: string }[] = []

  for (let block = 0; block < BLOCKS; block++) {
    for (let i = 0; i < 12; i++) {
      const from = random(senders.length)
      const selector = SELECTORS[random(4)] ?? '0x'
      // No two alike: geth breaks ties by the time of arrival, which it notes for itself.
      const tip = BigInt(1_000 * (1 + random(1000)) + block * 12 + i)
      const raw = await (senders[from] as (typeof senders)[0]).account.signTransaction({
        chainId,
        nonce: nonces[from] as number,
        gas: 50_000n,
        to: `0x${'77'.repeat(20)}`,
        data: selector,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: tip,
      })
      nonces[from] = (nonces[from] as number) + 1
      const hash = await sequencer.rpc.call<Hash>('eth_sendRawTransaction', [raw])
      waiting.push({ hash, raw, from, tip, selector })
    }
    const heldSender = random(senders.length)
    const heldHash = (waiting[random(waiting.length)] as (typeof waiting)[0]).hash
    const heldSelector = SELECTORS[random(2)] as Hex
    await test.poolHold({ sender: (senders[heldSender] as (typeof senders)[0]).address })
    await test.poolHold({ hash: heldHash })
    const bySelector = await test.poolHold({ selector: heldSelector })
    if (random(2) === 0) await test.poolRelease(bySelector)
    const holds = await test.poolHolds()
    const isHeld = ({ hash, from, selector }: (typeof waiting)[0]): boolean =>
      from === heldSender || hash === heldHash || (holds.length === 3 && selector === heldSelector)
    // Of each sender what stands before the first one that is held.
    const free = waiting.filter(
      (each) =>
        !waiting.some(
          (other) => other.from === each.from && isHeld(other) && waiting.indexOf(other) <= waiting.indexOf(each),
        ),
    )
    const job = await test.openJob()
    const included: Hash[] = []
    for (;;) {
      const next = await job.includeBest()
      if (next === null) break
      included.push(next.transactionHash)
    }
    expect([...included].sort(), `seed ${seed}, block ${block}`).toEqual(free.map(({ hash }) => hash).sort())
    // op-geth makes the same of those alone.
    for (const { raw } of free) await el.rpc.call('eth_sendRawTransaction', [raw])
    const head = await el.block('latest')
    const built = await driver.build(head.hash, driver.attributes(head, { overrides: { noTxPool: false } }), 400)
    const hashes = new Map<Hex, Hash>(waiting.map(({ raw, hash }) => [raw, hash]))
    expect(built.executionPayload.transactions.slice(1).map((raw) => hashes.get(raw))).toEqual(included)
    const last = block === BLOCKS - 1
    if (last) await test.poolRelease()
    if (last) for (const { hash } of waiting.filter((each) => !free.includes(each))) await job.includeByHash(hash)
    const { hash } = await job.seal()
    // The node has it as its head: it found the block valid.
    expect((await el.block('latest')).hash).toBe(hash)
    waiting = waiting.filter((each) => !last && !free.includes(each))
    await test.poolRelease()
  }
  expect(await sequencer.rpc.call('txpool_status')).toEqual({ pending: '0x0', queued: '0x0' })
})
