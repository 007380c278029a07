import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { devAccounts } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { freePort } from './support/free-port.ts'
import { JsonRpc } from './support/json-rpc.ts'
import { L1_CHAIN_ID } from './support/l1-genesis.ts'
import { MockL1 } from './support/mock-l1.ts'
import { startOpTestSequencer } from './support/op-test-sequencer.ts'
import { PeerProcess } from './support/peer-process.ts'
import { type SingleStack, startSingleStack } from './support/single-stack.ts'
import type { TempFolder } from './support/temp-folder.ts'
import { type ClientStep, runTestSequencerClient } from './support/test-sequencer-client.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const SCENARIOS = ['build', 'order', 'standard', 'reorg', 'prebuilt', 'refusals', 'transport']

/** A code that stands for a plain failure of the client itself. */
type Code = number | 'none'

/** Where this service answers differently on purpose: their code, and ours. */
const DIFFERENCES: ReadonlyMap<string, readonly [theirs: Code, ours: Code]> = new Map([
  // There is nothing to cancel, and op-test-sequencer would say so, if op-node did.
  ['build: cancel unopened', [-40199, 'none']],
  // «not implemented»; here the head does not match, which is what it is asked to check.
  ['refusals: start', [-38503, -38501]],
  ['refusals: start once more', [-38503, -38501]],
  ['refusals: start to forget', [-38503, -38501]],
  ['refusals: start at the end', [-38503, -38501]],
  // «method handler crashed»
  ['transport: transaction without a job', [-32603, -38510]],
])

/** The codes whose message is always the same. */
const FIXED_MESSAGES = (code: number): boolean => code <= -38502 && code >= -38561

function codeOf({ error }: ClientStep): Code {
  return error === undefined ? 'none' : (error.code ?? 0)
}

/** A result without what differs from run to run, or from program to program. */
function comparable({ result, error }: ClientStep): unknown {
  if (error?.code !== undefined) return FIXED_MESSAGES(error.code) ? error.message : undefined
  if (typeof result === 'string')
    return result
      .replaceAll(/v?\d+\.\d+\.\d+/g, 'version')
      .replace(/^job-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'job')
  // An envelope.
  if (typeof result === 'object' && result !== null) return Object.keys(result)
  return error?.message ?? result
}

/** Starts the service on op-test-sequencer's own configuration. */
async function startOurs(folder: TempFolder, args: readonly string[], name = 'op-sequencer') {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const process_ = await PeerProcess.start({
    name,
    program: process.execPath,
    args: [MAIN, 'run', ...args, '--rpc.jwt-secret', folder.jwt.file, '--rpc.enable-admin'],
    env: {
      OP_TEST_SEQUENCER_RPC_ADDR: '127.0.0.1',
      OP_TEST_SEQUENCER_RPC_PORT: String(port),
      OP_TEST_SEQUENCER_METRICS_ENABLED: 'true',
      OP_TEST_SEQUENCER_METRICS_ADDR: '127.0.0.1',
      OP_TEST_SEQUENCER_METRICS_PORT: String(metricsPort),
    },
    folder,
    async probe() {
      const response = await fetch(`${url}/readyz`)
      if (response.status !== 200) throw new Error(await response.text())
      return true
    },
  })
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return { url, metrics, process: process_, [Symbol.asyncDispose]: () => process_.stop() }
}

function startStack(): Promise<SingleStack> {
  const p2p = { privateKey: (devAccounts[4] as (typeof devAccounts)[number]).privateKey }
  const opNodeFlags = ['--p2p.gossip.timestamp.threshold', '1h']
  return startSingleStack({ forks: () => atGenesis(), p2p, sequencer: 'stopped', back: 120, opNodeFlags })
}

