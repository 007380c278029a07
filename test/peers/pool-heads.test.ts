import { describe, expect, it } from 'vitest'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { WsClient } from '../support/ws-client.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type JsonRpc, JsonRpcError } from './support/json-rpc.ts'
import { type SequencedChain, startOpSequencer, startSequencedChain } from './support/op-sequencer.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { waitFor } from './support/wait-for.ts'

type Content = Readonly<
  Record<'pending' | 'queued', Readonly<Record<string, Readonly<Record<string, { hash: Hash }>>>>>
>

const SENDERS = devAccounts.slice(0, 4)
/** geth's pool gives up beyond 64. */
const DEPTHS = [1, 100]

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
  readonly #pools: readonly JsonRpc[]
  readonly driver: EngineDriver
  /** The canonical blocks from genesis, with the service's transactions in them. */
  readonly branch: { readonly block: RpcBlock; readonly raws: readonly Hex[] }[] = []
  readonly sent = new Set<Hex>()

  /** @param pools the services, each with a pool of its own */
  constructor(chain: SequencedChain, pools: readonly JsonRpc[]) {
    this.#chain = chain
    this.#pools = pools
    this.driver = new EngineDriver(chain.el, chain.forks, chain.blockTime)
  }

  get height(): number {
    return this.branch.length - 1
  }

  async begin(): Promise<void> {
    this.branch.push({ block: await this.#chain.el.block('latest'), raws: [] })
  }

  /** Sends to the services alone. */
  async send(...raws: readonly Hex[]): Promise<void> {
    for (const raw of raws) {
      await Promise.all(this.#pools.map((pool) => pool.call('eth_sendRawTransaction', [raw])))
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

  async follows(): Promise<void> {
    const { expected } = this
    for (const pool of this.#pools) {
      const text = JSON.stringify(expected)
      await waitFor('the pool has followed', async () => JSON.stringify(await held(pool)) === text, {
        timeout: 10_000,
      }).catch(async () => expect(await held(pool)).toEqual(expected))
    }
  }
}

/** What waits in a pool. */
async function held(pool: JsonRpc): Promise<Hash[]> {
  const { pending, queued } = await pool.call<Content>('txpool_content')
  const lists = [pending, queued].flatMap((part) => Object.values(part))
  return lists.flatMap((list) => Object.values(list).map(({ hash }) => hash)).sort()
}

describe('pools on a chain that others build', () => {
  it('hold exactly what is not in it, whether they poll or are told, and tell what waits as the node does', async () => {
    await using chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      chain: ({ url, wsUrl }) => ({ insert: 'none', el: { rpc: url, ws: wsUrl } }),
    })
    const { folder, l1, el, rollupFile, chainId, sequencer } = chain
    await using polling = await startOpSequencer({
      ...{ folder, name: 'polling', el, rollupFile, l1: { url: l1.el.url, configFile: l1.configFile } },
      chain: { insert: 'none', el: { rpc: el.url, poll: '100ms' } },
    })
    const watched = new WatchedChain(chain, [sequencer.rpc, polling.rpc])
    await watched.begin()
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
      // All of it again, in one block.
      const mined = new Set(watched.branch.flatMap(({ raws }) => raws))
      await watched.extend([...watched.sent].filter((raw) => !mined.has(raw)))
      await watched.follows()
      expect(watched.expected).toEqual([])
    }

    // The node forgets what stood above: only who has followed knows what that was.
    const target = watched.height - 2
    await el.rpc.call('debug_setHead', [`0x${target.toString(16)}`])
    watched.branch.length = target + 1
    await watched.follows()
    expect(watched.expected.length).toBeGreaterThan(100)
    await watched.extend([...watched.sent].filter((raw) => watched.expected.includes(hashOf(raw))))
    await watched.follows()
    expect(watched.expected).toEqual([])

    await using own = await WsClient.connect(`${sequencer.url}/op-a`)
    await using theirs = await WsClient.connect(el.url)
    const kinds: unknown[][] = [
      ['newPendingTransactions', true],
      ['newPendingTransactions'],
      ['newHeads'],
      ['logs', {}],
    ]
    const [full, hashes, heads, logs] = await Promise.all(
      kinds.map((params) => own.call<string>('eth_subscribe', ...params)),
    )
    const [fullThere, , headsThere] = await Promise.all(
      kinds.map((params) => theirs.call<string>('eth_subscribe', ...params)),
    )
    const filter = await own.call<string>('eth_newPendingTransactionFilter')
    expect(await own.answer('eth_subscribe', 'nothing')).toMatchObject({
      error: (await theirs.answer('eth_subscribe', 'nothing')).error,
    })
    await using unheard = await WsClient.connect(`${polling.url}/op-a`)
    expect(await unheard.answer('eth_subscribe', 'newHeads')).toMatchObject({ error: { code: -32601 } })

    const sent = await Promise.all([make(3), make(3)])
    const gap = await sign(chainId, 0, (next[0] as number) + 1)
    for (const raw of [...sent, gap]) await el.rpc.call('eth_sendRawTransaction', [raw])
    await watched.send(...sent, gap)
    await own.until(() => own.results(hashes as string).length === 2)
    await theirs.until(() => theirs.results(fullThere as string).length === 2)
    expect(own.results(hashes as string)).toEqual(sent.map(hashOf))
    expect(own.results(full as string)).toEqual(theirs.results(fullThere as string))
    expect(await own.call('eth_getFilterChanges', filter)).toEqual(sent.map(hashOf))
    const [first] = sent as [Hex, Hex]
    const same: [string, ...unknown[]][] = [
      ['eth_getTransactionByHash', hashOf(first)],
      ['eth_getTransactionByHash', hashOf(gap)],
      ['eth_getTransactionByHash', hashOf([...watched.sent][0] as Hex)],
      ['eth_getTransactionByHash', `0x${'ab'.repeat(32)}`],
      ['eth_getTransactionByHash', '0xab'],
      ['eth_getRawTransactionByHash', hashOf(first)],
      ...[0, 3].flatMap((from): [string, ...unknown[]][] => [
        ['eth_getTransactionCount', SENDERS[from]?.address, 'pending'],
        ['eth_getTransactionCount', SENDERS[from]?.address, 'latest'],
      ]),
    ]
    for (const [method, ...params] of same) {
      const wanted = await outcome(el.rpc.call(method, params))
      expect(await outcome(polling.rpc.call(method, params)), `${method} ${params}`).toEqual(wanted)
    }
    await watched.extend(sent)
    await own.until(() => own.results(heads as string).length === 1)
    await theirs.until(() => theirs.results(headsThere as string).length === 1)
    expect(own.results(heads as string)).toEqual(theirs.results(headsThere as string))
    expect(await own.call('eth_unsubscribe', logs)).toBe(true)

    // Who fills the gap by a block makes what waits behind it executable: nobody has to ask.
    const count = own.results(hashes as string).length
    await watched.extend([await make(0)])
    await own.until(() => own.results(hashes as string).length > count)
    expect(own.results(hashes as string).at(-1)).toBe(hashOf(gap))
  })
})

/** What a node answers to a call: its result or its error's code and message. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return { code: error.code, message: error.text }
  }
}
