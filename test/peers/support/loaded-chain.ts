import { setTimeout as delay } from 'node:timers/promises'
import { type Hex, toWord } from '../../../src/primitives/hex.ts'
import type { OpFork } from '../../../src/protocol/forks.ts'
import { devAccounts, otherUser, user } from './dev-accounts.ts'
import { forksUpTo, isActive, staggered } from './fork-schedule.ts'
import type { L1Chain } from './l1-chain.ts'
import { L1Sender } from './l1-events.ts'
import { LoadSender } from './load.ts'
import { LOAD_ALLOC, LOAD_CONTRACTS, STORING_INIT_CODE, writes } from './load-contracts.ts'
import { type SingleStack, type SingleStackOptions, startSingleStack } from './single-stack.ts'
import type { UserDeposit } from './stand-in-contracts.ts'
import { waitFor } from './wait-for.ts'

const GAS_LIMIT = 8_000_000n
/** So much of a block's gas that a block takes a handful: a transaction must find its whole limit left. */
const TX_GAS = 7_600_000n
/** Seconds between L1 blocks of the past. */
const L1_STEP = 6
/** Transactions of type 4 for each fork that has them. */
const DELEGATES = 8
/** Milliseconds for the pool to take notice of the head. */
const POOL_TIME = 300
/** Stops of the sequencer in each fork: the block after one has transactions, however far the pool lags behind elsewhere. */
const PAUSES = 4
const RECIPIENT: Hex = `0x${'00'.repeat(16)}c0ffee00`

const DEPOSITS: readonly UserDeposit[] = [
  { from: otherUser.address, to: RECIPIENT, mint: 7n, value: 5n },
  // Cannot pay the value: fails, and what it mints stays.
  { from: RECIPIENT, to: user.address, mint: 3n, value: 10n ** 30n },
  { from: otherUser.address, data: STORING_INIT_CODE, gasLimit: 200_000n },
  { from: otherUser.address, to: LOAD_CONTRACTS.reverter, mint: 9n },
  { from: otherUser.address, to: LOAD_CONTRACTS.writer, data: writes([3, 0], [4, 1], [900, 1]), gasLimit: 150_000n },
  // Less than the intrinsic gas.
  { from: otherUser.address, to: LOAD_CONTRACTS.logger, mint: 1n, data: '0xff', gasLimit: 21_000n },
  { from: otherUser.address, to: LOAD_CONTRACTS.logger, data: '0x1234' },
]

/** Changes of the chain's configuration, each as soon as the chain understands it. */
const UPDATES: readonly (readonly [after: OpFork, type: number, payload: Hex])[] = [
  ['bedrock', 1, `${toWord(188n)}${toWord(700_000n).slice(2)}`],
  ['ecotone', 1, `${toWord(5n)}${toWord((1n << 248n) | (800_000n << 32n) | 1_300n).slice(2)}`],
  ['holocene', 4, toWord((200n << 32n) | 5n)],
  ['isthmus', 5, toWord((70_000n << 64n) | 11n)],
  ['jovian', 6, toWord(3_000_000n)],
  ['jovian', 7, toWord(321n)],
  ['jovian', 5, toWord((3n << 64n) | 1_000n)],
]

/** How long a {@link LoadedChain} is. */
export interface LoadedChainOptions {
  /** Blocks (and seconds) between two upgrades. */
  readonly step: number
  /** Blocks with the newest upgrade. */
  readonly tail: number
  /** Of each fork, beside those that only Isthmus brings. A fork with few blocks leaves some to the next. */
  readonly transactions: number
  /** Starts the execution layer; op-geth when left out. */
  readonly startEl?: SingleStackOptions['startEl']
}

/**
 * A chain that op-node sequences from Bedrock to Jovian, full of all kinds of transactions out of the execution layer's pool,
 * and of deposits. Its genesis lies in the past, so that the sequencer hurries.
 */
export async function startLoadedChain(options: LoadedChainOptions): Promise<SingleStack> {
  const { step, tail } = options
  const length = 9 * step + tail
  const forksOf = (time: number) => staggered(time, step)
  const past = async (l1: L1Chain, genesisTime: number): Promise<void> => {
    const sender = new L1Sender(l1)
    const forks = forksOf(genesisTime)
    const updates = [...UPDATES]
    for (let time = genesisTime + 1, turn = 0; time < genesisTime + length; time += L1_STEP, turn += 2) {
      for (const index of [turn, turn + 1]) await sender.deposit(DEPOSITS[index % DEPOSITS.length] as UserDeposit)
      const [after, type, payload] = updates[0] ?? []
      if (after !== undefined && time >= (forks[after] ?? 0)) {
        updates.shift()
        await sender.update(type as number, payload as Hex)
      }
      await l1.mine({ timestamp: time })
    }
  }
  await using resources = new AsyncDisposableStack()
  const stack = resources.use(
    await startSingleStack({
      forks: forksOf,
      back: length,
      alloc: LOAD_ALLOC,
      gasLimit: GAS_LIMIT,
      l1Past: past,
      sequencer: 'stopped',
      ...(options.startEl === undefined ? {} : { startEl: options.startEl }),
    }),
  )
  const { el, node, forks, genesisTime } = stack
  const check = (): void => node.process.assertRunning()
  const load = { gas: TX_GAS }
  const senders = [4, 5, 6, 7].map((index) => new LoadSender(account(index), load, index * 5))
  const delegates = new LoadSender(account(8), load)
  /** The head at which the sequencer stopped, once it went past a block. */
  const stopAfter = async (block: number): Promise<Hex> => {
    const beyond = async (): Promise<boolean> => (await el.blockNumber()) > block
    await waitFor(`a block after ${block}`, beyond, { check, interval: 5, timeout: 120_000 })
    return await node.rpc.call('admin_stopSequencer')
  }
  let head: Hex = el.genesisHash
  for (const fork of ['bedrock', ...forksUpTo('jovian')] as const) {
    const start = (forks[fork] ?? genesisTime) - genesisTime
    if (fork !== 'bedrock') head = await stopAfter(start)
    // While nothing happens: a pool that lags behind the head gives nothing to a sequencer in a hurry.
    for (let i = 0; i < options.transactions; i += senders.length) {
      await send(stack, await Promise.all(senders.map((sender) => sender.next())))
    }
    if (isActive(forks, 'isthmus', genesisTime + start)) {
      for (let i = 0; i < DELEGATES; i++) await send(stack, [await delegates.next('delegate')])
    }
    for (let pause = 1; ; pause++) {
      await delay(POOL_TIME)
      await node.rpc.call('admin_startSequencer', [head])
      if (pause === PAUSES) break
      head = await stopAfter(await el.blockNumber())
    }
  }
  await waitFor('the last block', async () => (await el.blockNumber()) >= length, { check, timeout: 120_000 })
  await node.rpc.call('admin_stopSequencer')
  resources.move()
  return stack
}

function account(index: number): (typeof devAccounts)[number] {
  return devAccounts[index] as (typeof devAccounts)[number]
}

async function send({ el }: SingleStack, raws: readonly Hex[]): Promise<void> {
  const calls = raws.map((raw) => ({ method: 'eth_sendRawTransaction', params: [raw] }))
  for (const answer of await el.rpc.batch(calls)) if (answer instanceof Error) throw answer
}
