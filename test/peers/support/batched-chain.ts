import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import type { OpFork } from '../../../src/protocol/forks.ts'
import { otherUser, user } from './dev-accounts.ts'
import { type ForkSchedule, isActive, staggered } from './fork-schedule.ts'
import type { GethProcess } from './geth-process.ts'
import { L1Chain } from './l1-chain.ts'
import { L1Sender } from './l1-events.ts'
import { l2Genesis } from './l2-genesis.ts'
import { type OpBatcherOptions, startOpBatcher } from './op-batcher.ts'
import { startOpGeth } from './op-geth.ts'
import { type OpNode, startOpNode } from './op-node.ts'
import { rollupJson } from './rollup-json.ts'
import { TempFolder } from './temp-folder.ts'
import { userTransaction } from './user-transactions.ts'
import { waitFor } from './wait-for.ts'

/** L2 blocks that each stretch has. */
const LEAST_BLOCKS = 3
/** Transactions that the pool has for a stretch. */
const TRANSACTIONS = 12
const RECIPIENT: Hex = `0x${'00'.repeat(16)}c0ffee00`

/** How the batches of L2 blocks come to L1, from an upgrade to that of the next stretch. */
export interface Stretch extends Pick<OpBatcherOptions, 'da' | 'batchType' | 'flags'> {
  readonly from: OpFork
  /** Puts on L1 what is not safe yet, in place of op-batcher. It may mine. */
  readonly submit?: (chain: Omit<BatchedChain, typeof Symbol.asyncDispose>) => Promise<void>
  /** Begins half a step later: the L2 blocks before it take up the L1 blocks that the stretch before has made. */
  readonly late?: true
}

/** An L1 that stands still, with all batches on it, and the nodes that followed. */
export interface BatchedChain extends AsyncDisposable {
  readonly folder: TempFolder
  readonly l1: L1Chain
  readonly el: GethProcess
  /** Keeps a safe-head database. */
  readonly node: OpNode
  readonly forks: ForkSchedule
  readonly rollupFile: string
}

/**
 * A chain that op-node sequences and op-batcher puts on L1 stretch by stretch. What rules hold for a batch is decided by the time of
 * L1 blocks, so these are made one by one, at times of the past: the first of a stretch has that of its upgrade.
 * @param step seconds, and L2 blocks, between two upgrades
 * @param onSequenced called with the blocks of a stretch before they are batched
 */
export async function startBatchedChain(
  stretches: readonly Stretch[],
  step: number,
  onSequenced: (chain: Parts) => Promise<void> = async () => undefined,
): Promise<BatchedChain> {
  await using resources = new AsyncDisposableStack()
  const folder = resources.use(new TempFolder())
  const genesisTime = Math.floor(Date.now() / 1000) - 11 * step
  const forks = staggered(genesisTime, step)
  const l1 = resources.use(await L1Chain.start({ folder, timestamp: genesisTime - 2 }))
  await l1.mine()
  const genesis = await l2Genesis({ timestamp: genesisTime, forks })
  const el = resources.use(await startOpGeth({ folder, genesis }))
  const rollup = rollupJson({ l1: await l1.el.block(0), l2Genesis: await el.block(0), forks, blockTime: 1 })
  const rollupFile = folder.write('rollup.json', rollup)
  const flags = ['--safedb.path', folder.path('safedb'), '--l1.http-poll-interval', '100ms']
  const node = resources.use(await startOpNode({ folder, l1, el, rollupFile, sequencer: 'stopped', flags }))
  const chain = { folder, l1, el, node, forks, rollupFile }
  const deposits = new L1Sender(l1)
  let [head, l1Time]: [Hash, number] = [el.genesisHash, genesisTime - 1]
  const begin = ({ from, late }: Stretch): number => (forks[from] ?? genesisTime) + (late === true ? step / 2 : 0)
  for (const [index, stretch] of stretches.entries()) {
    const start = Math.max(l1Time + 1, begin(stretch))
    const next = stretches[index + 1]
    await deposits.deposit({ from: otherUser.address, to: RECIPIENT, mint: 5n, value: 5n })
    await l1.mine({ timestamp: start })
    const end = next === undefined ? start + step : begin(next)
    head = await sequence(chain, head, end - genesisTime)
    await onSequenced(chain)
    await batch(chain, stretch, start)
    l1Time = Number((await l1.el.block('latest')).timestamp)
  }
  const owned = resources.move()
  return { ...chain, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

type Parts = Omit<BatchedChain, typeof Symbol.asyncDispose>

/** Lets the sequencer make blocks up to a number at least, out of a full pool. @returns the last one */
async function sequence({ l1, el, node, forks }: Parts, head: Hash, until: number): Promise<Hash> {
  const check = (): void => node.process.assertRunning()
  const { timestamp } = await el.block('latest')
  const nonce = Number(await el.rpc.call<Hex>('eth_getTransactionCount', [user.address, 'pending']))
  for (let turn = 0; turn < TRANSACTIONS; turn++) {
    const raw = await userTransaction(nonce + turn, isActive(forks, 'isthmus', Number(timestamp)))
    // What is left in the pool behind a gap is not counted.
    await el.rpc.call('eth_sendRawTransaction', [raw]).catch((error: unknown) => {
      if (!/already known/.test(String(error))) throw error
    })
  }
  // Else it would go on with the origin that it has.
  const seen = async (): Promise<boolean> => (await node.syncStatus()).head_l1.number === (await l1.el.blockNumber())
  await waitFor('the sequencer knows the L1 block', seen, { check })
  // The sequencer may have been faster than it could be stopped, and be there already.
  const least = Math.max(until, (await el.blockNumber()) + LEAST_BLOCKS)
  await node.rpc.call('admin_startSequencer', [head])
  const there = async (): Promise<boolean> => (await el.blockNumber()) >= least
  await waitFor(`block ${least}`, there, { check, interval: 5 })
  return node.rpc.call('admin_stopSequencer')
}

/** Has a batcher send what there is, and mines it, until op-node derived all. */
async function batch(chain: Parts, { da, batchType, flags, submit }: Stretch, from: number): Promise<void> {
  const { folder, l1, el, node } = chain
  if (submit !== undefined) {
    await submit(chain)
    await mineUntilSafe(chain, () => node.process.assertRunning())
    return
  }
  const fast = ['--poll-interval', '100ms', '--txmgr.receipt-query-interval', '100ms', ...(flags ?? [])]
  const options = { ...(da && { da }), ...(batchType && { batchType }), flags: fast }
  await using batcher = await startOpBatcher({ folder, name: `op-batcher-${from}`, l1, el, node, ...options })
  const check = (): void => {
    batcher.process.assertRunning()
    node.process.assertRunning()
  }
  await mineUntilSafe(chain, check, () => batcher.flush())
}

/** Mines what comes into L1's pool until every L2 block is safe. */
async function mineUntilSafe(
  { l1, el, node }: Parts,
  check: () => void,
  flush: () => Promise<void> = async () => undefined,
): Promise<void> {
  const head = await el.blockNumber()
  await waitFor(
    `block ${head} is safe`,
    async () => {
      if ((await node.syncStatus()).safe_l2.number >= head) return true
      await flush()
      const { pending } = await l1.el.rpc.call<{ pending: Hex }>('txpool_status')
      if (Number(pending) > 0) await l1.mine()
      return false
    },
    { check, interval: 100 },
  )
}
