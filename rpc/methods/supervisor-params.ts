import { z } from 'zod'
import { hexToBytes } from '../../src/primitives/hex.ts'
import type { ExecutingMessage } from '../../src/protocol/executing-message.ts'
import { logHash, messageChecksum } from '../../src/protocol/message-checksum.ts'
import { SAFETY_LEVELS } from '../../src/protocol/safety-level.ts'
import { address, gate, hash, optional, quantity64 } from '../schema.ts'

/** A chain id: decimal or 0x; becomes a bigint. */
export const chainId = gate('a chain id, decimal or 0x', '^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$', (value) => {
  if (!/^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(value)) return undefined
  const id = BigInt(value)
  return id < 1n << 256n ? id : undefined
})

/** A block's hash and number, as op-node writes it; becomes typed. */
export const blockIdParam = z.object({ hash, number: z.int().nonnegative().transform(BigInt) })

/** How much must be known of a message. */
export const minSafetyParam = z.enum(SAFETY_LEVELS)

/** The block that is to execute messages. */
export const executingParam = z
  .object({ chainID: optional(chainId), timestamp: optional(quantity64), timeout: optional(quantity64) })
  .transform(({ chainID, timestamp, timeout }) => ({
    // Zero is as good as nothing, as in Go.
    chainId: chainID === 0n ? undefined : chainID,
    timestamp: timestamp ?? 0n,
    timeout: timeout ?? 0n,
  }))

/** Where a message is, and who sent it. */
export const identifierParam = z.object({
  origin: address,
  blockNumber: quantity64,
  logIndex: quantity64.refine((index) => index < 1n << 32n, 'log index too large'),
  timestamp: quantity64,
  chainID: chainId,
})

/** The message of an identifier and its payload's hash. */
export function messageOf(identifier: z.output<typeof identifierParam>, payloadHash: string): ExecutingMessage {
  const { origin, chainID, blockNumber, timestamp } = identifier
  const place = { chainId: chainID, blockNumber, timestamp, logIndex: Number(identifier.logIndex) }
  return { ...place, checksum: messageChecksum(logHash(hexToBytes(origin), hexToBytes(payloadHash)), place) }
}
