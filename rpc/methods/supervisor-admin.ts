import { z } from 'zod'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { BlockId } from '../../src/protocol/refs.ts'
import { defineMethod, type Method } from '../method.ts'
import { gate, hash } from '../schema.ts'
import { blockIdParam, chainId } from './supervisor-params.ts'

/** A supervisor under an operator's hands. */
export interface SupervisorControl {
  /** @throws AppError SUPERVISOR_RUNNING */
  start(io: IoOptions): Promise<void>
  /** Resolves when it has ended. @throws AppError SUPERVISOR_STOPPED */
  stop(io: IoOptions): Promise<void>
  /** Manages one more node. @param jwtSecret 32 bytes. @throws AppError MANAGED_NODE_GONE, SUPERVISOR_UNKNOWN_CHAIN */
  addNode(url: string, jwtSecret: Uint8Array, io: IoOptions): Promise<void>
  /** Forgets what a chain has above a block. */
  rewind(chainId: bigint, block: BlockId, io: IoOptions): Promise<void>
  failsafe: boolean
}

const nodeUrl = gate('a URL with ws, wss, http or https', '^(ws|http)s?://', (value) =>
  URL.canParse(value) && /^(ws|http)s?:$/.test(new URL(value).protocol) ? value : undefined,
)

/** `admin_*` as op-supervisor serves it. None of the names is one of a chain's. */
export function supervisorAdminMethods(control: SupervisorControl): readonly Method[] {
  const done = z.null()
  return [
    defineMethod({
      name: 'admin_start',
      summary: 'Starts the supervisor after it was stopped',
      params: z.tuple([]),
      paramNames: [],
      result: done,
      async handler(_, io) {
        await control.start(io)
        return null
      },
    }),
    defineMethod({
      name: 'admin_stop',
      summary: 'Stops the supervisor: it manages no node, and answers with what it knows',
      params: z.tuple([]),
      paramNames: [],
      result: done,
      async handler(_, io) {
        await control.stop(io)
        return null
      },
    }),
    defineMethod({
      name: 'admin_addL2RPC',
      summary: 'Manages one more node',
      params: z.tuple([nodeUrl, hash]),
      paramNames: ['rpc', 'jwtSecret'],
      result: done,
      async handler([url, secret]: [string, Hash], io) {
        await control.addNode(url, hexToBytes(secret), io)
        return null
      },
    }),
    defineMethod({
      name: 'admin_rewind',
      summary: 'Forgets what is known of a chain above a block; nodes tell of it again',
      params: z.tuple([chainId, blockIdParam]),
      paramNames: ['chainID', 'block'],
      result: done,
      async handler([id, block], io) {
        await control.rewind(id, block, io)
        return null
      },
    }),
    defineMethod({
      name: 'admin_setFailsafeEnabled',
      summary: 'Whether every check of messages is refused',
      params: z.tuple([z.boolean()]),
      paramNames: ['enabled'],
      result: done,
      handler([enabled]) {
        control.failsafe = enabled
        return null
      },
    }),
    defineMethod({
      name: 'admin_getFailsafeEnabled',
      summary: 'Whether every check of messages is refused',
      params: z.tuple([]),
      paramNames: [],
      result: z.boolean(),
      handler: () => control.failsafe,
    }),
  ]
}
