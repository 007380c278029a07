import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { decodeNetworkTransaction } from '../../src/protocol/blob-sidecar.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { transactionToJson } from '../../src/protocol/transaction-json.ts'
import {
  type BlobFields,
  type BlobPrices,
  blobPrices,
  blobSend,
  FAULTS,
  plainSend,
  replacement,
  signBlobs,
  signPlain,
} from './support/blob-stream.ts'
import { type DevAccount, devAccounts } from './support/dev-accounts.ts'
import { JsonRpcError } from './support/json-rpc.ts'
import { FUNDS, L1_CHAIN_CONFIG, L1_CHAIN_ID } from './support/l1-genesis.ts'
import { MockL1 } from './support/mock-l1.ts'
import type { Sealed } from './support/op-sequencer.ts'
import { waitFor } from './support/wait-for.ts'

/** The same steps with each run, unless others are asked for. */
const SEED = Number(process.env.OP_SEQUENCER_SEED ?? 77)
const BLOCKS = Math.max(6, Number(process.env.OP_SEQUENCER_BLOCKS ?? 6))
const GENESIS_TIME = 1_750_000_000
/** Bytes; room for twenty transactions of one blob. */
const DATACAP = 20 * 141_376
/**
 * With fewer transactions than these, of two blobs at most but for one, nothing has to leave. After its first head geth no longer gives up the
 * same ones each time: it goes through accounts in the order of a Go map.
 */
const ROOMY = 8

const OSAKA = {
  osakaTime: 0,
  blobSchedule: {
    ...(L1_CHAIN_CONFIG.blobSchedule as object),
    osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  },
}

/** What a transaction costs at most, in wei, that is in a block without having been in a pool. */
const OUTSIDE_COST = 10n ** 14n

/** Of little means: what they send costs more than they have soon. */
const POOR = devAccounts.slice(4, 6)

/** Has a delegation (EIP-7702) from the start. */
const DELEGATED = 9

/** A transaction of one account that delegates another. */
async function delegation(from: number, authority: number): Promise<Hex> {
  const [signer, other] = [devAccounts[from] as DevAccount, devAccounts[authority] as DevAccount]
  const to = `0x${'77'.repeat(20)}` as const
  const authorization = await other.account.signAuthorization?.({ contractAddress: to, chainId: L1_CHAIN_ID, nonce: 0 })
  return signer.account.signTransaction({
    ...{ type: 'eip7702', chainId: L1_CHAIN_ID, nonce: 0, gas: 100_000n, to, value: 0n },
    ...{ maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n, authorizationList: [authorization] },
  } as never)
}

const step = fc.oneof(
  { weight: 14, arbitrary: fc.record({ kind: fc.constant('blob' as const), send: blobSend }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('replace' as const), by: replacement }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('plain' as const), send: plainSend }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat({ max: 9_999 }) }) },
)

const blockPlan = fc.record({
  best: fc.integer({ min: 2, max: 6 }),
  /** Whose next nonce a transaction without blobs takes, that no pool has seen. */
  swapped: fc.option(fc.record({ from: fc.nat({ max: 5 }), drains: fc.boolean() }), { nil: undefined, freq: 3 }),
  /** Who has a blob transaction included that no pool has seen. */
  unseen: fc.option(fc.nat({ max: 5 }), { nil: undefined, freq: 4 }),
})

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never
type Step = Drawn<typeof step>
type BlockPlan = Drawn<typeof blockPlan>

/** As geth 1.16 shows it: only later versions have the block's time in transactions. */
function withoutTime(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (key, value) => (key === 'blockTimestamp' ? undefined : value)))
}

/** What a node answers to a call: its result or its error's code and message. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return { code: error.code, message: error.text }
  }
}

/** geth's pool, and that of the L1 whose blocks geth follows. */
class Pools {
  readonly l1: MockL1
  readonly version: 0 | 1
  readonly raws: Hex[] = []
  readonly answers: Record<string, number> = {}
  readonly #accepted = new Map<string, BlobFields>()
  /** Transactions of as many blobs as there may be. */
  #large = 0

