import { expect, it } from 'vitest'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { L1_CHAIN_CONFIG, L1_CHAIN_ID } from './support/l1-genesis.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { MockL1 } from './support/mock-l1.ts'
import { startOpBatcher } from './support/op-batcher.ts'
import { startOpGeth } from './support/op-geth.ts'
import { startOpNode } from './support/op-node.ts'
import { rollupJson } from './support/rollup-json.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { depositCalldata, PORTAL } from './support/stand-in-contracts.ts'
import { waitFor } from './support/wait-for.ts'

const RECIPIENT = '0x00000000000000000000000000000000c0ffee00'
const MINT = 12_345n

function depositTransaction(nonce: number): Promise<Hex> {
  return user.account.signTransaction({
    chainId: L1_CHAIN_ID,
    nonce,
    gas: 200_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
    to: PORTAL,
    data: depositCalldata({ from: user.address, to: RECIPIENT, mint: MINT, value: MINT }),
  })
}

const OSAKA = {
  osakaTime: 0,
  blobSchedule: {
    ...(L1_CHAIN_CONFIG.blobSchedule as object),
    osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  },
}

it.each([
  ['Prague', {}, []],
  ['Osaka', OSAKA, ['--txmgr.cell-proof-time', '0']],
])(
  'op-node follows a %s L1 that only this service makes: deposits, a reorg, batches in blobs',
  async (_, config, flags) => {
    const genesisTime = Math.floor(Date.now() / 1000) - 30
    await using l1 = await MockL1.start({
      timestamp: genesisTime - 2,
      config,
      l1: { blockTime: 1, safeDistance: 2, finalizedDistance: 4 },
    })
    for (let i = 0; i < 3; i++) await l1.block()
    const { folder } = l1
    const forks = atGenesis('jovian')
    await using el = await startOpGeth({ folder, genesis: await l2Genesis({ timestamp: genesisTime, forks }) })
    const [l1Start, l2Start] = [await l1.el.block(0), await el.block(0)]
    const rollup = rollupJson({ l1: l1Start, l2Genesis: l2Start, forks, blockTime: 1 })
    const rollupFile = folder.write('rollup.json', rollup)
    await using node = await startOpNode({ folder, l1, el, rollupFile, sequencer: 'active' })
    const followed = (hash: Hash) =>
      waitFor(`op-node has L1 head ${hash}`, async () => (await node.syncStatus()).head_l1.hash === hash)
    const balance = async (): Promise<bigint> => BigInt(await el.rpc.call<Hex>('eth_getBalance', [RECIPIENT, 'latest']))

    // A deposit in a block that was made by hand is minted on L2.
    const withDeposit = await l1.block([await depositTransaction(0)])
    await followed(withDeposit.hash)
    await waitFor('the deposit is minted', async () => (await balance()) === MINT)

    // Three blocks are replaced, the deposit's among them: it comes in another one.
    await l1.block()
    const old = await l1.block()
    await followed(old.hash)
    let parent = withDeposit.block.parentHash as Hash
    for (let i = 0; i < 3; i++) {
      const transactions = i === 1 ? [await depositTransaction(0)] : []
      parent = (await l1.block(transactions, { parent, extraData: '0xb0' })).hash
    }
    expect(await l1.hashOf(Number(old.number))).toBe(parent)
    parent = (await l1.block()).hash
    await followed(parent)
    const onBranch = async (): Promise<boolean> => {
      const { l1origin } = (await node.syncStatus()).unsafe_l2
      return l1origin.number > 5 && (await l1.hashOf(l1origin.number)) === l1origin.hash
    }
    await waitFor('the L2 chain stands on the new branch', onBranch)
    await waitFor('the deposit is minted once', async () => (await balance()) === MINT)

    // By itself: the batcher's blobs go into the service's pool, and op-node reads them from its beacon API.
    await l1.rpc.call('test_auto', [true, { interval: 1_000 }])
    await using batcher = await startOpBatcher({
      folder,
      l1: { el: { url: l1.rpc.url } },
      el,
      node,
      da: 'blobs',
      flags,
    })
    const safe = await waitFor(
      'the safe head follows',
      async () => {
        const status = await node.syncStatus()
        return status.safe_l2.number >= 20 && status.finalized_l1.number > 0 ? status : undefined
      },
      { timeout: 120_000, check: () => batcher.process.assertRunning() },
    )
    await l1.rpc.call('test_auto', [false])
    expect((await el.block(safe.safe_l2.number)).hash).toBe(safe.safe_l2.hash)
    const blocks: RpcBlock[] = []
    for (let number = 1; number <= (await l1.el.blockNumber()); number++) blocks.push(await l1.el.block(number))
    expect(blocks.filter(({ blobGasUsed }) => blobGasUsed !== '0x0').length).toBeGreaterThan(0)
    await followed(await l1.hashOf('latest'))
  },
)
