import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, type Hex, toQuantity, ZERO_HASH } from '../../src/primitives/hex.ts'
import { payloadFromJson } from '../../src/protocol/payload.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { embeddedWorld, transfer } from '../support/embedded-world.ts'

type Json = Readonly<Record<string, Hex>>
interface BuiltPayload {
  readonly executionPayload: Json & { readonly transactions: readonly Hex[] }
  readonly parentBeaconBlockRoot: Hash
  readonly blockValue: Hex
}
interface ForkchoiceResult {
  readonly payloadStatus: { readonly status: string }
  readonly payloadId: Hex | null
}

let host: Awaited<ReturnType<typeof embeddedHost>>
let genesis: Hash
/** What the first block of the chain is made of. */
let template: BuiltPayload
beforeEach(async () => {
  host = await embeddedHost()
  genesis = ((await host.call('eth_getBlockByNumber', '0x0', false)) as Json).hash as Hash
  const job = await host.call('test_open', {})
  const sealed = (await host.call('test_seal', job, { commit: false })) as { readonly payload: BuiltPayload }
  template = sealed.payload
})
afterEach(() => host[Symbol.asyncDispose]())

/** Attributes as a sequencer's, `step` seconds behind their parent. */
function attributes(parentTime: bigint, step = 2n, more: Readonly<Record<string, unknown>> = {}): object {
  const { prevRandao, feeRecipient, gasLimit, transactions } = template.executionPayload
  return {
    timestamp: toQuantity(parentTime + step),
    prevRandao,
    suggestedFeeRecipient: feeRecipient,
    withdrawals: [],
    parentBeaconBlockRoot: template.parentBeaconBlockRoot,
    transactions: transactions.slice(0, 1),
    noTxPool: false,
    gasLimit,
    eip1559Params: '0x0000000000000000',
    minBaseFee: 0,
    ...more,
  }
}

async function timeOf(hash: Hash): Promise<bigint> {
  return BigInt(((await host.call('eth_getBlockByHash', hash, false)) as Json).timestamp as Hex)
}

const forkchoice = (head: Hash): object => ({
  headBlockHash: head,
  safeBlockHash: ZERO_HASH,
  finalizedBlockHash: ZERO_HASH,
})
const update = (head: Hash, wanted: object | null): Promise<ForkchoiceResult> =>
  host.engine.call('engine_forkchoiceUpdatedV3', forkchoice(head), wanted) as Promise<ForkchoiceResult>
const get = (id: Hex | null): Promise<BuiltPayload> =>
  host.engine.call('engine_getPayloadV4', id) as Promise<BuiltPayload>
const insert = async ({ executionPayload, parentBeaconBlockRoot }: BuiltPayload): Promise<string> => {
  const params = [executionPayload, [], parentBeaconBlockRoot, []]
  const answer = await host.engine.call('engine_newPayloadV4', ...params)
  return (answer as { readonly status: string }).status
}
const send = async (nonce: number, gas?: bigint): Promise<void> => {
  await host.call('eth_sendRawTransaction', bytesToHex(await transfer(nonce, gas === undefined ? {} : { gas })))
}

