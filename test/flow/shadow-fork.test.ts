import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SealedBlock } from '../../src/builder/service.ts'
import { ChainStore } from '../../src/embedded/chain-store.ts'
import { openFork } from '../../src/embedded/fork/open-fork.ts'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { StateEdits } from '../../src/embedded/state-edits.ts'
import { storedProofs } from '../../src/embedded/state-reads.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import type { Block } from '../../src/protocol/block.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { LevelStore } from '../../src/storage/level-store.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { blockPlan, DELETING, VARIED } from '../peers/support/block-plan.ts'
import { user } from '../peers/support/dev-accounts.ts'
import { L1_CHAIN_ID, l1Genesis } from '../peers/support/l1-genesis.ts'
import { RANDOM_L1_ALLOC } from '../peers/support/random-l1-chain.ts'
import { DESTROYABLE, STORE, storeInput } from '../peers/support/scenery.ts'
import { SIGNERS, TxMaker } from '../peers/support/tx-maker.ts'
import { embeddedL1World, l1WorldOn } from '../support/embedded-l1-world.ts'
import { MemoryFork } from '../support/memory-fork.ts'

type World = Awaited<ReturnType<typeof embeddedL1World>>

/** Keeps the hash of the block whose number calldata's first word is in the slot of that number. */
const ANCESTORS: Address = `0x${'b10c'.padEnd(40, '0')}`
const FILE = l1Genesis({
  timestamp: 1_000,
  alloc: { ...RANDOM_L1_ALLOC, [ANCESTORS]: { balance: '0x0', code: '0x5f35405f355500' } },
})
const CONFIG = parseGenesis(FILE).config.l1
const BLOCKS = 24
const FORK_AT = 9n

/** A block as it can be made again. */
interface Recorded {
  readonly sealed: SealedBlock
  readonly raws: readonly Uint8Array[]
}

let origin: World
const recorded: Recorded[] = []

/** Fills a block at random; what is refused is left out. */
async function randomBlock(world: World, maker: TxMaker, seed: number): Promise<Recorded> {
  const { chain, jobs } = world
  const parent = chain.labels.head
  const job = await jobs.open({}, {})
  const { header } = await jobs.inspect(job, {})
  const nonces = new Map<Address, bigint>()
  for (const { address } of SIGNERS) nonces.set(address, (await chain.state(parent).account(address))?.nonce ?? 0n)
  const raws: Uint8Array[] = []
  const weights = seed % 2 === 0 ? VARIED : DELETING
  const [plan] = fc.sample(fc.noBias(blockPlan(weights, 14)), { seed: seed * 7919, numRuns: 1 })
  for (const event of plan ?? []) {
    if (event.kind !== 'include') continue
    const made = await maker.make(event.action, event.envelope, {
      chainId: L1_CHAIN_ID,
      baseFee: header.baseFeePerGas ?? 0n,
      cancun: true,
      prague: true,
      nonceOf: (address) => nonces.get(address) ?? 0n,
    })
    try {
      const { contractAddress, receipt } = await jobs.includeRaw(job, hexToBytes(made.raw), {})
      if (contractAddress !== undefined && receipt.status === 1) maker.deployed.push(contractAddress)
      raws.push(hexToBytes(made.raw))
      for (const [address, rise] of made.nonces) nonces.set(address, (nonces.get(address) ?? 0n) + rise)
    } catch (error) {
      if (!isAppError(error, 'TX_REFUSED')) throw error
    }
  }
  return { sealed: await jobs.seal(job, { commit: true, publish: false }, {}), raws }
}

beforeAll(async () => {
  origin = await embeddedL1World(FILE)
  const maker = new TxMaker()
  for (let seed = 0; seed < BLOCKS; seed++) recorded.push(await randomBlock(origin, maker, seed))
})

async function forkAt(fork: MemoryFork, number: bigint | undefined, store = new MemoryStore()) {
  return { store, ...l1WorldOn(await openFork(store, fork, number, {}), CONFIG) }
}

/** Makes the block again that the forked chain has at a number. */
function again({ seal }: Pick<World, 'seal'>, number: number): Promise<SealedBlock> {
  return seal({}, undefined, ...(recorded[number - 1] as Recorded).raws)
}

