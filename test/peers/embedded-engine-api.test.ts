import { describe, expect, it } from 'vitest'
import { type Hash, type Hex, toQuantity, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { OpFork } from '../../src/protocol/forks.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { startEmbeddedEl } from './support/embedded-el.ts'
import { type BuiltPayload, EngineDriver, type OpPayloadAttributes } from './support/engine-driver.ts'
import { EnginePair } from './support/engine-pair.ts'
import { atGenesis, type ForkSchedule, forksUpTo, staggered } from './support/fork-schedule.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import type { ForkchoiceResult, PayloadStatus, RpcBlock } from './support/rpc-types.ts'
import { TempFolder } from './support/temp-folder.ts'

const TIME = 1_750_000_000
const STEP = 10
const NOBODY: Hash = toWord(0xdeadn)
const L1_GENESIS = { hash: toWord(7n), number: '0x0', timestamp: toQuantity(TIME - 12), gasLimit: '0x1c9c380' } as const
const [alice] = devAccounts as [(typeof devAccounts)[0]]

const state = (head: Hash, safe: Hash = ZERO_HASH, finalized: Hash = ZERO_HASH): object => ({
  headBlockHash: head,
  safeBlockHash: safe,
  finalizedBlockHash: finalized,
})

function without<T extends object>(value: T, key: string): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as Partial<T>
}

async function transfer(nonce: number): Promise<Hex> {
  return alice.account.signTransaction({
    chainId: 901,
    nonce,
    gas: 21_000n,
    gasPrice: 10n ** 10n,
    to: `0x${'77'.repeat(20)}`,
    value: 1n,
  })
}

/** The embedded layer and op-geth, on the same genesis. */
async function start(stack: AsyncDisposableStack, forks: ForkSchedule) {
  const folder = stack.use(new TempFolder())
  const genesis = await l2Genesis({ timestamp: TIME, forks })
  const l1 = { url: 'http://127.0.0.1:1', genesis: L1_GENESIS }
  const [node, embedded] = await Promise.all([
    startOpGeth({ folder, genesis }),
    startEmbeddedEl({ folder, genesis, forks, l1 }),
  ])
  stack.use(node)
  stack.use(embedded)
  const pair = new EnginePair(embedded.engine, node.engine)
  return { node, embedded, pair, driver: new EngineDriver(node, forks) }
}

type World = Awaited<ReturnType<typeof start>>

/** Attributes that are wrong in one thing each. */
async function wrongAttributes(
  good: OpPayloadAttributes,
  parent: RpcBlock,
): Promise<Record<string, Record<string, unknown>>> {
  const [deposit] = good.transactions
  return {
    ...Object.fromEntries(Object.keys(good).map((key) => [`without ${key}`, without(good, key)])),
    'the time of the parent': { ...good, timestamp: parent.timestamp },
    'no transactions': { ...good, transactions: [] },
    'a transaction of no type': { ...good, transactions: [deposit, '0x7f00'] },
    'a nonce too high': { ...good, transactions: [deposit, await transfer(9_999)] },
    withdrawals: {
      ...good,
      withdrawals: [{ index: '0x0', validatorIndex: '0x0', address: alice.address, amount: '0x1' }],
    },
    'no denominator': { ...good, eip1559Params: '0x0000000000000006' },
    'no elasticity': { ...good, eip1559Params: '0x0000000600000000' },
    'short parameters': { ...good, eip1559Params: '0x00' },
    'a beacon root': { ...good, parentBeaconBlockRoot: NOBODY },
    'a minimum base fee': { ...good, minBaseFee: 5 },
  }
}

/** Ways to hand over a payload that no chain can take, or not by this version. */
function variants({ executionPayload: payload, parentBeaconBlockRoot: root }: BuiltPayload) {
  const payloads: Record<string, object> = {
    'as it is': payload,
    'another hash': { ...payload, blockHash: NOBODY },
    'another state root': { ...payload, stateRoot: NOBODY },
    'no extra data': { ...payload, extraData: '0x' },
    'other extra data': { ...payload, extraData: `0x${'01'.repeat(9)}` },
    'no withdrawals': without(payload, 'withdrawals'),
    'some withdrawals': {
      ...payload,
      withdrawals: [{ index: '0x0', validatorIndex: '0x0', address: alice.address, amount: '0x1' }],
    },
    'no withdrawals root': without(payload, 'withdrawalsRoot'),
    'a withdrawals root': { ...payload, withdrawalsRoot: NOBODY },
    'no blob gas': without(payload, 'blobGasUsed'),
    'no excess blob gas': without(payload, 'excessBlobGas'),
    'blob gas': { ...payload, blobGasUsed: '0x0', excessBlobGas: '0x0' },
    'a transaction of no type': { ...payload, transactions: ['0x7f00'] },
  }
  const beside: Record<string, readonly unknown[]> = {
    'all beside it': [[], root ?? NOBODY, []],
    'a blob hash': [[NOBODY], root ?? NOBODY, []],
    'no blob hashes': [null, root ?? NOBODY, []],
    'no beacon root': [[], null, []],
    'another beacon root': [[], ZERO_HASH, []],
    'no requests': [[], root ?? NOBODY, null],
    requests: [[], root ?? NOBODY, ['0x0011']],
    'an empty request': [[], root ?? NOBODY, ['0x00']],
    'requests out of order': [[], root ?? NOBODY, ['0x0111', '0x0011']],
  }
  return { payloads, beside }
}

