import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, type Hex, toQuantity } from '../../src/primitives/hex.ts'
import { blobTransaction, testBlob } from './support/blob-tx.ts'
import { expectHead, expectSameOnNode } from './support/block-checks.ts'
import { otherUser, user } from './support/dev-accounts.ts'
import { L1_CHAIN_CONFIG, L1_CHAIN_ID } from './support/l1-genesis.ts'
import { asGethShows, MockL1 } from './support/mock-l1.ts'
import type { Sealed } from './support/op-sequencer.ts'

const GENESIS_TIME = 1_750_000_000
const DEPOSIT_CONTRACT = L1_CHAIN_CONFIG.depositContractAddress as Hex
const WITHDRAWAL_QUEUE = '0x00000961ef480eb55e80d19ad83579a64c007002'
const CONSOLIDATION_QUEUE = '0x0000bbddc7ce488642fb579f8b00f3a590007251'
/** Emits calldata as the deposit contract's event. */
const DEPOSIT_CODE: Hex = `0x3660006000377f${'649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5'}366000a1`

const OSAKA = {
  osakaTime: 0,
  bpo1Time: GENESIS_TIME + 40,
  blobSchedule: {
    ...(L1_CHAIN_CONFIG.blobSchedule as object),
    osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
    bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
  },
}

function start(config: Readonly<Record<string, unknown>> = {}, l1: Readonly<Record<string, unknown>> = {}) {
  return MockL1.start({
    timestamp: GENESIS_TIME,
    config,
    alloc: { [DEPOSIT_CONTRACT]: { balance: '0x0', nonce: '0x1', code: DEPOSIT_CODE } },
    l1: { blockTime: 12, ...l1 },
  })
}

function sign(nonce: number, fields: object = {}, signer = user): Promise<Hex> {
  return signer.account.signTransaction({
    type: 'eip1559',
    chainId: L1_CHAIN_ID,
    nonce,
    gas: 400_000n,
    to: `0x${'77'.repeat(20)}`,
    value: 1n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
    ...fields,
  } as never)
}

const filler = (size: number): Hex => `0x${'a1b2c3d4'.repeat(size / 4)}`

/** The block and its receipts are geth's own, and its head. */
async function expectSame(l1: MockL1, sealed: Sealed, results: readonly Readonly<Record<string, unknown>>[] = []) {
  expect(sealed.committed).toBe(true)
  await expectHead(l1.el, sealed.hash)
  if (sealed.receipts.length > 0) return expectSameOnNode(l1.el, asGethShows(sealed), results)
  expect(await l1.el.rpc.call('eth_getBlockByHash', [sealed.hash, true])).toEqual(sealed.block)
}

