import { expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { expectHead, expectSameOnNode } from './support/block-checks.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import type { GethProcess } from './support/geth-process.ts'
import { JsonRpc } from './support/json-rpc.ts'
import { L1_CHAIN_ID } from './support/l1-genesis.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { MockL1 } from './support/mock-l1.ts'
import { startOpGeth } from './support/op-geth.ts'
import type { Sealed } from './support/op-sequencer.ts'
import { rollupJson } from './support/rollup-json.ts'
import { depositCalldata, PORTAL } from './support/stand-in-contracts.ts'

const L2_TIME = 1_750_000_000
const RECIPIENT = '0x00000000000000000000000000000000c0ffee00'

it('one service makes the L1 and the L2 on it: a deposit on each of two L1 branches', async () => {
  await using stack = new AsyncDisposableStack()
  let el: GethProcess | undefined
  const l1 = await MockL1.start({
    timestamp: L2_TIME - 12,
    chains: async (geth) => {
      const { folder } = geth
      const forks = atGenesis('jovian')
      el = stack.use(await startOpGeth({ folder, genesis: await l2Genesis({ timestamp: L2_TIME, forks }) }))
      const [l1Start, l2Start] = [await geth.block(0), await el.block(0)]
      const rollup = rollupJson({ l1: l1Start, l2Genesis: l2Start, forks, blockTime: 12 })
      const engine = { url: el.engineUrl, jwtSecretFile: el.jwtSecretFile }
      return [{ name: 'op-a', rollup: folder.write('rollup.json', rollup), el: { rpc: el.url, engine } }]
    },
  })
  stack.use(l1)
  const l2 = new JsonRpc(`${l1.url}/op-a`)
  const node = el as unknown as GethProcess

  const deposit = (mint: bigint) =>
    user.account.signTransaction({
      chainId: L1_CHAIN_ID,
      nonce: 0,
      gas: 200_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 9n,
      to: PORTAL,
      data: depositCalldata({ from: user.address, to: RECIPIENT, mint, value: mint }),
    })
  const minted = async (origin: Sealed): Promise<bigint> => {
    const job = await l2.call<string>('test_open', [{ l2Parent: '0x0', l1Origin: 'next' }])
    const sealed = await l2.call<Sealed>('test_seal', [job])
    await expectHead(node, sealed.hash)
    await expectSameOnNode(node, sealed)
    expect(sealed.block.parentBeaconBlockRoot).toBe(origin.block.parentBeaconBlockRoot)
    expect(sealed.block.mixHash).toBe(origin.block.mixHash)
    return BigInt(await node.rpc.call<Hash>('eth_getBalance', [RECIPIENT, 'latest']))
  }

  const first = await l1.block([await deposit(5n)])
  expect(await minted(first)).toBe(5n)
  const sibling = await l1.block([await deposit(7n)], { parent: '0x0', prevRandao: `0x${'ab'.repeat(32)}` })
  expect(await minted(sibling)).toBe(7n)
})
