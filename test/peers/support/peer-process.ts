import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { peersFolder } from './peers-folder.ts'
import { forgetPid, watchPid } from './reaper.ts'
import type { TempFolder } from './temp-folder.ts'
import { type WaitOptions, waitFor } from './wait-for.ts'

/** Milliseconds that a program gets between SIGTERM and SIGKILL. */
const GRACE = 4_000

/** What to run. */
export interface PeerProcessOptions {
  /** Names the log file. */
  readonly name: string
  /** A program in the folder of built peers, or an absolute path. */
  readonly program: string
  readonly args: readonly string[]
  readonly folder: TempFolder
  /** Resolves to a value once the program serves. */
  readonly probe: () => Promise<unknown>
  readonly env?: Readonly<Record<string, string>>
}

/**
 * A program that runs beside a test. It never outlives the test: disposal ends it, and so does the end of the runner.
 */
export class PeerProcess implements AsyncDisposable {
  readonly name: string
  readonly logFile: string
  readonly #options: PeerProcessOptions
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()

  private constructor(options: PeerProcessOptions) {
    this.#options = options
    this.name = options.name
    this.logFile = options.folder.path(`${options.name}.log`)
  }

  /** Starts the program and waits until its probe answers. @throws Error with the end of its log when it does not */
  static async start(options: PeerProcessOptions, wait: WaitOptions = {}): Promise<PeerProcess> {
    const process = new PeerProcess(options)
    await process.start(wait)
    return process
  }

  /** The process number, while it runs. */
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined
  }

  /** Whether it has been started and has not ended. */
  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts it again after {@link stop} or {@link kill9}: same arguments, so same ports and same data. */
  async start(wait: WaitOptions = {}): Promise<void> {
    if (this.running) throw new Error(`${this.name} runs already`)
    const { program, args, folder, env } = this.#options
    const log = openSync(this.logFile, 'a')
    // A clean environment: GETH_* or OP_NODE_* variables of the caller must not leak into the peers.
    const inherited = Object.fromEntries(
      ['PATH', 'HOME', 'LANG', 'TMPDIR'].flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : [])),
    ) as Record<string, string>
    const child = spawn(program.startsWith('/') ? program : join(peersFolder(), program), args, {
      cwd: folder.root,
      env: { ...inherited, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    this.#child = child
    let failure: Error | undefined
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        failure = error
        resolve()
      })
      child.once('exit', () => {
        if (child.pid !== undefined) forgetPid(child.pid)
        resolve()
      })
    })
    if (child.pid !== undefined) watchPid(child.pid)
    try {
      await waitFor(`${this.name} serves`, this.#options.probe, {
        ...wait,
        check: () => {
          if (failure) throw failure
          this.assertRunning()
        },
      })
    } catch (error) {
      await this.kill9()
      throw new Error(`${this.name} did not start\n${this.logTail()}`, { cause: error })
    }
  }

  /** @throws Error with the end of the log when the process has ended */
  assertRunning(): void {
    if (this.running) return
    const how = this.#child?.signalCode ?? this.#child?.exitCode ?? 'not started'
    throw new Error(`${this.name} does not run (${how})\n${this.logTail()}`)
  }

  /** Ends it: SIGTERM, and SIGKILL when that takes too long. */
  async stop(): Promise<void> {
    if (!this.running) return
    this.#child?.kill('SIGTERM')
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), GRACE)
    await this.#exited
    clearTimeout(timer)
  }

  /** Ends it as a power cut would. */
  async kill9(): Promise<void> {
    if (!this.running) return
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** Ends it and starts it again on the same ports and data. */
  async restart(wait: WaitOptions = {}): Promise<void> {
    await this.stop()
    await this.start(wait)
  }

  /** The last lines of its log. */
  logTail(lines = 20): string {
    return this.log().trimEnd().split('\n').slice(-lines).join('\n')
  }

  /** Its whole log so far. */
  log(): string {
    try {
      return readFileSync(this.logFile, 'utf8')
    } catch {
      return ''
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
