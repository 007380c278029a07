import { isIP } from 'node:net'
import { z } from 'zod'
import { duration } from './duration.ts'
import type { FileSchemas } from './files.ts'

/** Gossip of a chain's blocks by a libp2p host of this process. */
export interface BlockGossipSettings {
  /** The multiaddress to listen on. */
  readonly listen: string
  /** Peers that are dialled, and again when they are gone. */
  readonly static: readonly { readonly id: string; readonly address: string }[]
  /** Milliseconds that a block may be behind the clock. */
  readonly maxAgeMs: number
  /** secp256k1, 32 bytes: who we are. */
  readonly key?: Uint8Array
}

const IP = /^\/(ip4|ip6)\/([^/]+)\/tcp\/(\d{1,5})$/
const PEER = /^(\/[^/]+\/[^/]+\/tcp\/\d{1,5})\/p2p\/([1-9A-HJ-NP-Za-km-z]{30,80})$/

function isPort(text: string | undefined): boolean {
  return Number(text) <= 65_535
}

/** Whether it is the address and port of an interface. */
function isSocketAddress(text: string): boolean {
  const [, kind, host = '', port] = IP.exec(text) ?? []
  return kind !== undefined && isIP(host) === (kind === 'ip4' ? 4 : 6) && isPort(port)
}

function isHostAddress(text: string): boolean {
  return (
    isSocketAddress(text) || (/^\/dns[46]?\/[a-zA-Z0-9._-]+\/tcp\/\d+$/.test(text) && isPort(text.split('/').at(-1)))
  )
}

const listen = z.string().refine(isSocketAddress, 'expected a multiaddress: /ip4/127.0.0.1/tcp/9222')

const peer = z.string().transform((address, context) => {
  const [, host, id] = PEER.exec(address) ?? []
  if (host !== undefined && id !== undefined && isHostAddress(host)) return { id, address }
  context.addIssue('expected a multiaddress with a peer id: /ip4/127.0.0.1/tcp/9222/p2p/16Uiu2HA…')
  return z.NEVER
})

/** The `p2p` section of a chain. */
export function blockGossipSchema(files: FileSchemas) {
  return z.strictObject({
    listen,
    static: z.array(peer).default([]),
    keyFile: files.secret.optional(),
    maxAge: duration.default(60_000),
  })
}

/** The typed form of a section that {@link blockGossipSchema} has read. */
export function blockGossipSettings(parsed: z.output<ReturnType<typeof blockGossipSchema>>): BlockGossipSettings {
  const { keyFile: key, maxAge: maxAgeMs, ...rest } = parsed
  return { ...rest, maxAgeMs, ...(key !== undefined && { key }) }
}
