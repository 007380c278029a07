import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAppError } from '../primitives/errors.ts'
import type { Config } from './config.ts'
import { isLoopback } from './cross-checks.ts'
import { duration } from './duration.ts'
import { type ConfigOverrides, loadConfig } from './load.ts'

let folder: string

function rollup(l2ChainId: number, more: Record<string, unknown> = {}): string {
  const address = `0x${'11'.repeat(20)}`
  return JSON.stringify({
    genesis: {
      l1: { hash: `0x${'01'.repeat(32)}`, number: 0 },
      l2: { hash: `0x${'02'.repeat(32)}`, number: 0 },
      l2_time: 1000,
      system_config: {
        batcherAddr: address,
        overhead: `0x${'00'.repeat(32)}`,
        scalar: `0x01${'00'.repeat(31)}`,
        gasLimit: 30_000_000,
      },
    },
    block_time: 2,
    max_sequencer_drift: 600,
    seq_window_size: 3600,
    channel_timeout: 300,
    chain_op_config: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
    l1_chain_id: 900,
    l2_chain_id: l2ChainId,
    batch_inbox_address: address,
    deposit_contract_address: address,
    l1_system_config_address: address,
    ...more,
  })
}

const SECRET = 'ab'.repeat(32)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'op-sequencer-config-'))
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
  write('rollup.json', rollup(901))
  write('rollup-b.json', rollup(902))
  write('rollup-unpriced.json', rollup(904, { chain_op_config: undefined }))
  write('rollup-interop.json', rollup(901, { interop_time: 0, chain_op_config: undefined }))
  write('rollup-interop-b.json', rollup(902, { interop_time: 0, chain_op_config: undefined }))
  write('rollup-bad.json', rollup(903, { block_time: 0, seq_window_size: 1 }))
  write('depset.json', JSON.stringify({ dependencies: { 901: {}, 902: {} } }))
  write('l1-genesis.json', JSON.stringify({ config: { chainId: 900, pragueTime: 0 } }))
  const whole = { config: { chainId: 900, pragueTime: 0 }, gasLimit: '0x1c9c380', difficulty: '0x0', alloc: {} }
  write('whole-genesis.json', JSON.stringify(whole))
  write('bad-genesis.json', JSON.stringify({ config: { chainId: 'x' } }))
  write('jwt.hex', `0x${SECRET}\n`)
  write('bare.hex', SECRET)
  write('short.hex', '0x1234')
  mkdirSync(join(folder, 'empty'))
})

afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function load(text: string, overrides?: ConfigOverrides): Config {
  const path = join(folder, `config-${files++}.yaml`)
  writeFileSync(path, text)
  return loadConfig(path, overrides)
}

/** The error lines of a configuration, with the folder cut out. */
function errors(text: string, overrides?: ConfigOverrides): readonly string[] {
  try {
    load(text, overrides)
  } catch (error) {
    if (!isAppError(error, 'CONFIG_INVALID')) throw error
    return error.message.split('\n').map((line) => line.replaceAll(`${folder}/`, ''))
  }
  return []
}

const MINIMAL = `
l1: { el: { rpc: http://127.0.0.1:8545 }, genesis: l1-genesis.json }
chains:
  - name: op-a
    rollup: rollup.json
    el: { rpc: http://127.0.0.1:9545 }
`

