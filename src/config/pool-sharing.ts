import { z } from 'zod'
import { errorMessage } from '../primitives/errors.ts'
import { type Enode, parseEnode } from '../protocol/enode.ts'
import type { FileSchemas } from './files.ts'

/** With whom a chain's pool is shared by devp2p. */
export interface PoolSharingSettings {
  /** Peers that are dialled, and again when they are gone. */
  readonly static: readonly Enode[]
  /** Where peers may dial; absent: nowhere. Port 0 is any that is free. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** 32 bytes: who we are. */
  readonly key?: Uint8Array
  /** Peers at once; static ones are taken beyond. */
  readonly maxPeers: number
  /** Versions of the eth protocol that are offered. */
  readonly versions: readonly (68 | 69)[]
  /** Left out: what the node says, else the chain id. */
  readonly networkId?: bigint
}

const enode = z.string().transform((text, context): Enode => {
  try {
    return parseEnode(text)
  } catch (error) {
    context.addIssue(errorMessage(error))
    return z.NEVER
  }
})

const listenAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:[\]/\s]*):\d{1,5}$/, 'expected host:port')
  .transform((text) => {
    const at = text.lastIndexOf(':')
    const host = text.slice(0, at).replace(/^\[(.*)\]$/, '$1')
    return { host: host === '' ? '127.0.0.1' : host, port: Number(text.slice(at + 1)) }
  })
  .refine(({ port }) => port <= 65_535, 'expected a port below 65536')

/** The `txpool.devp2p` section of a chain. */
export function poolSharingSchema(files: FileSchemas) {
  return z.strictObject({
    static: z.array(enode).default([]),
    listen: listenAddress.optional(),
    keyFile: files.secret.optional(),
    maxPeers: z.int().min(1).max(1000).default(25),
    versions: z
      .array(z.union([z.literal(68), z.literal(69)]))
      .min(1)
      .default([68, 69]),
    networkId: z.int().nonnegative().optional(),
  })
}

/** The typed form of a section that {@link poolSharingSchema} has read. */
export function poolSharingSettings(parsed: z.output<ReturnType<typeof poolSharingSchema>>): PoolSharingSettings {
  const { listen, keyFile: key, networkId, ...rest } = parsed
  return {
    ...rest,
    ...(listen !== undefined && { listen }),
    ...(key !== undefined && { key }),
    ...(networkId !== undefined && { networkId: BigInt(networkId) }),
  }
}
