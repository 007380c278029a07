import { AppError } from '../../src/primitives/errors.ts'

/**
 * Codes of pool sharing. `PEER_BREACH`: a peer broke the protocol, or is on another chain; `data.reason` is what it is told.
 * `PEER_DECLINED`: there is no place for it; likewise. `PEER_LOST` (temporary): the connection ended; `data.reason` is what the
 * peer said, where it said something.
 */
export type PeerErrorCode = 'PEER_BREACH' | 'PEER_DECLINED' | 'PEER_LOST'

/** Why a connection ends, as devp2p numbers it. @see devp2p: rlpx.md, "Disconnect" */
export const DISCONNECT = {
  requested: 0x00,
  networkError: 0x01,
  breach: 0x02,
  useless: 0x03,
  tooMany: 0x04,
  already: 0x05,
  version: 0x06,
  nullIdentity: 0x07,
  quitting: 0x08,
  unexpectedIdentity: 0x09,
  self: 0x0a,
  timeout: 0x0b,
  subprotocol: 0x10,
} as const

/** A number of {@link DISCONNECT}. */
export type DisconnectReason = (typeof DISCONNECT)[keyof typeof DISCONNECT]

const WORDS: ReadonlyMap<number, string> = new Map([
  [DISCONNECT.requested, 'disconnect requested'],
  [DISCONNECT.networkError, 'network error'],
  [DISCONNECT.breach, 'breach of protocol'],
  [DISCONNECT.useless, 'useless peer'],
  [DISCONNECT.tooMany, 'too many peers'],
  [DISCONNECT.already, 'already connected'],
  [DISCONNECT.version, 'incompatible p2p protocol version'],
  [DISCONNECT.nullIdentity, 'invalid node identity'],
  [DISCONNECT.quitting, 'client quitting'],
  [DISCONNECT.unexpectedIdentity, 'unexpected identity'],
  [DISCONNECT.self, 'connected to self'],
  [DISCONNECT.timeout, 'read timeout'],
  [DISCONNECT.subprotocol, 'subprotocol error'],
])

/** A reason in geth's words. */
export function disconnectWords(reason: number): string {
  return WORDS.get(reason) ?? `unknown disconnect reason ${reason}`
}

/** What a peer did that it must not. */
export function breach(message: string, reason: DisconnectReason = DISCONNECT.breach): AppError<PeerErrorCode> {
  return new AppError<PeerErrorCode>('PEER_BREACH', { message, data: { reason } })
}

/** A peer that did nothing wrong. */
export function declined(message: string, reason: DisconnectReason): AppError<PeerErrorCode> {
  return new AppError<PeerErrorCode>('PEER_DECLINED', { message, data: { reason } })
}

/** A connection that ended. @param reason what the peer said */
export function lost(message: string, reason?: number): AppError<PeerErrorCode> {
  return new AppError<PeerErrorCode>('PEER_LOST', {
    message,
    severity: 'temporary',
    ...(reason !== undefined && { data: { reason } }),
  })
}