/** One block on the head: every version and every fault of all that leads to it. */
async function stage({ pair, driver, node }: World, fork: OpFork, timestamp: number): Promise<BuiltPayload> {
  const parent = await node.block('latest')
  const good = driver.attributes(parent, { timestamp })
  const at = (what: string): string => `${fork}, ${what}`
  for (const version of [1, 2, 3]) {
    const method = `engine_forkchoiceUpdatedV${version}`
    for (const [what, attributes] of Object.entries(await wrongAttributes(good, parent))) {
      // Jovian's first block takes no user transactions at all: of the two faults op-geth names the other one.
      if (what === 'a nonce too high' && timestamp === driver.forks.jovian) continue
      await pair.same(at(what), method, [state(parent.hash), attributes])
    }
    await pair.same(at('good attributes on an unknown head'), method, [state(NOBODY), good])
    await pair.same(at('good attributes on zero'), method, [state(ZERO_HASH), good])
  }
  let id: Hex | null = null
  for (const version of [1, 2, 3]) {
    const answer = await pair.same(at('good attributes'), `engine_forkchoiceUpdatedV${version}`, [
      state(parent.hash),
      good,
    ])
    if ('result' in answer) id = (answer.result as ForkchoiceResult).payloadId ?? id
  }
  let built: BuiltPayload | undefined
  for (const version of [1, 2, 3, 4, 5]) {
    const method = `engine_getPayloadV${version}`
    const answer = await pair.same(at('the payload'), method, [id])
    if ('result' in answer && version > 1) built = answer.result as BuiltPayload
    for (const first of ['01', '02', '03', '04']) {
      await pair.same(at('an unknown payload'), method, [`0x${first}${'ab'.repeat(7)}`])
    }
  }
  if (built === undefined) throw new Error(`${fork}: no version gave the payload`)
  const { payloads, beside } = variants(built)
  for (const version of [1, 2, 3, 4]) {
    const method = `engine_newPayloadV${version}`
    for (const [what, payload] of Object.entries(payloads)) {
      if (what === 'as it is') continue
      const more = version < 3 ? [] : [[], built.parentBeaconBlockRoot ?? NOBODY, ...(version === 4 ? [[]] : [])]
      await pair.same(at(what), method, [payload, ...more])
    }
    if (version < 3) continue
    for (const [what, more] of Object.entries(beside)) {
      if (what === 'all beside it') continue
      await pair.same(at(what), method, [built.executionPayload, ...more.slice(0, version - 1)])
    }
  }
  for (const key of Object.keys(built.executionPayload)) {
    const payload = without(built.executionPayload, key)
    await pair.same(at(`without ${key}`), 'engine_newPayloadV2', [payload])
  }
  // Those versions that fit take it.
  for (const version of [1, 2, 3, 4]) {
    const more = [[], built.parentBeaconBlockRoot ?? NOBODY, []].slice(0, Math.max(0, version - 1))
    await pair.same(at('as it is'), `engine_newPayloadV${version}`, [
      built.executionPayload,
      ...(version < 3 ? [] : more),
    ])
  }
  const { blockHash } = built.executionPayload
  await pair.result(at('a new head'), 'engine_forkchoiceUpdatedV3', [state(blockHash), null])
  return built
}

