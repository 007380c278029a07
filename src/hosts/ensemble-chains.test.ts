import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Config, L1Settings, L2Settings } from '../config/config.ts'
import type { BuilderSettings, EnsembleSettings, FullSequencerSettings } from '../config/ensemble.ts'
import { parseRollupConfig } from '../protocol/rollup-config.ts'
import { withBuilderChains } from './ensemble-chains.ts'

const ADDRESS = `0x${'11'.repeat(20)}`

function rollup(chainId: number): Record<string, unknown> {
  const system = {
    batcherAddr: ADDRESS,
    overhead: `0x${'00'.repeat(32)}`,
    scalar: `0x01${'00'.repeat(31)}`,
    gasLimit: 3e7,
  }
  return {
    genesis: {
      l1: { hash: `0x${'01'.repeat(32)}`, number: 0 },
      l2: { hash: `0x${'02'.repeat(32)}`, number: 0 },
      l2_time: 1000,
      system_config: system,
    },
    ...{ block_time: 2, max_sequencer_drift: 600, seq_window_size: 3600, channel_timeout: 300 },
    chain_op_config: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
    ...{ l1_chain_id: 900, l2_chain_id: chainId },
    ...{ batch_inbox_address: ADDRESS, deposit_contract_address: ADDRESS, l1_system_config_address: ADDRESS },
  }
}

/** What geth answers to `eth_config` on a chain that is at Prague. */
const ETH_CONFIG = {
  current: {
    activationTime: 0,
    blobSchedule: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
    chainId: '0x384',
    forkId: '0x00000000',
    precompiles: {},
    systemContracts: { HISTORY_STORAGE_ADDRESS: ADDRESS },
  },
}

/** A node for each path: `/901` is the op-node of chain 901, `/l1` tells its upgrades, `/old` does not. */
let server: Server
let base: string
const asked: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      const { id, method } = JSON.parse(text) as { id: number; method: string }
      const path = (request.url ?? '').slice(1)
      asked.push(`${path} ${method}`)
      const answers: Record<string, unknown> = { l1: ETH_CONFIG, broken: {}, 901: rollup(901), 902: rollup(902) }
      const result = answers[path]
      const error = { code: -32601, message: 'the method does not exist' }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const EMPTY: Config = {
  rpc: { host: '127.0.0.1', port: 0, corsOrigins: [], allowedHosts: [], debugReads: false, limits: {} },
  stateCacheBytes: 1,
  chains: [],
}

function standard(chain: string, l1 = 'l1'): BuilderSettings {
  const [l1El, l2El, l2Cl] = [`${base}/${l1}`, `${base}/el-${chain}`, `${base}/${chain}`]
  return { kind: 'standard', l1El, l2El, l2Cl, l1ChainConfig: undefined }
}

function full(fields: Partial<FullSequencerSettings> = {}): FullSequencerSettings {
  const parts = { builder: 'b1', signer: undefined, committer: undefined, publisher: undefined }
  return {
    kind: 'full',
    chainId: 901n,
    ...parts,
    confDepth: undefined,
    maxSafeLag: undefined,
    active: false,
    ...fields,
  }
}

function ensemble(
  builders: Readonly<Record<string, BuilderSettings>>,
  fields: Partial<EnsembleSettings> = {},
): EnsembleSettings {
  const none = { signers: new Map(), committers: new Map(), publishers: new Map(), sequencers: new Map() }
  return { builders: new Map(Object.entries(builders)), ...none, admin: false, ...fields }
}

const complete = (settings: EnsembleSettings, config: Config = EMPTY) => withBuilderChains(config, settings, {})

