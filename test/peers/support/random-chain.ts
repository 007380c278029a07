import fc from 'fast-check'
import { expect } from 'vitest'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'
import { expectHead, expectSameOnNode, expectSameRevert, expectValid } from './block-checks.ts'
import { type Action, blockPlan, type Envelope, type Event, type Nuisance, type Weights } from './block-plan.ts'
import { explainRefusal } from './explain-refusal.ts'
import { isActive } from './fork-schedule.ts'
import { JsonRpcError } from './json-rpc.ts'
import type { Sealed, SequencedChain } from './op-sequencer.ts'
import type { PrecompileCase } from './precompile-cases.ts'
import type { RpcBlock } from './rpc-types.ts'
import { type Made, type MakerContext, SIGNERS, type Signer, TxMaker } from './tx-maker.ts'

type Json = Readonly<Record<string, unknown>>

/** A job and what the test knows of it. */
export interface OpenJob {
  readonly id: string
  readonly parent: RpcBlock
  /** Seconds. */
  readonly timestamp: number
  readonly nonces: Map<Address, bigint>
  /** What each included transaction answered, and the nonces before it. */
  readonly included: { readonly result: Json; readonly kind: string; readonly before: Map<Address, bigint> }[]
  /** wei */
  readonly baseFee: bigint
}

/** Refusals that a random transaction may meet, since the test does not model balances and gas exactly. */
const TOLERATED = ['gasLimitReached', 'gasLimitTooHigh', 'daFootprintReached', 'activationBlock', 'insufficientFunds']

const PLAIN: Envelope = { type: 'eip1559', sender: 0, tip: 1n, list: [] }

/** The chain that random blocks are built on: what is used of a {@link SequencedChain}. */
export type RandomChainTarget = Pick<SequencedChain, 'chainId' | 'forks' | 'el'> & {
  readonly sequencer: Pick<SequencedChain['sequencer'], 'rpc'>
}

/** Builds random blocks through the service, and holds each against op-geth. */
export class RandomChain {
  readonly chain: RandomChainTarget
  readonly maker = new TxMaker()
  /** Transactions by kind, with their outcome; refusals by reason. */
  readonly counts: Record<string, number> = {}
  readonly #seed: number
  readonly #weights: Weights
  readonly #traces: boolean
  #draws = 0
  #checkedReverts = 0

  /** @param traces whether op-geth serves debug_*, so that the test may look at traces */
  constructor(chain: RandomChainTarget, seed: number, weights: Weights, traces = true) {
    this.chain = chain
    this.#seed = seed
    this.#weights = weights
    this.#traces = traces
  }

