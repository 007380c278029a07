import { SignJWT } from 'jose'
import { expect, it } from 'vitest'
import { type Clock, systemClock } from '../src/primitives/clock.ts'
import { createAuthenticator } from './auth.ts'

const SECRET = new Uint8Array(32).fill(7)
const NOW = 1_700_000_000
const clock: Clock = { ...systemClock, now: () => NOW * 1000 }
const authenticate = createAuthenticator(SECRET, clock)

function token(claims: Record<string, unknown>, alg = 'HS256', key = SECRET): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key)
}

it('asks for a bearer token', async () => {
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'bearer abc']) {
    expect(await authenticate(header)).toBe('missing token')
  }
  expect(await authenticate('Bearer x.y.z')).toBe('invalid token')
})

it('takes tokens that were issued within a minute of now', async () => {
  for (const iat of [NOW, NOW - 60, NOW + 60])
    expect(await authenticate(`Bearer ${await token({ iat })}`)).toBeUndefined()
  expect(await authenticate(`Bearer ${await token({ iat: NOW - 61 })}`)).toBe('stale token')
  expect(await authenticate(`Bearer ${await token({ iat: NOW + 61 })}`)).toBe('future token')
  expect(await authenticate(`Bearer ${await token({})}`)).toBe('missing issued-at')
  expect(await authenticate(`Bearer ${await token({ iat: NOW, exp: NOW - 1 })}`)).toBe('token is expired')
})

it('takes HS256 with its own secret only', async () => {
  expect(await authenticate(`Bearer ${await token({ iat: NOW }, 'HS512', new Uint8Array(64))}`)).toBe(
    'signing method is invalid',
  )
  expect(await authenticate(`Bearer ${await token({ iat: NOW }, 'HS256', new Uint8Array(32))}`)).toBe(
    'signature is invalid',
  )
  const part = (json: string): string => Buffer.from(json).toString('base64url')
  const unsigned = `${part('{"alg":"none"}')}.${part(`{"iat":${NOW}}`)}.`
  expect(await authenticate(`Bearer ${unsigned}`)).toBeDefined()
})
