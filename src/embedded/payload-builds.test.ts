import { expect, it } from 'vitest'
import { toWord, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import type { RequestedAttributes } from '../protocol/attributes.ts'
import { PayloadBuilds } from './payload-builds.ts'
import { payloadId } from './payload-id.ts'

function build() {
  const seen = { stopped: false }
  return { seen, finish: () => Promise.reject(new TypeError('not called')), stop: () => (seen.stopped = true) }
}

it('remembers the newest ten, stops those that it forgets, and forgets those that could not be begun', async () => {
  const builds = new PayloadBuilds()
  const made = Array.from({ length: 11 }, build)
  for (const [index, each] of made.entries()) await builds.begin(Uint8Array.of(index), async () => each)
  expect(builds.get(Uint8Array.of(0))).toBeUndefined()
  expect(made.map(({ seen }) => seen.stopped)).toEqual(made.map((_, index) => index === 0))
  await builds.begin(Uint8Array.of(1), () => Promise.reject(new TypeError('begun already')))
  const fails = builds.begin(Uint8Array.of(99), () => Promise.reject(new RangeError('no')))
  await expect(Promise.all([fails, builds.begin(Uint8Array.of(99), async () => build())])).rejects.toThrow('no')
  expect(builds.get(Uint8Array.of(99))).toBeUndefined()
  await builds.begin(Uint8Array.of(99), async () => build())
  expect(await builds.get(Uint8Array.of(99))).toBeDefined()
  builds.stop()
  await Promise.resolve()
  expect(made.every(({ seen }) => seen.stopped)).toBe(true)
})

it('names a block by everything that it is made of', () => {
  const base: RequestedAttributes = {
    timestamp: 7n,
    prevRandao: ZERO_HASH,
    suggestedFeeRecipient: ZERO_ADDRESS,
    transactions: [],
    noTxPool: false,
  }
  const others: readonly RequestedAttributes[] = [
    { ...base, timestamp: 8n },
    { ...base, prevRandao: toWord(1n) },
    { ...base, suggestedFeeRecipient: `0x${'11'.repeat(20)}` },
    { ...base, transactions: [Uint8Array.of(1)] },
    { ...base, noTxPool: true },
    { ...base, gasLimit: 1n },
    { ...base, minBaseFee: 2n },
    { ...base, parentBeaconBlockRoot: ZERO_HASH },
    { ...base, eip1559Params: new Uint8Array(8).fill(3) },
    { ...base, withdrawals: [{ index: 0n, validatorIndex: 0n, address: ZERO_ADDRESS, amount: 1n }] },
  ]
  const ids = [base, ...others].map((attributes) => String(payloadId(ZERO_HASH, attributes, 3)))
  expect(new Set(ids).size).toBe(ids.length)
  expect(payloadId(toWord(1n), base, 3)).not.toEqual(payloadId(ZERO_HASH, base, 3))
  expect([1, 2, 3].map((version) => payloadId(ZERO_HASH, base, version)[0])).toEqual([1, 2, 3])
  expect(payloadId(ZERO_HASH, { ...base }, 3)).toEqual(payloadId(ZERO_HASH, base, 3))
})
