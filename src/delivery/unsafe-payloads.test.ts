import { describe, expect, it } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_HEADER, hashHeader } from '../protocol/header.ts'
import type { Payload } from '../protocol/payload.ts'
import { UnsafePayloads } from './unsafe-payloads.ts'

function payload(number: bigint, parentHash: Hash, gasLimit = 1n): Payload {
  const header = { ...EMPTY_HEADER, number, parentHash, gasLimit }
  return { hash: hashHeader(header), header, transactions: [] }
}

function setUp({ queues = false } = {}) {
  const first = payload(1n, ZERO_HASH)
  const second = payload(2n, first.hash)
  const chain = [first, second]
  const queued: Hash[] = []
  const payloads = new UnsafePayloads({
    committer: {
      async commit({ hash, header }) {
        chain.push({ hash, header, transactions: [] })
      },
      setForkchoice: async () => {
        throw new AppError('COMMIT_REFUSED')
      },
    },
    head: async () => {
      const { hash, header } = chain.at(-1) as Payload
      return { hash, number: header.number }
    },
    isCanonical: async ({ hash }) => chain.some((block) => block.hash === hash),
    queue: queues
      ? async ({ hash }) => {
          queued.push(hash)
        }
      : undefined,
    exclusively: (task) => task(),
  })
  return { payloads, chain, first, second, queued }
}

describe('payloads of others', () => {
  it('become the head where they build on it', async () => {
    const { payloads, chain, second } = setUp()
    const third = payload(3n, second.hash)
    await payloads.post(third, {})
    expect(chain.at(-1)?.hash).toBe(third.hash)
  })

  it('change nothing where the chain has them', async () => {
    const { payloads, chain, first, second } = setUp({ queues: true })
    await payloads.post(second, {})
    await payloads.post(first, {})
    expect(chain).toEqual([first, second])
  })

  it('are refused where they would be a reorg, or leave a gap, and nobody keeps them', async () => {
    const { payloads, first, chain } = setUp()
    const sibling = payload(2n, first.hash, 9n)
    const far = payload(9n, sibling.hash)
    for (const each of [sibling, far]) {
      await expect(payloads.post(each, {})).rejects.toMatchObject({
        code: 'COMMIT_REFUSED',
        message: /does not build on the head/,
      })
    }
    expect(chain).toHaveLength(2)
  })

  it('are left to whoever keeps them', async () => {
    const { payloads, queued, chain } = setUp({ queues: true })
    const far = payload(9n, ZERO_HASH)
    await payloads.post(far, {})
    expect(queued).toEqual([far.hash])
    expect(chain).toHaveLength(2)
  })

  it('are refused with transactions that nobody can read', async () => {
    const { payloads, second } = setUp()
    const third = { ...payload(3n, second.hash), transactions: [Uint8Array.of(0x7e, 1, 2)] }
    await expect(payloads.post(third, {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
  })
})
