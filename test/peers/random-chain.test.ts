import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Hex, toQuantity } from '../../src/primitives/hex.ts'
import { OP_FORKS, type OpFork } from '../../src/protocol/forks.ts'
import { type Action, COMPUTING, VARIED } from './support/block-plan.ts'
import { type ForkSchedule, isActive } from './support/fork-schedule.ts'
import { type DepositPlan, depositPlan, earlyUpdate, L1Sender, lateUpdate } from './support/l1-events.ts'
import { type Sealed, type SequencedChain, startSequencedChain } from './support/op-sequencer.ts'
import { LIMIT_CASES, type PrecompileCase, precompileCases } from './support/precompile-cases.ts'
import { type OpenJob, RandomChain } from './support/random-chain.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { scenery } from './support/scenery.ts'
import { looseDeposit } from './support/tx-maker.ts'

const BLOCKS = Math.max(60, Number(process.env.OP_SEQUENCER_BLOCKS ?? 210))
const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const BLOCK_TIME = 2
const L1_BLOCKS_EVERY = 6

/** Where each fork's first block stands, as a part of the chain. The newest rules get the most blocks. */
const SHARES: readonly (readonly [OpFork, number])[] = [
  ['regolith', 0.05],
  ['canyon', 0.1],
  ['delta', 0.11],
  ['ecotone', 0.17],
  ['fjord', 0.24],
  ['granite', 0.31],
  ['holocene', 0.37],
  ['isthmus', 0.44],
  ['jovian', 0.62],
]

function schedule(genesisTime: number): ForkSchedule {
  return Object.fromEntries(SHARES.map(([fork, at]) => [fork, genesisTime + BLOCK_TIME * Math.ceil(BLOCKS * at)]))
}

/** What a round of building is like. */
const round = fc.record({
  /** Jobs that are open beside the one that extends the chain, each on one of the newest blocks. */
  side: fc.array(fc.nat({ max: 11 }), { maxLength: 2 }),
  sealSide: fc.boolean(),
  computing: fc.boolean(),
  commitLater: fc.boolean(),
  full: fc.constantFrom('no', 'no', 'no', 'no', 'gas', 'da'),
  deposits: fc.array(depositPlan, { maxLength: 3 }),
  loose: fc.option(depositPlan, { freq: 3, nil: undefined }),
  updates: fc.nat({ max: 2 }),
  override: fc.constantFrom<Record<string, unknown>>(
    {},
    {},
    {},
    { feeRecipient: `0x${'fe'.repeat(20)}` },
    { prevRandao: `0x${'7a'.repeat(32)}` },
    { deposits: false },
    { l1Origin: 'same' },
  ),
})

