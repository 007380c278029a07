import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type Hash, type Hex, toQuantity, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import { blobTransaction, testBlob } from './support/blob-tx.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { startEmbeddedL1 } from './support/embedded-el.ts'
import { EnginePair } from './support/engine-pair.ts'
import { startGeth } from './support/geth-process.ts'
import { L1_CHAIN_CONFIG, L1_CHAIN_ID, l1Genesis } from './support/l1-genesis.ts'
import type { ExecutionPayload, ForkchoiceResult, PayloadStatus } from './support/rpc-types.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

const TIME = 1_750_000_000
const [alice, bob] = devAccounts as [(typeof devAccounts)[0], (typeof devAccounts)[0]]
const NOBODY: Hash = toWord(0xdeadn)
/** Each upgrade has two blocks, twelve seconds apart; the versions that fit it. */
const STAGES = [
  { fork: 'paris', forkchoice: 1, newPayload: 1, getPayload: 1 },
  { fork: 'shanghai', forkchoice: 2, newPayload: 2, getPayload: 2 },
  { fork: 'cancun', forkchoice: 3, newPayload: 3, getPayload: 3 },
  { fork: 'prague', forkchoice: 3, newPayload: 4, getPayload: 4 },
  { fork: 'osaka', forkchoice: 3, newPayload: 4, getPayload: 5 },
] as const
/** Milliseconds for geth's builder to look into its pool. */
const POOL_TIME = 300

const state = (head: Hash): object => ({
  headBlockHash: head,
  safeBlockHash: ZERO_HASH,
  finalizedBlockHash: ZERO_HASH,
})

/** geth writes its version into the extra data, so that the hash is another, too. */
function withoutSignature(result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result
  const { extraData: _, blockHash: __, ...fields } = result as Record<string, unknown>
  if (!('executionPayload' in fields)) return fields
  return { ...fields, executionPayload: withoutSignature(fields.executionPayload) }
}

interface Envelope {
  readonly executionPayload: ExecutionPayload
  readonly executionRequests?: readonly Hex[]
}

