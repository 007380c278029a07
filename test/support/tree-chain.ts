import type { Clock } from '../../src/primitives/clock.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { type Address, type Hash, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { decodeTransaction, isDeposit, type SignedTransaction } from '../../src/protocol/transaction.ts'
import type { FollowedBlock } from '../../txpool/branch-walk.ts'
import { type FollowedChain, HeadFollower, type HeadHints } from '../../txpool/head-follower.ts'
import { TxPool } from '../../txpool/pool.ts'
import { PoolUpkeep } from '../../txpool/pool-upkeep.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'

const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }

/** What the node does when it is asked: answers, or does not. */
export type Fault = 'none' | 'down' | 'headOnly'

function unavailable(): AppError {
  return new AppError('RPC_UNAVAILABLE', { message: 'the node does not answer', severity: 'temporary' })
}

/** A transfer of one of the first development accounts. */
export async function followedTransfer(from: number, nonce: number): Promise<SignedTransaction> {
  const { account } = devAccounts[from] as (typeof devAccounts)[number]
  const raw = await account.signTransaction({
    chainId: 901,
    nonce,
    gas: 21_000n,
    to: `0x${'77'.repeat(20)}`,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 1n,
  })
  const transaction = decodeTransaction(hexToBytes(raw))
  if (isDeposit(transaction)) throw new TypeError('no deposit was signed')
  return transaction
}

/** A node's tree of blocks whose head anybody may set; its accounts follow from the transactions in the chain. */
export class TreeChain implements FollowedChain {
  readonly genesis: FollowedBlock = { hash: toWord(1n), number: 0n, parentHash: toWord(0n), transactions: [] }
  readonly #blocks = new Map<Hash, FollowedBlock>([[this.genesis.hash, this.genesis]])
  at: FollowedBlock = this.genesis
  fault: Fault = 'none'
  /** Calls for blocks, and blocks that were asked for by number. */
  readonly asked = { heads: 0, blocks: 0, canonical: 0 }
  #made = 1n

  /** A block that is not the head yet. */
  make(parent: FollowedBlock, transactions: readonly SignedTransaction[] = []): FollowedBlock {
    const block = { hash: toWord(++this.#made), number: parent.number + 1n, parentHash: parent.hash, transactions }
    this.#blocks.set(block.hash, block)
    return block
  }

  /** A block that is the head. */
  extend(transactions: readonly SignedTransaction[] = [], parent: FollowedBlock = this.at): FollowedBlock {
    this.at = this.make(parent, transactions)
    return this.at
  }

  /** All blocks that the node has. */
  get known(): readonly FollowedBlock[] {
    return [...this.#blocks.values()]
  }

  get(hash: Hash): FollowedBlock | undefined {
    return this.#blocks.get(hash)
  }

  forget(hash: Hash): void {
    this.#blocks.delete(hash)
  }

  /** The branch that ends in a block, newest first, as far as the node has it. */
  branch(tip: FollowedBlock = this.at): FollowedBlock[] {
    const blocks: FollowedBlock[] = []
    for (let at: FollowedBlock | undefined = tip; at !== undefined; at = this.#blocks.get(at.parentHash))
      blocks.push(at)
    return blocks
  }

  /** The transactions of the branch that ends in a block. */
  mined(tip: FollowedBlock = this.at): SignedTransaction[] {
    return this.branch(tip).flatMap(({ transactions }) => transactions)
  }

  nonce(sender: Address, tip: FollowedBlock = this.at): bigint {
    return BigInt(this.mined(tip).filter((transaction) => transaction.sender === sender).length)
  }

  async head(): Promise<FollowedBlock> {
    this.asked.heads++
    await Promise.resolve()
    if (this.fault === 'down') throw unavailable()
    return this.at
  }

  async block(hash: Hash): Promise<FollowedBlock | undefined> {
    this.asked.blocks++
    await Promise.resolve()
    if (this.fault !== 'none') throw unavailable()
    return this.#blocks.get(hash)
  }

  async canonical(numbers: readonly bigint[]): Promise<FollowedBlock[]> {
    this.asked.canonical++
    await Promise.resolve()
    if (this.fault !== 'none') throw unavailable()
    return this.branch().filter(({ number }) => numbers.includes(number))
  }
}

/** A pool that follows a {@link TreeChain}, with what it was told on the way. */
export function followedWorld(options: {
  readonly clock: Clock
  readonly hints?: HeadHints
  readonly pollMs?: number
}) {
  const chain = new TreeChain()
  const own = new Map<Hash, FollowedBlock>()
  const skipped: [bigint, bigint][] = []
  const failures: string[] = []
  const reinjected: Hash[] = []
  const pool: TxPool = new TxPool({
    clock: options.clock,
    head: async (senders, io) => {
      const { at } = await follower.readHead(async () => {
        const head = await chain.head()
        return { hash: head.hash, header: { number: head.number }, at: head }
      }, io)
      return {
        hash: at.hash,
        stateRoot: at.hash,
        rules: RULES,
        baseFee: 1n,
        accounts: new Map(
          senders.map((sender) => [sender, { nonce: chain.nonce(sender, at), balance: 10n ** 18n }] as const),
        ),
      }
    },
  })
  const follower: HeadFollower = new HeadFollower({
    upkeep: new PoolUpkeep(pool, (transactions) => reinjected.push(...transactions.map(({ hash }) => hash))),
    chain,
    own: (hash) => own.get(hash),
    clock: options.clock,
    pollMs: options.pollMs ?? 500,
    hints: options.hints,
    onSkipped: (from, to) => skipped.push([from.number, to.number]),
    onFailure: (message) => failures.push(message),
  })
  return {
    chain,
    pool,
    follower,
    skipped,
    failures,
    reinjected,
    /** This process makes a block the head. */
    commit(block: FollowedBlock): void {
      own.set(block.hash, block)
      chain.at = block
      follower.committed(block)
    },
    held: (): Hash[] => [...pool.all()].map(({ hash }) => hash).sort(),
    async send(...transactions: readonly SignedTransaction[]): Promise<void> {
      for (const { raw } of transactions) await pool.add(raw, {})
    },
  }
}
