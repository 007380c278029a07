import type { Method } from '../../rpc/method.ts'
import { blockTimeMethods } from '../../rpc/methods/block-times.ts'
import type { TransactionPoolService } from '../../rpc/methods/eth.ts'
import { miningMethods } from '../../rpc/methods/mining.ts'
import { poolEditMethods } from '../../rpc/methods/pool-edits.ts'
import { snapshotMethods } from '../../rpc/methods/snapshots.ts'
import { stateEditMethods } from '../../rpc/methods/state-edits.ts'
import { walletMethods } from '../../rpc/methods/wallet.ts'
import type { TxPool } from '../../txpool/pool.ts'
import type { PoolControl } from '../../txpool/pool-control.ts'
import type { OpenPreferences } from '../builder/service.ts'
import type { EmbeddedEngine } from '../embedded/engine.ts'
import { Snapshots } from '../embedded/snapshots.ts'
import { StateEdits } from '../embedded/state-edits.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import type { Header } from '../protocol/header.ts'
import { decodeTransaction, isDeposit } from '../protocol/transaction.ts'
import type { AutoBuilder } from '../sequencer/auto.ts'
import { BlockPreferences } from '../sequencer/block-preferences.ts'
import type { BlockBuilder } from '../sequencer/build-block.ts'
import { Mining } from '../sequencer/mining.ts'
import { type KeyedAccount, Wallet } from '../wallet/wallet.ts'
import type { SendingReads } from './execution-layer.ts'

/** What a test may do to a chain that is in this process alone: edit its state, its times and its past, have blocks at a word. */
export interface DevConveniences {
  readonly preferences: OpenPreferences
  readonly methods: readonly Method[]
  /** The pool, where a transaction that gets a block at once is answered for when it has it. */
  readonly pool: TransactionPoolService
  /** To be told of each transaction that came another way. */
  arrived(): Promise<void>
}

/** Wires the conveniences of one embedded chain. */
export function devConveniences(options: {
  readonly engine: EmbeddedEngine
  /** Where transactions are sent to. */
  readonly pool: TransactionPoolService
  /** Where they wait. */
  readonly waiting: TxPool
  readonly control: PoolControl
  readonly chainId: bigint
  /** Absent: nothing is signed here. */
  readonly sending: SendingReads | undefined
  /** Whose keys are here. */
  readonly accounts: readonly KeyedAccount[]
  readonly auto: AutoBuilder
  readonly builder: () => BlockBuilder
  /** Seconds. */
  readonly blockTime: bigint
  /** Whether each transaction gets a block at once, until told otherwise. */
  readonly automine: boolean
  readonly gasLimitFrom?: (parent: bigint, wanted: bigint) => bigint
}): DevConveniences {
  const { engine, pool, waiting, control, auto, builder } = options
  const { chain } = engine
  const headerOf = (hash: `0x${string}`): Header => {
    const header = chain.header(hash)
    if (header === undefined) throw new TypeError('the head and the first block are always stored')
    return header
  }
  const preferences = new BlockPreferences(options.blockTime, options.gasLimitFrom)
  const headTime = (): bigint => headerOf(chain.labels.head).timestamp
  const mining = new Mining({ builder, auto, preferences, headTime })
  mining.automine = options.automine
  const snapshots = new Snapshots(engine, [preferences, control])
  engine.onHead(({ added }) => {
    if (added.length > 0) preferences.times.taken()
  })
  const mined: TransactionPoolService = {
    async add(raw, io) {
      const hash = await pool.add(raw, io)
      await mining.arrived()
      return hash
    },
  }
  const wallet =
    options.sending &&
    new Wallet(
      {
        chainId: options.chainId,
        ...options.sending,
        add: (raw, io) => mined.add(raw, io),
        async addImpersonated(raw, io) {
          const transaction = decodeTransaction(raw, { impersonation: true })
          if (isDeposit(transaction)) throw new TypeError('nobody sends a deposit')
          const hash = await waiting.addImpersonated(transaction, io)
          await mining.arrived()
          return hash
        },
      },
      options.accounts,
    )
  const methods = [
    ...(wallet === undefined ? [] : walletMethods(wallet)),
    ...stateEditMethods(new StateEdits(engine)),
    ...blockTimeMethods(mining),
    ...miningMethods(mining, preferences),
    ...poolEditMethods(waiting),
    ...snapshotMethods({
      take: () => snapshots.take(),
      revert: (id, io) => snapshots.revert(id, io),
      async reset(io) {
        snapshots.clear()
        const first = { head: chain.genesis, safe: ZERO_HASH, finalized: ZERO_HASH }
        await engine.restore(first, headerOf(chain.genesis).stateRoot, io)
        // Its transactions came back with the blocks.
        waiting.removeAll()
        control.holds.release('all')
      },
    }),
  ]
  return {
    preferences: (parent) => preferences.of(parent),
    methods,
    pool: mined,
    arrived: () => mining.arrived(),
  }
}
