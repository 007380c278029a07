import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '../peers/support/free-port.ts'
import { devnetPeer } from './devnet-peers.ts'

/** A development chain in a process of its own. Only an L2, or what stands for one, is asked. */
export interface Subject {
  readonly pid: number
  /** Milliseconds from the start of the process to its first answer, and its CPU time in these. */
  readonly firstAnswer: { readonly ms: number; readonly cpu: number }
  call(method: string, params?: readonly unknown[]): Promise<unknown>
  batch(calls: readonly (readonly [method: string, params: readonly unknown[]])[]): Promise<readonly unknown[]>
  stop(): Promise<void>
}

/** Milliseconds of CPU that a process has used, in steps of ten; Linux only. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Megabytes of memory that a process has. */
export function rssOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

function resultOf({ result, error }: Answer): unknown {
  if (error !== undefined) throw new Error(error.message)
  return result
}

const envelope = (id: number, method: string, params: readonly unknown[]) => ({ jsonrpc: '2.0', id, method, params })

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await exit
}

/** A call over a connection that stays: as little beside the server's own work as can be. */
function post(agent: Agent, url: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
      },
    )
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
}

async function overHttp(program: string, args: readonly string[], url: string): Promise<Subject> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const start = performance.now()
  const child = spawn(program, args, { stdio: 'ignore' })
  const pid = child.pid ?? 0
  for (;;) {
    const answered = await post(agent, url, envelope(0, 'eth_chainId', [])).catch(() => undefined)
    if (answered !== undefined) break
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return {
    pid,
    firstAnswer: { ms: performance.now() - start, cpu: cpuOf(pid) },
    call: async (method, params = []) => resultOf((await post(agent, url, envelope(1, method, params))) as Answer),
    async batch(calls) {
      const answers = await post(
        agent,
        url,
        calls.map(([method, params], id) => envelope(id, method, params)),
      )
      return (answers as Answer[]).map(resultOf)
    },
    async stop() {
      agent.destroy()
      await ended(child)
    },
  }
}

/** The built command, as a user starts it. */
export async function startOurs(...options: readonly string[]): Promise<Subject> {
  const port = await freePort()
  const bin = fileURLToPath(new URL('../../bin/op-sequencer.js', import.meta.url))
  const args = [bin, 'devnet', '--manual', '--json', '--port', String(port), ...options]
  return overHttp(process.execPath, args, `http://127.0.0.1:${port}/op-901`)
}

/** The binary itself, without the script around it. */
export async function startAnvil(...options: readonly string[]): Promise<Subject> {
  const port = await freePort()
  const args = ['--port', String(port), '--chain-id', '901', '--no-mining', '--silent', ...options]
  return overHttp(devnetPeer('anvil'), args, `http://127.0.0.1:${port}`)
}

/** EDR in a process of its own, asked line by line; see `edr-process.ts`. */
export async function startEdr(): Promise<Subject> {
  const start = performance.now()
  const program = fileURLToPath(new URL('./edr-process.ts', import.meta.url))
  const child = spawn(process.execPath, [program, devnetPeer('edr')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line))
  const call: Subject['call'] = async (method, params = []) => {
    const line = new Promise<string>((resolve, reject) => {
      waiting.push(resolve)
      child.once('exit', (code) => reject(new Error(`EDR ended with ${code}`)))
    })
    child.stdin.write(`${JSON.stringify(envelope(1, method, params))}\n`)
    return resultOf(JSON.parse(await line) as Answer)
  }
  child.setMaxListeners(0)
  await call('eth_chainId')
  const pid = child.pid ?? 0
  return {
    pid,
    firstAnswer: { ms: performance.now() - start, cpu: cpuOf(pid) },
    call,
    batch: (calls) => Promise.all(calls.map(([method, params]) => call(method, params))),
    stop: () => ended(child),
  }
}