  constructor(l1: MockL1, version: 0 | 1) {
    this.l1 = l1
    this.version = version
  }

  async count({ address }: DevAccount, at: 'latest' | 'pending'): Promise<number> {
    return Number(await this.l1.el.rpc.call<Hex>('eth_getTransactionCount', [address, at]))
  }

  async balance({ address }: DevAccount): Promise<bigint> {
    return BigInt(await this.l1.el.rpc.call<Hex>('eth_getBalance', [address, 'latest']))
  }

  /** Both answer a transaction alike. @returns whether they took it */
  async send(raw: Hex, what: unknown): Promise<boolean> {
    const { el, rpc } = this.l1
    const theirs = await outcome(el.rpc.call('eth_sendRawTransaction', [raw]))
    const ours = await outcome(rpc.call('eth_sendRawTransaction', [raw]))
    const context = (): string =>
      `seed ${SEED}: ${JSON.stringify(what, (_key, value) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 600)}`
    expect(ours, context()).toEqual(theirs)
    await this.settled(context)
    const words =
      typeof theirs === 'string'
        ? 'taken'
        : (theirs as { message: string }).message.replaceAll(/\d+/g, '#').slice(0, 60)
    this.answers[words] = (this.answers[words] ?? 0) + 1
    if (typeof theirs === 'string') this.raws.push(raw)
    return typeof theirs === 'string'
  }

  /** geth looks at new heads in the background. */
  async settled(context: () => string): Promise<void> {
    const { el, rpc } = this.l1
    const read = () => Promise.all([rpc, el.rpc].map((each) => each.call<object>('txpool_status')))
    const equal = async (): Promise<boolean> => {
      const [ours, theirs] = await read()
      return JSON.stringify(ours) === JSON.stringify(theirs)
    }
    try {
      await waitFor('the pools are equal', equal, { timeout: 20_000, interval: 5 })
    } catch {
      const [ours, theirs] = await read()
      expect(ours, context()).toEqual(theirs)
    }
  }

  async blobs(from: number, fields: BlobFields, version = this.version): Promise<boolean> {
    const signer = devAccounts[from] as DevAccount
    const taken = await this.send(await signBlobs(signer, fields, version), {
      from,
      ...fields,
      data: fields.data.length,
    })
    if (taken) this.#accepted.set(`${from} ${fields.nonce}`, fields)
    return taken
  }

  /** One that nothing is wrong with but one thing. */
  faulty(from: number, fault: BlobFields['fault'], version = this.version): Promise<boolean> {
    const prices = { tip: 10n ** 9n, cap: 10n ** 11n, blobCap: 10n ** 9n }
    const fields = { nonce: 0, gas: 21_000n, value: 0n, chainId: L1_CHAIN_ID, data: new Uint8Array(0) }
    return this.blobs(from, { ...prices, ...fields, blobs: [1, 2], fault }, version)
  }

  /** As many as there are prices, one behind the other. */
  async burst(from: number, prices: readonly BlobPrices[]): Promise<void> {
    for (const [index, { tip, cap, blobCap }] of prices.entries()) {
      const nonce = await this.count(devAccounts[from] as DevAccount, 'pending')
      await this.blobs(from, {
        ...{ tip: tip + 1n, cap: cap + tip + 10n ** 9n, blobCap: blobCap + 1n, nonce, gas: 21_000n, value: 0n },
        ...{ chainId: L1_CHAIN_ID, data: new Uint8Array(0), blobs: [1 + index], fault: 'none' },
      })
    }
  }

