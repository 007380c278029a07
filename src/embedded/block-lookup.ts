import { AppError, isAppError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { BlockId } from '../protocol/block-id.ts'
import type { ChainKind } from './chain-kind.ts'
import type { ChainStore } from './chain-store.ts'

/** `BLOCK_NOT_FOUND`: a call names a block that is not there; the message is geth's. */
export type LookupErrorCode = 'BLOCK_NOT_FOUND'

function notFound(message: string): AppError<LookupErrorCode> {
  return new AppError<LookupErrorCode>('BLOCK_NOT_FOUND', { message })
}

/** The hash of the block that a caller names; undefined when there is none. `pending` is the head here. */
function findBlock(chain: ChainStore, id: BlockId): Hash | undefined {
  if (id.tag === 'number') return chain.canonicalHash(id.number)
  if (id.tag === 'hash') return chain.has(id.hash) ? id.hash : undefined
  const { head, safe, finalized } = chain.labels
  if (id.label === 'earliest') return chain.genesis
  const hash = id.label === 'safe' ? safe : id.label === 'finalized' ? finalized : head
  return hash === ZERO_HASH ? undefined : hash
}

/**
 * `findBlock` for calls that answer null where a number or a hash names no block.
 * @throws AppError BLOCK_NOT_FOUND for a label that names none yet, and for a block that is not canonical but has to be
 */
export function lookUpBlock(chain: ChainStore, id: BlockId): Hash | undefined {
  const hash = findBlock(chain, id)
  if (hash === undefined) {
    if (id.tag === 'label') throw notFound(`${id.label} block not found`)
    return undefined
  }
  if (id.tag === 'hash' && id.requireCanonical && !chain.isCanonical(hash)) {
    throw notFound('hash is not currently canonical')
  }
  return hash
}

/** `findBlock` for calls that need one. @throws AppError BLOCK_NOT_FOUND in geth's words */
export function resolveBlock(chain: ChainStore, id: BlockId): Hash {
  const hash = lookUpBlock(chain, id)
  if (hash === undefined) throw notFound(id.tag === 'hash' ? 'header for hash not found' : 'header not found')
  return hash
}

/**
 * {@link resolveBlock} for calls that read the state after a block. op-geth gives them one answer, whatever is wrong.
 * @throws AppError BLOCK_NOT_FOUND
 */
export function resolveStateBlock(chain: ChainStore, kind: ChainKind, id: BlockId): Hash {
  try {
    return resolveBlock(chain, id)
  } catch (error) {
    if (kind.tag === 'op' && isAppError(error, 'BLOCK_NOT_FOUND')) throw notFound('header not found')
    throw error
  }
}