async function call(nonce: bigint, to: Address, data: Hex): Promise<Uint8Array> {
  const price = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n }
  const fields = { chainId: L1_CHAIN_ID, nonce: Number(nonce), gas: 1_000_000n, to, data }
  return hexToBytes(await user.account.signTransaction({ ...fields, ...price }))
}

async function nonceAt(chain: ChainStore, hash: Hash = chain.labels.head): Promise<bigint> {
  return (await chain.state(hash).account(user.address))?.nonce ?? 0n
}

const hashAt = (number: bigint): Hash => origin.chain.canonicalHash(number) as Hash

describe('a chain that goes on from a block of another one', () => {
  it.each([
    ['proofs and code alone', [] as const],
    ['nodes by hash, too', ['node'] as const],
  ])('makes the same blocks as that one did, from %s', async (_name, serves) => {
    const fork = new MemoryFork(origin.chain)
    for (const kind of serves) fork.serves.add(kind)
    const world = await forkAt(fork, FORK_AT)
    for (let number = Number(FORK_AT) + 1; number <= BLOCKS; number++) {
      const { hash } = await again(world, number)
      expect(hash).toBe(recorded[number - 1]?.sealed.hash)
    }
    expect(world.chain.labels.head).toBe(origin.chain.labels.head)
    // What it proves of its states is what the other chain proves, changed or not.
    const slots = [1n, 2n, 3n, 77n, 399n, 5_000n].map(toWord)
    for (const address of [STORE, ...DESTROYABLE, ...SIGNERS.map((signer) => signer.address)]) {
      const block = { hash: world.chain.labels.head, stateRoot: world.chain.stateRoot(world.chain.labels.head) }
      const proof = await storedProofs(world.chain)(block, address, slots, {})
      expect(proof).toEqual(await storedProofs(origin.chain)(block, address, slots, {}))
    }
  })

  it('begins with the head where no block is named, which is safe and finalized', async () => {
    const { chain, seal } = await forkAt(new MemoryFork(origin.chain), undefined)
    const { head } = origin.chain.labels
    expect(chain.labels).toEqual({ head, safe: head, finalized: head })
    const hash = origin.chain.block(head)?.transactions[0]?.hash as Hash
    expect(chain.transaction(hash)).toEqual({ blockHash: head, index: 0 })
    expect(chain.receipts(head)).toEqual(origin.chain.receipts(head))
    const first = await seal({})
    expect(chain.labels).toEqual({ head: first.hash, safe: head, finalized: head })
    await seal({})
    const third = await seal({})
    expect(chain.labels).toMatchObject({ head: third.hash, finalized: first.hash })
  })

  it('makes siblings on the forked block and above, and goes from one to the other', async () => {
    const { chain, jobs, seal } = await forkAt(new MemoryFork(origin.chain), FORK_AT)
    const nonce = await nonceAt(chain)
    const left = await seal({}, undefined, await call(nonce, STORE, storeInput([[3n, 0n]])))
    const top = await seal({}, undefined, await call(nonce + 1n, STORE, storeInput([[4n, 0n]])))
    const right = await seal({ parent: chain.genesis }, undefined, await call(nonce, STORE, storeInput([[3n, 99n]])))
    expect(chain.labels.head).toBe(right.hash)
    const slots = async (hash: Hash) =>
      Promise.all([3n, 4n, 5n].map((slot) => chain.state(hash).slot(STORE, toWord(slot))))
    const before = await slots(chain.genesis)
    expect(await slots(right.hash)).toEqual([99n, before[1], before[2]])
    expect(await slots(top.hash)).toEqual([0n, 0n, before[2]])
    await jobs.setForkchoice({ head: top.hash }, {})
    expect(chain.canonicalHash(FORK_AT + 1n)).toBe(left.hash)
    await expect(jobs.open({ parent: hashAt(FORK_AT - 1n) }, {})).rejects.toMatchObject({ code: 'PARENT_UNUSABLE' })
  })

  it.each([
    ['as the node has them', []],
    ['though the node has gone over to another branch', [3n, 6n]],
  ])('tells BLOCKHASH what stands before the forked block: %s', async (_name, reorged) => {
    const fork = new MemoryFork(origin.chain)
    for (const number of reorged) fork.reorged.set(number, hashAt(20n))
    const { chain, seal } = await forkAt(fork, FORK_AT)
    const nonce = await nonceAt(chain)
    const numbers = [FORK_AT, FORK_AT - 1n, FORK_AT - 4n, 0n, 2n]
    const calls = numbers.map((number, index) => call(nonce + BigInt(index), ANCESTORS, toWord(number)))
    const { hash } = await seal({}, undefined, ...(await Promise.all(calls)))
    for (const number of numbers) {
      expect(toWord(await chain.state(hash).slot(ANCESTORS, toWord(number)))).toBe(hashAt(number))
    }
    // What is known is not asked for again.
    const asked = fork.blocks
    fork.reorged.clear()
    await seal({ parent: chain.genesis }, undefined, await call(nonce, ANCESTORS, toWord(1n)))
    expect(fork.blocks).toBe(asked)
  })

  it('says so when a block before the forked one is lost', async () => {
    const fork = new MemoryFork(origin.chain)
    const { chain, jobs } = await forkAt(fork, FORK_AT)
    const raw = await call(await nonceAt(chain), ANCESTORS, toWord(2n))
    const job = await jobs.open({}, {})
    fork.lost.add(hashAt(5n))
    await expect(jobs.includeRaw(job, raw, {})).rejects.toMatchObject({
      code: 'NODE_UNAVAILABLE',
      severity: 'temporary',
      message: `the node that was forked does not give block 5 (${hashAt(5n)}), an ancestor of block 9`,
    })
    fork.lost.clear()
    expect(await jobs.includeRaw(job, raw, {})).toMatchObject({ receipt: { status: 1 } })
  })
})