describe('a configuration', () => {
  it('is typed, complete and frozen', () => {
    const config = load(`
rpc: { host: 0.0.0.0, port: 8645, jwtSecretFile: jwt.hex }
metrics: { port: 7300 }
datadir: ./data
l1:
  name: l1
  el: { rpc: http://127.0.0.1:8545, engine: { url: http://127.0.0.1:8551, jwtSecretFile: bare.hex } }
  beacon: http://127.0.0.1:5052
  genesis: l1-genesis.json
  mode: follow
  blockTime: 12
chains:
  - name: op-a
    rollup: rollup.json
    el:
      rpc: http://127.0.0.1:9545
      engine: { url: http://127.0.0.1:9551, jwtSecretFile: jwt.hex }
    node: { rpc: http://127.0.0.1:9546 }
    mode: test
    insert: engine
    driver: false
    signer: { endpoint: https://signer.example, address: 0xABcdabcdabcdabcdabcdabcdabcdabcdabcdabcd, tls: { ca: ca.pem } }
`)
    const secret = new Uint8Array(32).fill(0xab)
    expect(config.rpc).toEqual({
      host: '0.0.0.0',
      port: 8645,
      jwtSecret: secret,
      engineJwtSecret: secret,
      corsOrigins: [],
      allowedHosts: [],
      debugReads: false,
      limits: {},
    })
    expect(config.datadir).toBe(join(folder, 'data'))
    expect(config.metrics).toEqual({ host: '127.0.0.1', port: 7300 })
    expect(config.l1?.genesis?.config).toMatchObject({ chainId: 900n, l1: { timeForks: { prague: 0n } } })
    expect(config.l1).toMatchObject({ name: 'l1', el: { engine: { jwtSecret: secret } }, blockTime: 12 })
    expect(config.chains[0]).toMatchObject({
      name: 'op-a',
      rollup: { l2ChainId: 901n },
      node: { rpc: 'http://127.0.0.1:9546' },
      insert: 'engine',
      signer: { kind: 'remote', address: `0x${'abcd'.repeat(10)}`, tls: { ca: join(folder, 'ca.pem') } },
    })
    expect(Object.isFrozen(config.chains[0]?.el)).toBe(true)
  })

  it('needs little', () => {
    const config = load(MINIMAL)
    expect(config.rpc).toMatchObject({ host: '127.0.0.1', port: 8645 })
    expect(config.l1?.name).toBe('l1')
    expect(config.chains[0]).toMatchObject({ mode: 'test', insert: 'none' })
    expect(load(`{"l1": {"el": {"rpc": "http://127.0.0.1:8545"}}}`).chains).toEqual([])
  })

  it('sequences as op-node does unless told otherwise', () => {
    const chain = (more: string) =>
      load(MINIMAL.replace('9545 }', `9545, engine: { url: http://127.0.0.1:8551, jwtSecretFile: jwt.hex } }${more}`))
        .chains[0]
    const defaults = { l1Confs: 4, sealLeadMs: 50, maxSafeLag: 0, recover: false, stopped: false }
    expect(chain('')?.sequencer).toBeUndefined()
    expect(chain('\n    mode: auto')).toMatchObject({ mode: 'auto', insert: 'engine', sequencer: defaults })
    expect(chain('\n    mode: auto\n    sequencer: { sealLead: 20ms, stopped: true }')?.sequencer).toEqual({
      ...defaults,
      sealLeadMs: 20,
      stopped: true,
    })
    expect(errors(MINIMAL.replace('9545 }', '9545 }\n    mode: auto'))).toEqual([
      'chains[0].insert: must be engine or op-node with mode: auto',
    ])
  })

  it('inserts through the Engine API where it can', () => {
    const chain = (more: string) => load(MINIMAL.replace('9545 }', `9545${more}`)).chains[0]?.insert
    expect(chain(' }\n    node: { rpc: http://127.0.0.1:9546 }')).toBe('none')
    expect(chain(', engine: { url: http://127.0.0.1:9551, jwtSecretFile: jwt.hex } }')).toBe('engine')
  })

  it('reads a key file for the signer', () => {
    expect(load(`${MINIMAL}    signer: { keyFile: bare.hex }\n`).chains[0]?.signer).toEqual({
      kind: 'key',
      key: new Uint8Array(32).fill(0xab),
    })
  })

  it('says with whom pools are shared', () => {
    const key = 'ab'.repeat(64)
    const mock = (txpool: string): string => `
l1:
  mode: mock
  el: { rpc: http://127.0.0.1:8545, engine: { url: http://127.0.0.1:8551, jwtSecretFile: jwt.hex } }
  genesis: l1-genesis.json
  txpool: { devp2p: ${txpool} }
`
    const shared = (txpool: string) => load(mock(txpool)).l1?.poolSharing
    expect(shared(`{ static: ["enode://${key}@127.0.0.1:30303?discport=0"] }`)).toEqual({
      static: [{ id: new Uint8Array(64).fill(0xab), host: '127.0.0.1', port: 30303 }],
      maxPeers: 25,
      versions: [68, 69],
    })
    expect(shared('{ listen: ":30400", keyFile: bare.hex, networkId: 5, versions: [68], maxPeers: 1 }')).toEqual({
      static: [],
      listen: { host: '127.0.0.1', port: 30400 },
      key: new Uint8Array(32).fill(0xab),
      networkId: 5n,
      versions: [68],
      maxPeers: 1,
    })
    expect(shared('{ listen: "[::1]:0" }')?.listen).toEqual({ host: '::1', port: 0 })
    expect(errors(mock('{ static: ["enode://12@x:1"], listen: "127.0.0.1", versions: [67] }'))).toEqual([
      'l1.txpool.devp2p.listen: expected host:port',
      'l1.txpool.devp2p.static[0]: invalid enode: the public key must be 128 hex digits',
      expect.stringContaining('l1.txpool.devp2p.versions[0]'),
    ])
    expect(errors(mock('{}').replace('mock', 'follow'))).toEqual([
      'l1.txpool.devp2p: needs mode: mock: there is no pool otherwise',
    ])
  })

  it('lets flags win over the file', () => {
    const config = load(`rpc: { port: 1, host: localhost }\n${MINIMAL}`, {
      rpcPort: 2,
      metricsPort: 3,
      datadir: '/elsewhere',
      rpcJwtSecretFile: join(folder, 'jwt.hex'),
    })
    expect(config).toMatchObject({
      rpc: { host: 'localhost', port: 2, jwtSecret: expect.any(Uint8Array) },
      metrics: { port: 3 },
      datadir: '/elsewhere',
    })
    expect(errors(MINIMAL, { rpcHost: '0.0.0.0' })).toEqual([
      'rpc.jwtSecretFile: is required: rpc.host 0.0.0.0 is not loopback',
    ])
  })

  it('may use anchors', () => {
    const config = load(`
l1: { el: &el { rpc: http://127.0.0.1:8545 }, genesis: l1-genesis.json }
chains: [ { name: a, rollup: rollup.json, el: { <<: *el } } ]
`)
    expect(config.chains[0]?.el).toMatchObject({ rpc: 'http://127.0.0.1:8545' })
  })
})

