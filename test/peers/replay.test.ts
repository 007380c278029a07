import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CliIo } from '../../src/cli/io.ts'
import { runCli } from '../../src/cli/program.ts'
import type { StartNode } from '../../src/cli/run.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { decodeBlock, encodeBlock } from '../../src/protocol/block.ts'
import { OP_FORKS } from '../../src/protocol/forks.ts'
import { openReplay } from '../../src/replay/service.ts'
import { startLoadedChain } from './support/loaded-chain.ts'
import type { SingleStack } from './support/single-stack.ts'
import { ProxiedError, startTamperingProxy, type Tamper } from './support/tampering-proxy.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Receipt {
  readonly type: Hex
  readonly status: Hex
  readonly contractAddress: Hex | null
  readonly transactionHash: Hash
  readonly logs: readonly Readonly<Record<string, Hex>>[]
  readonly [field: string]: unknown
}

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** As a user runs it. */
function spawned(args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, 'replay', ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

/** In this process, which saves the start of another. */
async function cli(args: readonly string[]): Promise<Run> {
  let [stdout, stderr] = ['', '']
  const io: CliIo = {
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    signal: new AbortController().signal,
  }
  const startNode: StartNode = () => Promise.reject(new TypeError('not called'))
  const code = await runCli(['replay', ...args], io, { startNode, openReplay })
  return { code, stdout, stderr }
}

let stack: SingleStack
let head: number
let receipts: readonly (readonly Receipt[])[]

beforeAll(async () => {
  stack = await startLoadedChain({ step: 32, tail: 40, transactions: 200 })
  head = await stack.el.blockNumber()
  const calls = Array.from({ length: head }, (_, index) => ({
    method: 'eth_getBlockReceipts',
    params: [`0x${(index + 1).toString(16)}`],
  }))
  receipts = (await stack.el.rpc.batch(calls)) as Receipt[][]
})

afterAll(() => stack?.[Symbol.asyncDispose]())

interface Found {
  readonly number: number
  readonly index: number
  readonly transactionHash: Hash
}

/** The first receipt that is wanted, from Fjord on. */
function find(wanted: (receipt: Receipt) => boolean): Found {
  const { forks, genesisTime } = stack
  const from = (forks.fjord as number) - genesisTime
  for (const [at, list] of receipts.entries()) {
    const index = list.findIndex(wanted)
    const { transactionHash } = list[index] ?? {}
    if (at + 1 > from && transactionHash !== undefined) return { number: at + 1, index, transactionHash }
  }
  throw new Error('the chain holds no such receipt')
}

describe('replay of what op-node and op-geth have made', () => {
  it('finds a chain with all that a block can hold', () => {
    const all = receipts.flat()
    const users = all.filter(({ type }) => type !== '0x7e')
    const sum = (wanted: (receipt: Receipt) => boolean): number => all.filter(wanted).length
    expect(head).toBeGreaterThanOrEqual(300)
    for (const type of ['0x0', '0x1', '0x2', '0x4', '0x7e'])
      expect(sum((receipt) => receipt.type === type)).toBeGreaterThan(4)
    expect(sum(({ status }) => status === '0x0')).toBeGreaterThan(15)
    expect(sum(({ contractAddress }) => contractAddress !== null)).toBeGreaterThan(15)
    expect(sum(({ logs }) => logs.length > 1)).toBeGreaterThan(15)
    expect(sum(({ type, status }) => type === '0x7e' && status === '0x0')).toBeGreaterThan(10)
    expect(sum(({ operatorFeeScalar }) => operatorFeeScalar !== undefined)).toBeGreaterThan(10)
    expect(sum(({ blobGasUsed }) => blobGasUsed !== undefined && blobGasUsed !== '0x0')).toBeGreaterThan(10)
    const { forks, genesisTime } = stack
    const filled = OP_FORKS.slice(0, OP_FORKS.indexOf('jovian') + 1).map((fork, index, list) => {
      const start = (forks[fork] ?? genesisTime) - genesisTime
      const end = (forks[list[index + 1] ?? 'karst'] ?? genesisTime + head) - genesisTime
      const own = receipts.slice(start, end - 1)
      return [fork, own.filter((block) => block.some(({ type }) => type !== '0x7e')).length] as const
    })
    console.info(`${head} blocks, ${users.length} user transactions, ${all.length - users.length} deposits;`, filled)
    for (const [fork, blocks] of filled) expect(blocks, `blocks with users in ${fork}`).toBeGreaterThan(2)
  })

  it.each(['--rollup', '--genesis', 'nothing'])('sees no difference, told by %s', async (flag) => {
    const file = { '--rollup': stack.rollupFile, '--genesis': stack.el.genesisFile }[flag]
    const range = flag === '--rollup' ? `1..${head}` : `${head - 60}..latest`
    const args = ['--el', stack.el.url, ...(file ? [flag, file] : []), '--block', range, '--json']
    const started = performance.now()
    const { code, stdout, stderr } = await spawned(args)
    expect(stdout.split('\n').length, stdout.slice(0, 2000)).toBe(2)
    const summary = JSON.parse(stdout) as { readonly blocks: number; readonly differences: number }
    expect(summary).toMatchObject({ type: 'summary', differences: 0 })
    expect(code, stderr).toBe(0)
    if (flag !== '--rollup') return
    expect(summary.blocks).toBe(head)
    console.info(
      `${stdout.trim()} in ${Math.round(performance.now() - started)} ms; ${stderr.trim().split('\n').at(-1)}`,
    )
  })

  const numbered = (number: number): string => `0x${number.toString(16)}`

  /** Replays around a block through a proxy that changes answers about it. */
  async function replayTampered(number: number, tamper: Tamper, run = cli): Promise<Run> {
    await using proxy = await startTamperingProxy(stack.el.url, tamper)
    const args = ['--el', proxy.url, '--rollup', stack.rollupFile, '--block', `${number}..${number + 1}`]
    return await run(args)
  }

  it.each([
    ['gasUsed', '0x1234'],
    ['stateRoot', `0x${'ab'.repeat(32)}`],
    ['logsBloom', `0x${'00'.repeat(255)}01`],
    ['baseFeePerGas', '0x7'],
    ['extraData', '0xff'],
    ['gasLimit', '0x1c9c380'],
    ['withdrawalsRoot', `0x${'cd'.repeat(32)}`],
  ])('tells of a header whose %s is not the real one', async (field, value) => {
    const number = head - 5
    const block = await stack.el.rpc.call<Record<string, Hex>>('eth_getBlockByNumber', [numbered(number), false])
    const { code, stdout } = await replayTampered(number, ({ method, result }) => {
      const json = result as Readonly<Record<string, unknown>> | null
      const meant = /^eth_getBlockBy(Number|Hash)$/.test(method) && json?.hash === block.hash
      return meant ? { ...json, [field]: value } : result
    })
    expect(stdout.split('\n')[0]).toBe(`block ${number} header ${field}: node ${value}, ours ${block[field]}`)
    expect(stdout).toMatch(/1 difference\n$/)
    expect(code).toBe(1)
  })

  it.each<[string, (receipt: Receipt) => boolean, (receipt: Receipt) => Partial<Receipt>]>([
    ['status', ({ type, status }) => type === '0x2' && status === '0x1', () => ({ status: '0x0' })],
    [
      'logs[1].data',
      ({ logs }) => logs.length > 1,
      ({ logs }) => ({ logs: [logs[0] ?? {}, { ...logs[1], data: '0x' }] }),
    ],
    ['l1Fee', ({ l1Fee }) => l1Fee !== undefined, () => ({ l1Fee: '0x1' })],
    ['depositNonce', ({ type }) => type === '0x7e', () => ({ depositNonce: '0x1' })],
    ['contractAddress', ({ contractAddress }) => contractAddress !== null, () => ({ contractAddress: null })],
    ['gasUsed', ({ type }) => type === '0x4', () => ({ gasUsed: '0x1' })],
  ])('tells of a receipt whose %s is not the real one', async (field, wanted, change) => {
    const { number, index, transactionHash } = find(wanted)
    const { code, stdout } = await replayTampered(
      number,
      ({ method, result }) =>
        method === 'eth_getBlockReceipts'
          ? (result as Receipt[]).map((item) =>
              item.transactionHash === transactionHash ? { ...item, ...change(item) } : item,
            )
          : result,
      // One of them as a user sees it.
      field === 'status' ? spawned : cli,
    )
    expect(stdout).toContain(`block ${number} receipt ${index} (${transactionHash}) ${field}: node `)
    expect(stdout).toMatch(/1 difference\n$/)
    expect(code).toBe(1)
  })

  it('tells of a transaction that cannot stand in its block', async () => {
    const { number, index, transactionHash } = find(({ type }) => type !== '0x7e')
    const { code, stdout } = await replayTampered(number, ({ method, result }) => {
      if (method !== 'debug_getRawBlock') return result
      const block = decodeBlock(hexToBytes(result as Hex))
      if (block.header.number !== BigInt(number)) return result
      // Once more behind itself: its nonce is used up.
      const transactions = block.transactions.flatMap((tx) => (tx.hash === transactionHash ? [tx, tx] : [tx]))
      return bytesToHex(encodeBlock({ ...block, transactions }))
    })
    expect(stdout).toContain(
      `block ${number} receipt ${index + 1} (${transactionHash}) execution: node included, ours refused: nonce too low`,
    )
    expect(code).toBe(1)
  })

  it('needs no debug namespace', async () => {
    const number = head - 8
    const { code, stdout } = await replayTampered(number, ({ method, result }) =>
      method.startsWith('debug_') ? new ProxiedError(-32601, `the method ${method} does not exist`) : result,
    )
    expect(stdout).toMatch(/^2 blocks, .* no difference\n$/)
    expect(code).toBe(0)
  })

  it('tells of a wrong header that there is no encoded block to, and of the block on top', async () => {
    const number = head - 8
    const block = await stack.el.block(number)
    const stateRoot = `0x${'ab'.repeat(32)}`
    const { code, stdout } = await replayTampered(number, ({ method, result }) => {
      if (method.startsWith('debug_')) return new ProxiedError(-32601, `the method ${method} does not exist`)
      const json = result as Readonly<Record<string, unknown>> | null
      return json?.hash === block.hash ? { ...json, stateRoot } : result
    })
    expect(stdout).toContain(`block ${number} header stateRoot: node ${stateRoot}, ours ${block.stateRoot}\n`)
    expect(stdout).toContain(`block ${number + 1} header parentHash: node ${block.hash}, ours 0x`)
    expect(code).toBe(1)
  })

  it('says what is wrong with its node', async () => {
    const rollup = ['--rollup', stack.rollupFile]
    const other = await cli(['--el', stack.l1.el.url, '--block', '1', ...rollup])
    expect(other).toMatchObject({ code: 2, stdout: '' })
    expect(other.stderr).toMatch(/the configuration is of chain 901, the node serves 900/)
    const unsaid = await cli(['--el', stack.l1.el.url, '--block', '1'])
    expect(unsaid).toMatchObject({ code: 2, stdout: '' })
    expect(unsaid.stderr).toMatch(/does not tell its chain configuration/)
    const beyond = await cli(['--el', stack.el.url, '--block', '99999999', ...rollup])
    expect(beyond).toMatchObject({ code: 1, stdout: '' })
    expect(beyond.stderr).toMatch(/no block 99999999: the head is \d+/)
    const gone = await spawned(['--el', 'http://127.0.0.1:1', '--block', '1', ...rollup])
    expect(gone).toMatchObject({ code: 1, stdout: '' })
  })
})