describe('a state that is edited', () => {
  it('is one that blocks are built on, all else as it was at the forked block', async () => {
    const { chain, engine, seal } = await forkAt(new MemoryFork(origin.chain), FORK_AT)
    const edits = new StateEdits(engine)
    const poor: Address = `0x${'ab'.repeat(20)}`
    await edits.setSlot(STORE, toWord(10n), 0n, {})
    await edits.setSlot(STORE, toWord(11n), 5n, {})
    await edits.setBalance(poor, 7n, {})
    const nonce = await nonceAt(chain)
    const { hash } = await seal({}, undefined, await call(nonce, STORE, storeInput([[12n, 6n]])))
    const [forked, state] = [origin.chain.state(hashAt(FORK_AT)), chain.state(hash)]
    const slots = await Promise.all([10n, 11n, 12n].map((slot) => state.slot(STORE, toWord(slot))))
    expect(slots).toEqual([0n, 5n, 6n])
    for (const slot of [13n, 14n, 200n].map(toWord)) {
      expect(await state.slot(STORE, slot)).toBe(await forked.slot(STORE, slot))
    }
    expect((await state.account(poor))?.balance).toBe(7n)
  })
})

describe('what was fetched', () => {
  it('is stored: a restart asks for nothing that was known', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shadow-fork-'))
    try {
      const fork = new MemoryFork(origin.chain)
      const store = await LevelStore.open(folder)
      const first = l1WorldOn(await openFork(store, fork, undefined, {}), CONFIG)
      const nonce = await nonceAt(first.chain)
      const raws = [
        await call(
          nonce,
          STORE,
          storeInput([
            [7n, 0n],
            [8n, 1n],
          ]),
        ),
        await call(nonce + 1n, ANCESTORS, toWord(9n)),
      ]
      const { hash } = await first.seal({}, undefined, ...raws)
      await store.close()
      fork.down = true
      const reopened = await LevelStore.open(folder)
      const second = l1WorldOn(await openFork(reopened, fork, undefined, {}), CONFIG)
      expect(second.chain.labels.head).toBe(hash)
      expect((await second.seal({ parent: second.chain.genesis }, undefined, ...raws)).hash).toBe(hash)
      expect(await second.chain.state(hash).slot(STORE, toWord(8n))).toBe(1n)
      await reopened.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is enough for blocks that need nothing else while nobody answers; others wait', async () => {
    const fork = new MemoryFork(origin.chain)
    const { chain, jobs, seal } = await forkAt(fork, FORK_AT)
    const nonce = await nonceAt(chain)
    const known = await call(
      nonce,
      STORE,
      storeInput([
        [7n, 1n],
        [8n, 1n],
      ]),
    )
    await seal({}, undefined, known)
    fork.down = true
    const timestamp = (chain.header(chain.genesis)?.timestamp ?? 0n) + 12n
    const options = { parent: chain.genesis, timestamp, extraData: Uint8Array.of(1) }
    const { hash } = await seal(options, undefined, known)
    expect(chain.labels.head).toBe(hash)
    const job = await jobs.open(options, {})
    await jobs.includeRaw(job, known, {})
    const unknown = await call(nonce + 1n, STORE, storeInput([[300n, 1n]]))
    await expect(jobs.includeRaw(job, unknown, {})).rejects.toMatchObject({ code: 'NODE_UNAVAILABLE' })
    expect(await jobs.inspect(job, {})).toMatchObject({ state: 'open', transactions: [{}] })
    fork.down = false
    await jobs.includeRaw(job, unknown, {})
    const sealed = await jobs.seal(job, { commit: true, publish: false }, {})
    expect(await chain.state(sealed.hash).slot(STORE, toWord(300n))).toBe(1n)
  })

  it('is asked for in few round trips: one look at what runs, one for what it touches', async () => {
    const fork = new MemoryFork(origin.chain)
    const { chain, jobs } = await forkAt(fork, FORK_AT)
    const nonce = await nonceAt(chain)
    const job = await jobs.open({}, {})
    const raws = await Promise.all(
      [10n, 20n, 30n].map((slot, index) => call(nonce + BigInt(index), STORE, storeInput([[slot, 1n]]))),
    )
    fork.touches = (data) => new Map([[STORE, [toWord(BigInt(`0x${data.slice(2, 66)}`))]]])
    const before = fork.reads.length
    await jobs.prepare(
      raws.map((raw) => ({ jobId: job, raw })),
      {},
    )
    expect(fork.reads.length).toBe(before)
    for (const raw of raws) await jobs.includeRaw(job, raw, {})
    expect(fork.reads.length).toBe(before + 2)
  })
})

