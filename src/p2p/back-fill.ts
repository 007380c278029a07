import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Payload } from '../protocol/payload.ts'
import type { PayloadClient } from './payload-client.ts'
import type { ApplicationScores } from './scoring.ts'

/** Codes of filling gaps. `GAP_UNFILLED` (temporary): no peer has the blocks, or there are too many. */
export type BackFillErrorCode = 'GAP_UNFILLED'

/** Blocks of a gap: they are held in memory until the lowest is there. Longer ones are the execution layer's to sync. */
const MAX_GAP = 500
/** Requests on their way at once. */
const PARALLEL = 8
/** Milliseconds between two looks for a peer that can be asked. */
const LOOK_MS = 100
/** How often a block is asked for. */
const TRIES = 5

/** What filling a gap takes. */
export interface BackFillParts {
  readonly client: Pick<PayloadClient, 'request' | 'take'>
  readonly scores: Pick<ApplicationScores, 'count'>
  /** Who can be asked. */
  readonly peers: () => readonly string[]
  readonly clock: Clock
}

interface Answer {
  readonly payload: Payload
  readonly peer: string
}

function unfilled(message: string): AppError<BackFillErrorCode> {
  return new AppError<BackFillErrorCode>('GAP_UNFILLED', { message, severity: 'temporary' })
}

/** Asks for one block until somebody has it. @param liars are not asked */
async function ask(
  number: bigint,
  { client, peers, clock }: BackFillParts,
  liars: ReadonlySet<string>,
  io: IoOptions,
): Promise<Answer> {
  for (let tries = 0; tries < TRIES; ) {
    const all = peers().filter((peer) => !liars.has(peer))
    if (all.length === 0) break
    const peer = client.take(all)
    if (peer === undefined) {
      await clock.sleep(LOOK_MS, io)
      continue
    }
    tries++
    try {
      return { payload: await client.request(peer, number, io), peer }
    } catch {
      io.signal?.throwIfAborted()
    }
  }
  throw unfilled(`no peer gives block ${number}`)
}

/**
 * Fetches what lies between a block that is there and one that is trusted, from the top down: each is the parent of the one
 * above it, or is asked for again.
 * @returns by rising number, without either end
 * @throws AppError GAP_UNFILLED
 */
export async function backFill(
  known: bigint,
  trusted: Payload,
  parts: BackFillParts,
  io: IoOptions,
): Promise<readonly Payload[]> {
  const count = Number(trusted.header.number - known - 1n)
  if (count > MAX_GAP) throw unfilled(`${count} blocks are missing, more than ${MAX_GAP}`)
  const ended = new AbortController()
  const signal = AbortSignal.any([ended.signal, ...(io.signal ? [io.signal] : [])])
  const asked = new Map<bigint, Promise<Answer>>()
  const liars = new Set<string>()
  const askFor = (number: bigint): void => {
    if (number <= known || asked.has(number)) return
    const asking = ask(number, parts, liars, { signal })
    asking.catch(() => undefined)
    asked.set(number, asking)
  }
  const answer = async (number: bigint, hash: Hash): Promise<Payload> => {
    for (;;) {
      askFor(number)
      const { payload, peer } = await (asked.get(number) as Promise<Answer>)
      if (payload.hash === hash) return payload
      // It is on another branch, and so is what else it gives.
      asked.delete(number)
      if (!liars.has(peer)) parts.scores.count(peer, 'rejectedPayloads')
      liars.add(peer)
    }
  }
  const found: Payload[] = []
  let above = trusted
  try {
    for (let number = trusted.header.number - 1n; number > known; number--) {
      for (let ahead = 0n; ahead < PARALLEL; ahead++) askFor(number - ahead)
      above = await answer(number, above.header.parentHash)
      found.push(above)
    }
    return found.reverse()
  } finally {
    ended.abort()
  }
}