it('the Engine API of an embedded L1 answers as geth, from Paris to Osaka, with blobs', async () => {
  await using folder = new TempFolder()
  const osaka = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 }
  const genesis = l1Genesis({
    timestamp: TIME,
    config: {
      shanghaiTime: TIME + 30,
      cancunTime: TIME + 54,
      pragueTime: TIME + 78,
      osakaTime: TIME + 102,
      blobSchedule: { ...(L1_CHAIN_CONFIG.blobSchedule as object), osaka },
    },
  })
  const flags = ['--networkid', String(L1_CHAIN_ID)]
  await using node = await startGeth({ folder, name: 'geth', program: 'geth', genesis, flags })
  await using embedded = await startEmbeddedL1(folder, genesis)
  const pair = new EnginePair(embedded.engine, node.engine, withoutSignature)
  const beacon = toWord(0xbeac07n)
  const hashes: Hash[] = []
  let nonces = [0, 0]
  const send = async (raw: Hex): Promise<void> => {
    for (const el of [embedded, node]) await el.rpc.call('eth_sendRawTransaction', [raw])
  }
  const sendAll = async (fork: string): Promise<void> => {
    const [first = 0, second = 0] = nonces
    await send(
      await alice.account.signTransaction({
        chainId: L1_CHAIN_ID,
        nonce: first,
        gas: 21_000n,
        to: bob.address,
        value: 1n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 2n * 10n ** 9n,
      }),
    )
    nonces = [first + 1, second]
    if (fork === 'paris' || fork === 'shanghai') return
    await send(await blobTransaction(bob, second, [await testBlob(second + 1)], fork === 'osaka' ? 1 : 0))
    nonces = [first + 1, second + 1]
  }
  for (const [index, { fork, forkchoice, newPayload, getPayload }] of STAGES.entries()) {
    for (const half of [0, 1]) {
      const at = (what: string): string => `${fork}, ${what}`
      const parent = await node.block('latest')
      const timestamp = TIME + 12 + 24 * index + 12 * half
      const good = {
        timestamp: toQuantity(timestamp),
        prevRandao: toWord(BigInt(timestamp)),
        suggestedFeeRecipient: `0x${'fe'.repeat(20)}`,
        ...(index >= 1 && {
          withdrawals: [{ index: toQuantity(index), validatorIndex: '0x1', address: bob.address, amount: '0x3' }],
        }),
        ...(index >= 2 && { parentBeaconBlockRoot: beacon }),
      }
      // Transactions of the second half: the pools check them by the upgrade that is there already.
      if (half === 1) await sendAll(fork)
      for (const version of [1, 2, 3]) {
        const method = `engine_forkchoiceUpdatedV${version}`
        const wrong = {
          'the time of the parent': { ...good, timestamp: parent.timestamp },
          'no withdrawals': { ...good, withdrawals: null },
          'no beacon root': { ...good, parentBeaconBlockRoot: null },
          'a beacon root': { ...good, parentBeaconBlockRoot: NOBODY },
        }
        for (const [what, attributes] of Object.entries(wrong)) {
          await pair.same(at(what), method, [state(parent.hash), attributes])
        }
        await pair.same(at('an unknown head'), method, [state(NOBODY), good])
        if (version !== forkchoice) await pair.same(at('another version'), method, [state(parent.hash), good])
      }
      const { payloadId } = await pair.result<ForkchoiceResult>(at('good'), `engine_forkchoiceUpdatedV${forkchoice}`, [
        state(parent.hash),
        good,
      ])
      await delay(POOL_TIME)
      const answer = await pair.result<Envelope | ExecutionPayload>(
        at('the payload'),
        `engine_getPayloadV${getPayload}`,
        [payloadId],
      )
      const { executionPayload: payload, executionRequests = [] } =
        'executionPayload' in answer ? answer : { executionPayload: answer as ExecutionPayload }
      expect(payload.transactions).toHaveLength(half === 0 ? 0 : index >= 2 ? 2 : 1)
      const blobHashes = half === 1 && index >= 2 ? [(await testBlob(nonces[1] as number)).hash] : []
      for (const version of [1, 2, 3, 4]) {
        const more = [blobHashes, beacon, executionRequests].slice(0, version < 3 ? 0 : version - 1)
        const method = `engine_newPayloadV${version}`
        await pair.same(at('another hash'), method, [{ ...payload, blockHash: NOBODY }, ...more])
        if (version > 2) await pair.same(at('another blob'), method, [payload, [NOBODY], ...more.slice(1)])
        if (version !== newPayload) await pair.same(at('another version'), method, [payload, ...more])
      }
      if (index >= 2) await pair.same(at('blobs'), 'engine_getBlobsV1', [[...blobHashes, NOBODY]])
      await pair.same(at('an unknown blob'), 'engine_getBlobsV2', [[NOBODY]])
      if (index >= 2) await pair.same(at('cells'), 'engine_getBlobsV2', [blobHashes])
      await pair.sameCode(at('too many'), `engine_getBlobsV${fork === 'osaka' ? 2 : 1}`, [
        Array.from({ length: 129 }, () => NOBODY),
      ])
      const more = [blobHashes, beacon, executionRequests].slice(0, newPayload < 3 ? 0 : newPayload - 1)
      const status = await pair.result<PayloadStatus>(at('good'), `engine_newPayloadV${newPayload}`, [payload, ...more])
      expect(status.status).toBe('VALID')
      await pair.result(at('a new head'), 'engine_forkchoiceUpdatedV3', [state(payload.blockHash), null])
      hashes.push(payload.blockHash)
      for (const el of [embedded, node]) {
        const emptied = async (): Promise<boolean> =>
          (await el.rpc.call<{ pending: Hex }>('txpool_status')).pending === '0x0'
        await waitFor(`${fork}: the pool takes notice`, emptied)
      }
    }
  }
  expect((await embedded.block('latest')).hash).toBe((await node.block('latest')).hash)
  // geth does not build on an ancestor.
  const ancestor = await node.block(2)
  const attributes = { timestamp: toQuantity(TIME + 1_000), prevRandao: NOBODY, suggestedFeeRecipient: bob.address }
  await pair.result('an ancestor', 'engine_forkchoiceUpdatedV3', [
    state(ancestor.hash),
    { ...attributes, withdrawals: [], parentBeaconBlockRoot: beacon },
  ])
  await pair.result('bodies', 'engine_getPayloadBodiesByHashV1', [[...hashes, NOBODY]])
  await pair.result('bodies', 'engine_getPayloadBodiesByRangeV1', ['0x1', '0x20'])
  expect(pair.compared).toBeGreaterThan(300)
})