describe('a node that was forked', () => {
  it('may lose the state: that is told, and everything goes on', async () => {
    const fork = new MemoryFork(origin.chain)
    const { chain, jobs, seal } = await forkAt(fork, FORK_AT)
    const nonce = await nonceAt(chain)
    const job = await jobs.open({}, {})
    const raw = await call(nonce, STORE, storeInput([[7n, 1n]]))
    fork.pruned.add(chain.genesis)
    const message = `the node that was forked does not give the state of block 9 (${chain.genesis}): `
    await expect(jobs.includeRaw(job, raw, {})).rejects.toMatchObject({
      code: 'NODE_UNAVAILABLE',
      severity: 'temporary',
      message: expect.stringContaining(message),
      cause: { code: 'STATE_UNAVAILABLE' },
    })
    fork.pruned.clear()
    await jobs.includeRaw(job, raw, {})
    const { hash } = await jobs.seal(job, { commit: true, publish: false }, {})
    expect((await seal({ parent: hash })).header.number).toBe(FORK_AT + 2n)
  })

  it('cannot be swapped for another one under a store', async () => {
    const fork = new MemoryFork(origin.chain)
    const { store } = await forkAt(fork, FORK_AT)
    const mismatch = (message: RegExp) => ({ code: 'CHAIN_MISMATCH', message: expect.stringMatching(message) })
    await expect(openFork(store, fork, 8n, {})).rejects.toMatchObject(mismatch(/begins with block 9, not with 8/))
    await expect(ChainStore.open(store, genesisState(parseGenesis(FILE)), {})).rejects.toMatchObject(
      mismatch(/a chain that was forked at block 0x.*, not of 0x/),
    )
    const plain = new MemoryStore()
    await ChainStore.open(plain, genesisState(parseGenesis(FILE)), {})
    await expect(openFork(plain, fork, 0n, {})).rejects.toMatchObject(mismatch(/not one that was forked/))
    await expect(openFork(new MemoryStore(), fork, 99n, {})).rejects.toMatchObject({
      code: 'FORK_UNUSABLE',
      message: 'the chain to fork has no block 99',
    })
    expect((await openFork(store, fork, undefined, {})).genesis).toBe(hashAt(FORK_AT))
    const block = origin.chain.block(hashAt(3n)) as Block
    fork.whole = async () => ({ block: { ...block, header: { ...block.header, difficulty: 1n } }, receipts: [] })
    await expect(openFork(new MemoryStore(), fork, 3n, {})).rejects.toMatchObject({
      code: 'FORK_UNUSABLE',
      message: 'block 3 is older than the merge',
    })
  })
})