describe.each([
  ['Prague', {}],
  ['Osaka and BPO1', OSAKA],
])('L1 blocks on geth: %s', (_, config) => {
  it('are what geth makes of them: every type of transaction, withdrawals, requests', async () => {
    await using l1 = await start(config)
    await expectSame(l1, await l1.block())
    const authorization = await otherUser.account.signAuthorization?.({
      contractAddress: DEPOSIT_CONTRACT,
      chainId: L1_CHAIN_ID,
      nonce: 0,
    })
    const transactions = [
      await sign(0, { type: 'legacy', maxFeePerGas: undefined, maxPriorityFeePerGas: undefined, gasPrice: 10n ** 11n }),
      await sign(1, {
        type: 'eip2930',
        maxFeePerGas: undefined,
        maxPriorityFeePerGas: undefined,
        gasPrice: 10n ** 11n,
        accessList: [{ address: user.address, storageKeys: [`0x${'00'.repeat(32)}`] }],
      }),
      await sign(2, { type: 'eip7702', authorizationList: [authorization] }),
      await sign(3, { to: DEPOSIT_CONTRACT, data: filler(576), value: 0n }),
      await sign(4, { to: WITHDRAWAL_QUEUE, data: filler(56) }),
      await sign(5, { to: CONSOLIDATION_QUEUE, data: filler(96) }),
      await sign(6, { to: undefined, data: '0x60006000fd', value: 0n }),
    ]
    const withdrawals = [
      { index: '0x0', validatorIndex: '0x7', address: `0x${'88'.repeat(20)}`, amount: '0x3b9aca00' },
      { index: '0x1', validatorIndex: '0x8', address: `0x${'99'.repeat(20)}`, amount: '0x0' },
    ]
    const job = await l1.open({ withdrawals, extraData: '0x6f70', feeRecipient: `0x${'fe'.repeat(20)}` })
    const results = []
    for (const raw of transactions) results.push(await l1.include(job, raw))
    await expect(l1.include(job, await sign(6))).rejects.toMatchObject({ code: -38512 })
    // Looking at it ends the block; including goes on as if nothing was.
    await l1.rpc.call('test_inspect', [job])
    results.push(await l1.include(job, await sign(7)))
    const partial = await l1.rpc.call<{ stateRoot: Hash; header: object }>('test_inspect', [job])
    const sealed = await l1.seal(job)
    expect(partial.stateRoot).toBe(sealed.block.stateRoot)
    const { executionRequests } = sealed.payload as { executionRequests: readonly Hex[] }
    expect(executionRequests.map((request) => request.slice(0, 4))).toEqual(['0x00', '0x01', '0x02'])
    await expectSame(l1, sealed, results)
    expect(await l1.el.rpc.call('eth_getBalance', [`0x${'88'.repeat(20)}`, 'latest'])).toBe('0xde0b6b3a7640000')
    // Empty blocks over the change of the schedule.
    for (let i = 0; i < 3; i++) await expectSame(l1, await l1.block())
  })

  it('hold blobs, whose proofs are of the kind that the fork asks for, and serves them as a beacon node', async () => {
    await using l1 = await start(config)
    const [version, other] = config === OSAKA ? ([1, 0] as const) : ([0, 1] as const)
    const [one, two] = [await testBlob(1), await testBlob(2)]
    const job = await l1.open({ timestamp: toQuantity(GENESIS_TIME + 17) })
    await expect(l1.include(job, await blobTransaction(user, 0, [one], other))).rejects.toMatchObject({
      code: -38512,
      message: expect.stringContaining(`unexpected sidecar version, want: ${version}, got: ${other}`),
    })
    const wrong = version === 0 ? [two.proof] : two.cellProofs
    await expect(l1.include(job, await blobTransaction(user, 0, [one], version, wrong))).rejects.toMatchObject({
      code: -38512,
      message: expect.stringContaining('KZG verification error'),
    })
    const results = [await l1.include(job, await blobTransaction(user, 0, [one, two], version))]
    // By way of the pool.
    const pooled = await l1.rpc.call('eth_sendRawTransaction', [await blobTransaction(otherUser, 0, [one], version)])
    results.push(await l1.rpc.call<(typeof results)[0]>('test_includeByHash', [job, pooled]))
    const sealed = await l1.seal(job)
    expect(sealed.block.blobGasUsed).toBe('0x60000')
    await expectSame(l1, sealed, results)
    await expectSame(l1, await l1.block())

    const get = async (path: string) => {
      const response = await fetch(`${l1.beacon.url}${path}`)
      return { status: response.status, ...((await response.json()) as { data?: unknown }) }
    }
    expect(await get('/eth/v1/beacon/genesis')).toMatchObject({ data: { genesis_time: String(GENESIS_TIME) } })
    expect(await get('/eth/v1/config/spec')).toMatchObject({ data: { SECONDS_PER_SLOT: '1' } })
    const blobs = [one, two, one].map(({ blob }) => bytesToHex(blob))
    expect(await get('/eth/v1/beacon/blobs/17')).toEqual({ status: 200, data: blobs })
    expect(await get(`/eth/v1/beacon/blobs/17?versioned_hashes=${two.hash}`)).toEqual({ status: 200, data: [blobs[1]] })
    expect(await get('/eth/v1/beacon/blobs/29')).toEqual({ status: 200, data: [] })
    expect(await get('/eth/v1/beacon/blobs/12')).toMatchObject({ status: 404 })
    const sidecars = await get('/eth/v1/beacon/blob_sidecars/17?indices=0,1')
    expect(sidecars.data).toMatchObject(
      [one, two].map(({ blob, commitment, proof }, index) => ({
        index: String(index),
        blob: bytesToHex(blob),
        kzg_commitment: bytesToHex(commitment),
        kzg_proof: bytesToHex(proof),
      })),
    )
    // Reorged out, they are still there by hash.
    await l1.block([], { parent: '0x0', extraData: '0x01', timestamp: toQuantity(GENESIS_TIME + 17) })
    expect(await get('/eth/v1/beacon/blobs/17')).toEqual({ status: 200, data: [] })
    const both = `versioned_hashes=${one.hash}&versioned_hashes=${two.hash}`
    expect(await get(`/eth/v1/beacon/blobs/17?${both}`)).toEqual({ status: 200, data: blobs.slice(0, 2) })
  })
})