  /** One value of an arbitrary: the next in the sequence that the seed gives. */
  draw<T>(arbitrary: fc.Arbitrary<T>): T {
    // Without bias: single samples would mostly be the smallest ones.
    const [value] = fc.sample(fc.noBias(arbitrary), { seed: this.#seed + this.#draws++ * 7919, numRuns: 1 })
    return value as T
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  /** Opens a job on a parent; nonces and base fee are what op-geth and the service say. */
  async open(parent: RpcBlock, options: Json = {}): Promise<OpenJob> {
    const { rpc } = this.chain.sequencer
    return this.opened(await rpc.call<string>('test_open', [{ l2Parent: parent.hash, ...options }]), parent)
  }

  /** A job that was opened on a parent. */
  async opened(id: string, parent: RpcBlock): Promise<OpenJob> {
    const { rpc } = this.chain.sequencer
    const [inspected] = await rpc.batch([{ method: 'test_inspect', params: [id] }])
    if (inspected instanceof JsonRpcError) throw inspected
    const { header } = inspected as { header: { timestamp: Hex; baseFeePerGas: Hex } }
    const answers = await this.chain.el.rpc.batch(
      SIGNERS.map(({ address }) => ({
        method: 'eth_getTransactionCount',
        params: [address, { blockHash: parent.hash }],
      })),
    )
    const nonces = new Map(SIGNERS.map(({ address }, i) => [address, BigInt(answers[i] as Hex)]))
    return {
      id,
      parent,
      timestamp: Number(header.timestamp),
      nonces,
      included: [],
      baseFee: BigInt(header.baseFeePerGas),
    }
  }

  context(job: OpenJob): MakerContext {
    const { chainId, forks } = this.chain
    return {
      chainId,
      baseFee: job.baseFee,
      cancun: isActive(forks, 'ecotone', job.timestamp),
      prague: isActive(forks, 'isthmus', job.timestamp),
      nonceOf: (address) => job.nonces.get(address) ?? 0n,
    }
  }

  /** Lets a random plan happen to a job. */
  async fill(job: OpenJob, most: number, weights = this.#weights): Promise<void> {
    for (const event of this.draw(blockPlan(weights, most))) await this.happen(job, event)
  }

  async happen(job: OpenJob, event: Event): Promise<void> {
    const { rpc } = this.chain.sequencer
    switch (event.kind) {
      case 'include':
        await this.include(job, event.action, event.envelope)
        return
      case 'refused':
        await this.#annoy(job, event.nuisance, event.sender)
        return
      case 'inspect': {
        const { transactions } = await rpc.call<{ transactions: Json[] }>('test_inspect', [job.id])
        const own = transactions.slice(transactions.length - job.included.length)
        expect(own.map(({ hash }) => hash)).toEqual(job.included.map(({ result }) => result.transactionHash))
        return
      }
      case 'undo': {
        const count = Math.min(event.count, job.included.length)
        await rpc.call('test_undo', [job.id, count])
        for (const undone of job.included.splice(job.included.length - count).reverse()) {
          for (const [address, nonce] of undone.before) job.nonces.set(address, nonce)
          this.count('undone')
        }
      }
    }
  }

  /** Includes one transaction. @returns its result, or undefined when it was refused for a tolerated reason */
  include(job: OpenJob, action: Action, envelope: Envelope = PLAIN): Promise<Json | undefined> {
    return this.#include(job, () => this.maker.make(action, envelope, this.context(job)))
  }

  /** Includes a call of a precompile through the contract that keeps its result. */
  precompile(job: OpenJob, chosen: PrecompileCase): Promise<Json | undefined> {
    return this.#include(job, () =>
      this.maker.sign(this.maker.precompile(chosen), SIGNERS[0] as Signer, PLAIN, this.context(job), 'probe'),
    )
  }

  /** Includes an encoded transaction that has no nonce of its own. */
  async raw(job: OpenJob, raw: Hex, kind: string): Promise<Json> {
    const result = await this.chain.sequencer.rpc.call<Json>('test_includeRaw', [job.id, raw])
    this.#took(job, { raw, kind, sender: '0x', nonces: new Map() }, result)
    return result
  }

  #took(job: OpenJob, made: Made, result: Json): void {
    job.included.push({ result, kind: made.kind, before: new Map(job.nonces) })
    for (const [address, rise] of made.nonces) job.nonces.set(address, (job.nonces.get(address) ?? 0n) + rise)
    this.count(`${made.kind} ${result.status === '0x1' ? 'ok' : 'failed'}`)
    this.count(`type ${result.type}`)
  }

  async #include(job: OpenJob, make: () => Promise<Made>): Promise<Json | undefined> {
    for (let attempt = 0; ; attempt++) {
      const made = await make()
      try {
        const result = await this.chain.sequencer.rpc.call<Json>('test_includeRaw', [job.id, made.raw])
        this.#took(job, made, result)
        return result
      } catch (error) {
        const reason = this.refusal(error)
        // The chain knows better: deposits and delegated code raise nonces too.
        const state = /state: (\d+)/.exec((error as Error).message)?.[1]
        if (attempt === 0 && state !== undefined && reason.startsWith('nonce')) {
          job.nonces.set(made.sender, BigInt(state))
          continue
        }
        if (!TOLERATED.includes(reason)) throw error
        return undefined
      }
    }
  }

  /** The reason of a refused inclusion; anything else is thrown again. */
  refusal(error: unknown): string {
    if (!(error instanceof JsonRpcError) || error.code !== -38512) throw error
    const { reason } = error.data as { reason: string }
    this.count(`refused ${reason}`)
    return reason
  }

