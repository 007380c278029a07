import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Config } from '../config/config.ts'
import type { OpenReplay } from '../replay/service.ts'
import { runCli } from './program.ts'
import type { RunningNode, StartNode } from './run.ts'
import { VERSION } from './version.ts'

let folder: string
let good: string
let bad: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'op-sequencer-cli-'))
  good = join(folder, 'good.yaml')
  bad = join(folder, 'bad.yaml')
  writeFileSync(good, 'l1: { el: { rpc: http://127.0.0.1:8545 } }')
  writeFileSync(bad, 'l1: { el: { rpc: nowhere } }\nextra: 1')
})

afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

const NEVER: StartNode = () => Promise.reject(new TypeError('must not be called'))

const NO_REPLAY: OpenReplay = () => Promise.reject(new TypeError('must not be called'))

async function cli(args: readonly string[], startNode: StartNode = NEVER, stop = new AbortController()) {
  let stdout = ''
  let stderr = ''
  const io = {
    stdout: (text: string) => {
      stdout += text
    },
    stderr: (text: string) => {
      stderr += text
    },
    signal: stop.signal,
  }
  const code = await runCli(args, io, { startNode, openReplay: NO_REPLAY })
  return { code, stdout, stderr }
}

describe('help and usage', () => {
  it.each([
    [['--help']],
    [['run', '--help']],
    [['devnet', '--help']],
    [['replay', '--help']],
    [['config', '--help']],
    [['config', 'check', '--help']],
    [['db', '--help']],
    [['db', 'inspect', '--help']],
  ])('explains %s on stdout', async (args) => {
    const { code, stdout, stderr } = await cli(args)
    expect(code).toBe(0)
    expect(stdout).toContain('Usage: op-sequencer')
    expect(stderr).toBe('')
  })

  it('names an environment variable for every option', async () => {
    for (const command of [['run'], ['devnet'], ['replay'], ['config', 'check']]) {
      const { stdout } = await cli([...command, '--help'])
      const options = stdout
        .slice(stdout.indexOf('Options:'))
        .split(/\n {2}(?=-)/)
        .slice(1)
      for (const text of options.filter((line) => !line.startsWith('-h'))) {
        expect(text.replaceAll(/\s+/g, ' ')).toMatch(/env: OP_(TEST_)?SEQUENCER_[A-Z_]+/)
      }
    }
  })

  it('tells its version', async () => {
    expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: `${VERSION}\n` })
  })

  it.each([
    [['nonsense'], /unknown command/],
    [['run'], /--config/],
    [['run', '--config', 'x', '--rpc-port', '70000'], /expected a port/],
    [['devnet', '--bogus'], /unknown option/],
    [['devnet', '--chains', '901,901'], /stands twice/],
  ])('ends wrong usage %j with 2', async (args, text) => {
    const { code, stdout, stderr } = await cli(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(text)
    expect(stdout).toBe('')
  })
})

describe('config check', () => {
  it('accepts', async () => {
    expect(await cli(['config', 'check', '--config', good])).toMatchObject({ code: 0, stderr: '' })
    vi.stubEnv('OP_SEQUENCER_CONFIG', good)
    expect(await cli(['config', 'check'])).toMatchObject({ code: 0 })
  })

  it('says one line for each problem', async () => {
    expect(await cli(['config', 'check', '--config', bad])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'extra: unknown key\nl1.el.rpc: expected a URL with http or https\n',
    })
  })
})

function node(close: () => Promise<void> = () => Promise.resolve()) {
  const seen: Config[] = []
  const started = Promise.withResolvers<void>()
  const start: StartNode = (config) => {
    seen.push(config)
    started.resolve()
    return Promise.resolve<RunningNode>({ url: 'http://127.0.0.1:1', handle: async () => undefined, close })
  }
  return { start, seen, started: started.promise }
}

