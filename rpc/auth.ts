import type { Clock } from '../src/primitives/clock.ts'

/** How far a token's `iat` may lie from now, in seconds. @see execution-apis: engine/authentication.md */
const IAT_WINDOW = 60

/** Checks an `Authorization` header. @returns why it is refused, or undefined when it is good */
export type Authenticator = (authorization: string | undefined) => Promise<string | undefined>

/**
 * Engine-API authentication: an HS256 token that was issued within a minute of now. Refusals are worded as geth words
 * them.
 * @param secret 32 bytes
 */
export function createAuthenticator(secret: Uint8Array, clock: Clock): Authenticator {
  return async (authorization) => {
    const token = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length).trim() : ''
    if (token === '') return 'missing token'
    const now = clock.now()
    // Loaded with the first token: most chains ask for none.
    const { errors, jwtVerify } = await import('jose')
    try {
      const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'], currentDate: new Date(now) })
      if (payload.iat === undefined) return 'missing issued-at'
      const age = now / 1000 - payload.iat
      if (age > IAT_WINDOW) return 'stale token'
      if (age < -IAT_WINDOW) return 'future token'
      return undefined
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'token is expired'
      if (error instanceof errors.JOSEAlgNotAllowed) return 'signing method is invalid'
      if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature is invalid'
      return 'invalid token'
    }
  }
}
