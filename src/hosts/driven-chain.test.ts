import { expect, it } from 'vitest'
import type { ChainReader } from '../builder/ports.ts'
import { type DriverState, INITIAL_STATE } from '../driver/driver-state.ts'
import { toWord } from '../primitives/hex.ts'
import { drivenChain } from './driven-chain.ts'

it('begins with the unsafe head where the engine has another one', async () => {
  const asked: unknown[] = []
  const inner: ChainReader = {
    async block(id) {
      asked.push(id)
      return undefined
    },
    ancestorHash: async (_, number) => toWord(number),
  }
  const ref = {
    hash: toWord(7n),
    number: 7n,
    parentHash: toWord(6n),
    timestamp: 14n,
    l1Origin: { hash: toWord(1n), number: 1n },
    sequenceNumber: 0n,
  }
  const heads = { unsafe: ref, crossUnsafe: ref, pendingSafe: ref, localSafe: ref, crossSafe: ref, finalized: ref }
  let state: DriverState | undefined
  const chain = drivenChain(inner, () => state && { state })
  await chain.block('latest', {})
  state = { ...INITIAL_STATE, heads }
  await chain.block('latest', {})
  state = { ...state, engine: { ...state.engine, leftBehind: toWord(9n) } }
  await chain.block('latest', {})
  await chain.block(8n, {})
  expect(asked).toEqual(['latest', 'latest', toWord(7n), 8n])
  expect(await chain.ancestorHash(undefined as never, 3n, {})).toBe(toWord(3n))
})