describe('devnet', () => {
  async function devnet(...args: readonly string[]) {
    const { start, seen, started } = node()
    const stop = new AbortController()
    const running = cli(['devnet', ...args], start, stop)
    await Promise.race([started, running])
    stop.abort()
    return { ...(await running), config: seen[0] }
  }

  it('hosts an L1 and L2 chains in the process, and says where', async () => {
    const { code, stdout, stderr, config } = await devnet('--chains', '901,902', '--block-time', '0.5', '--port', '0')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(config).toMatchObject({
      rpc: { host: '127.0.0.1', port: 0 },
      l1: { el: 'embedded', mode: 'mock', blockTime: 6, autoIntervalMs: 6000 },
      chains: [
        { name: 'op-901', el: 'embedded', rollup: { l2ChainId: 901n, blockTime: 1n }, autoIntervalMs: 500 },
        { name: 'op-902', el: 'embedded', rollup: { l2ChainId: 902n } },
      ],
    })
    for (const text of ['ready in', 'http://127.0.0.1:1/l1', 'http://127.0.0.1:1/op-901', '0xac0974bec']) {
      expect(stdout).toContain(text)
    }
  })

  it('tells it to scripts, too', async () => {
    const { stdout, config } = await devnet('--json', '--manual', '--fork', 'isthmus', '--genesis-time', '1000')
    expect(JSON.parse(stdout)).toMatchObject({
      readyMs: expect.any(Number),
      l1: { name: 'l1', chainId: 900, url: 'http://127.0.0.1:1/l1', ws: 'ws://127.0.0.1:1/l1' },
      chains: [{ name: 'op-901', chainId: 901 }],
      accounts: expect.arrayContaining([expect.objectContaining({ address: expect.any(String) })]),
    })
    expect(config?.chains[0]?.rollup.genesis.l2Time).toBe(1000n)
    expect(config?.chains[0]?.rollup.forks.latest(1000n)).toBe('isthmus')
    expect(config?.l1).not.toHaveProperty('autoIntervalMs')
  })

  it('goes on with what its folder holds, and refuses to make something else of it', async () => {
    const datadir = join(folder, 'devnet')
    const first = await devnet('--datadir', datadir, '--genesis-time', '5000')
    const again = await devnet('--datadir', datadir)
    expect(again.config?.chains[0]?.rollup).toEqual(first.config?.chains[0]?.rollup)
    const { code, stderr } = await devnet('--datadir', datadir, '--chains', '905')
    expect(code).toBe(2)
    expect(stderr).toMatch(/holds a devnet with chainIds \[901\], not \[905\]/)
  })
})

