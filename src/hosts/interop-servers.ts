import { methodTable } from '../../rpc/method.ts'
import { createRpcServer } from '../../rpc/server.ts'
import { systemClock } from '../primitives/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HostedChain } from './hosted-chain.ts'

/** Where supervisors find the chains that they manage, each by a server of its own. */
export interface InteropServers {
  listen(): Promise<void>
  close(): Promise<void>
}

/** As op-node's: a WebSocket or HTTP at `/` and `/ws`, for who has the secret; `/healthz` for everybody. */
export async function interopServers(
  chains: readonly HostedChain[],
  version: string,
  logger: Logger,
): Promise<InteropServers> {
  const servers = await Promise.all(
    chains.flatMap(({ route: { name }, managed }) => {
      if (managed?.settings === undefined) return []
      const { host, port, jwtSecret } = managed.settings
      const route = { methods: methodTable(managed.methods) }
      return createRpcServer({
        ...{ host, port, jwtSecret, version, clock: systemClock },
        logger: logger.child({ chain: name, server: 'interop' }),
        routes: new Map([
          ['/', route],
          ['/ws', route],
        ]),
        readiness: () => ({ ready: true, waiting: [] }),
      }).then((server) => ({ name, server }))
    }),
  )
  return {
    async listen() {
      for (const { name, server } of servers) {
        const url = await server.listen()
        logger.info({ chain: name, url }, 'managed mode')
      }
    },
    async close() {
      await Promise.all(servers.map(({ server }) => server.close()))
    },
  }
}
