import { setTimeout as delay } from 'node:timers/promises'
import { createMPT } from '@ethereumjs/mpt'
import { MapDB } from '@ethereumjs/util'
import { beforeAll, describe, expect, test } from 'vitest'
import { RpcStateSource } from '../../src/clients/state-rpc.ts'
import { RpcTransport } from '../../src/clients/transport.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
  toWord,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { KECCAK_EMPTY, keccak256, keccakHash } from '../../src/primitives/keccak.ts'
import { encodeAccount } from '../../src/state/account.ts'
import type { AccountDiff, AccountState, StateDiff } from '../../src/state/diff.ts'
import { NodeStore } from '../../src/state/node-store.ts'
import { predict, prefetch } from '../../src/state/prefetch.ts'
import { RemoteState } from '../../src/state/remote.ts'
import { computeStateRoot } from '../../src/state/root.ts'
import type { CandidateCall, PinnedState } from '../../src/state/source.ts'
import { deepPair } from './support/deep-pair.ts'
import { otherUser, user } from './support/dev-accounts.ts'
import { type GcMode, type GethProcess, type StateScheme, startGeth } from './support/geth-process.ts'
import { FUNDS, type Genesis, L1_CHAIN_ID, l1Genesis } from './support/l1-genesis.ts'
import type { ExecutionPayload, ForkchoiceResult, PayloadStatus, RpcBlock } from './support/rpc-types.ts'
import { KnownContract, seededRandom, WRITER_CODE, writerInput } from './support/storage-world.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

const TIMESTAMP = 1_700_000_000
const SIZES = [20_000, 300, 8, 2]
const CODE_HASH = keccakHash(hexToBytes(WRITER_CODE))

const bystanders: readonly Address[] = Array.from(
  { length: 400 },
  (_, i): Address => `0xee${(i + 1).toString(16).padStart(38, '0')}`,
)

let genesis: Genesis
let contracts: readonly KnownContract[]

beforeAll(async () => {
  const random = seededRandom(1)
  contracts = await Promise.all(
    SIZES.map((size, index) => {
      const address: Address = `0x${(0xc0de0000 + index).toString(16).padStart(40, '0')}`
      // Short values too: their leaves are small enough to be embedded in their parents, deep in a trie.
      const value = (): bigint => BigInt(1 + random(200)) << BigInt(random(2) * 200)
      const slots = new Map(Array.from({ length: size }, (_, i) => [toWord(BigInt(i)), value()] as const))
      return KnownContract.create(address, slots)
    }),
  )
  const alloc = Object.assign(
    {},
    ...bystanders.map((address) => ({ [address]: { balance: FUNDS } })),
    ...contracts.map((contract) => contract.alloc),
  )
  genesis = l1Genesis({ timestamp: TIMESTAMP, alloc })
})

interface Payload {
  readonly executionPayload: ExecutionPayload
}

/** Drives plain geth, or op-geth on a plain L1 genesis, through its Engine API. */
class Chain {
  readonly el: GethProcess
  #nonce = 0

  constructor(el: GethProcess) {
    this.el = el
  }