describe("op-test-sequencer's own client", () => {
  it('gets the same answers and the same blocks from this service', { timeout: 240_000 }, async () => {
    await using stack = await startStack()
    const { folder, l1, el, node } = stack
    const nodes = { jwtFile: folder.jwt.file, el, node }
    await using upstream = await startOpTestSequencer({ folder, l1: l1.el, el, node })
    // The L1's upgrades are the node's to tell.
    const config = JSON.parse(readFileSync(upstream.configFile, 'utf8')) as {
      builders: { b1: { standard: { l1chainconfig?: unknown } } }
    }
    config.builders.b1.standard.l1chainconfig = undefined
    await using ours = await startOurs(folder, ['--builders.config', folder.write('ours.yaml', config)])
    const theirSteps = await runTestSequencerClient({ ...nodes, url: upstream.url }, SCENARIOS)
    const ourSteps = await runTestSequencerClient({ ...nodes, url: ours.url }, SCENARIOS)
    expect(ourSteps.map(({ scenario, step }) => `${scenario}: ${step}`)).toEqual(
      theirSteps.map(({ scenario, step }) => `${scenario}: ${step}`),
    )
    const found = new Map<string, readonly [Code, Code]>()
    theirSteps.forEach((theirs, index) => {
      const mine = ourSteps[index] as ClientStep
      const name = `${theirs.scenario}: ${theirs.step}`
      if (codeOf(theirs) !== codeOf(mine)) found.set(name, [codeOf(theirs), codeOf(mine)])
      else expect.soft(comparable(mine), name).toEqual(comparable(theirs))
    })
    expect(found).toEqual(DIFFERENCES)

    // On one head, the same calls give the same blocks, to the hash.
    const blocks = ['filled', 'parents']
    const envelopes = (steps: readonly ClientStep[]): unknown[] =>
      steps.flatMap(({ step, result }) => (step === 'seal' ? [result] : []))
    const theirBlocks = envelopes(await runTestSequencerClient({ ...nodes, url: upstream.url }, blocks))
    const ourBlocks = envelopes(await runTestSequencerClient({ ...nodes, url: ours.url }, blocks))
    expect(theirBlocks).toHaveLength(4)
    expect(ourBlocks).toEqual(theirBlocks)

    // What op-test-sequencer has never had.
    const auto = await runTestSequencerClient({ ...nodes, url: ours.url }, ['auto'])
    expect(auto.map((step) => [step.step, step.result ?? step.error?.code])).toEqual([
      ['start elsewhere', -38501],
      ['start', undefined],
      ['start again', -38551],
      ['stop', undefined],
      ['the last block is the head', true],
      ['it went on', true],
      ['stop again', -38550],
      ['settled', true],
    ])
    const figures = await ours.metrics()
    const figure = (name: string): number =>
      Number(
        figures
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length + 1),
      )
    expect(figure('op_node_default_sequencer_sealing_total{chain="901"}')).toBeGreaterThanOrEqual(3)
    expect(figure('op_node_default_transactions_sequenced_total{chain="901",type="deposits"}')).toBeGreaterThanOrEqual(
      3,
    )
    expect(figure('op_node_default_sequencer_active{chain="901"}')).toBe(0)
    expect(figure('op_node_default_refs_number{layer="l2",type="l2_unsafe",chain="901"}')).toBe(await el.blockNumber())
    expect(figure('op_sequencer_builder_errors_total{chain="901",step="open",error="TX_REFUSED"}')).toBeGreaterThan(0)
    expect(figure('op_sequencer_builder_step_seconds_count{chain="901",step="commit"}')).toBeGreaterThan(3)
    expect(figure('op_sequencer_delivery_held{chain="901"}')).toBe(0)
    expect(figure('op_test_sequencer_default_up')).toBe(1)

    // Beside a configuration of its own, which names the same nodes.
    const file = folder.write('beside.yaml', {
      l1: { el: { rpc: l1.el.url }, genesis: l1.configFile },
      chains: [
        { name: 'op-a', rollup: stack.rollupFile, el: { rpc: el.url }, node: { rpc: node.url }, insert: 'op-node' },
      ],
    })
    await using beside = await startOurs(folder, ['--config', file, '--builders.config', upstream.configFile], 'beside')
    const { secret } = folder.jwt
    const before = await el.blockNumber()
    await new JsonRpc(`${beside.url}/sequencers/q1`, secret).call('sequencer_next')
    await new JsonRpc(`${beside.url}/sequencers/op-a`, secret).call('sequencer_next')
    expect(await el.blockNumber()).toBe(before + 2)
    const chain = new JsonRpc(`${beside.url}/op-a`, secret)
    expect(await chain.call('test_jobs')).toMatchObject([{ state: 'sealed' }, { state: 'sealed' }])
    node.process.assertRunning()
  })

  it('drives an L1 whose blocks are made here', { timeout: 120_000 }, async () => {
    await using mock = await MockL1.start({ timestamp: Math.floor(Date.now() / 1000) - 600 })
    const { folder, el, url } = mock
    const nodes = { url, jwtFile: folder.jwt.file, el, node: el, chainId: L1_CHAIN_ID }
    const steps = await runTestSequencerClient({ ...nodes, sequencer: 'test-seq-900', builder: 'l1' }, ['l1'])
    expect(steps.filter(({ error }) => error !== undefined)).toEqual([])
    expect(steps.filter(({ result }) => result === false)).toEqual([])
    expect(steps.at(-1)).toMatchObject({ step: 'transactions', result: 1 })
    const parent = await el.block('latest')
    // As a builder of a file, too.
    expect(await new JsonRpc(url).call('build_new', ['900', { parent: parent.hash }])).toMatch(/^job-/)
  })
})
