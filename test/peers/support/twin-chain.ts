import fc from 'fast-check'
import { expect } from 'vitest'
import { toErrorObject } from '../../../rpc/errors.ts'
import type { Method } from '../../../rpc/method.ts'
import { embeddedCallMethods } from '../../../rpc/methods/embedded-calls.ts'
import type { SealedBlock } from '../../../src/builder/service.ts'
import { storedStates } from '../../../src/embedded/builder-ports.ts'
import { callServices } from '../../../src/embedded/call-services.ts'
import { chainKind } from '../../../src/embedded/chain-kind.ts'
import type { ChainStore } from '../../../src/embedded/chain-store.ts'
import { FeeReads } from '../../../src/embedded/fee-reads.ts'
import { L1ChainRules } from '../../../src/embedded/l1-chain-rules.ts'
import { OpChainRules } from '../../../src/embedded/op-chain-rules.ts'
import { isAppError } from '../../../src/primitives/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { ChainConfig } from '../../../src/protocol/chain-config.ts'
import { parseGenesis } from '../../../src/protocol/genesis.ts'
import { hashHeader } from '../../../src/protocol/header.ts'
import { newPayloadParams, type Payload } from '../../../src/protocol/payload.ts'
import { decodeTransaction, isDeposit, type Transaction } from '../../../src/protocol/transaction.ts'
import { MemoryStore } from '../../../src/storage/memory-store.ts'
import { embeddedL1World } from '../../support/embedded-l1-world.ts'
import { embeddedWorld } from '../../support/embedded-world.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { type Action, blockPlan, COMPUTING, type Envelope, VARIED, type Weights } from './block-plan.ts'
import { differingLeaves } from './differing-leaves.ts'
import { atGenesis, type ForkSchedule } from './fork-schedule.ts'
import { type GethProcess, startGeth } from './geth-process.ts'
import { JsonRpcError } from './json-rpc.ts'
import { L1_CHAIN_ID, l1Genesis } from './l1-genesis.ts'
import { L2_CHAIN_ID, l2Genesis } from './l2-genesis.ts'
import { RANDOM_L1_ALLOC } from './random-l1-chain.ts'
import type { PayloadStatus } from './rpc-types.ts'
import { scenery } from './scenery.ts'
import type { TempFolder } from './temp-folder.ts'
import { looseDeposit, type Made, SIGNERS, TxMaker } from './tx-maker.ts'
import { withoutTime } from './without-time.ts'

const TIME = 1_000

/** What a JSON-RPC method answered. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }

/** What both kinds of test world can do. */
interface World {
  readonly chain: Awaited<ReturnType<typeof embeddedWorld>>['chain']
  readonly jobs: {
    open(options: object, io: object): Promise<string>
    includeRaw(job: string, raw: Uint8Array, io: object): Promise<unknown>
    seal(job: string, options: { commit: boolean; publish: boolean }, io: object): Promise<SealedBlock>
  }
}

/** Where geth before 1.17 prints an address in memory, or names any one of many accounts. */
const ARBITRARY = [
  /^(block gas limit reached: )\d+/,
  /^(failed to apply transaction: )0x[0-9a-f]+/,
  /^(account )0x[0-9a-fA-F]+.*/,
]

/** An answer without what geth before 1.17 has no order in, gets wrong, or does not tell. */
function comparable(answer: Answer): Answer {
  if ('error' in answer) {
    const message = ARBITRARY.reduce((text, pattern) => text.replace(pattern, '$1…'), answer.error.message)
    return { error: { ...answer.error, message } }
  }
  const { accessList, ...rest } = (answer.result ?? {}) as { accessList?: { address: string; storageKeys: string[] }[] }
  if (accessList === undefined) return { result: withoutTime(answer.result) }
  const entries = accessList.map(({ address, storageKeys }) => ({ address, storageKeys: storageKeys.toSorted() }))
  return { result: { ...rest, accessList: entries.toSorted((a, b) => (a.address < b.address ? -1 : 1)) } }
}

/** An opcode that geth has a name for from 1.17 on, as do we; what stands for it before. */
const SLOTNUM = ['SLOTNUM', 'opcode 0x4b not defined'] as const

/** A trace in geth's words before 1.17. */
function inOldWords(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(...SLOTNUM)
  if (Array.isArray(value)) return value.map(inOldWords)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, inOldWords(field)]))
}

/**
 * Whether an answer says nothing: geth took more than its 5 s, which is a matter of the machine, or crashed. (A validated
 * simulation divides by the zeroes that op-geth reads out of the empty extraData of its own blocks.)
 */
function isAccident(answer: Answer): boolean {
  return 'error' in answer && /timeout|^method handler crashed$/.test(answer.error.message)
}