  /** Inserts an empty child of a block; the head stays. */
  async insertEmpty(parent: RpcBlock): Promise<Hash> {
    return (await this.#build(parent, 0)).blockHash
  }

  /** Makes a block of writes, each its own transaction, and makes it the head. */
  write(writes: Iterable<readonly [Address, ReadonlyMap<Hash, bigint>]>): Promise<RpcBlock> {
    return this.transact([...writes].map(([to, slots]) => ({ to, value: 0n, data: writerInput(slots) })))
  }

  /** Makes a block of calls by the test's user, and makes it the head. */
  async transact(calls: readonly { to: Address; value: bigint; data: Hex }[]): Promise<RpcBlock> {
    const parent = await this.el.block('latest')
    for (const call of calls) {
      const raw = await user.account.signTransaction({
        chainId: L1_CHAIN_ID,
        nonce: this.#nonce++,
        gas: 12_000_000n,
        maxFeePerGas: 2n * 10n ** 9n,
        maxPriorityFeePerGas: 10n ** 9n,
        ...call,
      })
      await this.el.rpc.call('eth_sendRawTransaction', [raw])
    }
    const payload = await this.#build(parent, calls.length)
    const head = { headBlockHash: payload.blockHash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
    await this.el.engine.call('engine_forkchoiceUpdatedV3', [head, null])
    await waitFor('the head moves', async () => (await this.el.block('latest')).hash === payload.blockHash)
    return this.el.block(payload.blockHash)
  }

  async #build(parent: RpcBlock, transactions: number): Promise<ExecutionPayload> {
    const { engine } = this.el
    const state = { headBlockHash: parent.hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
    // geth hands out what it has at the first look, and that may be before it looked into its pool: then once more.
    let attempt = Number(parent.timestamp)
    const payload = await waitFor('a payload with all transactions', async () => {
      const attributes = {
        timestamp: toQuantity(Number(parent.timestamp) + 12),
        prevRandao: toWord(BigInt(attempt++)),
        suggestedFeeRecipient: otherUser.address,
        withdrawals: [],
        parentBeaconBlockRoot: toWord(1n),
      }
      const { payloadId } = await engine.call<ForkchoiceResult>('engine_forkchoiceUpdatedV3', [state, attributes])
      if (transactions > 0) await delay(250)
      const { executionPayload } = await engine.call<Payload>('engine_getPayloadV4', [payloadId])
      return executionPayload.transactions.length === transactions ? executionPayload : undefined
    })
    const status = await engine.call<PayloadStatus>('engine_newPayloadV4', [payload, [], toWord(1n), []])
    if (status.status !== 'VALID') throw new Error(`own payload refused: ${JSON.stringify(status)}`)
    return payload
  }
}

interface RpcProof {
  readonly nonce: Hex
  readonly balance: Hex
  readonly storageHash: Hash
  readonly codeHash: Hash
}

/** Every account of the chain, and the root of the trie that an independent implementation makes of them. */
async function allAccounts(el: GethProcess, block: RpcBlock): Promise<Map<Address, AccountState>> {
  const addresses = new Set<Address>([
    ...(Object.keys(genesis.alloc).map((key) => key.toLowerCase()) as Address[]),
    otherUser.address,
    block.miner,
  ])
  return accountsAt(el, block, [...addresses])
}

async function accountsAt(
  el: GethProcess,
  block: RpcBlock,
  list: readonly Address[],
): Promise<Map<Address, AccountState>> {
  const answers = await el.rpc.batch(
    list.map((address) => ({ method: 'eth_getProof', params: [address, [], { blockHash: block.hash }] })),
  )
  return new Map(
    list.map((address, i) => {
      const { nonce, balance, storageHash, codeHash } = answers[i] as RpcProof
      return [address, { nonce: BigInt(nonce), balance: BigInt(balance), storageRoot: storageHash, codeHash }]
    }),
  )
}

async function stateRootOf(accounts: ReadonlyMap<Address, AccountState>): Promise<Hash> {
  const trie = await createMPT({ db: new MapDB() })
  for (const [address, account] of accounts) await trie.put(keccak256(hexToBytes(address)), encodeAccount(account))
  return bytesToHex(trie.root())
}

/** Writes to contracts as an execution result, and the contracts after it. */
async function diffOf(
  known: readonly KnownContract[],
  writes: ReadonlyMap<Address, ReadonlyMap<Hash, bigint>>,
): Promise<{ diff: StateDiff; after: KnownContract[] }> {
  const accounts = new Map<Address, AccountDiff>()
  const after: KnownContract[] = []
  for (const contract of known) {
    const storage = writes.get(contract.address)
    if (storage === undefined) continue
    const account = { nonce: 1n, balance: 0n, codeHash: CODE_HASH }
    accounts.set(contract.address, { account, storage, storageCleared: false })
    after.push(await contract.with(storage))
  }
  return { diff: { accounts, codes: new Map() }, after }
}

/** Random writes: `count` in each contract, of which a part removes slots that are there. */
function randomWrites(
  known: readonly KnownContract[],
  count: number,
  removed: number,
  seed: number,
): Map<Address, Map<Hash, bigint>> {
  const random = seededRandom(seed)
  return new Map(
    known.map((contract) => {
      const present = [...contract.slots.keys()]
      const writes = new Map<Hash, bigint>()
      for (let i = 0; i < count; i++) {
        const slot = present.length > 0 && random(100) < 70 ? present[random(present.length)] : undefined
        if (slot !== undefined) writes.set(slot, random(100) < removed ? 0n : BigInt(random(1 << 30)))
        else writes.set(toWord(BigInt(1_000_000 + random(1 << 20))), BigInt(1 + random(1 << 30)))
      }
      return [contract.address, writes]
    }),
  )
}

function connect(el: GethProcess): { rpc: RpcTransport; source: RpcStateSource } {
  const rpc = new RpcTransport({ endpoint: 'el', url: el.url })
  return { rpc, source: new RpcStateSource(rpc) }
}

/** Runs something and says what it cost. */
async function measured<T>(
  what: string,
  rpc: RpcTransport,
  run: () => Promise<T>,
): Promise<{ value: T; trips: number }> {
  const before = rpc.stats
  const started = performance.now()
  const value = await run()
  const after = rpc.stats
  const trips = after.roundTrips - before.roundTrips
  const kilobytes = ((after.bytesIn - before.bytesIn) / 1024).toFixed(0)
  const ms = (performance.now() - started).toFixed(0)
  process.stdout.write(
    `  ${what}: ${trips} round trips, ${after.calls - before.calls} calls, ${kilobytes} KiB in, ${ms} ms\n`,
  )
  return { value, trips }
}

/** A chain of three blocks of writes, so that part of the state is not on disk, and what its contracts hold now. */
async function growChain(el: GethProcess): Promise<{ chain: Chain; head: RpcBlock; known: readonly KnownContract[] }> {
  const chain = new Chain(el)
  let known = contracts
  let head = await el.block('latest')
  for (let number = 1; number <= 3; number++) {
    const writes = randomWrites(known, 60, 40, number)
    head = await chain.write(writes)
    const receipts = await el.rpc.call<{ status: Hex }[]>('eth_getBlockReceipts', [head.hash])
    expect(receipts.map(({ status }) => status)).toEqual(known.map(() => '0x1'))
    known = await Promise.all(known.map((contract) => contract.with(writes.get(contract.address) ?? new Map())))
  }
  return { chain, head, known }
}

const CONFIGURATIONS: readonly (readonly ['geth' | 'op-geth', StateScheme, GcMode])[] = [
  ['geth', 'hash', 'full'],
  ['geth', 'hash', 'archive'],
  ['geth', 'path', 'full'],
  ['geth', 'path', 'archive'],
  ['op-geth', 'hash', 'full'],
  ['op-geth', 'hash', 'archive'],
  ['op-geth', 'path', 'full'],
  ['op-geth', 'path', 'archive'],
]

test.each(CONFIGURATIONS)('%s, %s scheme, %s: reads, predictions and roots', async (program, scheme, gcmode) => {
  await using folder = new TempFolder()
  await using el = await startGeth({ folder, name: 'el', program, genesis, scheme, gcmode })
  const { chain, head, known } = await growChain(el)
  const { rpc, source } = connect(el)
  const pin: PinnedState = { blockHash: head.hash, stateRoot: head.stateRoot }
  process.stdout.write(`${program}, ${scheme}/${gcmode}\n`)

  const accounts = await allAccounts(el, head)
  expect(await stateRootOf(accounts)).toBe(head.stateRoot)
  for (const contract of known) expect(accounts.get(contract.address)?.storageRoot).toBe(contract.storageRoot)

  // Reads: every account, and slots that are there, were removed, or never were.
  const reader = new RemoteState(pin, new NodeStore(), source)
  const read = await measured('read all accounts', rpc, () =>
    Promise.all([...accounts.keys(), ZERO_HASH.slice(0, 42) as Address].map((address) => reader.account(address))),
  )
  expect(read.value).toEqual([...accounts.values(), undefined])
  expect(read.trips).toBe(1)
  for (const contract of known) {
    const slots = [...randomWrites([contract], 150, 0, 77).values()].flatMap((writes) => [...writes.keys()])
    const { value, trips } = await measured(`read ${slots.length} slots of ${contract.slots.size}`, rpc, () =>
      Promise.all(slots.map((slot) => reader.slot(contract.address, slot))),
    )
    expect(value).toEqual(slots.map((slot) => contract.slots.get(slot) ?? 0n))
    expect(trips).toBe(1)
    expect(await reader.code(CODE_HASH, contract.address)).toEqual(hexToBytes(WRITER_CODE))
  }

  // Predictions: a hundred calls that write three slots each.
  const predicted = new RemoteState(pin, new NodeStore(), source)
  const calls = Array.from({ length: 100 }, (_, i): CandidateCall & { writes: [Hash, bigint][] } => {
    const contract = known[i % known.length] as KnownContract
    const writes = [0, 1, 2].map((k): [Hash, bigint] => [toWord(BigInt(i * 191 + k)), BigInt(k)])
    const from = bystanders[i] as Address
    return { from, to: contract.address, data: hexToBytes(writerInput(writes)), value: 0n, gas: 500_000n, writes }
  })
  const prediction = await measured('predict 100 calls', rpc, () => predict(predicted, calls))
  expect(prediction.trips).toBeLessThanOrEqual(2)
  for (const { from, to, writes } of calls) {
    expect(predicted.account(from)).toEqual(accounts.get(from))
    for (const [slot] of writes) {
      const contract = known.find(({ address }) => address === to)
      expect(predicted.slot(to as Address, slot)).toBe(contract?.slots.get(slot) ?? 0n)
    }
  }
  expect(predicted.code(CODE_HASH, (known[0] as KnownContract).address)).toEqual(hexToBytes(WRITER_CODE))

  // Roots, with nothing read before: from a few writes to nearly everything removed, and removals at deep forks.
  const rounds = [
    ['3 writes a contract', randomWrites(known, 3, 0, 1000)],
    ['20 writes a contract, half removals', randomWrites(known, 20, 50, 1001)],
    ['200 writes a contract, 90 % removals', randomWrites(known, 200, 90, 1002)],
    ['600 removals a contract', randomWrites(known, 600, 100, 1003)],
    ['one slot of each pair that shares 5 digits', deepRemovals(known[0] as KnownContract, 5)],
  ] as const
  for (const [name, writes] of rounds) {
    const { diff, after } = await diffOf(known, writes)
    const what = `root, ${name}`
    const store = new NodeStore()
    const probe = (): Promise<Hash> => chain.insertEmpty(head)
    const { value } = await measured(what, rpc, () => computeStateRoot(pin, diff, store, source, { probe }))
    const expected = new Map(accounts)
    for (const contract of after) {
      expect(value.storageRoots.get(contract.address)).toBe(contract.storageRoot)
      const account = accounts.get(contract.address) as AccountState
      expected.set(contract.address, { ...account, storageRoot: contract.storageRoot })
    }
    expect(value.stateRoot).toBe(await stateRootOf(expected))
    // The next block stands on the new nodes and on what this one fetched.
    store.merge(value.newNodes)
    const child = new RemoteState({ blockHash: ZERO_HASH, stateRoot: value.stateRoot }, store, source)
    for (const [address, { storage }] of diff.accounts) {
      for (const [slot, written] of storage) expect(child.slot(address, slot)).toBe(written)
    }
  }
  expect((await el.block('latest')).hash).toBe(head.hash)

  // A block that the node does not know.
  const nowhere = new RemoteState({ blockHash: toWord(1n), stateRoot: head.stateRoot }, new NodeStore(), source)
  await expect(nowhere.account(user.address)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' })
  await rpc.close()
})

describe('siblings that no key leads to', () => {
  test.each([
    ['geth', 'path', 'full'],
    ['op-geth', 'path', 'full'],
    ['geth', 'hash', 'full'],
  ] as const)('%s, %s/%s: come through a probe block', async (program, scheme, gcmode) => {
    await using folder = new TempFolder()
    await using el = await startGeth({ folder, name: 'el', program, genesis, scheme, gcmode })
    const chain = new Chain(el)
    const big = contracts[0] as KnownContract
    // Both slots of a deep pair are written in the newest block: their nodes are in no database yet.
    const [a, b] = deepPair(6, (n) => toWord(5_000_000n + n))
    const writes = new Map([
      [a, 11n],
      [b, 1n << 200n],
    ])
    const head = await chain.write([[big.address, writes]])
    const known = await big.with(writes)
    const { rpc, source } = connect(el)
    const pin: PinnedState = { blockHash: head.hash, stateRoot: head.stateRoot }
    const { diff, after } = await diffOf([known], new Map([[big.address, new Map([[a, 0n]])]]))
    let probes = 0
    const probe = (): Promise<Hash> => {
      probes++
      return chain.insertEmpty(head)
    }
    process.stdout.write(`${program}, ${scheme}/${gcmode}\n`)
    const { value } = await measured('root behind a deep fork', rpc, () =>
      computeStateRoot(pin, diff, new NodeStore(), source, { probe }),
    )
    expect(value.storageRoots.get(big.address)).toBe((after[0] as KnownContract).storageRoot)
    expect(probes).toBe(1)
    await expect(computeStateRoot(pin, diff, new NodeStore(), source)).rejects.toMatchObject({
      code: 'ROOT_UNAVAILABLE',
      data: { missing: [{ address: big.address }] },
    })
    await rpc.close()
  })
})

test.each([
  ['geth', 'path', 'full'],
  ['op-geth', 'hash', 'full'],
] as const)('%s, %s/%s: an account that goes leaves a deep fork', async (program, scheme, gcmode) => {
  await using folder = new TempFolder()
  await using el = await startGeth({ folder, name: 'el', program, genesis, scheme, gcmode })
  const chain = new Chain(el)
  const [gone, left] = deepPair(6, (n) => `0xacc0${n.toString(16).padStart(36, '0')}`)
  const head = await chain.transact([gone, left].map((to) => ({ to, value: 7n, data: '0x' })))
  const accounts = new Map([...(await allAccounts(el, head)), ...(await accountsAt(el, head, [gone, left]))])
  expect(await stateRootOf(accounts)).toBe(head.stateRoot)
  accounts.delete(gone)
  const { rpc, source } = connect(el)
  const pin: PinnedState = { blockHash: head.hash, stateRoot: head.stateRoot }
  const removal: AccountDiff = { account: undefined, storage: new Map(), storageCleared: true }
  const diff: StateDiff = { accounts: new Map([[gone, removal]]), codes: new Map() }
  process.stdout.write(`${program}, ${scheme}/${gcmode}\n`)
  const { value, trips } = await measured('root without an account', rpc, () =>
    computeStateRoot(pin, diff, new NodeStore(), source),
  )
  expect(value.stateRoot).toBe(await stateRootOf(accounts))
  // The account, the database that does not have its neighbour yet, the range that does.
  expect(trips).toBe(3)
  await rpc.close()
})

test('geth without debug methods: proofs and access lists do', async () => {
  await using folder = new TempFolder()
  const flags = ['--http.api', 'eth']
  await using el = await startGeth({
    folder,
    name: 'el',
    program: 'geth',
    genesis,
    scheme: 'path',
    gcmode: 'full',
    flags,
  })
  await expect(el.rpc.call('debug_dbGet', [ZERO_HASH])).rejects.toThrow('does not exist')
  const head = await el.block('latest')
  const pin: PinnedState = { blockHash: head.hash, stateRoot: head.stateRoot }
  const { rpc, source } = connect(el)
  const small = contracts.slice(1)
  process.stdout.write('geth, path/full, eth only\n')

  const state = new RemoteState(pin, new NodeStore(), source)
  const calls = small.map(({ address }, i): CandidateCall => {
    const data = hexToBytes(writerInput([[toWord(1n), 5n]]))
    return { from: bystanders[i] as Address, to: address, data, value: 0n, gas: 500_000n }
  })
  // One more, once: finding out that the node does not trace.
  const first = await measured('predict 3 calls', rpc, () => predict(state, calls))
  expect(first.trips).toBe(3)
  const second = new RemoteState(pin, new NodeStore(), source)
  const again = await measured('predict 3 calls again', rpc, () => predict(second, calls))
  expect(again.trips).toBe(2)
  for (const { address, slots } of small) expect(second.slot(address, toWord(1n))).toBe(slots.get(toWord(1n)))
  expect(second.account(bystanders[0] as Address)).toMatchObject({ codeHash: KECCAK_EMPTY })

  const { diff, after } = await diffOf(small, randomWrites(small, 150, 80, 5))
  const { value } = await measured('root, 150 writes a contract, 80 % removals', rpc, () =>
    computeStateRoot(pin, diff, new NodeStore(), source),
  )
  for (const contract of after) expect(value.storageRoots.get(contract.address)).toBe(contract.storageRoot)

  // More than the node takes in one request, or puts into one answer: split, and still one round trip.
  const big = contracts[0] as KnownContract
  const whole = new RemoteState(pin, new NodeStore(), source)
  const wants = [{ address: big.address, slots: big.slots.keys(), code: true }]
  const all = await measured('read 20 000 slots', rpc, () => prefetch(whole, wants))
  expect(all.trips).toBe(1)
  for (const [slot, written] of big.slots) expect(whole.slot(big.address, slot)).toBe(written)
  await rpc.close()
})

/** Removes one of any two slots of a contract whose hashes share this many digits. */
function deepRemovals({ address, slots }: KnownContract, digits: number): Map<Address, Map<Hash, bigint>> {
  const seen = new Set<string>()
  const writes = new Map<Hash, bigint>()
  for (const slot of slots.keys()) {
    const prefix = keccakHash(hexToBytes(slot)).slice(2, 2 + digits)
    if (seen.has(prefix)) writes.set(slot, 0n)
    seen.add(prefix)
  }
  return new Map([[address, writes]])
}
