import { expect, it } from 'vitest'
import type { SealedBlock } from '../../src/builder/service.ts'
import { type Hash, hexToBytes, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import { hashHeader } from '../../src/protocol/header.ts'
import { newPayloadParams, type Payload } from '../../src/protocol/payload.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { embeddedWorld } from '../support/embedded-world.ts'
import { localRpc } from '../support/local-rpc.ts'
import { type Notification, WsClient } from '../support/ws-client.ts'
import { user } from './support/dev-accounts.ts'
import { embeddedCopy } from './support/embedded-copy.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { startGeth } from './support/geth-process.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { TempFolder } from './support/temp-folder.ts'

const TOPIC = toWord(7n)

/** Creates a contract whose init code emits a log with topic 7 and `second`, and one without topics. */
async function emitting(nonce: number, second: number): Promise<Uint8Array> {
  const digits = second.toString(16).padStart(2, '0')
  return hexToBytes(
    await user.account.signTransaction({
      chainId: 901,
      nonce,
      gas: 100_000n,
      data: `0x60${digits}600760006000a260006000a000`,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    }),
  )
}

function payloadOf({ header, transactions }: SealedBlock): Payload {
  return {
    hash: hashHeader(header),
    header,
    transactions: transactions.map(({ transaction }) => transaction.raw),
    withdrawals: [],
  }
}

/** Removed logs, then the others: geth has a channel for each, and takes from them as it comes. */
function byFate(events: readonly unknown[]): unknown[] {
  const isRemoved = (event: unknown): boolean => (event as { removed?: boolean }).removed === true
  return [...events.filter(isRemoved), ...events.filter((event) => !isRemoved(event))]
}

it('tells of heads and logs what op-geth tells, over reorgs', async () => {
  await using folder = new TempFolder()
  const genesis = await l2Genesis({ timestamp: 1_000, forks: atGenesis('jovian') })
  await using node = await startGeth({ folder, name: 'op-geth', program: 'op-geth', genesis })
  const maker = await embeddedWorld(new MemoryStore(), genesis)
  const { engine, methods } = await embeddedCopy(node)
  const heard: Notification[] = []
  const ours = localRpc(methods, (notification) => heard.push(notification))
  await using theirs = await WsClient.connect(node.wsUrl)

  const queries = [
    {},
    { topics: [TOPIC] },
    { topics: [null, [toWord(2n), toWord(3n)]] },
    { fromBlock: '0x2', toBlock: '0x2' },
    { fromBlock: '0x3' },
    { fromBlock: 'earliest' },
    { address: `0x${'77'.repeat(20)}` },
  ]
  const kinds = [['newHeads'], ...queries.map((query) => ['logs', query])]
  const filters = [['eth_newBlockFilter'], ...queries.map((query) => ['eth_newFilter', query])]
  const both = async (method: string, ...params: readonly unknown[]) => ({
    ours: (await ours.call(method, ...params)) as string,
    theirs: await theirs.call<string>(method, ...params),
  })
  const subscribed = []
  for (const kind of kinds) subscribed.push(await both('eth_subscribe', ...kind))
  const polled = []
  for (const [method, ...params] of filters) polled.push(await both(method as string, ...params))

  const first = payloadOf(await maker.block('latest', await emitting(0, 1)))
  const second = payloadOf(await maker.block('latest', await emitting(1, 2)))
  const third = payloadOf(await maker.block('latest', await emitting(2, 3)))
  const side = payloadOf(await maker.block(first.hash, await emitting(1, 4), await emitting(2, 5)))
  const empty = payloadOf(await maker.block(side.hash))
  const give = async (payload: Payload): Promise<void> => {
    await node.engine.call('engine_newPayloadV4', newPayloadParams(payload, true))
    expect(await engine.newPayload(payload, {})).toMatchObject({ status: 'VALID' })
  }
  const lead = async (head: Hash): Promise<void> => {
    const state = { headBlockHash: head, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
    await node.engine.call('engine_forkchoiceUpdatedV3', [state, null])
    await engine.forkchoiceUpdated({ head }, {})
  }
  const resultsOf = (id: string): unknown[] =>
    heard.filter(({ subscription }) => subscription === id).map(({ result }) => result)

  // One by one, two at once, a reorg to a longer branch, one back to a shorter, and again.
  const steps = [[first], [second, third], [side], [empty], [], []]
  const heads = [first, third, side, empty, third, empty]
  for (const [step, payloads] of steps.entries()) {
    for (const payload of payloads) await give(payload)
    await lead((heads[step] as Payload).hash)
    await theirs.until(() => theirs.notifications.length >= heard.length)
    for (const [index, ids] of subscribed.entries()) {
      const name = `${JSON.stringify(kinds[index])}, step ${step}`
      expect(byFate(resultsOf(ids.ours)), name).toEqual(byFate(theirs.results(ids.theirs)))
    }
    for (const [index, ids] of polled.entries()) {
      const name = `${JSON.stringify(filters[index])}, step ${step}`
      const [changes, expected] = [
        (await ours.call('eth_getFilterChanges', ids.ours)) as unknown[],
        await theirs.call<unknown[]>('eth_getFilterChanges', ids.theirs),
      ]
      expect(byFate(changes), name).toEqual(byFate(expected))
      if (index === 0) continue
      const logs = await ours.answer('eth_getFilterLogs', [ids.ours])
      const { result, error } = await theirs.answer('eth_getFilterLogs', ids.theirs)
      expect(logs, name).toEqual(error === undefined ? { result } : { error })
    }
  }
  expect(resultsOf(subscribed[0]?.ours ?? '')).toHaveLength(heads.length)
  expect(heard.length).toBe(theirs.notifications.length)

  // What cannot be followed, and ids that there are not.
  const refused: readonly (readonly unknown[])[] = [
    ['eth_subscribe', 'foo'],
    ['eth_subscribe', 'logs', { fromBlock: 'pending' }],
    ['eth_subscribe', 'logs', { fromBlock: '0x5', toBlock: '0x2' }],
    ['eth_newFilter', { fromBlock: '0x5', toBlock: '0x2' }],
    ['eth_newFilter', { fromBlock: 'latest', toBlock: '0x2' }],
    ['eth_newFilter', { fromBlock: 'safe' }],
    ['eth_newFilter', { toBlock: 'pending' }],
    ['eth_getFilterChanges', '0x1'],
    ['eth_getFilterLogs', '0x1'],
    ['eth_getFilterLogs', 'blocks'],
    ['eth_uninstallFilter', '0x1'],
    ['eth_unsubscribe', '0x1'],
  ]
  for (const [method, ...params] of refused) {
    const { result, error } = await theirs.answer(method as string, ...params)
    const answer = await ours.answer(method as string, params)
    expect(answer, `${method} ${JSON.stringify(params)}`).toEqual(error === undefined ? { result } : { error })
  }
})