class Run {
  readonly chain: SequencedChain
  readonly random: RandomChain
  readonly l1: L1Sender
  readonly blocks: RpcBlock[] = []
  sealedTransactions = 0
  sideBlocks = 0
  #looseDeposits = 0
  readonly #limits: ReadonlyMap<OpFork, PrecompileCase[]>
  /** Precompile inputs that are still to be tried under each fork's rules. */
  readonly #cases = new Map<OpFork, PrecompileCase[]>(
    (['bedrock', 'ecotone', 'fjord', 'isthmus', 'jovian'] as const).map((fork) => [fork, [...precompileCases()]]),
  )

  constructor(chain: SequencedChain) {
    this.chain = chain
    this.random = new RandomChain(chain, SEED, VARIED)
    this.l1 = new L1Sender(chain.l1)
    const pairing = LIMIT_CASES.filter(({ address }) => address === 0x08)
    this.#limits = new Map([
      ['fjord', [...pairing]],
      ['granite', [...pairing]],
      // What Jovian's limits cut off is cheap to refuse, but dear to compute where it is allowed.
      ['isthmus', LIMIT_CASES.filter(({ limit }) => ![81_984, 288_960, 278_784, 156_672].includes(limit))],
      ['jovian', [...LIMIT_CASES]],
    ])
  }

  /** What was not reached of the precompiles' inputs. */
  get untried(): readonly (readonly [OpFork, readonly PrecompileCase[]])[] {
    return [...this.#limits, ...this.#cases]
  }

  fork(timestamp: number): OpFork {
    return OP_FORKS.findLast((fork) => isActive(this.chain.forks, fork, timestamp)) as OpFork
  }

  /** Whether the block at this time is the first of a fork. */
  activates(timestamp: number): boolean {
    return Object.values(this.chain.forks).includes(timestamp)
  }

  async mineL1(plan: { deposits: readonly DepositPlan[]; updates: number }): Promise<void> {
    const { maker } = this.random
    for (const { from, to, creation, ...rest } of plan.deposits) {
      const target = creation ? {} : { to: maker.target(to) }
      await this.l1.deposit({ from: maker.target(from), ...target, ...rest })
    }
    const ecotone = this.chain.forks.ecotone ?? 0
    const head = await this.chain.l1.el.block('latest')
    const late = Number(head.timestamp) + this.chain.l1.blockTime >= ecotone
    for (let i = 0; i < plan.updates; i++) {
      const [type, payload] = this.random.draw(late ? lateUpdate : earlyUpdate)
      await this.l1.update(type, payload)
    }
    await this.chain.l1.mine()
  }

  /** Fills a block until the next transaction is refused; the job must go on. */
  async #fillUp(job: OpenJob, what: 'gas' | 'da'): Promise<void> {
    const { random } = this
    const refusals = (): number =>
      (random.counts['refused gasLimitReached'] ?? 0) + (random.counts['refused daFootprintReached'] ?? 0)
    const before = refusals()
    for (let i = 0; i < 100 && refusals() === before; i++) {
      const action: Action =
        what === 'gas'
          ? { kind: 'init', program: { steps: [], ending: { kind: 'loop' } } }
          : { kind: 'data', size: 5_000 + i, zeros: false }
      // By turns: a delegation may have robbed one or the other.
      await random.include(job, action, { type: 'eip1559', sender: i, tip: 1n, list: [] })
    }
    expect(refusals(), what).toBe(before + 1)
  }

  #looseDeposit({ creation, from, to, ...rest }: DepositPlan): Hex {
    const { maker } = this.random
    const target = creation ? undefined : maker.target(to)
    return looseDeposit({ ...rest, salt: ++this.#looseDeposits, from: maker.target(from), to: target })
  }

  async #precompiles(job: OpenJob, cases: readonly PrecompileCase[]): Promise<void> {
    for (const chosen of cases) expect((await this.random.precompile(job, chosen))?.status, chosen.name).toBe('0x1')
  }

  async round(tip: RpcBlock): Promise<RpcBlock> {
    const { random, chain } = this
    const plan = random.draw(round)
    const timestamp = Number(tip.timestamp) + BLOCK_TIME
    const quiet = this.activates(timestamp)
    const fork = this.fork(timestamp)
    if (Number(tip.number) % L1_BLOCKS_EVERY === 4) await this.mineL1(plan)
    const limits = !quiet && (this.#limits.get(fork)?.length ?? 0) > 0
    // Before Regolith the L1-attributes transaction alone asks for more gas than a small block has.
    const full = limits || quiet || fork === 'bedrock' || (plan.full === 'da' && fork !== 'jovian') ? 'no' : plan.full
    const cases = !limits && full === 'no' && !quiet ? (this.#cases.get(fork)?.splice(0, 14) ?? []) : []
    // The calls of precompiles must all fit, whatever gas limit and DA footprint scalar an update brought.
    const roomy = limits || cases.length > 0
    const options = {
      ...plan.override,
      ...(roomy ? { gasLimit: toQuantity(250_000_000) } : full !== 'no' ? { gasLimit: toQuantity(8_000_000) } : {}),
    }
    const forced = plan.loose !== undefined && plan.side.length === 0
    const transactions = plan.loose !== undefined && forced ? { transactions: [this.#looseDeposit(plan.loose)] } : {}
    const job = await random.open(tip, { ...options, ...transactions })
    const side = await Promise.all(
      plan.side.map((back) => random.open(this.blocks.at(-1 - (back % this.blocks.length)) as RpcBlock)),
    )
    if (limits) await this.#precompiles(job, this.#limits.get(fork)?.splice(0, 6) ?? [])
    else await this.#precompiles(job, cases)
    await random.fill(job, full === 'no' ? 9 : 3, plan.computing ? COMPUTING : VARIED)
    for (const other of side) await random.fill(other, 4)
    if (plan.loose !== undefined && !forced) {
      await random.raw(job, this.#looseDeposit(plan.loose), 'deposit')
    }
    if (full !== 'no') await this.#fillUp(job, full)
    await random.fill(job, 3)
    for (const other of side) {
      if (!plan.sealSide) {
        await chain.sequencer.rpc.call('test_cancel', [other.id])
        continue
      }
      const sealed = await random.seal(other, 'side')
      this.sideBlocks++
      // Side blocks are parents too.
      this.blocks.push(sealed.block as unknown as RpcBlock)
    }
    const sealed = await random.seal(job, plan.commitLater ? 'commitLater' : 'commit')
    this.#note(sealed)
    return sealed.block as unknown as RpcBlock
  }

  /** Jobs on one parent and on its ancestors, all filled at the same time; each must come out as if it were alone. */
  async crowd(tip: RpcBlock): Promise<RpcBlock> {
    const { random, chain } = this
    const parents = Array.from({ length: 8 }, (_, i) => this.blocks.at(-1 - ((i * i) % 12)) ?? tip)
    const jobs = await Promise.all([tip, tip, ...parents].map((parent) => random.open(parent)))
    await Promise.all(jobs.map((job) => random.fill(job, 6)))
    const listed = await chain.sequencer.rpc.call<{ jobId: string; transactions: number }[]>('test_jobs')
    for (const job of jobs) {
      const entry = listed.find(({ jobId }) => jobId === job.id)
      expect(entry?.transactions, job.id).toBeGreaterThan(job.included.length)
    }
    const [first, ...others] = jobs
    for (const job of others) await random.seal(job, 'side')
    this.sideBlocks += others.length
    const sealed = await random.seal(first as OpenJob, 'commit')
    this.#note(sealed)
    return sealed.block as unknown as RpcBlock
  }

  #note(sealed: Sealed): void {
    this.sealedTransactions += sealed.block.transactions.length
    for (const receipt of sealed.receipts) {
      if (receipt.type === '0x7e') this.random.count(`sealed deposit ${receipt.status === '0x1' ? 'ok' : 'failed'}`)
      if (BigInt((receipt.operatorFeeScalar as Hex | undefined) ?? 0) > 0n) this.random.count('operator fee')
      if (receipt.contractAddress !== null) this.random.count('sealed creation')
      this.random.count(`logs ${Math.min(9, (receipt.logs as unknown[]).length)}`)
    }
    if (BigInt((sealed.block.blobGasUsed as Hex | undefined) ?? 0) > 0n) this.random.count('DA footprint')
    this.blocks.push(sealed.block as unknown as RpcBlock)
  }
}

test(`a random chain across all forks, seed ${SEED}`, { timeout: 60_000 + BLOCKS * 3_000 }, async () => {
  console.info(`OP_SEQUENCER_SEED=${SEED} OP_SEQUENCER_BLOCKS=${BLOCKS}`)
  await using chain = await startSequencedChain({ forks: schedule, alloc: scenery(), blockTime: BLOCK_TIME })
  const run = new Run(chain)
  const started = performance.now()
  let tip = await chain.el.block(0)
  run.blocks.push(tip)
  const perFork: Record<string, number> = {}
  while (Number(tip.number) < BLOCKS) {
    try {
      tip =
        Number(tip.number) % 40 === 39 && !run.activates(Number(tip.timestamp) + BLOCK_TIME)
          ? await run.crowd(tip)
          : await run.round(tip)
    } catch (error) {
      const logs = `${chain.sequencer.process.logTail(6)}\n${chain.el.process.logTail(12)}`
      throw new Error(`block ${Number(tip.number) + 1}, seed ${SEED}\n${logs}`, {
        cause: error,
      })
    }
    const fork = run.fork(Number(tip.timestamp))
    perFork[fork] = (perFork[fork] ?? 0) + 1
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const sorted = Object.fromEntries(Object.entries(run.random.counts).sort(([a], [b]) => (a < b ? -1 : 1)))
  console.info(
    `${BLOCKS} blocks and ${run.sideBlocks} side blocks in ${seconds} s, ${run.sealedTransactions} transactions`,
    await chain.traffic(),
    perFork,
    sorted,
  )
  for (const [fork, cases] of run.untried) expect(cases, fork).toHaveLength(0)
  // op-geth's chain is the one that was built: every block, in order.
  const canonical = await chain.el.rpc.call<RpcBlock>('eth_getBlockByNumber', [toQuantity(BLOCKS), false])
  expect(canonical.hash).toBe(tip.hash)
  expect(Object.keys(perFork)).toHaveLength(SHARES.length + 1)
  for (const what of [
    'operator fee',
    'DA footprint',
    'sealed deposit failed',
    'setCode ok',
    'probe ok',
    'refused daFootprintReached',
    'refused gasLimitReached',
  ]) {
    expect(run.random.counts[what] ?? 0, what).toBeGreaterThan(0)
  }
})
