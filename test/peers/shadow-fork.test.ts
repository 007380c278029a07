import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { READ_METHODS } from '../../rpc/methods/pass-through.ts'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { type Hash, type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { blobTransaction, testBlob } from './support/blob-tx.ts'
import { expectSameOnNode } from './support/block-checks.ts'
import { DELETING, VARIED } from './support/block-plan.ts'
import { deepPair } from './support/deep-pair.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { JsonRpc } from './support/json-rpc.ts'
import { L1_CHAIN_ID } from './support/l1-genesis.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { asGethShows, MockL1 } from './support/mock-l1.ts'
import type { Sealed } from './support/op-sequencer.ts'
import { type OpenJob, RandomChain } from './support/random-chain.ts'
import { RANDOM_L1_ALLOC } from './support/random-l1-chain.ts'
import { rollupJson } from './support/rollup-json.ts'
import { STORE, storeInput } from './support/scenery.ts'
import { ForkOrigin, judgedBy, ShadowFork } from './support/shadow-fork.ts'
import { depositCalldata, PORTAL } from './support/stand-in-contracts.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const BLOCKS = Math.max(20, Number(process.env.OP_SEQUENCER_BLOCKS ?? 20))
const GENESIS_TIME = 1_750_000_000
const BLOCK_TIME = 12
const ORIGIN_BLOCKS = 16
/** Not the head. */
const FORK_AT = 9
/** Keeps the hash of the block whose number calldata's first word is in the slot of that number. */
const ANCESTORS = `0x${'b10c'.padEnd(40, '0')}` as const

let origin: ForkOrigin
let maker: RandomChain
const made: Sealed[] = []
let before: unknown

/** Fills a job at random and seals it; its contracts can be called from then on. */
async function seal(chain: RandomChain, job: OpenJob, weights = VARIED): Promise<Sealed> {
  await chain.fill(job, 12, weights)
  const sealed = await chain.chain.sequencer.rpc.call<Sealed>('test_seal', [job.id])
  for (const { result } of job.included) {
    const { contractAddress, status } = result
    if (contractAddress !== null && status === '0x1') maker.maker.deployed.push(contractAddress as Hex)
  }
  return sealed
}

beforeAll(async () => {
  origin = await ForkOrigin.start({
    timestamp: GENESIS_TIME,
    blockTime: BLOCK_TIME,
    alloc: { ...RANDOM_L1_ALLOC, [ANCESTORS]: { balance: '0x0', code: '0x5f35405f355500' } },
  })
  maker = new RandomChain(origin.target, SEED, VARIED)
  let parent = await origin.l1.el.block(0)
  for (let number = 1; number <= ORIGIN_BLOCKS; number++) {
    const sealed = await seal(maker, await maker.opened(await origin.l1.open({ parent: parent.hash }), parent))
    await origin.judged(sealed)
    made.push(sealed)
    parent = await origin.l1.el.block(sealed.hash)
  }
  before = await origin.remains()
}, 600_000)

afterAll(async () => {
  await origin?.[Symbol.asyncDispose]()
})

/** Blocks at random on a fork, each judged by a geth that has the same chain. */
async function randomBlocks(fork: ShadowFork, parentHash: Hash, count: number): Promise<Sealed[]> {
  const chain = new RandomChain({ ...origin.target, el: origin.judge, sequencer: { rpc: fork.rpc } }, SEED + 1, VARIED)
  chain.maker.deployed.push(...maker.maker.deployed)
  const sealed: Sealed[] = []
  const heads = [parentHash]
  for (let at = 0; at < count; at++) {
    // Now and then beside the newest blocks, down to the forked one: a reorg.
    const back = chain.draw(fc.constantFrom(1, 1, 1, 1, 2, 3))
    const parent = await origin.judge.block(heads.at(-Math.min(back, heads.length)) as Hash)
    const job = await chain.opened(await fork.open({ parent: parent.hash }), parent)
    const block = await seal(chain, job, at % 2 === 0 ? VARIED : DELETING)
    await origin.judged(block)
    expect(await fork.head()).toBe(block.hash)
    const results = job.included.map(({ result }) => result)
    if (results.length > 0) await expectSameOnNode(origin.judge, asGethShows(block), results)
    heads.push(block.hash)
    sealed.push(block)
  }
  console.info(`seed ${SEED}: ${count} blocks`, chain.counts)
  return sealed
}

async function sign(nonce: number, fields: object): Promise<Hex> {
  return user.account.signTransaction({
    type: 'eip1559',
    chainId: L1_CHAIN_ID,
    nonce,
    gas: 1_000_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
    ...fields,
  } as never)
}

const nonceOf = async (fork: ShadowFork): Promise<number> =>
  Number(await fork.rpc.call('eth_getTransactionCount', [user.address, 'latest']))

describe('a fork of a geth’s chain', () => {
  it.each([
    ['before its head', { block: FORK_AT }, FORK_AT, undefined],
    ['at its head', {}, ORIGIN_BLOCKS, undefined],
    ['of a node without debug methods', {}, ORIGIN_BLOCKS, 'debug_'],
  ])('%s: a second geth finds every block valid', { timeout: 900_000 }, async (name, forkFrom, number, without) => {
    origin.proxy.without = without
    await using fork = await ShadowFork.start(origin, name.replaceAll(' ', '-'), forkFrom)
    const forked = made[number - 1] as Sealed
    expect(await fork.head()).toBe(forked.hash)
    expect(await fork.rpc.call('eth_chainId')).toBe(toQuantity(L1_CHAIN_ID))
    const blocks = await randomBlocks(fork, forked.hash, BLOCKS)
    const first = blocks[0] as Sealed
    expect(Number(first.block.timestamp)).toBe(Number(forked.block.timestamp) + BLOCK_TIME)
    // Everything that the judge tells of the chain, before the forked block and after it.
    const calls: [string, unknown[]][] = []
    const last = Number(blocks.at(-1)?.number)
    for (const at of [0, 1, number - 1, number, number + 1, last]) {
      calls.push(['eth_getBlockByNumber', [toQuantity(at), true]], ['eth_getBlockReceipts', [toQuantity(at)]])
      for (const address of [STORE, user.address]) {
        calls.push(
          ['eth_getBalance', [address, toQuantity(at)]],
          ['eth_getTransactionCount', [address, toQuantity(at)]],
        )
        const slots = [1, 2, 3, 250, 500].map((slot) => toQuantity(slot))
        calls.push(['eth_getProof', [address, slots, toQuantity(at)]], ['eth_getCode', [address, toQuantity(at)]])
      }
      calls.push(['eth_getStorageAt', [STORE, toWord(7n), toQuantity(at)]])
      const deletion = {
        from: user.address,
        to: STORE,
        data: storeInput([
          [1n, 0n],
          [390n, 0n],
          [501n, 5n],
        ]),
      }
      calls.push(['eth_estimateGas', [deletion, toQuantity(at)]])
      for (const back of [1, 2, 5]) {
        calls.push([
          'eth_call',
          [{ data: returning(`61${toWord(BigInt(Math.max(0, at - back))).slice(-4)}40`) }, toQuantity(at)],
        ])
      }
      // EXTCODEHASH and BALANCE.
      for (const opcode of ['3f', '31'])
        calls.push(['eth_call', [{ data: returning(`73${STORE.slice(2)}${opcode}`) }, toQuantity(at)]])
    }
    const transactions = made.slice(0, number).flatMap(({ receipts }) => receipts.map((r) => r.transactionHash))
    for (const hash of [transactions[0], transactions.at(-1), blocks.at(-1)?.receipts[0]?.transactionHash]) {
      calls.push(['eth_getTransactionByHash', [hash]], ['eth_getTransactionReceipt', [hash]])
    }
    const range = (from: number, to: number) => ({ fromBlock: toQuantity(from), toBlock: toQuantity(to) })
    for (const filter of [range(0, last), range(2, number - 1), range(number, last), range(number - 2, number + 1)]) {
      calls.push(['eth_getLogs', [filter]])
    }
    calls.push(['eth_getLogs', [{ blockHash: made[1]?.hash }]], ['eth_feeHistory', [toQuantity(last), 'latest', [50]]])
    for (const [method, params] of calls) {
      const [here, there] = await Promise.all([fork.rpc.call(method, params), origin.judge.rpc.call(method, params)])
      expect(withoutTimes(here), `${method} ${JSON.stringify(params)}`).toEqual(withoutTimes(there))
    }
    // The forked node was read, and is as it was.
    expect(origin.proxy.methods.filter((method) => !READING.has(method))).toEqual([])
    origin.proxy.without = undefined
    expect(await origin.remains()).toEqual(before)
  })

  it('reaches over the boundary: BLOCKHASH, siblings, a reorg down to the forked block and back', async () => {
    await using fork = await ShadowFork.start(origin, 'boundary', { block: FORK_AT })
    const forked = made[FORK_AT - 1] as Sealed
    await expect(fork.open({ parent: made[FORK_AT - 2]?.hash })).rejects.toMatchObject({ code: -38513 })
    const nonce = await nonceOf(fork)
    const asked = [0, 3, FORK_AT - 2, FORK_AT - 1, FORK_AT]
    const raws = await Promise.all(asked.map((at, i) => sign(nonce + i, { to: ANCESTORS, data: toWord(BigInt(at)) })))
    const left = await fork.block(raws)
    await origin.judged(left)
    for (const at of asked) {
      const { hash } = await origin.l1.el.block(at)
      expect(await fork.rpc.call('eth_getStorageAt', [ANCESTORS, toWord(BigInt(at)), 'latest'])).toBe(hash)
    }
    const top = await fork.block([
      await sign(nonce + asked.length, { to: ANCESTORS, data: toWord(BigInt(FORK_AT + 1)) }),
    ])
    await origin.judged(top)
    const right = await fork.block(
      [
        await sign(nonce, {
          to: STORE,
          data: storeInput([
            [1n, 0n],
            [2n, 9n],
          ]),
        }),
      ],
      {
        parent: forked.hash,
      },
    )
    await origin.judged(right)
    expect(right.block.parentHash).toBe(forked.hash)
    const labels = await fork.rpc.call('test_setForkchoice', [{ head: top.hash }])
    expect(labels).toEqual({ head: top.hash, safe: forked.hash, finalized: forked.hash })
    await origin.judged(top)
    // Blobs, on top.
    const raw = await blobTransaction(user, nonce + asked.length + 1, [await testBlob(1)], 0)
    const blobs = await fork.block([raw])
    await origin.judged(blobs)
    expect(blobs.block.blobGasUsed).toBe('0x20000')
    expect(await origin.remains()).toEqual(before)
  })

  it('carries an L2 that begins before the forked block', async () => {
    const start = await origin.l1.el.block(FORK_AT - 2)
    const timestamp = Number(start.timestamp)
    const forks = atGenesis('jovian')
    const { folder } = origin.l1
    const genesis = await l2Genesis({ timestamp, forks })
    const { hash, header } = genesisState(parseGenesis(JSON.parse(JSON.stringify(genesis)))).block
    const first = { hash, number: '0x0', timestamp: start.timestamp, gasLimit: toQuantity(header.gasLimit) } as const
    const rollup = rollupJson({ l1: start, l2Genesis: first, forks, blockTime: BLOCK_TIME })
    const chains = [
      {
        name: 'op-a',
        el: 'embedded',
        rollup: folder.write('fork-rollup.json', rollup),
        genesis: folder.write('fork-l2-genesis.json', genesis),
      },
    ]
    await using fork = await ShadowFork.start(origin, 'with-l2', { block: FORK_AT }, { root: { chains } })
    const l2 = new JsonRpc(`${fork.url}/op-a`)
    const recipient = '0x00000000000000000000000000000000c0ffee00'
    const deposit = { from: user.address, to: recipient, mint: 5n, value: 5n } as const
    const own = await fork.block([await sign(await nonceOf(fork), { to: PORTAL, data: depositCalldata(deposit) })])
    await origin.judged(own)
    for (const at of [FORK_AT - 1, FORK_AT, FORK_AT + 1]) {
      const { block } = await l2.call<Sealed>('test_seal', [await l2.call('test_open', [{ l1Origin: 'next' }])])
      expect(block.mixHash).toBe((await origin.judge.block(at)).mixHash)
    }
    expect(await l2.call('eth_getBalance', [recipient, 'latest'])).toBe('0x5')
  })

  it('takes transactions into a pool of its own', async () => {
    await using fork = await ShadowFork.start(origin, 'pool', {})
    const hash = await fork.rpc.call('eth_sendRawTransaction', [
      await sign(await nonceOf(fork), { to: STORE, data: '0x' }),
    ])
    expect(await fork.rpc.call('eth_getTransactionByHash', [hash])).toMatchObject({ blockHash: null })
    const job = await fork.open()
    expect(await fork.rpc.call('test_includeBest', [job])).toMatchObject({ transactionHash: hash })
    await origin.judged(await fork.rpc.call<Sealed>('test_seal', [job]))
    expect(await origin.remains()).toEqual(before)
  })
})

describe('a forked node that is gone', () => {
  it('is not needed for what is known, also after a restart; what is not known waits', {
    timeout: 300_000,
  }, async () => {
    const folder = origin.l1.folder.path('fork-data')
    const forkFrom = { block: FORK_AT }
    const root = { datadir: folder }
    let known: Sealed
    let raw: Hex
    {
      await using fork = await ShadowFork.start(origin, 'kept', forkFrom, { root })
      raw = await sign(await nonceOf(fork), {
        to: STORE,
        data: storeInput([
          [5n, 0n],
          [6n, 6n],
        ]),
      })
      known = await fork.block([raw])
      await origin.judged(known)
    }
    origin.proxy.cut = true
    try {
      await using fork = await ShadowFork.start(origin, 'kept-again', forkFrom, { root })
      expect(await fork.head()).toBe(known.hash)
      // The same once more, beside it.
      const options = { parent: known.block.parentHash, timestamp: known.block.timestamp, extraData: '0x01' }
      const sibling = await fork.block([raw], options)
      await origin.judged(sibling)
      expect(await fork.head()).toBe(sibling.hash)
      const job = await fork.open(options)
      const unknown = await sign((await nonceOf(fork)) - 1, {
        to: STORE,
        data: storeInput([
          [301n, 0n],
          [302n, 0n],
        ]),
      })
      await expect(fork.rpc.call('test_includeRaw', [job, unknown])).rejects.toMatchObject({ code: -38590 })
      await expect(fork.rpc.call('eth_getBlockByNumber', ['0x1', false])).rejects.toMatchObject({ code: -38590 })
      origin.proxy.cut = false
      await fork.rpc.call('test_includeRaw', [job, unknown])
      await origin.judged(await fork.rpc.call<Sealed>('test_seal', [job]))
    } finally {
      origin.proxy.cut = false
    }
  })

  it('is waited for when the fork is opened first', { timeout: 300_000 }, async () => {
    origin.proxy.cut = true
    try {
      await using fork = await ShadowFork.start(origin, 'waiting', {})
      expect(await fork.ready()).toBe(503)
      origin.proxy.cut = false
      while ((await fork.ready().catch(() => 503)) !== 200) await new Promise((resolve) => setTimeout(resolve, 50))
      expect(await fork.head()).toBe(made.at(-1)?.hash)
    } finally {
      origin.proxy.cut = false
    }
  })
})

it('finds what a deletion needs and no proof shows, in what the node lists', { timeout: 300_000 }, async () => {
  const alloc = RANDOM_L1_ALLOC
  // The newest nodes are in memory, where no database shows them.
  await using l1 = await MockL1.start({ timestamp: GENESIS_TIME, alloc, flags: ['--gcmode', 'full'] })
  const pair = deepPair(6, (n) => toWord(5_000_000n + n)).map(BigInt) as [bigint, bigint]
  const writes = pair.map((slot) => [slot, 1n << 200n] as const)
  await l1.block([await sign(0, { to: STORE, data: storeInput(writes) })])
  await l1.block()
  // On the head, and on a block with a child.
  for (const block of [2, 1]) {
    await using fork = await ShadowFork.start({ l1, proxy: { url: l1.el.url } }, `deep-${block}`, { block })
    const sealed = await fork.block([await sign(1, { to: STORE, data: storeInput([[pair[0], 0n]]) })])
    await judgedBy(l1.el, sealed)
  }
})

describe('a forked node that goes on', () => {
  it('may leave the forked block: state is read by its hash all the same', { timeout: 300_000 }, async () => {
    await using fork = await ShadowFork.start(origin, 'left', {})
    const old = made.at(-1) as Sealed
    const other = await origin.l1.block([], { parent: old.block.parentHash, extraData: '0x0b' })
    expect(await origin.l1.hashOf('latest')).toBe(other.hash)
    try {
      const raw = await sign(await nonceOf(fork), {
        to: STORE,
        data: storeInput([
          [201n, 0n],
          [202n, 3n],
        ]),
      })
      await origin.judged(await fork.block([raw]))
      const message = `block ${ORIGIN_BLOCKS} is not ${old.hash} there any more`
      const refusal = { code: -38590, message: expect.stringContaining(message) }
      await expect(fork.rpc.call('eth_getBlockByNumber', ['0x2', false])).rejects.toMatchObject(refusal)
      const second = made[1] as Sealed
      expect(await fork.rpc.call('eth_getBlockByHash', [second.hash, true])).toMatchObject({ hash: second.hash })
      expect(await fork.rpc.call('eth_getBlockByHash', [other.hash, true])).toBeNull()
    } finally {
      await origin.l1.rpc.call('test_commit', [old.hash])
    }
    expect(await fork.rpc.call('eth_getBlockByNumber', ['0x2', false])).toMatchObject({ number: '0x2' })
  })

  it('may lose the state, which is told; everything else goes on', { timeout: 300_000 }, async () => {
    const alloc = RANDOM_L1_ALLOC
    await using l1 = await MockL1.start({ timestamp: GENESIS_TIME, alloc, flags: ['--gcmode', 'full'] })
    await l1.block()
    await l1.block([await sign(0, { to: STORE, data: storeInput([[1n, 7n]]) })])
    const { hash } = await l1.block()
    await using fork = await ShadowFork.start({ l1, proxy: { url: l1.el.url } }, 'lost', {})
    const known = await sign(1, { to: STORE, data: storeInput([[1n, 8n]]) })
    const first = await fork.block([known])
    for (let made = 0; made < 135; made++) await l1.block()
    const options = { parent: hash, timestamp: first.block.timestamp, extraData: '0x01' }
    const job = await fork.open(options)
    await fork.rpc.call('test_includeRaw', [job, known])
    const unknown = await sign(2, { to: STORE, data: storeInput([[300n, 0n]]) })
    await expect(fork.rpc.call('test_includeRaw', [job, unknown])).rejects.toMatchObject({
      code: -38590,
      message: expect.stringContaining(`the node that was forked does not give the state of block 3 (${hash}): `),
    })
    const sealed = await fork.rpc.call<Sealed>('test_seal', [job])
    expect(await fork.head()).toBe(sealed.hash)
    expect(await fork.rpc.call('eth_getStorageAt', [STORE, toWord(1n), 'latest'])).toBe(toWord(8n))
  })
})

/** Code that returns the word that other code leaves on the stack. */
function returning(code: string): Hex {
  return `0x${code}5f5260205ff3`
}

/** What the service may call of the forked node. */
const READING: ReadonlySet<string> = new Set([
  ...READ_METHODS,
  ...['eth_chainId', 'debug_traceCall', 'debug_dbGet', 'debug_storageRangeAt', 'debug_accountRange'],
])

/** As geth 1.16 shows it: only later versions have the block's time in transactions and logs. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, field) => (key === 'blockTimestamp' ? undefined : field)) as unknown
}
