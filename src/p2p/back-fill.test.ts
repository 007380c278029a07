import { describe, expect, it } from 'vitest'
import { gossipPayload } from '../../test/support/gossip-blocks.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Payload } from '../protocol/payload.ts'
import { backFill } from './back-fill.ts'
import { ApplicationScores } from './scoring.ts'

/** Blocks that build on each other, from number 0. @param mark sets this chain apart */
function chain(length: number, mark = 0n): readonly Payload[] {
  const blocks: Payload[] = []
  for (let number = 0; number < length; number++) {
    const parentHash: Hash = blocks.at(-1)?.hash ?? `0x${'00'.repeat(32)}`
    blocks.push(
      gossipPayload({
        version: 'isthmus',
        timestamp: 1n,
        number: BigInt(number),
        header: { parentHash, gasUsed: mark },
      }),
    )
  }
  return blocks
}

interface Peers {
  readonly [peer: string]: (number: bigint) => Payload | undefined
}

function fill(known: bigint, trusted: Payload, peers: Peers, scores = new ApplicationScores()) {
  const asked: bigint[] = []
  let turn = 0
  const parts = {
    client: {
      // Whose turn it is.
      take: (all: readonly string[]) => all[turn++ % all.length],
      async request(peer: string, number: bigint) {
        asked.push(number)
        const payload = peers[peer]?.(number)
        if (payload === undefined) throw new AppError('ANSWER_REFUSED', { data: { result: 1 } })
        return payload
      },
    },
    scores,
    peers: () => Object.keys(peers),
    clock: systemClock,
  }
  return { asked, result: backFill(known, trusted, parts, {}) }
}

describe('filling gaps', () => {
  const blocks = chain(60)
  const honest = (number: bigint): Payload | undefined => blocks[Number(number)]
  const trusted = blocks[59] as Payload

  it('gives what lies between, by rising number', async () => {
    const { result, asked } = fill(10n, trusted, { a: honest, b: honest })
    expect(await result).toEqual(blocks.slice(11, 59))
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked[0]).toBe(58n)
  })

  it('has nothing to ask where nothing is missing', async () => {
    const { result, asked } = fill(58n, trusted, {})
    expect(await result).toEqual([])
    expect(asked).toEqual([])
  })

  it('asks others where one does not have a block, or has one of another chain', async () => {
    const scores = new ApplicationScores()
    const other = chain(60, 5n)
    const { result } = fill(
      50n,
      trusted,
      { liar: (number) => other[Number(number)], none: () => undefined, good: honest },
      scores,
    )
    expect(await result).toEqual(blocks.slice(51, 59))
    expect(scores.of('liar').rejectedPayloads).toBeGreaterThan(0)
    expect(scores.of('good').rejectedPayloads).toBe(0)
  })

  it.each<[string, Peers]>([
    ['nobody is there', {}],
    ['nobody has the blocks', { a: () => undefined }],
    ['all have another chain', { a: (number) => chain(60, 5n)[Number(number)] }],
  ])('gives up where %s', async (_name, peers) => {
    await expect(fill(10n, trusted, peers).result).rejects.toMatchObject({
      code: 'GAP_UNFILLED',
      severity: 'temporary',
    })
  })

  it('leaves long gaps to others', async () => {
    const far = gossipPayload({ version: 'isthmus', timestamp: 1n, number: 1_000_000n })
    const { result, asked } = fill(10n, far, { a: honest })
    await expect(result).rejects.toMatchObject({ code: 'GAP_UNFILLED' })
    expect(asked).toEqual([])
  })
})
