import { describe, expect, it } from 'vitest'
import { createDispatcher } from '../../rpc/dispatch.ts'
import { type Method, methodTable } from '../../rpc/method.ts'
import { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { DeliverableBlock } from '../builder/service.ts'
import type { EnsembleSettings, FullSequencerSettings } from '../config/ensemble.ts'
import type { Hash } from '../primitives/hex.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { hostEnsemble } from './ensemble.ts'
import type { EnsembleChain } from './ensemble-chain.ts'
import type { HostedChain } from './hosted-chain.ts'

const HEAD: Hash = `0x${'aa'.repeat(32)}`
const NODE = 'http://127.0.0.1:9546'

/** A chain that writes down what is asked of it. */
function chain(log: string[], chainId = 901n): HostedChain {
  const did = (step: string) => async (): Promise<void> => {
    log.push(`${chainId} ${step}`)
  }
  const ensemble: EnsembleChain = {
    building: {
      settle: async () => HEAD,
      open: async () => 'job',
      includeRaw: async () => ({}) as never,
      seal: async () => ({ layer: 'l2', block: { hash: HEAD } as unknown as DeliverableBlock }),
      cancel: did('cancel'),
    },
    sealedBlocks: new SealedBlocks(),
    signer: {
      async sign(block) {
        await did('sign')()
        return { block }
      },
    },
    committer: { commit: did('commit') },
    publisher: { publish: did('publish') },
    sequencing: undefined,
    insertsThrough: `${NODE}/`,
  }
  const route = { name: `op-${chainId}`, chainId, layer: 'l2' as const, methods: [] }
  return { route, ensemble } as unknown as HostedChain
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

function settings(fields: Partial<EnsembleSettings> = {}): EnsembleSettings {
  const standard = { l1El: NODE, l2El: NODE, l2Cl: NODE, l1ChainConfig: undefined }
  return {
    builders: new Map([
      ['b1', { kind: 'standard' as const, ...standard }],
      ['b2', { kind: 'noop' as const }],
    ]),
    signers: new Map([['none', { kind: 'noop' }]]),
    committers: new Map([
      ['none', { kind: 'noop' as const }],
      ['node', { kind: 'standard' as const, rpc: NODE }],
      ['other', { kind: 'standard' as const, rpc: 'http://127.0.0.1:1' }],
    ]),
    publishers: new Map([['none', { kind: 'noop' }]]),
    sequencers: new Map(),
    admin: false,
    ...fields,
  }
}

async function call(methods: readonly Method[], method: string, ...params: readonly unknown[]): Promise<unknown> {
  const limits = { batchItems: 1, responseBytes: 1e6 }
  const dispatcher = createDispatcher({ methods: methodTable(methods), limits, logger: silentLogger() })
  const text = await dispatcher.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {})
  const { result, error } = JSON.parse(text ?? '') as { result: unknown; error?: { code: number } }
  return error === undefined ? result : error.code
}

function host(log: string[], fields: Partial<EnsembleSettings>) {
  const builderChains = new Map([['b1', 901n]])
  return hostEnsemble([chain(log)], { settings: settings(fields), builderChains }, silentLogger())
}

const methodsOf = (hosted: ReturnType<typeof hostEnsemble>, id: string): readonly Method[] =>
  hosted.sequencers.get(id)?.methods ?? []

describe('sequencers', () => {
  it('take from the chain what the file leaves out, and through its own node', async () => {
    const log: string[] = []
    const hosted = host(log, { sequencers: new Map([['q1', full({ committer: 'node' })]]) })
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_next')).toBeNull()
    expect(log).toEqual(['901 sign', '901 commit', '901 publish'])
    expect(hosted.transports).toEqual([])
  })

  it('do what the file says instead', async () => {
    const log: string[] = []
    const none = { signer: 'none', committer: 'none', publisher: 'none' }
    const hosted = host(log, {
      sequencers: new Map([
        ['q1', full(none)],
        ['q2', full({ committer: 'other' })],
      ]),
    })
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_next')).toBeNull()
    expect(log).toEqual([])
    expect(hosted.transports.map(({ endpoint }) => endpoint)).toEqual(['committers.other'])
    await Promise.all(hosted.transports.map((transport) => transport.close()))
  })

  it('that do nothing succeed at it', async () => {
    const hosted = host([], { sequencers: new Map([['q1', { kind: 'noop' }]]) })
    for (const step of ['open', 'seal', 'sign', 'commit', 'publish', 'next'])
      expect(await call(methodsOf(hosted, 'q1'), `sequencer_${step}`), step).toBeNull()
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_new', {})).toBeNull()
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_buildJob')).toBe(-38510)
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_includeTx', '0x')).toBe(-38510)
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_start', HEAD)).toBe(-38550)
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_stop')).toBe(-38550)
  })

  it('of builders that build nothing say so', async () => {
    const hosted = host([], { sequencers: new Map([['q1', full({ builder: 'b2' })]]) })
    expect(await call(methodsOf(hosted, 'q1'), 'sequencer_next')).toBe(-38501)
  })

  it('are refused for a chain that nobody hosts', () => {
    expect(() => host([], { sequencers: new Map([['q1', full({ chainId: 5n, builder: 'b2' })]]) })).toThrow(
      'sequencers.q1.full.chainID: chain 5 is not hosted here',
    )
  })

  it('of each chain are there without a file, too', async () => {
    const log: string[] = []
    const hosted = hostEnsemble([chain(log), chain(log, 902n)], undefined, silentLogger())
    expect([...hosted.sequencers.keys()].sort()).toEqual(
      [901, 902].flatMap((id) => [`test-seq-${id}`, `${id}`, `op-${id}`]).sort(),
    )
    expect(await call(methodsOf(hosted, 'op-902'), 'sequencer_next')).toBeNull()
    expect(log).toEqual(['902 sign', '902 commit', '902 publish'])
    expect(await call(hosted.root, 'build_new', 'op-901', {})).toMatch(/^job-/)
    expect(await call(hosted.root, 'admin_hello', 'you')).toBe(-32601)
  })
})

it('says hello where that is asked for', async () => {
  expect(await call(host([], { admin: true }).root, 'admin_hello', 'you')).toBe('hello you!')
})
