import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { user } from './dev-accounts.ts'
import { L2_CHAIN_ID } from './l2-genesis.ts'
import { peersFolder } from './peers-folder.ts'

/** What one step of op-test-sequencer's own client gave. */
export interface ClientStep {
  readonly scenario: string
  readonly step: string
  readonly result?: unknown
  readonly error?: { readonly code?: number; readonly message: string }
}

/** Milliseconds that all scenarios may take together: on a loaded machine, too. */
const TIMEOUT = 150_000

/** Whom the client talks to. */
export interface ClientOptions {
  /** Of op-test-sequencer, or what stands in for it. */
  readonly url: string
  readonly jwtFile: string
  readonly el: { readonly url: string }
  readonly node: { readonly url: string }
  readonly sequencer?: string
  readonly builder?: string
  readonly chainId?: number
}

/**
 * Runs scenarios of `go/optimism/test-sequencer-client`: the client packages of op-test-sequencer itself.
 * @throws Error with what it wrote, when a step failed without which the others make no sense
 */
export async function runTestSequencerClient(
  options: ClientOptions,
  scenarios: readonly string[],
): Promise<readonly ClientStep[]> {
  const { url, jwtFile, el, node, sequencer = 'q1', builder = 'b1', chainId = L2_CHAIN_ID } = options
  const args = [
    ...['-url', url, '-jwt', jwtFile, '-el', el.url, '-cl', node.url, '-key', user.privateKey],
    ...['-sequencer', sequencer, '-builder', builder, '-chain', String(chainId), '-scenarios', scenarios.join(',')],
  ]
  const program = join(peersFolder(), 'test-sequencer-client')
  const run = promisify(execFile)(program, args, { maxBuffer: 64 * 1024 * 1024, timeout: TIMEOUT })
  const { stdout } = await run.catch((error: { readonly stdout?: string; readonly stderr?: string }) => {
    const last = error.stdout?.trimEnd().split('\n').slice(-3).join('\n')
    throw new Error(`the client failed: ${error.stderr}; its last steps: ${last}`, { cause: error })
  })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ClientStep)
}
