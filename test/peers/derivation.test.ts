import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BeaconBlobs } from '../../src/clients/beacon.ts'
import { BeaconApi } from '../../src/clients/beacon-api.ts'
import { L1Client } from '../../src/clients/l1.ts'
import { SafeChainClient } from '../../src/clients/safe-chain.ts'
import { RpcTransport } from '../../src/clients/transport.ts'
import type { DerivedAttributes } from '../../src/derive/attributes-queue.ts'
import { DerivationPipeline } from '../../src/derive/pipeline.ts'
import { commitmentOf } from '../../src/evm/kzg.ts'
import { bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import type { Block } from '../../src/protocol/block.ts'
import { blockFromJson } from '../../src/protocol/block-json.ts'
import { chainConfigSchema, toChainConfig } from '../../src/protocol/chain-config.ts'
import { decodeExtraData, encodeEip1559Params } from '../../src/protocol/extra-data.ts'
import { l2BlockRef } from '../../src/protocol/l2-block.ts'
import type { L2BlockRef } from '../../src/protocol/refs.ts'
import { parseRollupConfig, type RollupConfig } from '../../src/protocol/rollup-config.ts'
import { type BatchedChain, type Stretch, startBatchedChain } from './support/batched-chain.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import type { SyncStatus } from './support/op-node.ts'
import { startOpSequencer } from './support/op-sequencer.ts'
import { expectSameRollupNode } from './support/same-rollup-node.ts'
import { waitFor } from './support/wait-for.ts'

/** L2 blocks between two upgrades. */
const STEP = Number(process.env.OP_SEQUENCER_BLOCKS ?? 8)

/** Both kinds of batches, both places for them, both compressions, before and after Holocene. */
const STRETCHES: readonly Stretch[] = [
  { from: 'bedrock', da: 'calldata', batchType: 'singular' },
  // A span batch may not begin before Delta.
  { from: 'delta', da: 'calldata', batchType: 'singular' },
  { from: 'delta', late: true, da: 'calldata', batchType: 'span' },
  { from: 'ecotone', da: 'blobs', batchType: 'span' },
  { from: 'fjord', da: 'blobs', batchType: 'singular', flags: ['--compression-algo', 'brotli'] },
  // Its channel is cut into frames of their own transactions.
  { from: 'holocene', da: 'calldata', batchType: 'span', flags: ['--max-l1-tx-size-bytes', '700'] },
  { from: 'jovian', da: 'blobs', batchType: 'singular' },
]

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

interface Derived {
  readonly derived: DerivedAttributes
  readonly block: Block
}

/** Derives a chain, and says with each attributes which block they are to be. Ends when L1 has no more. */
async function* walk(chain: BatchedChain, config: RollupConfig, from: number): AsyncGenerator<Derived> {
  const { l1, el } = chain
  const transport = new RpcTransport({ endpoint: 'l2', url: el.url })
  const block = async (number: number): Promise<Block> =>
    blockFromJson(await transport.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]))
  const pipeline = new DerivationPipeline({
    config,
    l1Chain: toChainConfig(chainConfigSchema.parse(json(l1.configFile))).l1,
    l1: new L1Client(new RpcTransport({ endpoint: 'l1', url: l1.el.url })),
    l2: new SafeChainClient(transport, config),
    blobs: new BeaconBlobs([new BeaconApi({ endpoint: 'beacon', url: l1.beacon.url })], commitmentOf),
  })
  let safeHead: L2BlockRef = l2BlockRef(config, await block(from))
  await pipeline.reset(safeHead, {})
  for (;;) {
    const step = await pipeline.step(safeHead, {})
    if (step.tag === 'exhausted') return
    if (step.tag !== 'attributes') continue
    const next = await block(Number(safeHead.number) + 1)
    yield { derived: step.derived, block: next }
    safeHead = l2BlockRef(config, next)
  }
}

