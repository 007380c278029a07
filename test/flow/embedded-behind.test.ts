import { getContractAddress } from 'viem'
import { afterEach, expect, it } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { devnetConfig } from '../../src/devnet/devnet-config.ts'
import { startNode } from '../../src/node.ts'
import { type Address, type Hash, type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { initCode } from '../peers/support/assembler.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'
import { storeInput } from '../peers/support/scenery.ts'

const [alice] = devAccounts as [(typeof devAccounts)[0]]
const SECRET = new Uint8Array(32).fill(7)
const SLOTS = 60n
/** for (i = 0; i < CALLDATASIZE; i += 64) SSTORE(CALLDATALOAD(i), CALLDATALOAD(i + 32)) */
const WRITER = '60005b368110156018578060200135813555604001600256' + '5b00'
const CONTRACT = getContractAddress({ from: alice.address, nonce: 0n }).toLowerCase() as Address

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(config: Config): Promise<string> {
  const node = await startNode(config, { logger: silentLogger(), signal: new AbortController().signal })
  closing.push(() => node.close())
  return node.url
}

const devnet = devnetConfig({
  shape: { genesisTime: 1_000_000, chainIds: [901], blockTime: 2, l1BlockTime: 6, fork: 'jovian', l1Fork: 'prague' },
  automine: false,
  rpc: { host: '127.0.0.1', port: 0 },
})
const base: Config = { ...devnet, rpc: { ...devnet.rpc, engineJwtSecret: SECRET } }

/** The same chains, for a service that has them behind it. */
function behind(url: string): Config {
  const [chain] = base.chains as [Config['chains'][number]]
  const { automine: _l2, ...l2 } = chain
  const { automine: _l1, ...l1 } = base.l1 as NonNullable<Config['l1']>
  const engine = { url: `${url}/op-901/engine`, jwtSecret: SECRET }
  return {
    ...base,
    l1: { ...l1, el: { pollMs: 50, rpc: `${url}/l1` }, mode: 'follow' },
    chains: [{ ...l2, el: { pollMs: 50, rpc: `${url}/op-901`, engine } }],
  }
}

function send(nonce: number, body: { data: Hex; to?: Address }): Promise<Hex> {
  return alice.account.signTransaction({
    chainId: 901,
    nonce,
    gas: 3_000_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 1n,
    ...body,
  })
}

it('is a node that another service can build on: blocks, receipts, states, and the siblings of what is deleted', async () => {
  const url = await start(base)
  const node = new JsonRpc(`${url}/op-901`)
  const all = Array.from({ length: Number(SLOTS) }, (_, index): [bigint, bigint] => [BigInt(index), 1n])
  const writes = [
    { data: `0x${initCode(WRITER)}` as Hex },
    { to: CONTRACT, data: storeInput(all) },
    // What is left of the storage is pulled up through branches that lose all but one of their children.
    { to: CONTRACT, data: storeInput(all.slice(0, -3).map(([slot]) => [slot, 0n])) },
    { to: CONTRACT, data: storeInput(all.slice(-3).map(([slot]) => [slot, 0n])) },
  ]
  for (const [nonce, body] of writes.entries()) {
    // Each by a service that knows nothing yet.
    const builder = new JsonRpc(`${await start(behind(url))}/op-901`)
    const job = await builder.call('test_open', [{ l2Parent: 'latest' }])
    const result = await builder.call<{ status: Hex }>('test_includeRaw', [job, await send(nonce, body)])
    expect(result.status).toBe('0x1')
    const { hash } = await builder.call<{ hash: Hash }>('test_seal', [job])
    expect(await node.call('eth_getBlockByNumber', ['latest', false])).toMatchObject({ hash })
    expect(await builder.call('eth_blockNumber')).toBe(toQuantity(nonce + 1))
  }
  const slot = toWord(SLOTS - 1n)
  const values = await Promise.all(
    [2, 3, 4].map((number) => node.call('eth_getStorageAt', [CONTRACT, slot, toQuantity(number)])),
  )
  expect(values).toEqual([toWord(1n), toWord(1n), toWord(0n)])
})
