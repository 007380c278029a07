import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { devnetSetup } from '../../src/devnet/devnet-setup.ts'
import { startNode } from '../../src/node.ts'
import { MESSAGE_EXPIRY_WINDOW } from '../../src/protocol/dependency-set.ts'
import { openSupervisorStore } from '../../src/supervisor/db/supervisor-store.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { startWsNode, type WsNode } from '../support/ws-node.ts'

const CHAIN_IDS = [901, 902]

/** An L1 in the process, and a supervisor of two chains that others host. */
function supervised(nodes: readonly WsNode[], datadir?: string): Config {
  const { config } = devnetSetup({
    ...{ chainIds: CHAIN_IDS, blockTime: 2, l1BlockTime: 6, fork: 'interop', l1Fork: 'prague' },
    ...{ genesisTime: 1_700_000_000, manual: true, automine: false, host: '127.0.0.1', port: 0 },
  })
  return {
    ...config,
    chains: [],
    metrics: { host: '127.0.0.1', port: 0 },
    supervisor: {
      dependencySet: { chainIds: CHAIN_IDS.map(BigInt), messageExpiryWindow: MESSAGE_EXPIRY_WINDOW },
      rollups: config.chains.map(({ rollup }) => rollup),
      nodes: nodes.map(({ url }) => ({ url, jwtSecret: new Uint8Array(32) })),
    },
    ...(datadir !== undefined && { datadir }),
  }
}

const start = (config: Config) => startNode(config, { logger: silentLogger(), signal: new AbortController().signal })

/** A node of a chain, as it answers; undefined: it is not there yet. */
async function node(chainId: () => string | undefined): Promise<WsNode> {
  const server = await startWsNode()
  server.answer = ({ method }) => {
    if (method === 'interop_subscribe') return { result: '0x1' }
    const id = chainId()
    if (method === 'interop_chainID' && id !== undefined) return { result: id }
    return { error: { code: -32000, message: 'not found' } }
  }
  return server
}

describe('a hosted supervisor', () => {
  it('is ready when every chain has a node, and serves its own route', { timeout: 60_000 }, async () => {
    let second: string | undefined
    await using a = await node(() => '901')
    await using b = await node(() => second)
    const running = await start(supervised([a, b]))
    try {
      const ready = async () => (await fetch(`${running.url}/readyz`)).status
      const call = async (route: string, method: string, ...params: readonly unknown[]) => {
        const text = await running.handle(route, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
        const { result, error } = JSON.parse(text as string) as { result?: unknown; error?: object }
        return error ?? { result }
      }
      expect(await ready()).toBe(503)
      const waiting = await (await fetch(`${running.url}/readyz`)).text()
      expect(waiting).toContain('supervisor.nodes[1]')
      // It is of another dependency set, which is as good as not there.
      second = '903'
      await b.until(() => b.requests.filter(({ method }) => method === 'interop_chainID').length > 2)
      expect(await ready()).toBe(503)
      second = '902'
      await expect.poll(ready, { timeout: 30_000 }).toBe(200)
      await b.until(() => b.requests.some(({ method }) => method === 'interop_subscribe'))
      await a.until(() => a.requests.some(({ method }) => method === 'interop_subscribe'))
      for (const route of ['/', '/supervisor']) {
        expect(await call(route, 'admin_getFailsafeEnabled')).toEqual({ result: false })
        expect(await call(route, 'supervisor_localUnsafe', '901')).toEqual({
          result: expect.objectContaining({ number: 0 }),
        })
        expect(await call(route, 'supervisor_localUnsafe', '903')).toMatchObject({ message: 'unknown chain' })
        expect(await call(route, 'heartbeat_check')).toEqual({ result: expect.stringMatching(/^0x/) })
      }
      expect(await call('/l1', 'supervisor_syncStatus')).toMatchObject({ code: -32601 })
      expect(await call('/', 'admin_setFailsafeEnabled', true)).toEqual({ result: null })
      expect(await call('/', 'admin_start')).toMatchObject({ message: 'already started' })
      expect(await call('/', 'admin_stop')).toEqual({ result: null })
      expect(await call('/', 'admin_stop')).toMatchObject({ message: 'already stopped' })
      await a.until(() => a.sockets.size === 0)
      expect(await call('/', 'admin_start')).toEqual({ result: null })
      expect(await call('/', 'admin_getFailsafeEnabled')).toEqual({ result: true })
      const subscriptions = (of: WsNode) => of.requests.filter(({ method }) => method === 'interop_subscribe').length
      await a.until(() => subscriptions(a) === 2)
      await using more = await node(() => '902')
      const secret = `0x${'00'.repeat(32)}`
      expect(await call('/', 'admin_addL2RPC', more.url, secret)).toEqual({ result: null })
      await more.until(() => subscriptions(more) === 1)
      await using stranger = await node(() => '905')
      expect(await call('/', 'admin_addL2RPC', stranger.url, secret)).toMatchObject({ code: -320501 })
      const genesis = (await call('/', 'supervisor_localUnsafe', '901')) as { result: object }
      expect(await call('/', 'admin_rewind', '901', genesis.result)).toEqual({ result: null })
      expect(await call('/', 'admin_rewind', '901', { ...genesis.result, number: 5 })).toMatchObject({ code: -321401 })
    } finally {
      await running.close()
    }
  })

  it('has its folder for itself', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hosted-supervisor-'))
    try {
      await using a = await node(() => '901')
      const config = supervised([a], folder)
      const chains = (config.supervisor?.rollups ?? []).map(({ l2ChainId: chainId, genesis }) => ({
        chainId,
        genesis: genesis.l2.hash,
      }))
      const other = await openSupervisorStore(folder, chains)
      const locked = { code: 'CONFIG_INVALID', message: expect.stringContaining('is in use by another process') }
      await expect(start(config)).rejects.toMatchObject(locked)
      await other.close()
      // Nothing of the first attempt is left open.
      await (await start(config)).close()
      await (await openSupervisorStore(folder, chains)).close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