describe('run', () => {
  it('runs until it is told to stop, and closes', async () => {
    const closed = vi.fn(() => Promise.resolve())
    const { start, seen, started } = node(closed)
    const stop = new AbortController()
    vi.stubEnv('OP_SEQUENCER_RPC_HOST', 'localhost')
    const running = cli(['run', '--config', good, '--rpc-port', '1234'], start, stop)
    await started
    expect(closed).not.toHaveBeenCalled()
    stop.abort()
    const { code, stdout, stderr } = await running
    expect(code).toBe(0)
    expect(stdout).toBe('')
    expect(stderr).toContain('"msg":"serving"')
    expect(closed).toHaveBeenCalledOnce()
    expect(seen[0]?.rpc).toMatchObject({ host: 'localhost', port: 1234 })
  })

  it('refuses a bad configuration before anything starts', async () => {
    expect(await cli(['run', '--config', bad])).toMatchObject({ code: 2 })
    expect(await cli(['run', '--config', join(folder, 'none')])).toMatchObject({ code: 2 })
  })

  describe("with op-test-sequencer's options", () => {
    async function run(...args: readonly string[]) {
      const { start, seen, started } = node()
      const stop = new AbortController()
      const running = cli(['run', ...args], start, stop)
      await Promise.race([started, running])
      stop.abort()
      return { ...(await running), config: seen[0] }
    }

    function file(name: string, text = ''): string {
      const path = join(folder, name)
      writeFileSync(path, text)
      return path
    }

    it('takes its file, alone and beside another one', async () => {
      const builders = file('builders.yaml', 'sequencers: { q1: { noop: {} } }')
      const jwt = join(folder, 'made.hex')
      const alone = await run('--builders.config', builders, '--rpc.jwt-secret', jwt, '--rpc.port', '1234')
      expect(alone.code).toBe(0)
      expect(alone.config?.rpc).toMatchObject({ host: '0.0.0.0', port: 1234, jwtSecret: expect.any(Uint8Array) })
      expect(alone.config?.ensemble?.sequencers.get('q1')).toEqual({ kind: 'noop' })
      expect(alone.config?.ensemble?.admin).toBe(false)
      const made = readFileSync(jwt, 'utf8')
      expect(made).toMatch(/^0x[0-9a-f]{64}\n$/)
      const both = ['--builders.config', builders, '--config', good, '--rpc.jwt-secret', jwt, '--rpc.enable-admin']
      const beside = await run(...both, '--metrics.enabled', '--rpc.addr', '::1')
      expect(beside.config).toMatchObject({
        rpc: { host: '::1', port: 8645 },
        metrics: { host: '0.0.0.0', port: 7300 },
      })
      expect(beside.config?.ensemble?.admin).toBe(true)
      // A secret that is there stays as it is.
      expect(readFileSync(jwt, 'utf8')).toBe(made)
    })

    it('reads its environment variables', async () => {
      vi.stubEnv('OP_TEST_SEQUENCER_BUILDERS_CONFIG', file('from-env.yaml'))
      vi.stubEnv('OP_TEST_SEQUENCER_RPC_JWT_SECRET', join(folder, 'env.hex'))
      vi.stubEnv('OP_TEST_SEQUENCER_RPC_ADDR', '127.0.0.1')
      vi.stubEnv('OP_TEST_SEQUENCER_RPC_PORT', '4321')
      vi.stubEnv('OP_TEST_SEQUENCER_RPC_ENABLE_ADMIN', 'true')
      vi.stubEnv('OP_TEST_SEQUENCER_LOG_LEVEL', 'CRIT')
      vi.stubEnv('OP_TEST_SEQUENCER_METRICS_ENABLED', 'true')
      vi.stubEnv('OP_TEST_SEQUENCER_METRICS_PORT', '9999')
      const { code, stderr, config } = await run('--rpc-port', '1234')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(config).toMatchObject({
        rpc: { host: '127.0.0.1', port: 1234 },
        metrics: { host: '0.0.0.0', port: 9999 },
        ensemble: { admin: true },
      })
    })

    it('says what it cannot follow', async () => {
      const builders = file('fine.yaml')
      const given = ['--builders.config', builders, '--pprof.enabled', '--log.format', 'text', '--mock-run']
      const { code, stderr } = await run(...given)
      expect(code).toBe(2)
      expect(stderr.split('\n')).toEqual([
        '--log.format: text is not supported: lines are JSON',
        '--pprof.enabled: there is no Go program to profile',
        '--mock-run: is not supported',
        '',
      ])
      expect((await run('--builders.config', builders, '--log.level', 'loud')).stderr).toMatch(/expected one of trace/)
      expect((await run('--builders.config', builders, '--metrics.enabled=maybe')).stderr).toMatch(/true or false/)
      const nowhere = join(folder, 'none', 'jwt.hex')
      const unwritable = await run('--builders.config', builders, '--rpc.jwt-secret', nowhere)
      expect(unwritable).toMatchObject({ code: 2, stderr: expect.stringMatching(/cannot be written/) })
    })
  })

  it('ends with 1 when the node cannot start, and with 0 when that was an abort', async () => {
    const failing: StartNode = () => Promise.reject(new RangeError('port in use'))
    expect(await cli(['run', '--config', good], failing)).toMatchObject({ code: 1, stderr: 'port in use\n' })
    const stop = new AbortController()
    stop.abort()
    expect(await cli(['run', '--config', good], failing, stop)).toMatchObject({ code: 0 })
  })

  it('does not wait for a node that does not close', async () => {
    vi.useFakeTimers()
    try {
      const { start, started } = node(() => new Promise(() => {}))
      const stop = new AbortController()
      const running = cli(['run', '--config', good], start, stop)
      await started
      stop.abort()
      await vi.advanceTimersByTimeAsync(5000)
      expect(await running).toMatchObject({ code: 1 })
    } finally {
      vi.useRealTimers()
    }
  })
})