describe('the Engine API of an embedded chain answers as op-geth', () => {
  it('through every upgrade, to every version of its methods', async () => {
    await using stack = new AsyncDisposableStack()
    const forks = staggered(TIME, STEP)
    const world = await start(stack, forks)
    const { pair, node, embedded } = world
    const blocks: BuiltPayload[] = []
    for (const [index, fork] of (['bedrock', ...forksUpTo('jovian')] as OpFork[]).entries()) {
      // The activation block and the one behind it.
      const begin = TIME + STEP * index
      blocks.push(await stage(world, fork, index === 0 ? begin + 2 : begin))
      blocks.push(await stage(world, fork, begin + 4))
    }
    expect((await embedded.block('latest')).hash).toBe((await node.block('latest')).hash)
    const hashes = blocks.map(({ executionPayload }) => executionPayload.blockHash)
    await pair.result('known and unknown', 'engine_getPayloadBodiesByHashV1', [[...hashes, NOBODY]])
    for (const range of [
      ['0x1', '0x5'],
      ['0x3', '0x400'],
      ['0x1000', '0x1'],
      ['0x0', '0x1'],
      ['0x1', '0x0'],
      ['0x1', '0x401'],
    ]) {
      await pair.same(String(range), 'engine_getPayloadBodiesByRangeV1', range)
    }
    await pair.result('no signal', 'engine_signalSuperchainV1', [null])
    await pair.result('a signal', 'engine_signalSuperchainV1', [{ recommended: toWord(1n), required: toWord(2n) }])
    for (const [method, params] of [
      ['engine_newPayloadV4', [blocks.at(-1)?.executionPayload, []]],
      ['engine_newPayloadV3', []],
      ['engine_newPayloadV2', [{ ...blocks[0]?.executionPayload, gasLimit: 30_000_000 }]],
      ['engine_newPayloadV2', [{ ...blocks[0]?.executionPayload, timestamp: '0x10000000000000000' }]],
      ['engine_forkchoiceUpdatedV3', [{ headBlockHash: '0x12' }, null]],
      ['engine_forkchoiceUpdatedV3', []],
      ['engine_getPayloadV4', ['0x03']],
      ['engine_getPayloadBodiesByHashV1', ['0x1']],
    ] as const) {
      await pair.sameCode(JSON.stringify(params).slice(0, 80), method, params)
    }
    expect(pair.compared).toBeGreaterThan(1_000)
  })

  it('to forkchoices on branches, and to blocks that cannot be', async () => {
    await using stack = new AsyncDisposableStack()
    const world = await start(stack, atGenesis())
    const { pair, node, embedded, driver } = world
    const build = async (
      parent: RpcBlock,
      options: Parameters<EngineDriver['attributes']>[1],
    ): Promise<BuiltPayload> => {
      const attributes = driver.attributes(parent, options)
      const params = [state(parent.hash), attributes]
      const { payloadId } = await pair.result<ForkchoiceResult>('build', 'engine_forkchoiceUpdatedV3', params)
      expect((await embedded.block('latest')).hash).toBe((await node.block('latest')).hash)
      return pair.result('built', 'engine_getPayloadV4', [payloadId])
    }
    const insert = async (what: string, { executionPayload, parentBeaconBlockRoot }: BuiltPayload) =>
      pair.result<PayloadStatus>(what, 'engine_newPayloadV4', [executionPayload, [], parentBeaconBlockRoot, []])
    const choose = async (what: string, ...hashes: [Hash, Hash?, Hash?]): Promise<void> => {
      await pair.same(what, 'engine_forkchoiceUpdatedV3', [state(...hashes), null])
      for (const label of ['latest', 'safe', 'finalized']) {
        const [ours, theirs] = await Promise.all(
          [embedded, node].map((el) =>
            el.rpc.call<RpcBlock | null>('eth_getBlockByNumber', [label, false]).catch(() => null),
          ),
        )
        expect(ours?.hash, `${label} after ${what}`).toBe(theirs?.hash)
      }
    }
    const genesis = await node.block(0)
    const first = await build(genesis, { transactions: [await transfer(0)] })
    const side = await build(genesis, {})
    const sideHash = side.executionPayload.blockHash
    const firstHash = first.executionPayload.blockHash
    expect((await insert('first', first)).status).toBe('VALID')
    await choose('first', firstHash)
    const second = await build(await node.block('latest'), { transactions: [await transfer(1)] })
    const secondHash = second.executionPayload.blockHash
    await insert('second', second)
    await insert('again', second)
    await choose('second with labels', secondHash, firstHash, genesis.hash)
    await choose('second again', secondHash, ZERO_HASH, ZERO_HASH)
    await choose('an ancestor', firstHash)
    await choose('an ancestor with labels', firstHash, secondHash, firstHash)
    await choose('an unknown head', NOBODY, firstHash, firstHash)
    await choose('an unknown safe block', secondHash, NOBODY)
    await choose('an unknown finalized block', secondHash, ZERO_HASH, NOBODY)
    await insert('a side block', side)
    await choose('a safe block of another branch', secondHash, sideHash)
    await choose('a finalized block of another branch', secondHash, ZERO_HASH, sideHash)
    // On an ancestor, and on a side block.
    const sibling = await build(genesis, { timestamp: TIME + 5 })
    await insert('a sibling', sibling)
    // Here a reorg takes the labels off that are not on the new branch; op-geth leaves them on blocks that nobody has any more.
    for (const head of [sideHash, secondHash]) {
      await pair.result('a reorg', 'engine_forkchoiceUpdatedV3', [state(head), null])
      expect((await embedded.block('latest')).hash).toBe(head)
    }
    await choose('labels again', secondHash, firstHash, genesis.hash)
    const unknownParent = { ...second, executionPayload: { ...second.executionPayload, parentHash: NOBODY } }
    await insert('another parent under the same hash', unknownParent)
  })
})
