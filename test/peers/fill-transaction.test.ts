import { describe, expect, it } from 'vitest'
import { createDevnet } from '../../src/client/devnet.ts'
import { startGeth } from './support/geth-process.ts'
import { JsonRpc } from './support/json-rpc.ts'
import type { Genesis } from './support/l1-genesis.ts'
import { TempFolder } from './support/temp-folder.ts'

const to = `0x${'77'.repeat(20)}`
const SLOT = `0x${'01'.repeat(32)}`
const delegation = { chainId: '0x384', address: to, nonce: '0x0', yParity: '0x1', r: '0x1', s: '0x2' }

describe('eth_fillTransaction', () => {
  it('completes what geth completes, and encodes it so', async () => {
    await using devnet = await createDevnet({ manual: true })
    const { l1, accounts } = devnet
    await using folder = new TempFolder()
    const genesis = l1.genesis as unknown as Genesis
    await using geth = await startGeth({ folder, name: 'l1', program: 'geth', genesis })
    const ours = new JsonRpc(l1.url)
    const from = accounts[0]?.address
    // Not an access list beside a gas price: geth forgets the list, and here it makes a transaction of type 1. Nor the gas of
    // authorizations, which geth leaves out of its estimate.
    const cases = [
      { from, to, value: '0x1' },
      { from, to, nonce: '0x7', gas: '0x5300', maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x3' },
      { from, to, gasPrice: '0x77359400' },
      { from, to, accessList: [{ address: to, storageKeys: [SLOT] }], input: '0x1234', chainId: '0x384' },
      { from, to, authorizationList: [delegation], gas: '0x10000' },
      { from, data: '0x6001600155' },
      { to, value: '0x0' },
      // And what it refuses.
      { from },
      { from, to, gasPrice: '0x1', maxFeePerGas: '0x1' },
      { from, to, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
      { from, to, chainId: '0x1' },
      { from, to, value: `0x${'f'.repeat(64)}` },
    ]
    for (const params of cases) {
      const answer = (node: JsonRpc) =>
        node.call('eth_fillTransaction', [params]).catch((error: Error) => ({ refused: error.message }))
      expect(await answer(ours), JSON.stringify(params)).toEqual(await answer(geth.rpc))
    }
  })
})