describe('blocks that are built for a consensus layer', () => {
  it('leaves labels that a client has set to that client, also where jobs seal blocks', async () => {
    const hashes: Hash[] = []
    for (let i = 0; i < 12; i++) {
      const job = await host.call('test_open', {})
      hashes.push(((await host.call('test_seal', job)) as { readonly hash: Hash }).hash)
    }
    const labelled = async (label: string): Promise<Hash> =>
      ((await host.call('eth_getBlockByNumber', label, false)) as Json).hash as Hash
    // By themselves they are at a distance behind the head.
    expect(await labelled('safe')).toBe(hashes[1])
    const [head, safe, finalized] = [hashes[11], hashes[5], hashes[2]] as [Hash, Hash, Hash]
    const wanted = { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized }
    expect(await host.engine.call('engine_forkchoiceUpdatedV3', wanted, null)).toMatchObject({
      payloadStatus: { status: 'VALID' },
    })
    await host.call('test_seal', await host.call('test_open', {}))
    expect([await labelled('safe'), await labelled('finalized')]).toEqual([safe, finalized])
  })

  it('hold what the pool has until they are asked for, and stay as they are then', async () => {
    await send(0)
    const { payloadId } = await update(genesis, attributes(1_000n))
    await send(1)
    const built = await get(payloadId)
    expect(built.executionPayload.transactions).toHaveLength(3)
    expect(BigInt(built.blockValue)).toBe(2n * 21_000n)
    await send(2)
    expect(await get(payloadId)).toEqual(built)
    expect(await insert(built)).toBe('VALID')
    const hash = built.executionPayload.blockHash as Hash
    expect((await update(hash, null)).payloadStatus.status).toBe('VALID')
    expect(await host.call('txpool_status')).toEqual({ pending: '0x1', queued: '0x0' })
  })

  it('leave what is held out, until it is released', async () => {
    await send(0)
    await send(1)
    const content = (await host.call('txpool_contentFrom', devAccounts[0]?.address)) as Record<
      string,
      Record<string, Json>
    >
    const hold = await host.call('test_poolHold', { hash: content.pending?.[1]?.hash })
    const { payloadId } = await update(genesis, attributes(1_000n))
    expect((await get(payloadId)).executionPayload.transactions).toHaveLength(2)
    await host.call('test_poolRelease', hold)
    const free = await update(genesis, attributes(1_000n, 4n))
    expect((await get(free.payloadId)).executionPayload.transactions).toHaveLength(3)
  })

  it('take nothing of the pool when that is not wanted, and no more than their gas limit', async () => {
    // As much as the deposit may use.
    const gasLimit = 1_000_000n
    await send(0)
    const none = await update(genesis, attributes(1_000n, 2n, { noTxPool: true, gasLimit: toQuantity(gasLimit) }))
    const { transactions, gasUsed } = (await get(none.payloadId)).executionPayload
    expect(transactions).toHaveLength(1)
    // Finds its gas behind the first transfer, but not behind both.
    const gas = gasLimit - BigInt(gasUsed as Hex) - 30_000n
    for (const nonce of [1, 2]) await send(nonce, gas)
    const some = await update(genesis, attributes(1_000n, 2n, { gasLimit: toQuantity(gasLimit) }))
    expect((await get(some.payloadId)).executionPayload.transactions).toHaveLength(3)
  })

  it('keep the limits on data that a batcher asks for', async () => {
    for (const nonce of [0, 1, 2]) await send(nonce)
    expect(await host.call('miner_setMaxDASize', '0x0', '0xc8')).toBe(true)
    const { payloadId } = await update(genesis, attributes(1_000n))
    expect((await get(payloadId)).executionPayload.transactions).toHaveLength(3)
    expect(await host.call('miner_setMaxDASize', '0x0', '0x0')).toBe(true)
    const free = await update(genesis, attributes(1_000n, 4n))
    expect((await get(free.payloadId)).executionPayload.transactions).toHaveLength(4)
  })

  it('are forgotten when ten newer ones have begun, and begun once when asked for twice', async () => {
    const twice = await Promise.all([update(genesis, attributes(1_000n)), update(genesis, attributes(1_000n))])
    const [first] = twice.map(({ payloadId }) => payloadId)
    expect(twice.map(({ payloadId }) => payloadId)).toEqual([first, first])
    for (let step = 3n; step < 12n; step++) await update(genesis, attributes(1_000n, step))
    await get(first as Hex)
    await update(genesis, attributes(1_000n, 12n))
    await expect(get(first as Hex)).rejects.toThrow('Unknown payload (-38001)')
  })

  it('are refused with what is wrong, with the head as it was', async () => {
    const raw = bytesToHex(await transfer(5))
    const forced = [...template.executionPayload.transactions.slice(0, 1), raw]
    const answer = await host.engine.answer('engine_forkchoiceUpdatedV3', [
      forkchoice(genesis),
      attributes(1_000n, 2n, { transactions: forced }),
    ])
    expect(answer).toMatchObject({
      error: {
        code: -38003,
        message: 'Invalid payload attributes',
        data: { err: expect.stringMatching(/^failed to force-include tx: 0x.* err: nonce too high/) },
      },
    })
    expect(await host.call('eth_blockNumber')).toBe('0x0')
  })
})