describe('the L1 chain', () => {
  it('goes through every upgrade', async () => {
    const forks = ['shanghai', 'cancun', 'prague', 'osaka', 'bpo1'] as const
    const times = forks.map((fork, index) => [`${fork}Time`, GENESIS_TIME + 24 * (index + 1)])
    await using l1 = await start({ ...OSAKA, ...Object.fromEntries(times) })
    const fields: number[] = []
    for (let nonce = 0; nonce < 12; nonce++) {
      const sealed = await l1.block([await sign(nonce)])
      await expectSame(l1, sealed)
      const { block } = sealed
      fields.push(['withdrawalsRoot', 'parentBeaconBlockRoot', 'requestsHash'].filter((key) => key in block).length)
    }
    expect(fields).toEqual([0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 3])
  })

  it('swaps ten blocks for eleven, and back, finalized ones among them', async () => {
    await using l1 = await start({}, { safeDistance: 2, finalizedDistance: 4 })
    const grow = async (parent: Hash, extraData: Hex, count: number): Promise<Sealed[]> => {
      const made: Sealed[] = []
      for (let nonce = 0; nonce < count; nonce++) {
        const options = { parent: made.at(-1)?.hash ?? parent, extraData }
        made.push(await l1.block([await sign(nonce)], options))
      }
      return made
    }
    const long = await grow(l1.el.genesisHash, '0x0a', 10)
    const longer = await grow(l1.el.genesisHash, '0x0b', 11)
    await expectSame(l1, longer.at(-1) as Sealed)
    expect(await l1.hashOf('finalized')).toBe(longer.at(-5)?.hash)
    await l1.rpc.call('test_commit', [long.at(-1)?.hash])
    await expectSame(l1, long.at(-1) as Sealed)
    expect(await l1.hashOf('finalized')).toBe(long.at(-5)?.hash)
    for (const [index, { hash }] of long.entries()) expect(await l1.hashOf(index + 1)).toBe(hash)
    // A block on the branch that was left, once more.
    await expectSame(l1, await l1.block([], { parent: longer[4]?.hash, extraData: '0x0c' }))
  })

  it('has siblings, and reorgs there and back', async () => {
    await using l1 = await start({}, { safeDistance: 2, finalizedDistance: 4 })
    const trunk: Sealed[] = []
    for (let nonce = 0; nonce < 6; nonce++) trunk.push(await l1.block([await sign(nonce)]))
    expect(await l1.hashOf('safe')).toBe(trunk[3]?.hash)
    expect(await l1.hashOf('finalized')).toBe(trunk[1]?.hash)
    const fork = trunk[2] as Sealed
    const branch: Sealed[] = []
    for (let i = 0; i < 3; i++) {
      const parent = branch.at(-1)?.hash ?? fork.hash
      const job = await l1.open({ parent, extraData: '0xb0' })
      await l1.include(job, await sign(3 + i, { value: 2n }))
      branch.push(await l1.seal(job))
      await expectSame(l1, branch.at(-1) as Sealed)
    }
    expect(branch.map(({ number }) => number)).toEqual(trunk.slice(3).map(({ number }) => number))
    expect(await l1.hashOf('safe')).toBe(branch[0]?.hash)
    // Back: the old head is committed again.
    const old = trunk.at(-1) as Sealed
    await l1.rpc.call('test_commit', [old.hash])
    await expectHead(l1.el, old.hash)
    expect(await l1.hashOf(4)).toBe(trunk[3]?.hash)
    // And forth, by hand; two siblings more beside the head.
    await l1.rpc.call('test_setForkchoice', [{ head: branch[2]?.hash, safe: branch[1]?.hash }])
    await expectHead(l1.el, branch[2]?.hash as Hash)
    expect(await l1.hashOf('safe')).toBe(branch[1]?.hash)
    const job = await l1.open({ parent: branch[1]?.hash, extraData: '0xb1' })
    const unseen = await l1.seal(job, { commit: false })
    expect(unseen.committed).toBe(false)
    await expectHead(l1.el, branch[2]?.hash as Hash)
    await l1.rpc.call('test_commit', [unseen.hash])
    await expectHead(l1.el, unseen.hash)
    // Set by hand, safe stays; finalized goes on by itself.
    await l1.block()
    expect(await l1.hashOf('safe')).toBe(branch[1]?.hash)
    expect(await l1.hashOf('finalized')).toBe(fork.hash)
  })

  it('refuses what cannot be built, and hands over what geth finds invalid', async () => {
    await using l1 = await start()
    const refused = async (options: object) =>
      l1.open(options as never).then(
        () => 'opened',
        (error: { code: number; data: { rule: string } }) => [error.code, error.data.rule],
      )
    expect(await refused({ parent: `0x${'12'.repeat(32)}` })).toEqual([-38513, 'unknownParent'])
    expect(await refused({ timestamp: `0x${GENESIS_TIME.toString(16)}` })).toEqual([-38513, 'timestamp'])
    expect(await refused({ gasLimit: '0x1c9c380' })).toEqual([-38513, 'gasLimit'])
    expect(await refused({ extraData: `0x${'00'.repeat(33)}` })).toEqual([-38513, 'extraData'])
    const job = await l1.open({ gasLimit: '0x1c9c380', force: true })
    await expect(l1.seal(job)).rejects.toMatchObject({ code: -38530, data: { status: 'INVALID' } })
    await expectHead(l1.el, l1.el.genesisHash)
  })

  it('grows by itself, its times following the parent', async () => {
    await using l1 = await start()
    await l1.rpc.call('eth_sendRawTransaction', [await sign(0)])
    expect(await l1.rpc.call('test_auto', [true, { interval: 20 }])).toBe(false)
    while ((await l1.el.blockNumber()) < 10) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await l1.rpc.call('test_auto', [false])).toBe(true)
    const [first, tenth] = [await l1.el.block(1), await l1.el.block(10)]
    expect(first.transactions).toHaveLength(1)
    expect(Number(tenth.timestamp)).toBe(GENESIS_TIME + 120)
  })
})
