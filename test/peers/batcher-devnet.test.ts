import { expect, test } from 'vitest'
import { createDevnet, type Devnet } from '../../src/client/devnet.ts'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { user } from './support/dev-accounts.ts'
import type { Genesis } from './support/l1-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import { type SyncStatus, startOpNode } from './support/op-node.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

/** Makes L2 blocks, each with a transaction. */
async function sequence({ chains: [chain] }: Devnet, count: number, nonce: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const job = await chain.request({ method: 'test_open' })
    const fees = { gas: 21_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n }
    const raw = await user.account.signTransaction({
      ...{ chainId: chain.chainId, nonce: nonce + i, to: `0x${'77'.repeat(20)}`, value: 1n, ...fees },
    })
    await chain.request({ method: 'test_includeRaw', params: [job, raw] })
    await chain.request({ method: 'test_seal', params: [job] })
  }
}

test('op-node derives a devnet out of the calldata and blobs of its L1, and so does the devnet', async () => {
  await using devnet = await createDevnet({ manual: true, derive: true, genesisTime: 1_750_000_000, blockTime: 2 })
  const { l1, chains } = devnet
  const [chain] = chains
  await using folder = new TempFolder()
  await using el = await startOpGeth({ folder, genesis: chain.genesis as unknown as Genesis })
  expect(el.genesisHash).toBe((chain.rollup.genesis as { l2: { hash: Hash } }).l2.hash)
  const configFile = folder.write('l1-config.json', l1.genesis.config as object)
  const l1ForNode = { el: { url: l1.url }, beacon: { url: l1.url }, configFile }
  const rollupFile = folder.write('rollup.json', chain.rollup)
  await using node = await startOpNode({
    folder,
    l1: l1ForNode,
    el,
    rollupFile,
    flags: ['--l1.http-poll-interval', '100ms'],
  })
  const safeOf = async (which: 'devnet' | 'op-node'): Promise<Hash> => {
    if (which === 'op-node') return (await node.rpc.call<SyncStatus>('optimism_syncStatus')).safe_l2.hash
    return (await chain.request<{ hash: Hash }>({ method: 'eth_getBlockByNumber', params: ['safe', false] })).hash
  }
  const forms = [
    { da: 'calldata', type: 'singular', frames: { maxBytes: 100 } },
    { da: 'blobs', type: 'span', framesPerItem: 2, frames: { maxBytes: 150 } },
    { da: 'blobs', frames: { cuts: [0, 50, 0] }, blobsPerTransaction: 2 },
  ] as const
  for (const [index, form] of forms.entries()) {
    const from = 1 + index * 5
    await sequence(devnet, 5, index * 5)
    const { transactions } = await chain.batcher.submitBlocks({ blocks: { from, to: from + 4 }, ...form })
    expect(transactions.length).toBeGreaterThan(0)
    await l1.request({ method: 'evm_mine' })
    const { hash } = await chain.request<{ hash: Hex }>({ method: 'eth_getBlockByNumber', params: ['latest', false] })
    for (const which of ['devnet', 'op-node'] as const) {
      await waitFor(`block ${from + 4} is safe on ${which}`, async () => (await safeOf(which)) === hash, {
        check: () => node.process.assertRunning(),
      })
    }
  }
})