describe('many clients at once, with jobs beside them', () => {
  const step = fc.record({
    kind: fc.constantFrom('build', 'build', 'fetch', 'fetch', 'insert', 'choose', 'job', 'send'),
    pick: fc.nat(1_000),
  })

  it('leave one chain, every block of which another engine takes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 4, maxLength: 10 }), { minLength: 2, maxLength: 5 }),
        async (clients) => {
          await host[Symbol.asyncDispose]()
          host = await embeddedHost()
          const ids: Hex[] = []
          const payloads: BuiltPayload[] = []
          const blocks: Hash[] = [genesis]
          let nonce = 0
          const any = <T>(list: readonly T[], pick: number): T | undefined => list[pick % list.length]
          const run = async (kind: string, pick: number): Promise<void> => {
            const block = any(blocks, pick) as Hash
            if (kind === 'build') {
              const { payloadStatus, payloadId } = await update(
                block,
                attributes(await timeOf(block), BigInt((pick % 5) + 1)),
              )
              expect(payloadStatus.status).toBe('VALID')
              ids.push(payloadId as Hex)
            } else if (kind === 'fetch') {
              // It may be one of those that ten newer ones have pushed out.
              const id = any(ids, pick)
              const built = id && (await get(id).catch((error: Error) => expect(error.message).toContain('-38001')))
              if (built) payloads.push(built)
            } else if (kind === 'insert') {
              const built = any(payloads, pick)
              if (built === undefined) return
              expect(await insert(built)).toBe('VALID')
              blocks.push(built.executionPayload.blockHash as Hash)
            } else if (kind === 'choose') {
              expect((await update(block, null)).payloadStatus.status).toBe('VALID')
            } else if (kind === 'job') {
              const job = await host.call('test_open', { l2Parent: block })
              const answer = await host.answer('test_seal', [job, { publish: false }])
              // Somebody else may have moved the head on before the job looked.
              if ('error' in answer) expect(answer.error.code).toBe(-38530)
              else {
                const { payload } = answer.result as { readonly payload: BuiltPayload }
                payloads.push(payload)
                blocks.push(payload.executionPayload.blockHash as Hash)
              }
            } else {
              await send(nonce++)
            }
          }
          await Promise.all(
            clients.map(async (steps) => {
              for (const { kind, pick } of steps) await run(kind, pick)
            }),
          )
          // One chain from the head down to genesis.
          let at = (await host.call('eth_getBlockByNumber', 'latest', false)) as Json
          while (at.hash !== genesis) {
            const canonical = (await host.call('eth_getBlockByNumber', at.number, false)) as Json
            expect(canonical.hash).toBe(at.hash)
            at = (await host.call('eth_getBlockByHash', at.parentHash, false)) as Json
          }
          const other = await embeddedWorld(new MemoryStore())
          const unique = new Map(payloads.map((payload) => [payload.executionPayload.blockHash, payload]))
          const byNumber = [...unique.values()].sort((a, b) =>
            Number(BigInt(a.executionPayload.blockNumber as Hex) - BigInt(b.executionPayload.blockNumber as Hex)),
          )
          for (const { executionPayload, parentBeaconBlockRoot } of byNumber) {
            const status = await other.engine.newPayload(
              payloadFromJson(executionPayload, { parentBeaconBlockRoot }),
              {},
            )
            expect(status).toMatchObject({ status: 'VALID' })
          }
        },
      ),
      { numRuns: 20 },
    )
  })
})
