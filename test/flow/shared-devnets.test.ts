import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import type { PoolSharingSettings } from '../../src/config/pool-sharing.ts'
import { devnetConfig } from '../../src/devnet/devnet-config.ts'
import { startNode } from '../../src/node.ts'
import type { Hex } from '../../src/primitives/hex.ts'
import { parseEnode } from '../../src/protocol/enode.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'

const [{ account }] = devAccounts as [(typeof devAccounts)[0]]
const LISTENING: Partial<PoolSharingSettings> = { listen: { host: '127.0.0.1', port: 0 } }

interface NodeInfo {
  readonly id: string
  readonly enode: string
  readonly protocols: object
}

function shared(settings: Partial<PoolSharingSettings>, more: Partial<Config> = {}): Config {
  const config = devnetConfig({
    shape: { genesisTime: 1_000_000, chainIds: [901], blockTime: 2, l1BlockTime: 6, fork: 'jovian', l1Fork: 'prague' },
    automine: false,
    rpc: { host: '127.0.0.1', port: 0 },
  })
  const poolSharing = { static: [], maxPeers: 5, versions: [68, 69] as const, ...settings }
  const { l1, chains } = config
  return {
    ...config,
    ...(l1 && { l1: { ...l1, poolSharing } }),
    chains: chains.map((chain) => ({ ...chain, poolSharing })),
    ...more,
  }
}

async function start(config: Config) {
  const node = await startNode(config, { logger: silentLogger(), signal: new AbortController().signal })
  const route = (name: string) => new JsonRpc(`${node.url}/${name}`)
  return { l1: route('l1'), l2: route('op-901'), [Symbol.asyncDispose]: () => node.close() }
}

function payment(chainId: number): Promise<Hex> {
  return account.signTransaction({ chainId, nonce: 0, to: account.address, gas: 21_000n, gasPrice: 10n ** 11n })
}

it('embedded chains share their pools, each with those of the same chain', { timeout: 60_000 }, async () => {
  await using first = await start(shared(LISTENING))
  await using second = await start(shared(LISTENING))
  for (const [chain, chainId] of [
    ['l1', 900],
    ['l2', 901],
  ] as const) {
    const [ours, theirs] = [first[chain], second[chain]]
    const info = await vi.waitFor(async () => {
      const answer = await ours.call<NodeInfo | null>('admin_nodeInfo')
      expect(answer).not.toBeNull()
      return answer as NodeInfo
    }, 5_000)
    const genesis = await ours.call<{ hash: Hex }>('eth_getBlockByNumber', ['0x0', false])
    expect(info.protocols).toEqual({ eth: { network: chainId, genesis: genesis.hash, head: genesis.hash } })
    expect(await theirs.call('admin_addPeer', [info.enode])).toBe(true)
    const peers = await vi.waitFor(async () => {
      const list = await theirs.call<unknown[]>('admin_peers')
      expect(list).toHaveLength(1)
      return list
    }, 10_000)
    const { port } = parseEnode(info.enode)
    expect(peers[0]).toMatchObject({
      id: info.id,
      enode: info.enode,
      caps: ['eth/68', 'eth/69'],
      network: { remoteAddress: `127.0.0.1:${port}`, inbound: false, trusted: false, static: true },
      protocols: { eth: { version: 69, earliestBlock: 0, latestBlock: 0, latestBlockHash: genesis.hash } },
    })
    const hash = await ours.call<Hex>('eth_sendRawTransaction', [await payment(chainId)])
    await vi.waitFor(async () => expect(JSON.stringify(await theirs.call('txpool_content'))).toContain(hash), 10_000)
    expect(await theirs.call('admin_removePeer', [info.enode])).toBe(true)
    await vi.waitFor(async () => expect(await ours.call('admin_peers')).toEqual([]), 10_000)
  }
  // The L2's pool is not the L1's.
  const { enode } = await first.l1.call<NodeInfo>('admin_nodeInfo')
  await second.l2.call('admin_addPeer', [enode])
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(await second.l2.call('admin_peers')).toEqual([])
  await expect(second.l2.call('admin_addPeer', ['enode://12@127.0.0.1:1'])).rejects.toMatchObject({
    code: -32000,
    text: 'invalid enode: the public key must be 128 hex digits',
  })
})

it('a chain is the same to its peers after a restart, where it can keep its key', { timeout: 60_000 }, async () => {
  const datadir = await mkdtemp(join(tmpdir(), 'sharing-'))
  try {
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      await using node = await start(shared({}, { datadir }))
      const info = await vi.waitFor(async () => {
        const answer = await node.l1.call<NodeInfo | null>('admin_nodeInfo')
        expect(answer).not.toBeNull()
        return answer as NodeInfo
      }, 5_000)
      ids.push(info.id)
    }
    expect(ids[0]).toBe(ids[1])
    expect(await readFile(join(datadir, 'l1', 'nodekey'), 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  } finally {
    await rm(datadir, { recursive: true })
  }
})

it('a port that is taken is a fault of the configuration', async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
  try {
    const starting = start(shared({ listen: { host: '127.0.0.1', port } }))
    await expect(starting).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  } finally {
    server.close()
  }
})
