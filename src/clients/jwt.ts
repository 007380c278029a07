import { createHmac } from 'node:crypto'

const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')

/**
 * A bearer token for the Engine API: HS256 over `{"iat": now}`. Peers take it for 60 s either way.
 * @param secret 32 bytes
 * @param now Unix seconds
 * @see https://github.com/ethereum/execution-apis/blob/main/src/engine/authentication.md
 */
export function engineToken(secret: Uint8Array, now: number): string {
  const signed = `${HEADER}.${Buffer.from(JSON.stringify({ iat: now })).toString('base64url')}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