  /** Tries something that must be refused. */
  async #annoy(job: OpenJob, nuisance: Nuisance, sender: number): Promise<void> {
    const signer = SIGNERS[sender % 10] as Signer
    const context = this.context(job)
    const { account, address } = signer
    const good = {
      type: 'eip1559' as const,
      chainId: context.chainId,
      nonce: Number(context.nonceOf(address)),
      to: address,
      gas: 21_000n,
      value: 0n,
      maxFeePerGas: job.baseFee * 2n,
      maxPriorityFeePerGas: 0n,
    }
    const signed = async (changes: object): Promise<Hex> => account.signTransaction({ ...good, ...changes })
    const raw: Record<Nuisance, () => Promise<Hex> | Hex> = {
      nonceTooLow: () => signed({ nonce: Math.max(0, good.nonce - 1) }),
      nonceTooHigh: () => signed({ nonce: good.nonce + 50 }),
      insufficientFunds: () => signed({ value: 10n ** 30n }),
      intrinsicGasTooLow: () => signed({ gas: 20_999n }),
      feeCapTooLow: () => signed({ maxFeePerGas: job.baseFee - 1n }),
      invalidChainId: () => signed({ chainId: 1 }),
      gasLimitReached: () => signed({ gas: 1n << 40n }),
      garbage: () => '0x02f87001',
      blob: () => `0x03${'c0'}`,
      deposit: () => '0x7ec0',
    }
    if (nuisance === 'nonceTooLow' && good.nonce === 0) return
    const request = this.chain.sequencer.rpc.call('test_includeRaw', [job.id, await raw[nuisance]()])
    const reason = await request.then(
      () => 'nothing: it was included',
      (error: unknown) => this.refusal(error),
    )
    expect(reason, nuisance).not.toBe('nothing: it was included')
  }

  /** Seals, and holds the block against op-geth. @returns the block, as sealed */
  async seal(job: OpenJob, how: 'commit' | 'commitLater' | 'side'): Promise<Sealed> {
    try {
      return await this.#seal(job, how)
    } catch (error) {
      if (!this.#traces || !(error instanceof Error) || !error.message.includes('INVALID')) throw error
      const results = job.included.map(({ result }) => result)
      throw new Error(await explainRefusal(this.chain.el, results), { cause: error })
    }
  }

  async #seal(job: OpenJob, how: 'commit' | 'commitLater' | 'side'): Promise<Sealed> {
    const { el, sequencer, forks } = this.chain
    const { rpc } = sequencer
    // op-geth leaves the L1 fees out of all receipts of a block that ends with a deposit.
    while (job.included.at(-1)?.kind === 'deposit') await this.happen(job, { kind: 'undo', count: 1 })
    const { stateRoot, gasLeft } = await rpc.call<{ stateRoot: Hash; gasLeft: Hex }>('test_inspect', [job.id])
    const before = await el.rpc.call<RpcBlock>('eth_getBlockByNumber', ['latest', false])
    let sealed = await rpc.call<Sealed>('test_seal', [job.id, { commit: how === 'commit' }])
    expect(sealed.committed).toBe(how === 'commit')
    expect(sealed.block.stateRoot).toBe(stateRoot)
    expect(BigInt(sealed.block.gasLimit as Hex) - BigInt(sealed.block.gasUsed as Hex)).toBe(BigInt(gasLeft))
    if (how !== 'commit') await expectHead(el, before.hash)
    if (how === 'commitLater') {
      await rpc.call('test_commit', [sealed.hash])
      sealed = { ...sealed, committed: true }
    }
    if (how === 'side') await expectValid(el, forks, sealed)
    await expectHead(el, how === 'side' ? before.hash : sealed.hash)
    const results = job.included.map(({ result }) => result)
    await expectSameOnNode(el, sealed, results)
    if (how !== 'side') await this.#learn(results)
    return sealed
  }

  /** Remembers what a committed block has deployed, and looks closer at some of what reverted. */
  async #learn(results: readonly Json[]): Promise<void> {
    for (const result of results) {
      if (result.contractAddress !== null && result.status === '0x1') {
        this.maker.deployed.push(result.contractAddress as Address)
      }
      if (this.#traces && result.revertData !== undefined && this.#checkedReverts < 20) {
        this.#checkedReverts++
        await expectSameRevert(this.chain.el, result)
      }
    }
  }
}
