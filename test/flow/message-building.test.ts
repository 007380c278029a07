import { beforeEach, describe, expect, it } from 'vitest'
import { Jobs } from '../../src/builder/jobs.ts'
import type { MessageVerdict } from '../../src/builder/message-gate.ts'
import { OpRules } from '../../src/builder/op-rules.ts'
import { remoteStates } from '../../src/builder/remote-pinned-state.ts'
import { SealedBlocks } from '../../src/builder/sealed-blocks.ts'
import { OpExecutor } from '../../src/evm/op-executor.ts'
import { type Address, hexToBytes } from '../../src/primitives/hex.ts'
import { BuildingPool } from '../../txpool/building-pool.ts'
import { TxPool } from '../../txpool/pool.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { fixedPoolHead } from '../support/fixed-pool-head.ts'
import { MemoryChain } from '../support/memory-chain.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const [alice, bob, carol] = devAccounts.slice(0, 3) as [Account, Account, Account]
type Account = (typeof devAccounts)[0]

/** Jobs over a pool, and a gate that says what the test says. */
function world() {
  const balances = new Map([alice, bob, carol].map(({ address }) => [address, 10n ** 20n]))
  const chain = new MemoryChain(balances)
  const { forks, l2ChainId: chainId } = chain.config
  const pool = new TxPool(
    fixedPoolHead({ chainId, shanghai: true, prague: true, gasLimit: 30_000_000n }, { nonce: 0n, balance: 10n ** 20n }),
  )
  const barred = new Set<Address>()
  const verdicts = new Map<Address, MessageVerdict | Error>()
  const judged: Address[] = []
  const jobs: Jobs = new Jobs({
    rules: new OpRules({
      config: chain.config,
      constants: chain.config.chainOpConfig as NonNullable<typeof chain.config.chainOpConfig>,
      l1Chain: { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} },
      chain,
      l1: chain.l1,
    }),
    chain,
    executor: new OpExecutor({ chainId, forks }),
    state: remoteStates(chain.store, chain.source),
    pool: new BuildingPool(pool, {}),
    messages: {
      admits: ({ sender }) => !barred.has(sender),
      async judge(_block, { transaction }) {
        judged.push(transaction.sender)
        const verdict = verdicts.get(transaction.sender) ?? 'stays'
        if (verdict instanceof Error) throw verdict
        return verdict
      },
    },
    committer: undefined,
    publisher: undefined,
    auto: { set: () => false },
    sealedBlocks: new SealedBlocks(),
    clock: new VirtualClock(1_000_000),
  })
  return { jobs, pool, barred, verdicts, judged }
}

let w: ReturnType<typeof world>
beforeEach(async () => {
  w = world()
  for (const [tip, account] of [carol, bob, alice].entries()) {
    for (const nonce of [0, 1]) {
      const raw = await account.account.signTransaction({
        chainId: 901,
        nonce,
        gas: 21_000n,
        to: `0x${'77'.repeat(20)}`,
        maxFeePerGas: 10n ** 10n,
        maxPriorityFeePerGas: BigInt(tip + 1),
      })
      await w.pool.add(hexToBytes(raw), {})
    }
  }
})

/** Senders of what a block takes of the pool, in order. */
async function built(): Promise<readonly Address[]> {
  const job = await w.jobs.open({}, {})
  await w.jobs.includeAll(job, {})
  const { transactions } = await w.jobs.seal(job, { commit: false, publish: false }, {})
  return transactions.slice(1).map(({ transaction }) => transaction.sender)
}

const both = (...accounts: readonly Account[]) => accounts.flatMap(({ address }) => [address, address])

describe('a block of the pool', () => {
  it('holds what is judged good, in the order of what is paid', async () => {
    expect(await built()).toEqual(both(alice, bob, carol))
    expect(w.judged).toEqual(both(alice, bob, carol))
  })

  it('goes on without what has to wait, and the pool keeps it', async () => {
    w.verdicts.set(alice.address, 'later')
    expect(await built()).toEqual(both(bob, carol))
    expect(w.pool.ofSender(alice.address)).toHaveLength(2)
    w.verdicts.clear()
    expect(await built()).toEqual(both(alice, bob, carol))
  })

  it('goes on without what must not be, and the pool loses it', async () => {
    w.verdicts.set(bob.address, 'never')
    expect(await built()).toEqual(both(alice, carol))
    expect(w.pool.ofSender(bob.address).map(({ nonce }) => nonce)).not.toContain(0n)
  })

  it('does not run what is not to be tried', async () => {
    w.barred.add(alice.address)
    expect(await built()).toEqual(both(bob, carol))
    expect(w.judged).not.toContain(alice.address)
    expect(w.pool.ofSender(alice.address)).toHaveLength(2)
  })

  it('is as it was where judging fails', async () => {
    w.verdicts.set(bob.address, new Error('shutting down'))
    const job = await w.jobs.open({}, {})
    await expect(w.jobs.includeAll(job, {})).rejects.toThrow('shutting down')
    const { transactions } = await w.jobs.inspect(job, {})
    expect(transactions.slice(1).map(({ transaction }) => transaction.sender)).toEqual(both(alice))
  })

  it('holds what its caller names, whatever is known of it', async () => {
    w.verdicts.set(alice.address, 'never')
    w.barred.add(alice.address)
    const job = await w.jobs.open({}, {})
    expect((await w.jobs.includeFirst(job, alice.address, {}))?.transaction.sender).toBe(alice.address)
    expect(w.judged).toEqual([])
  })
})