describe('every problem is told at once', () => {
  it('with its path', () => {
    expect(
      errors(`
rpc: { host: 0.0.0.0, port: 70000, jwt: x }
extra: 1
chains:
  - name: op a
    rollup: missing.json
    el: { rpc: "ws://127.0.0.1:1", engine: { jwtSecretFile: short.hex } }
    insert: op-node
    driver: true
  - name: op-b
    rollup: rollup-bad.json
    el: nowhere
    signer: { keyFile: empty, endpoint: x }
`),
    ).toEqual([
      'chains[0].el.engine.jwtSecretFile: short.hex: expected 32 bytes of hex',
      'chains[0].el.engine.url: is required',
      'chains[0].el.rpc: expected a URL with http or https',
      'chains[0].insert: must be engine with driver: true',
      'chains[0].name: expected letters, digits, dots and dashes',
      'chains[0].node: is required with insert: op-node',
      'chains[0].rollup: missing.json: no such file',
      'chains[1].el: Invalid input: expected object, received string',
      'chains[1].rollup: rollup-bad.json: block_time: must not be 0',
      'chains[1].rollup: rollup-bad.json: seq_window_size: must be at least 2',
      'chains[1].signer.endpoint: unknown key',
      'chains[1].signer.keyFile: empty: is a folder',
      'extra: unknown key',
      'l1: is required: chains build on it',
      'rpc.jwt: unknown key',
      'rpc.jwtSecretFile: is required: rpc.host 0.0.0.0 is not loopback',
      expect.stringMatching(/^rpc\.port: Too big/),
    ])
  })

  it('between chains, too', () => {
    const chain = (name: string, file: string) =>
      `  - { name: "${name}", rollup: ${file}, el: { rpc: "http://127.0.0.1:1" } }\n`
    const l1 = 'l1: { el: { rpc: http://127.0.0.1:8545 }, genesis: l1-genesis.json }\nchains:\n'
    expect(errors(l1 + chain('a', 'rollup.json') + chain('a', 'rollup-b.json'))).toEqual([
      'chains[1].name: is taken by another chain',
    ])
    expect(errors(l1 + chain('l1', 'rollup.json'))).toEqual(['chains[0].name: is taken by another chain'])
    expect(errors(l1 + chain('a', 'rollup.json') + chain('b', 'rollup.json'))).toEqual([
      'chains[1].rollup: chain id 901 is taken by another chain',
    ])
    expect(errors(l1 + chain('902', 'rollup.json') + chain('b', 'rollup-b.json'))).toEqual([
      'chains[1].rollup: chain id 902 is the name of another chain',
    ])
    expect(errors(l1 + chain('900', 'rollup.json'))).toEqual(['chains[0].name: is the chain id of the L1'])
    expect(errors(l1 + chain('a', 'rollup-unpriced.json'))).toEqual([
      'chains[0].rollup: chain_op_config: is required, here or as "optimism" in a genesis: it prices gas',
    ])
    expect(errors(l1 + chain('901', 'rollup.json'))).toEqual([])
    expect(errors(l1 + chain('healthz', 'rollup.json'))).toEqual(['chains[0].name: is a route of the service itself'])
  })

  it('of an L1 whose blocks are made here', () => {
    const settings = 'mode: mock, safeDistance: 5, finalizedDistance: 4'
    expect(errors(`l1: { el: { rpc: http://127.0.0.1:8545 }, ${settings} }`)).toEqual([
      'l1.el.engine: is required with mode: mock',
      'l1.finalizedDistance: must not be less than safeDistance',
      "l1.genesis: is required: it says the L1's upgrades and blob schedule",
    ])
  })

  it('of an execution layer in this process', () => {
    const embedded = (settings: string): string => `l1: { el: embedded, ${settings} }`
    expect(errors(embedded('genesis: whole-genesis.json'))).toEqual([
      'l1.mode: must be "mock" with el: embedded: nobody else makes its blocks',
    ])
    expect(errors(embedded('mode: mock, genesis: l1-genesis.json'))).toContain(
      'l1.genesis: alloc: Invalid input: expected record, received undefined',
    )
    expect(load(embedded('mode: mock, genesis: whole-genesis.json')).l1?.el).toBe('embedded')
  })

  it('of a shadow fork', () => {
    const forked = (settings: string): string => `l1: { forkFrom: { rpc: "http://127.0.0.1:8545" }, ${settings} }`
    expect(load(forked('mode: mock')).l1).toMatchObject({
      el: 'embedded',
      forkFrom: { rpc: 'http://127.0.0.1:8545' },
    })
    expect(load(forked('mode: mock, el: embedded, genesis: l1-genesis.json')).l1?.genesis?.config.chainId).toBe(900n)
    const numbered = 'l1: { mode: mock, forkFrom: { rpc: "http://127.0.0.1:8545", block: 21000000 } }'
    expect(load(numbered).l1?.forkFrom?.block).toBe(21_000_000n)
    expect(errors(forked('name: l1'))).toEqual(['l1.mode: must be "mock" with forkFrom: nobody else makes its blocks'])
    expect(errors(forked('mode: mock, el: { rpc: "http://127.0.0.1:8545" }'))).toEqual([
      'l1.el: must be "embedded", or left out, with forkFrom: that node is only read',
    ])
    expect(errors('l1: { mode: mock, genesis: l1-genesis.json }')).toContain('l1.el: is required')
  })

  it('of a journal without a folder', () => {
    const journaled = MINIMAL.replace('name: op-a', 'name: op-a\n    txpool: { journal: true }')
    expect(errors(journaled)).toEqual(['datadir: is required with txpool.journal: true'])
    const l1 = MINIMAL.replace('l1: {', 'l1: { txpool: { journal: true },')
    expect(errors(l1)).toEqual(['datadir: is required with txpool.journal: true'])
    expect(load(`${l1}datadir: data`).l1?.journalFile).toMatch(/data\/l1\/transactions\.rlp$/)
    expect(load(`${journaled}datadir: data`).chains[0]?.journalFile).toBe(join(folder, 'data/op-a/transactions.rlp'))
    expect(load(`${MINIMAL}datadir: data`).chains[0]).not.toHaveProperty('journalFile')
  })

  it('of pool limits, each of them geth’s unless it is named', () => {
    const limits = 'txpool: { priceLimit: 7, globalSlots: 9, lifetime: 2m }'
    const { l1, chains } = load(
      MINIMAL.replace('name: op-a', `name: op-a\n    ${limits}`).replace('l1: {', `l1: { ${limits},`),
    )
    const expected = { priceLimit: 7n, globalSlots: 9, lifetimeMs: 120_000 }
    expect([l1?.poolLimits, chains[0]?.poolLimits]).toEqual([expected, expected])
    const blobs = load(
      MINIMAL.replace('l1: {', 'l1: { txpool: { priceLimit: 3, blobs: { datacap: 4096, priceBump: 50 } },'),
    ).l1
    expect(blobs?.blobLimits).toEqual({ datacap: 4096, priceBump: 50n, priceLimit: 3n })
    const none = MINIMAL.replace('name: op-a', 'name: op-a\n    txpool: { accountQueue: 0, lifetime: 0s }')
    expect(errors(none)).toEqual([
      expect.stringContaining('chains[0].txpool.accountQueue'),
      'chains[0].txpool.lifetime: must be positive',
    ])
  })

  it('of a chain that an engine’s own builder makes', () => {
    const engineMode = (settings: string, el = '{ rpc: http://127.0.0.1:9545 }'): string =>
      MINIMAL.replace('el: { rpc: http://127.0.0.1:9545 }', `el: ${el}\n    mode: engine\n    ${settings}`)
    const engine = '{ rpc: http://127.0.0.1:9545, engine: { url: http://127.0.0.1:9551, jwtSecretFile: jwt.hex } }'
    expect(errors(engineMode(''))).toEqual(['chains[0].el.engine: is required with mode: engine'])
    expect(errors(engineMode('insert: none', engine))).toEqual([
      'chains[0].insert: must be engine or op-node with mode: engine',
    ])
    expect(errors(engineMode('txpool: { conditional: true }', engine))).toEqual([
      "chains[0].txpool.conditional: cannot be true with mode: engine: the builder is the node's",
    ])
    const [direct] = load(engineMode('', engine)).chains
    expect(direct).toMatchObject({ mode: 'engine', insert: 'engine', conditional: false })
    // The builder has to have what users send.
    expect(direct?.poolExchange?.relayTo).toEqual(['http://127.0.0.1:9545'])
    const node = 'node: { rpc: http://127.0.0.1:9546 }'
    const [led] = load(engineMode(`${node}\n    txpool: { relayTo: [http://127.0.0.1:1] }`)).chains
    expect(led?.insert).toBe('op-node')
    expect(led?.poolExchange?.relayTo).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:9545'])
    expect(load(engineMode(`insert: engine\n    ${node}`, engine)).chains[0]?.insert).toBe('engine')
  })

  it('of a supervisor', () => {
    const nodes = 'nodes: [ { url: ws://127.0.0.1:9645, jwtSecretFile: jwt.hex } ]'
    const config = (chains: string, more = nodes, l1 = 'l1: { el: { rpc: http://127.0.0.1:8545 } }') =>
      `${l1}\nchains: [ ${chains} ]\nsupervisor: { dependencySet: depset.json, ${more} }`
    const [a, b] = ['{ name: a, rollup: rollup-interop.json }', '{ name: b, rollup: rollup-interop-b.json }']
    const { supervisor, chains } = load(config(`${a}, ${b}`))
    // They are named for the supervisor alone.
    expect(chains).toEqual([])
    expect(supervisor?.rollups.map(({ l2ChainId }) => l2ChainId)).toEqual([901n, 902n])
    expect(supervisor?.dependencySet.chainIds).toEqual([901n, 902n])
    expect(supervisor?.nodes).toEqual([{ url: 'ws://127.0.0.1:9645', jwtSecret: expect.any(Uint8Array) }])
    expect(errors(config(a))).toEqual(['supervisor.dependencySet: chains has no rollup configuration of chain 902'])
    expect(errors(config(`${a}, { name: b, rollup: rollup-b.json }`))).toEqual([
      'chains[1].rollup: interop_time: is required: chain 902 is supervised',
    ])
    expect(errors(config(`${a}, { name: supervisor, rollup: rollup-interop-b.json, mode: auto }`))).toEqual([
      'chains[1].el: is required',
      'chains[1].insert: must be engine or op-node with mode: auto',
      'supervisor: has the route that a chain is named for',
    ])
    expect(errors(config(`${a}, ${b}`, 'nodes: [ { url: tcp://127.0.0.1, jwtSecretFile: jwt.hex } ]', ''))).toEqual([
      'l1: is required: the supervisor follows it',
      'supervisor.nodes[0].url: expected a URL with ws or wss or http or https',
    ])
  })

  it('of files that are not what they are named for', () => {
    expect(
      errors(`
l1: { el: { rpc: http://127.0.0.1:8545 }, mode: mock }
chains:
  - { name: a, rollup: rollup.json, el: embedded, driver: true, genesis: bad-genesis.json }
supervisor: { dependencySet: rollup.json, nodes: [] }
`),
    ).toEqual([
      'chains[0].genesis: bad-genesis.json: chainId: expected a decimal or 0x number',
      'l1.el.engine: is required with mode: mock',
      "l1.genesis: is required: it says the L1's upgrades and blob schedule",
      'supervisor.dependencySet: rollup.json: dependencies: Invalid input: expected record, received undefined',
      'supervisor.nodes: is empty',
    ])
  })
})

describe('a file that cannot be read', () => {
  it('is one line', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'))).toThrow(/none\.yaml: no such file$/)
    expect(errors('rpc: [')).toHaveLength(1)
    expect(errors('rpc: { port: 1, port: 2 }')[0]).toMatch(/^config-\d+\.yaml: Map keys must be unique/)
    expect(errors('- 1')).toContain('Invalid input: expected object, received array')
    expect(errors('')).not.toEqual([])
  })
})

describe('details', () => {
  it('knows loopback', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '[::1]'])
      expect(isLoopback(host)).toBe(true)
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil', '128.0.0.1', ''])
      expect(isLoopback(host)).toBe(false)
  })

  it('reads durations', () => {
    expect(['50ms', '2s', '1.5s', '3m', '1h', 0].map((text) => duration.parse(text))).toEqual([
      50, 2000, 1500, 180_000, 3_600_000, 0,
    ])
    for (const bad of ['50', '-1s', '1d', '', 's', 50]) expect(duration.safeParse(bad).success).toBe(false)
  })
})
