import { randomBytes } from 'node:crypto'
import { freePort } from './free-port.ts'
import { JsonRpc } from './json-rpc.ts'
import { PeerProcess } from './peer-process.ts'
import type { TempFolder } from './temp-folder.ts'

/** How to start op-interop-filter. */
export interface OpInteropFilterOptions {
  readonly folder: TempFolder
  /** Its port, for those who had to know it before. */
  readonly port: number
  /** RPCs of the chains that it knows, none of them behind the clock. */
  readonly chains: readonly { readonly url: string; readonly rollupFile: string }[]
}

/** A running op-interop-filter. */
export interface OpInteropFilter extends AsyncDisposable {
  readonly rpc: JsonRpc
  /** `admin_setFailsafeEnabled` and its like. */
  readonly admin: JsonRpc
}

/** Starts op-interop-filter, which tells pools whose messages are known. */
export async function startOpInteropFilter(options: OpInteropFilterOptions): Promise<OpInteropFilter> {
  const { folder, port, chains } = options
  const name = 'op-interop-filter'
  const adminPort = await freePort()
  const secret = randomBytes(32)
  const secretFile = folder.write('filter-jwt.hex', secret.toString('hex'))
  const args = [
    ...chains.flatMap(({ url, rollupFile }) => ['--l2-rpcs', url, '--rollup-configs', rollupFile]),
    ...['--rpc.addr', '127.0.0.1', '--rpc.port', String(port), '--data-dir', folder.path(name)],
    ...['--admin.rpc.addr', '127.0.0.1', '--admin.rpc.port', String(adminPort), '--admin.jwt-secret', secretFile],
    ...['--backfill-duration', '1h', '--poll-interval', '200ms', '--validation-interval', '100ms'],
  ]
  const rpc = new JsonRpc(`http://127.0.0.1:${port}`)
  const process = await PeerProcess.start({
    name,
    program: name,
    args,
    folder,
    probe: async () => typeof (await rpc.call('admin_getFailsafeEnabled')) === 'boolean',
  })
  return {
    rpc,
    admin: new JsonRpc(`http://127.0.0.1:${adminPort}`, secret),
    [Symbol.asyncDispose]: () => process.stop(),
  }
}