/** The attributes that a block was built from. */
function attributesOf({ header, transactions, withdrawals }: Block, { forks }: RollupConfig): unknown {
  const extra = decodeExtraData(forks, header.timestamp, header.extraData)
  return {
    timestamp: header.timestamp,
    prevRandao: header.mixHash,
    suggestedFeeRecipient: header.beneficiary,
    gasLimit: header.gasLimit,
    transactions: transactions.map(({ raw }) => bytesToHex(raw)),
    noTxPool: true,
    ...(withdrawals && { withdrawals }),
    ...(header.parentBeaconBlockRoot && { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
    ...(extra && { eip1559Params: extra }),
    ...(extra?.minBaseFee !== undefined && { minBaseFee: extra.minBaseFee }),
  }
}

test('from the same L1, the blocks that op-node made safe: Bedrock to Jovian, batches of both kinds in both places', async () => {
  await using chain = await startBatchedChain(STRETCHES, STEP)
  const { node, el, l1 } = chain
  const config = parseRollupConfig(json(chain.rollupFile))
  const safe = (await node.syncStatus()).safe_l2.number
  expect(safe).toBe(await el.blockNumber())

  /** The last block that is safe with what an L1 block holds. */
  const safeAt = new Map<bigint, { hash: Hash; number: bigint }>()
  let number = 0
  for await (const { derived, block } of walk(chain, config, 0)) {
    const { attributes, parent, derivedFrom, concluding } = derived
    number++
    expect(block.header.parentHash).toBe(parent.hash)
    const { eip1559Params, ...rest } = attributes
    const zeros = eip1559Params?.every((byte) => byte === 0) === true
    const built = attributesOf(block, config) as { eip1559Params?: Parameters<typeof encodeEip1559Params>[0] }
    const { eip1559Params: used, ...others } = built
    expect({ ...rest, transactions: attributes.transactions.map(bytesToHex) }).toEqual(others)
    if (eip1559Params !== undefined && !zeros) expect(encodeEip1559Params(used as never)).toEqual(eip1559Params)
    if (concluding) safeAt.set(derivedFrom.number, { hash: block.hash, number: block.header.number })
  }
  expect(number).toBe(safe)

  const genesis = { hash: el.genesisHash, number: 0n }
  const last = await l1.el.blockNumber()
  let expected = genesis
  for (let at = 1; at <= last; at++) {
    expected = safeAt.get(BigInt(at)) ?? expected
    const found = await node.rpc.call<{ safeHead: { hash: Hash; number: number } }>('optimism_safeHeadAtL1Block', [
      `0x${at.toString(16)}`,
    ])
    expect(found.safeHead, `safe head at L1 block ${at}`).toEqual({ ...expected, number: Number(expected.number) })
  }

  // From anywhere on, it goes on the same way.
  const from = Math.floor(safe / 2)
  const numbers: number[] = []
  for await (const { derived, block } of walk(chain, config, from)) {
    expect(derived.attributes.transactions.map(bytesToHex)).toEqual(
      block.transactions.map(({ raw }) => bytesToHex(raw)),
    )
    numbers.push(Number(block.header.number))
  }
  expect(numbers).toEqual(Array.from({ length: safe - from }, (_, index) => from + 1 + index))

  // The service that drives it brings an engine that knows nothing to the same chain.
  const timestamp = Number((await el.block(0)).timestamp)
  await using fresh = await startOpGeth({
    folder: chain.folder,
    name: 'op-geth-driven',
    genesis: await l2Genesis({ timestamp, forks: chain.forks }),
  })
  await using sequencer = await startOpSequencer({
    folder: chain.folder,
    l1: { url: l1.el.url, configFile: l1.configFile, beacon: l1.beacon.url },
    el: fresh,
    rollupFile: chain.rollupFile,
    root: { datadir: chain.folder.path('driven') },
    chain: { driver: true },
  })
  const { hash: head } = await el.block('latest')
  const labelled = (label: string) =>
    fresh.rpc.call<{ hash: Hash } | null>('eth_getBlockByNumber', [label, false]).catch(() => null)
  await waitFor('all is safe', async () => (await labelled('safe'))?.hash === head, {
    timeout: 120_000,
    check: () => sequencer.process.assertRunning(),
  })
  expect((await labelled('latest'))?.hash).toBe(head)
  const nodes = { ours: sequencer.rpc, theirs: node.rpc, head: { l1: last, l2: safe } }
  await expectSameRollupNode(nodes)

  // Both derive it once more, and remember the same.
  const resets = (): number => node.process.log().split('Confirming pipeline reset').length
  const before = resets()
  for (const rpc of [sequencer.rpc, node.rpc]) await rpc.call('admin_resetDerivationPipeline')
  await waitFor('both have begun anew', async () => {
    const trace = await sequencer.rpc.call<{ effect: string; why: string }[]>('driver_trace', [1000])
    return resets() > before && trace.some(({ effect, why }) => effect === 'safety-reversal' && why === 'asked for')
  })
  await waitFor('all is safe again', async () => {
    const statuses = await Promise.all(
      [sequencer.rpc, node.rpc].map((rpc) => rpc.call<SyncStatus>('optimism_syncStatus')),
    )
    return statuses.every(({ safe_l2, current_l1 }) => safe_l2.hash === head && current_l1.number === last)
  })
  await expectSameRollupNode(nodes)
})