/** The same random chain in geth or op-geth and in the embedded execution layer. */
export class TwinChain {
  readonly node: GethProcess
  readonly op: boolean
  readonly chainId: number
  readonly maker = new TxMaker()
  /** Calls that were not answered alike. */
  /** What was asked, and the lines in which the answers differ. */
  readonly differences: (readonly string[])[] = []
  readonly #world: World
  readonly #methods: ReadonlyMap<string, Method>
  readonly #seed: number
  readonly #newPayload: string
  #draws = 0

  constructor(
    node: GethProcess,
    world: World,
    methods: readonly Method[],
    seed: number,
    op: boolean,
    newPayload: string,
  ) {
    this.node = node
    this.op = op
    this.chainId = op ? L2_CHAIN_ID : L1_CHAIN_ID
    this.#world = world
    this.#methods = new Map(methods.map((method) => [method.name, method]))
    this.#seed = seed
    this.#newPayload = newPayload
  }

  /** One value of an arbitrary: the next in the sequence that the seed gives. */
  draw<T>(arbitrary: fc.Arbitrary<T>): T {
    const [value] = fc.sample(fc.noBias(arbitrary), { seed: this.#seed + this.#draws++ * 7919, numRuns: 1 })
    return value as T
  }

  get headNumber(): bigint {
    const { chain } = this.#world
    return chain.header(chain.labels.head)?.number ?? 0n
  }

  /** The block at a number. */
  block(number: bigint) {
    const { chain } = this.#world
    const block = chain.block(chain.canonicalHash(number) as Hash)
    if (block === undefined) throw new Error(`no block ${number}`)
    return block
  }

  /** Signs a random transaction. @param used how many nonces of each account are taken since the head */
  async #make(action: Action, envelope: Envelope, prague: boolean, used: ReadonlyMap<Address, bigint>): Promise<Made> {
    const { chain } = this.#world
    const header = chain.header(chain.labels.head)
    const state = chain.state(chain.labels.head)
    const nonces = new Map<Address, bigint>()
    for (const { address } of SIGNERS) {
      nonces.set(address, ((await state.account(address))?.nonce ?? 0n) + (used.get(address) ?? 0n))
    }
    return this.maker.make(action, envelope, {
      chainId: this.chainId,
      baseFee: header?.baseFeePerGas ?? 0n,
      cancun: true,
      prague,
      nonceOf: (address) => nonces.get(address) ?? 0n,
    })
  }

  /** A random transaction that would fit on the head. */
  async transaction(action: Action, envelope: Envelope, prague: boolean): Promise<Transaction> {
    const { raw } = await this.#make(action, envelope, prague, new Map())
    return decodeTransaction(hexToBytes(raw))
  }

  /** Adds a block of random transactions to both chains. */
  async extend(most: number, prague: boolean, weights: Weights = VARIED): Promise<SealedBlock> {
    const { jobs } = this.#world
    const job = await jobs.open({}, {})
    const used = new Map<Address, bigint>()
    for (const event of this.draw(blockPlan(weights, most))) {
      if (event.kind !== 'include') continue
      if (this.op && this.draw(fc.nat({ max: 4 })) === 0) await jobs.includeRaw(job, this.#deposit(), {})
      const { raw, nonces } = await this.#make(event.action, event.envelope, prague, used)
      try {
        await jobs.includeRaw(job, hexToBytes(raw), {})
        for (const [address, rise] of nonces) used.set(address, (used.get(address) ?? 0n) + rise)
      } catch (error) {
        // Deposits and delegated code raise nonces, too, and not everybody can pay.
        if (!isAppError(error, 'TX_REFUSED')) throw error
      }
    }
    const sealed = await jobs.seal(job, { commit: true, publish: false }, {})
    for (const { transaction, receipt, contractAddress } of sealed.transactions) {
      if (!isDeposit(transaction) && receipt.status === 1 && contractAddress !== undefined) {
        this.maker.deployed.push(contractAddress)
      }
    }
    await this.#copy(sealed)
    return sealed
  }

  /** A deposit that calls or creates something, or fails before it can. */
  #deposit(): Uint8Array {
    const from = this.draw(fc.constantFrom(...SIGNERS)).address
    const target = this.draw(fc.option(fc.nat({ max: 999 }), { nil: undefined }))
    const init: Hex = this.draw(fc.constantFrom('0x', '0x60ff60005260206000fd', '0x6001600055', '0xfe'))
    return hexToBytes(
      looseDeposit({
        from,
        to: target === undefined ? undefined : this.maker.target(target),
        mint: this.draw(fc.constantFrom(0n, 0n, 10n ** 18n)),
        value: this.draw(fc.constantFrom(0n, 0n, 1n, 10n ** 30n)),
        gasLimit: this.draw(fc.constantFrom(20_000n, 60_000n, 200_000n)),
        data: target === undefined ? init : `0x${'5b'.repeat(this.draw(fc.nat({ max: 80 })))}`,
        salt: this.#draws,
      }),
    )
  }

  async #copy({ header, transactions, withdrawals, executionRequests }: SealedBlock): Promise<void> {
    const payload: Payload = {
      hash: hashHeader(header),
      header,
      transactions: transactions.map(({ transaction }) => transaction.raw),
      ...(withdrawals && { withdrawals }),
      ...(executionRequests && { executionRequests }),
    }
    const params = newPayloadParams(payload, this.op, payload.executionRequests)
    const status = await this.node.engine.call<PayloadStatus>(this.#newPayload, params)
    expect(status).toMatchObject({ status: 'VALID' })
    const labels = { headBlockHash: payload.hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
    await this.node.engine.call('engine_forkchoiceUpdatedV3', [labels, null])
  }

  /** What the embedded execution layer answers. */
  async ours(method: string, params: readonly unknown[]): Promise<Answer> {
    try {
      const result = await this.#methods.get(method)?.bind(params).run({})
      return { result: JSON.parse(JSON.stringify(result ?? null)) }
    } catch (error) {
      const { error: object, unexpected } = toErrorObject(error)
      if (unexpected) throw error
      return { error: object }
    }
  }

  /** What geth or op-geth answers. */
  async theirs(method: string, params: readonly unknown[]): Promise<Answer> {
    try {
      return { result: await this.node.rpc.call(method, params) }
    } catch (error) {
      if (!(error instanceof JsonRpcError)) throw error
      const message = error.message.slice(method.length + 2, error.message.lastIndexOf(` (${error.code})`))
      return { error: { code: error.code, message, ...(error.data !== undefined && { data: error.data }) } }
    }
  }

  /** Asks both, and notes where they do not answer alike. @returns what geth or op-geth answered */
  async compare(method: string, params: readonly unknown[]): Promise<Answer> {
    const answers = await Promise.all([this.theirs(method, params), this.ours(method, params)])
    const alike = (answer: Answer): Answer => comparable(inOldWords(answer) as Answer)
    const [theirs, ours] = (this.op ? answers : answers.map(alike)) as [Answer, Answer]
    if (isAccident(theirs) || isAccident(ours)) return theirs
    const lines = differingLeaves(theirs, ours)
    if (lines.length > 0) this.differences.push([`${method} ${JSON.stringify(params)}`, ...lines])
    return theirs
  }
}

function tips(chain: ChainStore, config: ChainConfig): () => bigint {
  const fees = new FeeReads(chain, chainKind(config))
  return () => fees.suggestTip()
}

/** An L2 in op-geth and in the embedded layer, at its genesis. */
export async function l2Twin(
  folder: TempFolder,
  seed: number,
  last: 'granite' | 'jovian' = 'jovian',
): Promise<TwinChain & AsyncDisposable> {
  const forks: ForkSchedule = atGenesis(last)
  const genesis = await l2Genesis({ timestamp: TIME, forks, alloc: scenery() })
  const node = await startGeth({ folder, name: `op-geth-${last}`, program: 'op-geth', genesis })
  const world = await embeddedWorld(new MemoryStore(), genesis)
  const { op, chainId } = world.genesis.config
  if (op === undefined) throw new Error('not an OP chain')
  const { executor } = new OpChainRules({ chainId, forks: op.forks, constants: op.eip1559 })
  const calls = callServices({
    chain: world.chain,
    executor,
    states: storedStates(world.chain),
    chainId,
    kind: chainKind(parseGenesis(genesis).config),
    clock: new VirtualClock(0),
    suggestTip: tips(world.chain, parseGenesis(genesis).config),
  })
  const version = last === 'jovian' ? 'engine_newPayloadV4' : 'engine_newPayloadV3'
  const twin = new TwinChain(node, world as unknown as World, embeddedCallMethods(calls), seed, true, version)
  return Object.assign(twin, { [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() })
}

/** An L1 in geth and in the embedded layer, at its genesis. */
export async function l1Twin(folder: TempFolder, seed: number): Promise<TwinChain & AsyncDisposable> {
  const genesis = l1Genesis({ timestamp: TIME, alloc: RANDOM_L1_ALLOC })
  const node = await startGeth({ folder, name: 'geth', program: 'geth', genesis })
  const world = await embeddedL1World(genesis)
  const { l1: config } = parseGenesis(genesis).config
  const { executor } = new L1ChainRules(config)
  const calls = callServices({
    chain: world.chain,
    executor,
    states: storedStates(world.chain),
    chainId: config.chainId,
    kind: chainKind(parseGenesis(genesis).config),
    clock: new VirtualClock(0),
    suggestTip: tips(world.chain, parseGenesis(genesis).config),
  })
  const twin = new TwinChain(
    node,
    world as unknown as World,
    embeddedCallMethods(calls),
    seed,
    false,
    'engine_newPayloadV4',
  )
  return Object.assign(twin, { [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() })
}

/** Programs as often as anything else. */
export const CALLS: Weights = { ...COMPUTING, precompile: 6, setCode: 5, transfer: 5 }
