import { z } from 'zod'

/** A URL with one of these protocols. */
export function url(...protocols: readonly string[]) {
  const wanted = protocols.join(' or ')
  return z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1)), {
    error: `expected a URL with ${wanted}`,
  })
}

/** Where JSON-RPC is spoken over HTTP. */
export const httpUrl = url('http', 'https')

/** Where JSON-RPC is spoken over a WebSocket. */
export const wsUrl = url('ws', 'wss')
