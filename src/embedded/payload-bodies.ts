import type { Hash } from '../primitives/hex.ts'
import type { Withdrawal } from '../protocol/withdrawal.ts'
import type { ChainStore } from './chain-store.ts'
import { engineError } from './engine-errors.ts'

/** What a block holds beside its header. */
export interface PayloadBody {
  /** EIP-2718 bytes. */
  readonly transactions: readonly Uint8Array[]
  /** Absent before Shanghai / Canyon. */
  readonly withdrawals?: readonly Withdrawal[]
}

const MAX_BODIES = 1024n

/** The body of a stored block; undefined for one that is not stored. */
export function payloadBody(chain: ChainStore, hash: Hash): PayloadBody | undefined {
  const block = chain.block(hash)
  if (block === undefined) return undefined
  const { transactions, withdrawals } = block
  return { transactions: transactions.map(({ raw }) => raw), ...(withdrawals !== undefined && { withdrawals }) }
}

/** The bodies of canonical blocks up to the head. @throws AppError ENGINE_PARAMS_INVALID, REQUEST_TOO_LARGE */
export function payloadBodies(chain: ChainStore, start: bigint, count: bigint): readonly (PayloadBody | undefined)[] {
  const shown = (value: bigint): string => `0x${value.toString(16)}`
  if (start === 0n || count === 0n) {
    throw engineError('ENGINE_PARAMS_INVALID', `invalid start or count, start: ${shown(start)} count: ${shown(count)}`)
  }
  if (count > MAX_BODIES) throw engineError('REQUEST_TOO_LARGE', `requested count too large: ${shown(count)}`)
  const head = chain.header(chain.labels.head)?.number ?? 0n
  const bodies: (PayloadBody | undefined)[] = []
  for (let number = start; number < start + count && number <= head; number++) {
    const hash = chain.canonicalHash(number)
    bodies.push(hash === undefined ? undefined : payloadBody(chain, hash))
  }
  return bodies
}
