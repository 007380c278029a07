import { describe, expect, test } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import { headerToJson } from '../protocol/block-json.ts'
import { EMPTY_HEADER, hashHeader } from '../protocol/header.ts'
import { L1LabelsClient } from './l1-labels.ts'
import type { RpcOutcome } from './transport.ts'

function header(number: bigint) {
  const made = { ...EMPTY_HEADER, number, timestamp: number * 12n }
  return { header: made, hash: hashHeader(made) }
}

function block(number: bigint): RpcOutcome {
  const { header: made, hash } = header(number)
  return { ok: true, value: headerToJson(made, hash) }
}

function refused(code: number, message: string): RpcOutcome {
  const data = { method: 'eth_getBlockByNumber', endpoint: 'l1.el', code, message }
  return { ok: false, error: new AppError('RPC_ERROR', { message, data }) }
}

function labels(outcomes: readonly RpcOutcome[]) {
  const asked: unknown[] = []
  const client = new L1LabelsClient({
    endpoint: 'l1.el',
    async batch(calls) {
      asked.push(...calls.map(({ params }) => params[0]))
      return [...outcomes]
    },
  })
  return { asked, read: () => client.read({}) }
}

describe('how far L1 is', () => {
  test('all three labels, in one go', async () => {
    const { asked, read } = labels([block(9n), block(5n), block(3n)])
    const view = await read()
    expect([view.head?.number, view.safe?.number, view.finalized?.number]).toEqual([9n, 5n, 3n])
    expect(view.head).toEqual({
      hash: header(9n).hash,
      number: 9n,
      parentHash: EMPTY_HEADER.parentHash,
      timestamp: 108n,
    })
    expect(asked).toEqual(['latest', 'safe', 'finalized'])
  })

  test.each<RpcOutcome>([
    { ok: true, value: null },
    refused(-32_000, 'safe block not found'),
    refused(-39_001, 'Unknown block'),
  ])('a label that is not set: %j', async (unset) => {
    const view = await labels([block(9n), unset, unset]).read()
    expect(view).toMatchObject({ head: { number: 9n }, safe: undefined, finalized: undefined })
  })

  test('a node that cannot say now does not take a label back', async () => {
    const limited = refused(-32_005, 'rate limit exceeded')
    const answers = [block(9n), limited, block(3n)]
    const { read } = labels(answers)
    expect(await read()).toMatchObject({ safe: undefined, finalized: { number: 3n } })
    answers.splice(0, 3, block(10n), block(6n), limited)
    expect(await read()).toMatchObject({ head: { number: 10n }, safe: { number: 6n }, finalized: { number: 3n } })
  })

  test('a head that cannot be read', async () => {
    const broken = refused(-32_000, 'database closed')
    await expect(labels([broken, block(5n), block(3n)]).read()).rejects.toMatchObject({ code: 'RPC_ERROR' })
  })
})
