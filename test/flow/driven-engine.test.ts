import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineMethods } from '../../rpc/methods/engine.ts'
import { DaThrottle } from '../../src/builder/da-limits.ts'
import { OpRules } from '../../src/builder/op-rules.ts'
import { PayloadBuilder } from '../../src/builder/payload-builder.ts'
import { opPayloadDraft } from '../../src/builder/payload-draft.ts'
import { DrivenEngineClient } from '../../src/clients/driven-engine.ts'
import { SafeChainClient } from '../../src/clients/safe-chain.ts'
import type { RpcCaller } from '../../src/clients/transport.ts'
import type { ForkchoiceState } from '../../src/engine/engine-api.ts'
import { ForkchoiceController } from '../../src/engine/forkchoice-controller.ts'
import { OpExecutor } from '../../src/evm/op-executor.ts'
import type { Driven } from '../../src/hosts/execution-layer.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { type Hash, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import { type PayloadAttributes, prepareAttributes } from '../../src/protocol/attributes.ts'
import type { Eip1559Constants } from '../../src/protocol/extra-data.ts'
import { hashHeader } from '../../src/protocol/header.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import type { L2BlockRef } from '../../src/protocol/refs.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { transfer } from '../support/embedded-world.ts'
import { localRpc } from '../support/local-rpc.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const L1_CHAIN = { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} }
const NO_POOL = {
  best: () => ({ next: () => ({ done: true, value: undefined }) as const }),
  ofSender: () => [],
  get: () => undefined,
}

/** What answers as a node would, to a client that speaks JSON-RPC. */
function callerOf(rpc: ReturnType<typeof localRpc>): RpcCaller {
  return {
    endpoint: 'op-a',
    async call(method, params) {
      const answer = await rpc.answer(method, params)
      if ('result' in answer) return answer.result
      const { error } = answer
      throw new AppError('RPC_ERROR', { message: error.message, data: { method, endpoint: 'op-a', ...error } })
    },
  }
}

/** One chain, driven by the objects of this process or through JSON-RPC. */
async function world(kind: 'in process' | 'over JSON-RPC') {
  const host = await embeddedHost()
  const { layer, settings, l1 } = host
  const config = settings.rollup
  const { forks, l2ChainId: chainId } = config
  const constants = config.chainOpConfig as Eip1559Constants
  const clock = new VirtualClock(1_000_000)
  const service = layer.engineApi?.({
    builder: new PayloadBuilder({
      rules: new OpRules({ config, constants, l1Chain: L1_CHAIN, chain: layer.chain, l1: l1.reader }),
      chain: layer.chain,
      executor: new OpExecutor({ chainId, forks }),
      state: layer.states,
      pool: NO_POOL,
      throttle: new DaThrottle(),
      clock,
      draft: opPayloadDraft({ forks, constants }),
    }),
  })
  if (service === undefined) throw new Error('an embedded layer has an Engine API')
  const remote = (): Driven => ({
    engine: new DrivenEngineClient(
      callerOf(localRpc(engineMethods({ service, op: true, version: 'v0' }))),
      config.forks,
    ),
    l2: new SafeChainClient(callerOf(host), config),
  })
  const driven = kind === 'in process' ? layer.driven(config, service) : remote()
  if (driven === undefined) throw new Error('an embedded layer can be driven')
  const { engine, l2 } = driven
  const genesis = (await l2.ref(config.genesis.l2.hash, {})) as L2BlockRef
  return {
    engine,
    l2,
    genesis,
    controller: new ForkchoiceController(engine),
    /** What derivation makes of a batch with these transactions. */
    async attributes(parent: L2BlockRef, ...transactions: readonly Uint8Array[]): Promise<PayloadAttributes> {
      const systemConfig = await l2.systemConfig(parent.hash, {})
      const origin = await l1.reader.block(parent.l1Origin.hash, {})
      if (systemConfig === undefined || origin === undefined) throw new Error('no parent, or no origin')
      const { attributes } = prepareAttributes({ config, l1Chain: L1_CHAIN, parent, systemConfig, origin })
      return { ...attributes, transactions: [...attributes.transactions, ...transactions] }
    },
    close: () => host[Symbol.asyncDispose](),
  }
}

const UNSET = { safe: ZERO_HASH, finalized: ZERO_HASH }

