import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import type { ReplayedBlock } from '../replay/replay-range.ts'
import type { OpenReplay, ReplayOptions } from '../replay/service.ts'
import { runCli } from './program.ts'

let folder: string
const file = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'op-sequencer-replay-'))
  const optimism = { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 }
  writeFileSync(file('genesis.json'), JSON.stringify({ config: { chainId: 901, canyonTime: 5, optimism } }))
  writeFileSync(file('l1.json'), JSON.stringify({ chainId: 900 }))
  writeFileSync(file('broken.json'), '{')
})

afterAll(() => rmSync(folder, { recursive: true }))

const EL = ['--el', 'http://127.0.0.1:8545']

const same: ReplayedBlock = { number: 5n, hash: '0xaa', transactions: 2, gasUsed: 50n, differences: [] }
const other: ReplayedBlock = {
  number: 6n,
  hash: '0xbb',
  transactions: 3,
  gasUsed: 70n,
  differences: [
    { block: 6n, where: 'header', field: 'gasUsed', expected: '0x46', actual: '0x47' },
    {
      block: 6n,
      where: 'receipt',
      index: 1,
      transaction: '0xcc',
      field: 'contractAddress',
      expected: null,
      actual: '0x1',
    },
  ],
}

function replaying(...blocks: (ReplayedBlock | Error)[]) {
  const seen: ReplayOptions[] = []
  const disposed = vi.fn(() => Promise.resolve())
  const openReplay: OpenReplay = async (options) => {
    seen.push(options)
    return {
      from: 5n,
      to: 6n,
      blocks: (async function* () {
        for (const block of blocks) {
          if (block instanceof Error) throw block
          yield block
        }
      })(),
      stats: { roundTrips: 1, requests: 1, calls: 1, bytesIn: 1, bytesOut: 1 },
      [Symbol.asyncDispose]: disposed,
    }
  }
  return { openReplay, seen, disposed }
}

async function cli(args: readonly string[], openReplay: OpenReplay, signal = new AbortController().signal) {
  const out: string[] = []
  const err: string[] = []
  const io = { stdout: (text: string) => void out.push(text), stderr: (text: string) => void err.push(text), signal }
  const code = await runCli(['replay', ...args, '--log-level', 'silent'], io, {
    startNode: () => Promise.reject(new TypeError('not called')),
    openReplay,
  })
  return { code, stdout: out.join(''), stderr: err.join('') }
}

describe('op-sequencer replay', () => {
  it('tells that there is no difference', async () => {
    const { openReplay, seen, disposed } = replaying(same)
    const run = await cli([...EL, '--genesis', file('genesis.json'), '--block', '5..6'], openReplay)
    expect(run).toEqual({ code: 0, stdout: '1 block, 2 transactions, 50 gas: no difference\n', stderr: '' })
    expect(seen).toMatchObject([{ url: EL[1], from: 5n, to: 6n, chain: { chainId: 901n } }])
    expect(seen[0]?.chain?.forks.latest(5n)).toBe('canyon')
    expect(disposed).toHaveBeenCalledOnce()
  })

  it('tells every difference and ends with 1', async () => {
    const { openReplay } = replaying(same, other)
    const run = await cli([...EL, '--block', '5..6'], openReplay)
    expect(run.stdout).toBe(
      [
        'block 6 header gasUsed: node 0x46, ours 0x47',
        'block 6 receipt 1 (0xcc) contractAddress: node none, ours 0x1',
        '2 blocks, 5 transactions, 120 gas: 2 differences',
        '',
      ].join('\n'),
    )
    expect(run.code).toBe(1)
  })

  it('writes JSON lines', async () => {
    const { openReplay } = replaying(same, other)
    const { stdout, code } = await cli([...EL, '--block', '5..6', '--json'], openReplay)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(lines).toEqual([
      { type: 'difference', ...other.differences[0], block: '0x6' },
      { type: 'difference', ...other.differences[1], block: '0x6' },
      { type: 'summary', blocks: 2, transactions: 5, gasUsed: '0x78', differences: 2 },
    ])
    expect(code).toBe(1)
  })

  it.each([
    ['7', 7n, 7n],
    ['0x10..latest', 16n, 'latest'],
    ['latest', 'latest', 'latest'],
    ['0..3', 0n, 3n],
  ] as const)('takes the range %s', async (block, from, to) => {
    const { openReplay, seen } = replaying()
    vi.stubEnv('OP_SEQUENCER_BLOCK', block)
    vi.stubEnv('OP_SEQUENCER_EL', 'http://node.example')
    expect(await cli([], openReplay)).toMatchObject({ code: 0 })
    expect(seen).toEqual([{ url: 'http://node.example', from, to }])
    vi.unstubAllEnvs()
  })

  it.each([
    [[...EL, '--block', '1..x'], /expected a block number/],
    [[...EL, '--block', '1..2..3'], /expected a block number/],
    [[...EL, '--block', '-1'], /expected a block number/],
    [[...EL, '--block', '5..2'], /5 comes after 2/],
    [[...EL, '--block', '0'], /genesis has nothing to execute/],
    [['--block', '1'], /--el/],
    [EL, /--block/],
    [['--el', 'nowhere', '--block', '1'], /expected a URL/],
    [['--el', 'ws://127.0.0.1:1', '--block', '1'], /expected a URL/],
    [[...EL, '--block', '1', '--rollup', 'missing.json'], /missing.json: no such file/],
    [[...EL, '--block', '1', '--genesis', 'broken.json'], /broken.json: not valid JSON/],
    [[...EL, '--block', '1', '--rollup', 'genesis.json'], /genesis.json: genesis/],
    [[...EL, '--block', '1', '--genesis', 'l1.json'], /l1.json: config.optimism: needed/],
    [[...EL, '--block', '1', '--rollup', 'a.json', '--genesis', 'b.json'], /exclude each other/],
  ])('refuses %j', async (args, text) => {
    const { openReplay, seen } = replaying()
    const run = await cli(
      args.map((arg) => (arg.endsWith('.json') ? file(arg) : arg)),
      openReplay,
    )
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(text)
    expect(seen).toEqual([])
  })

  it('ends with 1 when a block cannot be replayed, and does not pretend', async () => {
    const { openReplay, disposed } = replaying(same, new AppError('RPC_UNAVAILABLE', { message: 'el: gone' }))
    expect(await cli([...EL, '--block', '5..6'], openReplay)).toEqual({ code: 1, stdout: '', stderr: 'el: gone\n' })
    expect(disposed).toHaveBeenCalledOnce()
  })

  it('tells that it was interrupted', async () => {
    const stop = new AbortController()
    stop.abort()
    const { openReplay } = replaying(same, new DOMException('aborted', 'AbortError'))
    const run = await cli([...EL, '--block', '5..6'], openReplay, stop.signal)
    expect(run).toEqual({ code: 1, stdout: '', stderr: 'interrupted after 1 block\n' })
  })
})
