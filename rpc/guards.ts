import { isIP } from 'node:net'

/** The host of a `Host` header, without port and brackets, lowercase; undefined when there is none. */
function hostName(header: string | undefined): string | undefined {
  if (header === undefined || header === '') return undefined
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(header)
  return (bracketed?.[1] ?? header.replace(/:\d*$/, '')).toLowerCase().replace(/\.$/, '')
}

/**
 * Whether a `Host` header may reach an unauthenticated server. A page that rebinds its own name to loopback still sends
 * that name; so IP addresses, `localhost` and the listed names pass (`*` lists all), as with geth's `--http.vhosts`.
 */
export function isHostAllowed(header: string | undefined, allowed: readonly string[]): boolean {
  if (allowed.includes('*')) return true
  const host = hostName(header)
  if (host === undefined) return true
  return isIP(host) !== 0 || host === 'localhost' || allowed.some((name) => name.toLowerCase() === host)
}

/** Whether an `Origin` is listed; `*` lists all. */
export function isOriginListed(origin: string, listed: readonly string[]): boolean {
  return listed.includes('*') || listed.some((entry) => entry.toLowerCase() === origin.toLowerCase())
}

/** Whether a page of this `Origin` is served by the very host it calls. */
export function isSameOrigin(origin: string, hostHeader: string | undefined): boolean {
  if (hostHeader === undefined || !URL.canParse(origin)) return false
  return new URL(origin).host === hostHeader.toLowerCase()
}

const JSON_TYPES = new Set(['application/json', 'application/json-rpc', 'application/jsonrequest'])

/**
 * Whether a request body of this type is taken. A browser may post other types across origins without asking first,
 * so from a page (a request with an `Origin`) only JSON is taken.
 */
export function isContentTypeAllowed(contentType: string | undefined, origin: string | undefined): boolean {
  if (origin === undefined) return true
  return JSON_TYPES.has((contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '')
}