describe.each(['in process', 'over JSON-RPC'] as const)('an engine that is driven %s', (kind) => {
  let at: Awaited<ReturnType<typeof world>>
  beforeEach(async () => {
    at = await world(kind)
  })
  afterEach(() => at.close())

  async function build(parent: L2BlockRef, labels = UNSET, ...transactions: readonly Uint8Array[]): Promise<Payload> {
    const attributes = await at.attributes(parent, ...transactions)
    const built = await at.controller.build(parent, labels, { attributes }, {})
    if (built.tag === 'refused') throw new Error(built.reason)
    return built.payload
  }
  async function refOf({ hash }: { readonly hash: Hash }): Promise<L2BlockRef> {
    return (await at.l2.ref(hash, {})) as L2BlockRef
  }

  test('the chain that it begins with', async () => {
    expect(at.genesis).toMatchObject({ number: 0n, sequenceNumber: 0n, l1Origin: { number: 0n } })
    expect(await at.l2.labelled('latest', {})).toEqual(at.genesis)
    expect(await at.l2.labelled('safe', {})).toBeUndefined()
    expect(await at.l2.labelled('finalized', {})).toBeUndefined()
    expect(await at.l2.ref(toWord(1n), {})).toBeUndefined()
    expect(await at.l2.ref(1n, {})).toBeUndefined()
    expect(await at.l2.payload(1n, {})).toBeUndefined()
  })

  test('builds what is derived, and tells of it', async () => {
    const payload = await build(at.genesis, UNSET, await transfer(0))
    expect(payload.transactions).toHaveLength(2)
    expect(hashHeader(payload.header)).toBe(payload.hash)
    expect(payload).toMatchObject((await at.l2.payload(1n, {})) as Payload)
    const ref = await refOf(payload)
    expect(ref).toMatchObject({ number: 1n, parentHash: at.genesis.hash, sequenceNumber: 1n })
    expect(await at.l2.block(1n, {})).toEqual({ ref, transactions: payload.transactions })

    const next = await build(ref, { safe: payload.hash, finalized: at.genesis.hash })
    expect(await at.l2.labelled('latest', {})).toEqual(await refOf(next))
    expect(await at.l2.labelled('safe', {})).toEqual(ref)
    expect(await at.l2.labelled('finalized', {})).toEqual(at.genesis)
  })

  test('blocks of others become the head', async () => {
    const first = await build(at.genesis)
    const second = await build(at.genesis, UNSET, await transfer(0))
    const back = await at.controller.insert(first, UNSET, {})
    expect(back).toEqual({ tag: 'valid' })
    expect((await at.l2.labelled('latest', {}))?.hash).toBe(first.hash)
    expect(await at.controller.update({ head: second.hash, ...UNSET }, {})).toBe('valid')
    expect((await at.l2.labelled('latest', {}))?.hash).toBe(second.hash)
  })

  test('a block that is wrong is invalid', async () => {
    const block = await build(at.genesis)
    const header = { ...block.header, gasUsed: 1n }
    expect(await at.controller.insert({ ...block, header, hash: hashHeader(header) }, UNSET, {})).toEqual({
      tag: 'invalid',
      reason: expect.stringContaining('invalid gas used'),
    })
  })

  test('a block whose parent it does not have is synced to', async () => {
    const block = await build(at.genesis)
    const header = { ...block.header, parentHash: toWord(9n), number: 9n }
    const far = { ...block, header, hash: hashHeader(header) }
    expect(await at.controller.insert(far, UNSET, {})).toEqual({ tag: 'syncing' })
  })

  test('attributes that no block can be made of are refused', async () => {
    const attributes = await at.attributes(at.genesis, await transfer(5))
    expect(await at.controller.build(at.genesis, UNSET, { attributes }, {})).toEqual({
      tag: 'refused',
      reason: expect.stringMatching(/Invalid payload attributes: failed to force-include tx: .*nonce too high/),
    })
  })

  test.each<[string, (genesis: Hash, head: Hash) => ForkchoiceState]>([
    ['unknown', (_, head) => ({ head, safe: toWord(1n), finalized: ZERO_HASH })],
    ['not on the branch', (genesis, head) => ({ head: genesis, safe: head, finalized: ZERO_HASH })],
  ])('a label that is %s: reset', async (_, state) => {
    const block = await build(at.genesis)
    const other = await build(at.genesis, UNSET, await transfer(0))
    const wanted = state(other.hash, block.hash)
    await expect(at.controller.update(wanted, {})).rejects.toMatchObject({
      code: 'FORKCHOICE_REFUSED',
      severity: 'reset',
    })
  })

  test('a payload that is not being built', async () => {
    const id = '0x0300000000000001'
    await expect(at.engine.getPayload({ id, timestamp: 1_002n }, {})).rejects.toMatchObject({
      code: 'ENGINE_REFUSED',
      severity: 'temporary',
      data: { code: -38_001 },
    })
  })
})