describe('chains that builders name', () => {
  it('are hosted as their nodes tell of them', async () => {
    const key = new Uint8Array(32).fill(1)
    const { config, builderChains } = await complete(
      ensemble(
        { b1: standard('901'), b2: standard('902'), b3: standard('901'), none: { kind: 'noop' } },
        {
          signers: new Map([['s1', { kind: 'local-key', chainId: 901n, key }]]),
          sequencers: new Map([['q1', full({ signer: 's1', confDepth: 3, maxSafeLag: 7, active: true })]]),
        },
      ),
    )
    expect([...builderChains]).toEqual([
      ['b1', 901n],
      ['b2', 902n],
      ['b3', 901n],
    ])
    expect(config.l1).toMatchObject({
      el: { rpc: `${base}/l1` },
      mode: 'follow',
      genesis: { config: { chainId: 900n, l1: { timeForks: { prague: 0n } } } },
    })
    expect(config.chains).toMatchObject([
      {
        name: '901',
        el: { rpc: `${base}/el-901` },
        node: { rpc: `${base}/901` },
        insert: 'op-node',
        signer: { kind: 'key', key },
        sequencer: { l1Confs: 3, maxSafeLag: 7, stopped: false },
      },
      { name: '902', sequencer: { l1Confs: 0, stopped: true } },
    ])
    expect(config.chains[1]?.signer).toBeUndefined()
  })

  it('are those of the configuration, where that names one of their nodes', async () => {
    const own = { name: 'op-a', rollup: parseRollupConfig(rollup(901)), el: { rpc: `${base}/el-901` } } as L2Settings
    const config = { ...EMPTY, l1: { name: 'l1', el: { rpc: `${base}/mine` } } as L1Settings, chains: [own] }
    asked.length = 0
    const found = await complete(ensemble({ b1: standard('901') }), config)
    expect(found.config.chains).toEqual([own])
    expect(found.builderChains.get('b1')).toBe(901n)
    expect(asked).toEqual([])
    // Or, where it does not, the chain that the builder's op-node tells of.
    const elsewhere = { ...config, chains: [{ ...own, el: 'embedded' as const }] }
    expect((await complete(ensemble({ b1: standard('901') }), elsewhere)).config.chains).toHaveLength(1)
    const two = await complete(ensemble({ b1: standard('902') }), config)
    expect(two.config.chains.map(({ name }) => name)).toEqual(['op-a', '902'])
    expect(two.config.l1).toBe(config.l1)
  })

  it('are refused with a reason', async () => {
    const mock = { name: 'l1', el: 'embedded', mode: 'mock', blockTime: 12 } as L1Settings
    const own = { name: 'op-a', rollup: parseRollupConfig(rollup(901)), el: 'embedded' } as L2Settings
    const configured = { ...EMPTY, l1: mock, chains: [own] }
    const sequencers = (fields: Partial<FullSequencerSettings>) => ({ sequencers: new Map([['q1', full(fields)]]) })
    for (const [settings, config, words] of [
      [ensemble({}), EMPTY, /none names a chain/],
      [ensemble({ b1: standard('broken') }), EMPTY, /builders.b1.standard.l2CL: its rollup configuration is of no use/],
      [ensemble({ b1: standard('901', 'old') }), EMPTY, /builders.b1.standard.l1chainconfig: is required/],
      [
        ensemble({ b1: standard('901'), b2: standard('902', 'other') }),
        EMPTY,
        /another builder's is .*: there is one L1/,
      ],
      [ensemble({ b1: { kind: 'l1', expected: {} } }), EMPTY, /needs a configuration beside it with l1.mode: mock/],
      [
        ensemble({ b1: { kind: 'l1', expected: { blockTime: 6 } } }),
        configured,
        /builders.b1.l1.blocktime: is 6, but l1.blockTime is 12/,
      ],
      [
        ensemble({ b1: standard('902') }, sequencers({})),
        EMPTY,
        /sequencers.q1.full.chainID: is 901, but b1 builds chain 902/,
      ],
      [
        ensemble({ b1: standard('901') }, sequencers({ active: true })),
        configured,
        /sequencers.q1.full: how chain 901 is sequenced is said by its own configuration/,
      ],
    ] as const) {
      await expect(complete(settings, config), words.source).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(words),
      })
    }
    // A node that does not answer may yet come.
    const nowhere = { ...(standard('901') as object), l2Cl: 'http://127.0.0.1:1/' } as BuilderSettings
    await expect(complete(ensemble({ b1: nowhere }))).rejects.toMatchObject({ severity: 'temporary' })
  })
})