  async step(next: Step, { room, small }: { readonly room: boolean; readonly small: boolean }): Promise<void> {
    if (!room && next.kind !== 'plain' && next.kind !== 'blob') return
    if (next.kind === 'again') {
      const raw = this.raws[next.which % Math.max(1, this.raws.length)]
      if (raw !== undefined && !(small && raw.length > 1_000_000)) await this.send(raw, { again: next.which })
      return
    }
    if (next.kind === 'plain') {
      const { from, ahead, tip, cap } = next.send
      const signer = devAccounts[from] as DevAccount
      const nonce = Math.max(0, (await this.count(signer, 'pending')) + ahead)
      await this.send(await signPlain(signer, { nonce, tip, cap, value: 1n }), next)
      return
    }
    if (next.kind === 'replace') {
      const { from, which, percent, less } = next.by
      const signer = devAccounts[from] as DevAccount
      const [first, end] = [await this.count(signer, 'latest'), await this.count(signer, 'pending')]
      if (first === end) return
      const nonce = first + (which % (end - first))
      const last = this.#accepted.get(`${from} ${nonce}`)
      if (last === undefined) return
      const of = (price: bigint, at: 0 | 1 | 2): bigint => {
        const changed = (price * BigInt(percent[at])) / 100n - less
        return changed < 0n ? 0n : changed
      }
      const [tip, cap, blobCap] = [of(last.tip, 0), of(last.cap, 1), of(last.blobCap, 2)]
      await this.blobs(from, { ...last, tip, cap, blobCap })
      return
    }
    const { from, ahead, prices, gas, share, blobs, other, fault } = next.send
    if (!room && fault === 'none') return
    const signer = devAccounts[from] as DevAccount
    const nonce = Math.max(0, (await this.count(signer, 'pending')) + ahead)
    const value = ((await this.balance(signer)) * share) / 100n
    await this.blobs(from, {
      ...prices,
      nonce,
      gas,
      value,
      chainId: other === 'chain' ? 5 : L1_CHAIN_ID,
      data: new Uint8Array(other === 'size' ? 950_000 : other === 'data' ? 100 : 0),
      blobs: blobs.length === 6 && (small || this.#large++ > 0) ? blobs.slice(0, 2) : blobs,
      fault,
    })
  }

  /** A block on the head, or beside the newest ones, that both follow. */
  async block(plan: BlockPlan, back: number): Promise<Sealed> {
    const { l1 } = this
    let parent = await l1.el.block('latest')
    for (let i = 0; i < back; i++) parent = await l1.el.block(parent.parentHash)
    const job = await l1.open({ parent: parent.hash })
    // What no pool has seen; of a sender who can pay for it. The base fee only falls: no block is half full.
    const prices = { tip: 1n, cap: 2n * 10n ** 9n }
    const { swapped, unseen } = back === 0 ? plan : {}
    const means = async (from: number): Promise<bigint> =>
      (await this.balance(devAccounts[from] as DevAccount)) - OUTSIDE_COST
    if (swapped !== undefined && (await means(swapped.from)) > 0n) {
      const signer = devAccounts[swapped.from] as DevAccount
      const value = swapped.drains ? ((await means(swapped.from)) * 95n) / 100n : 1n
      await l1.include(job, await signPlain(signer, { ...prices, nonce: await this.count(signer, 'latest'), value }))
    }
    if (unseen !== undefined && unseen !== swapped?.from && (await means(unseen)) > 0n) {
      const signer = devAccounts[unseen] as DevAccount
      const fields = {
        ...prices,
        nonce: await this.count(signer, 'latest'),
        blobCap: 10n ** 6n,
        gas: 21_000n,
        value: 0n,
      }
      const blobs = { chainId: L1_CHAIN_ID, data: new Uint8Array(0), blobs: [10_001], fault: 'none' } as const
      await l1.include(job, await signBlobs(signer, { ...fields, ...blobs }, this.version))
    }
    for (let i = 0; i < plan.best; i++) await l1.rpc.call('test_includeBest', [job])
    return l1.seal(job)
  }

  /** What geth tells of a transaction with blobs that waits is what we make of it: its JSON, and its form with the blobs. */
  async expectShape(): Promise<void> {
    for (const raw of this.raws.toReversed()) {
      const network = decodeNetworkTransaction(hexToBytes(raw))
      if (network === undefined || network.sidecar.version !== this.version) continue
      const transaction = decodeTransaction(network.raw)
      const shown = await outcome(this.l1.el.rpc.call('eth_getTransactionByHash', [transaction.hash]))
      // One that is not there any more; a geth that indexes says so by an error.
      if (shown === null || 'code' in (shown as object)) continue
      expect(withoutTime(transactionToJson(transaction))).toEqual(shown)
      expect(await this.l1.el.rpc.call('eth_getRawTransactionByHash', [transaction.hash])).toBe(raw)
      return
    }
    throw new Error('nothing waits')
  }

  async expectEqual(): Promise<void> {
    const { el, rpc } = this.l1
    for (const method of ['txpool_status', 'txpool_content', 'txpool_inspect']) {
      const ours = withoutTime(await rpc.call(method))
      expect(ours, `seed ${SEED}: ${method}`).toEqual(await el.rpc.call(method))
    }
  }
}

describe.each([
  ['Prague', {}, 0],
  ['Osaka', OSAKA, 1],
] as const)('the blob pool beside that of geth: %s', (_name, config, version) => {
  it('answers the same to the same stream of sends, and holds the same after each block', async () => {
    process.stderr.write(`blob pool stream: OP_SEQUENCER_SEED=${SEED}\n`)
    await using l1 = await MockL1.start({
      timestamp: GENESIS_TIME,
      config,
      alloc: {
        ...Object.fromEntries(POOR.map(({ address }) => [address, { balance: '0x1ff973cafa8000' }])),
        [(devAccounts[DELEGATED] as DevAccount).address]: { balance: FUNDS, code: `0xef0100${'77'.repeat(20)}` },
      },
      flags: ['--txpool.nolocals', '--rpc.txfeecap', '0', '--blobpool.datacap', String(DATACAP)],
      l1: { blockTime: 12, txpool: { blobs: { datacap: DATACAP } } },
    })
    const pools = new Pools(l1, version)
    const sample = <T>(of: fc.Arbitrary<T>, numRuns: number, salt: number): T[] =>
      fc.sample(of, { seed: SEED + salt, numRuns })
    const steps = sample(step, 40 + BLOCKS * 10, version)

    for (const fault of FAULTS) await pools.faulty(8, fault)
    for (const fault of ['wrongProof', 'missingProof', 'fieldTooLarge'] as const) {
      await pools.faulty(8, fault, (1 - version) as 0 | 1)
    }
    // One that has a delegation, and one that is about to: they have one transaction each.
    await pools.send(await delegation(0, 5), 'a delegation')
    for (const from of [5, DELEGATED]) await pools.burst(from, sample(blobPrices, 2, from))
    // More of one account than the pool takes, then more of all than it holds: the worst ones have to leave.
    await pools.burst(6, sample(blobPrices, 17, 6))
    for (const next of steps.splice(0, 40)) await pools.step(next, { room: true, small: false })
    await pools.burst(7, sample(blobPrices, 12, 7))
    await pools.expectEqual()
    await pools.expectShape()

    const plans = sample(blockPlan, BLOCKS, 2)
    for (const [index, plan] of plans.entries()) {
      // Every third block takes the place of the one before, every sixth that of the two before.
      const back = index % 6 === 5 ? 2 : index % 3 === 2 ? 1 : 0
      const sealed = await pools.block(plan, back)
      expect(sealed.committed).toBe(true)
      await pools.settled(() => `seed ${SEED}: after block ${index}, ${JSON.stringify({ back, ...plan })}`)
      await pools.expectEqual()
      for (const next of steps.splice(0, 10)) {
        const { pending } = await l1.el.rpc.call<{ pending: Hex }>('txpool_status')
        await pools.step(next, { room: Number(pending) < ROOMY, small: true })
      }
    }
    console.info(`seed ${SEED}`, pools.answers)
  })
})
