import { describe, expect, it } from 'vitest'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type SequencedChain, startSequencedChain } from './support/op-sequencer.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { waitFor } from './support/wait-for.ts'

type Content = Readonly<
  Record<'pending' | 'queued', Readonly<Record<string, Readonly<Record<string, { hash: Hash }>>>>>
>

const SENDERS = devAccounts.slice(0, 4)
/** geth's pool gives up beyond 64. */
const DEPTHS = [1, 2, 5, 64, 65, 100]

async function sign(chainId: number, from: number, nonce: number, variant = 0): Promise<Hex> {
  const { account } = SENDERS[from] as (typeof SENDERS)[number]
  return account.signTransaction({
    chainId,
    nonce,
    gas: 21_000n,
    value: BigInt(variant),
    to: `0x${'77'.repeat(20)}`,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
  })
}

const hashOf = (raw: Hex): Hash => decodeTransaction(hexToBytes(raw)).hash

/** A chain that its own op-geth builds, told by the test: the service only watches. */
class WatchedChain {
  readonly #chain: SequencedChain
  readonly driver: EngineDriver
  /** The canonical blocks from genesis, with the service's transactions in them. */
  readonly branch: { readonly block: RpcBlock; readonly raws: readonly Hex[] }[] = []
  readonly sent = new Set<Hex>()

  constructor(chain: SequencedChain) {
    this.#chain = chain
    this.driver = new EngineDriver(chain.el, chain.forks, chain.blockTime)
  }

  get height(): number {
    return this.branch.length - 1
  }

  async begin(): Promise<void> {
    this.branch.push({ block: await this.#chain.el.block('latest'), raws: [] })
  }

  /** Sends to the service alone. */
  async send(...raws: readonly Hex[]): Promise<void> {
    for (const raw of raws) {
      await this.#chain.sequencer.rpc.call('eth_sendRawTransaction', [raw])
      this.sent.add(raw)
    }
  }

  /** Puts a block on the branch, cut to a height first. */
  async extend(raws: readonly Hex[], height = this.height): Promise<void> {
    this.branch.length = height + 1
    const { block: parent } = this.branch[height] as (typeof this.branch)[number]
    const attributes = this.driver.attributes(parent, { transactions: raws })
    this.branch.push({ block: await this.driver.extend(parent, attributes), raws })
  }

  /** What must wait: all that was sent and is not in the chain. */
  get expected(): Hash[] {
    const mined = new Set(this.branch.flatMap(({ raws }) => raws))
    return [...this.sent]
      .filter((raw) => !mined.has(raw))
      .map(hashOf)
      .sort()
  }

  async held(): Promise<Hash[]> {
    const { pending, queued } = await this.#chain.sequencer.rpc.call<Content>('txpool_content')
    return [pending, queued]
      .flatMap((part) => Object.values(part).flatMap((list) => Object.values(list).map(({ hash }) => hash)))
      .sort()
  }

  async follows(): Promise<void> {
    const wanted = JSON.stringify(this.expected)
    await waitFor('the pool has followed', async () => JSON.stringify(await this.held()) === wanted || undefined, {
      timeout: 10_000,
    }).catch(async () => expect(await this.held()).toEqual(this.expected))
  }
}

describe('a pool on a chain that others build', () => {
  it('holds exactly what is not in the chain', async () => {
    await using chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      chain: ({ url }) => ({
        insert: 'none',
        el: { rpc: url, poll: '50ms' },
      }),
    })
    const watched = new WatchedChain(chain)
    await watched.begin()
    const { chainId } = chain
    const next = SENDERS.map(() => 0)
    const make = (from: number): Promise<Hex> => sign(chainId, from, (next[from] as number)++)

    for (const depth of DEPTHS) {
      const base = watched.height
      for (let i = 0; i < depth; i++) {
        const raws = await Promise.all([make(i % 2), make(2)])
        await watched.send(...raws)
        await watched.extend(raws)
      }
      await watched.send(await make(3))
      await watched.follows()
      // One block in place of them all, with one of what they held.
      const [again] = (watched.branch[base + 1] as { raws: readonly Hex[] }).raws
      await watched.extend([again as Hex], base)
      await watched.follows()
      expect(watched.expected).toHaveLength(2 * depth)
      const rest = watched.branch.length
      // All of it again, in one block.
      const mined = new Set(watched.branch.flatMap(({ raws }) => raws))
      await watched.extend([...watched.sent].filter((raw) => !mined.has(raw)))
      await watched.follows()
      expect(watched.branch).toHaveLength(rest + 1)
      expect(watched.expected).toEqual([])
    }
  })
})
