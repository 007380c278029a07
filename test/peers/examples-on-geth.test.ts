import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { createDevnet } from '../../src/client/devnet.ts'
import { runExample } from '../support/run-example.ts'
import { startGeth } from './support/geth-process.ts'
import { JsonRpc } from './support/json-rpc.ts'
import type { Genesis } from './support/l1-genesis.ts'
import { TempFolder } from './support/temp-folder.ts'
import { waitFor } from './support/wait-for.ts'

describe('an ordinary wallet', () => {
  for (const file of ['viem-wallet.js', 'ethers-wallet.js']) {
    it(`meets on the devnet’s L1 what it meets on geth: ${file}`, async () => {
      // geth makes a block of its own for each transaction, as the devnet does with automine.
      await using devnet = await createDevnet({ automine: true })
      const { l1, accounts } = devnet
      await using folder = new TempFolder()
      const genesis = l1.genesis as unknown as Genesis
      // The tip that geth asks for when it is not a developer's.
      const flags = ['--dev', '--miner.gaslimit', String(Number(genesis.gasLimit)), '--miner.gasprice', '1000000']
      await using geth = await startGeth({ folder, name: 'dev', program: 'geth', genesis, flags })
      const first = await l1.request<{ readonly hash: string }>({
        method: 'eth_getBlockByNumber',
        params: ['0x0', false],
      })
      expect(geth.genesisHash).toBe(first.hash)
      // With its first block geth begins an index; meanwhile it has no answer about transactions, and ethers asks but once.
      const other = privateKeyToAccount(accounts[1]?.privateKey ?? '0x')
      const payment = {
        to: other.address,
        value: 1n,
        gas: 21_000n,
        maxFeePerGas: 10n ** 10n,
        maxPriorityFeePerGas: 10n ** 6n,
      }
      const raw = await other.signTransaction({ chainId: l1.chainId, nonce: 0, type: 'eip1559', ...payment })
      for (const chain of [new JsonRpc(l1.url), geth.rpc]) {
        const hash = await chain.call('eth_sendRawTransaction', [raw])
        await waitFor('its receipt', () => chain.call('eth_getTransactionReceipt', [hash]))
      }
      const run = (url: string) => runExample(file, { RPC_URL: url, PRIVATE_KEY: accounts[0]?.privateKey ?? '' })
      const printed = await run(geth.url)
      expect(printed.length).toBeGreaterThan(14)
      expect(await run(l1.url)).toEqual(printed)
    })
  }
})
