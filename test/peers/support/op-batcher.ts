import { batcher } from './dev-accounts.ts'
import { freePort } from './free-port.ts'
import { JsonRpc } from './json-rpc.ts'
import { PeerProcess } from './peer-process.ts'
import type { TempFolder } from './temp-folder.ts'

/** How to start op-batcher. */
export interface OpBatcherOptions {
  readonly folder: TempFolder
  /** Names its log; "op-batcher" when left out. */
  readonly name?: string
  readonly l1: { readonly el: { readonly url: string } }
  readonly el: { readonly url: string }
  readonly node: { readonly url: string }
  /** `calldata` when left out. With `blobs` it exits when the chain is not at Ecotone yet. */
  readonly da?: 'calldata' | 'blobs'
  /** `singular` when left out. */
  readonly batchType?: 'singular' | 'span'
  readonly flags?: readonly string[]
}

/** A running op-batcher. */
export interface OpBatcher extends AsyncDisposable {
  readonly process: PeerProcess
  readonly rpc: JsonRpc
  /**
   * Submits what it has. With the hundredth of the blocks that it finds when it starts it looks into its channel, but not at the
   * channel's age; where it finds all of them by then, it does not look again before there is another block.
   */
  flush(): Promise<void>
}

/** Starts op-batcher with short channels, so that safe heads follow within seconds. */
export async function startOpBatcher(options: OpBatcherOptions): Promise<OpBatcher> {
  const { folder, name = 'op-batcher', l1, el, node, da = 'calldata', batchType = 'singular' } = options
  const port = await freePort()
  const args = [
    ...['--l1-eth-rpc', l1.el.url, '--l2-eth-rpc', el.url, '--rollup-rpc', node.url],
    ...['--private-key', batcher.privateKey.slice(2), '--data-availability-type', da],
    // Its help shows names for the batch type; it parses numbers only.
    ...['--batch-type', batchType === 'span' ? '1' : '0', '--max-channel-duration', '2', '--sub-safety-margin', '4'],
    ...['--poll-interval', '500ms', '--num-confirmations', '1', '--txmgr.receipt-query-interval', '500ms'],
    ...['--resubmission-timeout', '30s', '--rpc.addr', '127.0.0.1', '--rpc.port', String(port), '--rpc.enable-admin'],
    ...['--log.color=false', ...(options.flags ?? [])],
  ]
  const rpc = new JsonRpc(`http://127.0.0.1:${port}`)
  const probe = (): Promise<unknown> => rpc.call('rpc_modules')
  const process = await PeerProcess.start({ name, program: 'op-batcher', args, folder, probe })
  return { process, rpc, flush: () => rpc.call('admin_flushBatcher'), [Symbol.asyncDispose]: () => process.stop() }
}
