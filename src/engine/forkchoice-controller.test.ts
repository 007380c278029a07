import { describe, expect, test } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import { toWord, ZERO_HASH } from '../primitives/hex.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { EMPTY_HEADER } from '../protocol/header.ts'
import type { Payload } from '../protocol/payload.ts'
import type { EngineApi, EngineStatus, ForkchoiceState } from './engine-api.ts'
import { ForkchoiceController } from './forkchoice-controller.ts'

const parent = { hash: toWord(7n), number: 7n }
const payload: Payload = {
  hash: toWord(8n),
  header: { ...EMPTY_HEADER, number: 8n, parentHash: parent.hash, timestamp: 16n },
  transactions: [],
}
const labels = { safe: toWord(5n), finalized: toWord(4n) }
const before: ForkchoiceState = { head: parent.hash, ...labels }
const after: ForkchoiceState = { head: payload.hash, ...labels }
const attributes: PayloadAttributes = {
  timestamp: 16n,
  prevRandao: ZERO_HASH,
  suggestedFeeRecipient: `0x${'42'.repeat(20)}`,
  transactions: [],
  noTxPool: true,
  gasLimit: 30_000_000n,
}

type Answer = EngineStatus['status'] | AppError
/** Which call: with `attributes`, the forkchoice that begins a block. */
type Step = 'newPayload' | 'forkchoice' | 'attributes' | 'getPayload'

function status(answer: EngineStatus['status']): EngineStatus {
  const validationError = answer === 'INVALID' ? 'invalid gas used' : undefined
  return { status: answer, latestValidHash: undefined, validationError }
}

/** An engine that answers VALID to whatever is not said otherwise. */
function engineOf(answers: Partial<Record<Step, Answer | 'no ticket'>> = {}) {
  const calls: unknown[][] = []
  const answer = (step: Step, ...args: unknown[]): EngineStatus => {
    calls.push([step, ...args])
    const given = answers[step] ?? 'VALID'
    if (given instanceof AppError) throw given
    return status(given === 'no ticket' ? 'VALID' : given)
  }
  const engine: EngineApi = {
    newPayload: async ({ hash }) => answer('newPayload', hash),
    async forkchoiceUpdated(state, asked) {
      const said = answer(asked === undefined ? 'forkchoice' : 'attributes', state)
      const begun = asked !== undefined && said.status === 'VALID' && answers.attributes !== 'no ticket'
      return { status: said, ticket: begun ? { id: '0x01', timestamp: asked.timestamp } : undefined }
    },
    async getPayload({ id }) {
      answer('getPayload', id)
      return payload
    },
  }
  return { controller: new ForkchoiceController(engine), calls, answers }
}

function engineError(code: number, err?: string): AppError {
  return new AppError('ENGINE_REFUSED', {
    message: `code ${code}`,
    severity: 'temporary',
    data: { code, ...(err !== undefined && { data: { err } }) },
  })
}
const cut = new AppError('RPC_UNAVAILABLE', { message: 'connection reset', severity: 'temporary' })
const temporary = (code: string, message: unknown = expect.any(String)) =>
  expect.objectContaining({ code, severity: 'temporary', message })
const reset = expect.objectContaining({ code: 'FORKCHOICE_REFUSED', severity: 'reset' })

describe('insert', () => {
  test('hands over the block, then makes it the head', async () => {
    const { controller, calls } = engineOf()
    expect(await controller.insert(payload, labels, {})).toEqual({ tag: 'valid' })
    expect(calls).toEqual([
      ['newPayload', payload.hash],
      ['forkchoice', after],
    ])
  })

  test.each<[Partial<Record<Step, Answer>>, unknown]>([
    [{ newPayload: 'INVALID' }, { tag: 'invalid', reason: 'invalid gas used' }],
    [{ forkchoice: 'INVALID' }, { tag: 'invalid', reason: 'invalid gas used' }],
    [{ newPayload: 'SYNCING', forkchoice: 'SYNCING' }, { tag: 'syncing' }],
    [{ newPayload: 'ACCEPTED', forkchoice: 'SYNCING' }, { tag: 'syncing' }],
    [{ newPayload: 'ACCEPTED' }, { tag: 'valid' }],
  ])('%j: %j', async (answers, outcome) => {
    const { controller } = engineOf(answers)
    expect(await controller.insert(payload, labels, {})).toEqual(outcome)
  })

  test('an invalid block does not become the head', async () => {
    const { controller, calls } = engineOf({ newPayload: 'INVALID' })
    await controller.insert(payload, labels, {})
    expect(calls).toHaveLength(1)
  })

  test.each<[Partial<Record<Step, Answer>>, unknown]>([
    [{ newPayload: cut }, cut],
    [{ forkchoice: cut }, cut],
    [{ newPayload: engineError(-38_005) }, temporary('ENGINE_REFUSED')],
    [{ newPayload: engineError(-32_602) }, temporary('ENGINE_REFUSED')],
    [{ forkchoice: engineError(-38_002) }, reset],
    [{ forkchoice: engineError(-32_000) }, temporary('ENGINE_REFUSED')],
  ])('%j fails', async (answers, error) => {
    const { controller } = engineOf(answers)
    await expect(controller.insert(payload, labels, {})).rejects.toEqual(error)
  })
})

describe('update', () => {
  test('what the engine has is not sent again', async () => {
    const { controller, calls } = engineOf()
    await controller.update(after, {})
    await controller.update({ ...after }, {})
    expect(calls).toEqual([['forkchoice', after]])
    await controller.update({ ...after, safe: parent.hash }, {})
    expect(calls).toHaveLength(2)
  })

  test('a block that was inserted is the head', async () => {
    const { controller, calls } = engineOf()
    await controller.insert(payload, labels, {})
    await controller.update(after, {})
    expect(calls).toHaveLength(2)
  })

  test('what it may have lost is sent again', async () => {
    const { controller, calls } = engineOf()
    await controller.update(after, {})
    controller.forget()
    await controller.update(after, {})
    expect(calls).toHaveLength(2)
  })

  test('an answer that got lost leaves open what the engine has', async () => {
    const { controller, calls, answers } = engineOf()
    await controller.update(before, {})
    answers.forkchoice = cut
    await expect(controller.update(after, {})).rejects.toBe(cut)
    answers.forkchoice = 'VALID'
    await controller.update(before, {})
    expect(calls.at(-1)).toEqual(['forkchoice', before])
  })

  test('SYNCING is told, and not taken for accepted', async () => {
    const { controller, calls, answers } = engineOf({ forkchoice: 'SYNCING' })
    expect(await controller.update(after, {})).toBe('syncing')
    answers.forkchoice = 'VALID'
    expect(await controller.update(after, {})).toBe('valid')
    expect(calls).toHaveLength(2)
  })

  test.each<[Answer, unknown]>([
    ['INVALID', reset],
    ['ACCEPTED', reset],
    [engineError(-38_002), reset],
    [engineError(-38_005), temporary('ENGINE_REFUSED')],
    [engineError(-32_000), temporary('ENGINE_REFUSED')],
    [cut, cut],
  ])('%s fails', async (answer, error) => {
    const { controller } = engineOf({ forkchoice: answer })
    await expect(controller.update(after, {})).rejects.toEqual(error)
  })
})

describe('build', () => {
  const build = (controller: ForkchoiceController) => controller.build(parent, labels, { attributes }, {})

  test('begins, fetches, inserts and makes it the head', async () => {
    const { controller, calls } = engineOf()
    expect(await build(controller)).toEqual({ tag: 'built', payload })
    expect(calls).toEqual([
      ['attributes', before],
      ['getPayload', '0x01'],
      ['newPayload', payload.hash],
      ['forkchoice', after],
    ])
    await controller.update(after, {})
    expect(calls).toHaveLength(4)
  })

  test.each<[Partial<Record<Step, Answer>>, string]>([
    [{ attributes: engineError(-38_003, 'invalid transaction') }, 'code -38003: invalid transaction'],
    [{ attributes: 'INVALID' }, 'invalid gas used'],
    [{ newPayload: 'INVALID' }, 'invalid gas used'],
  ])('%j: refused', async (answers, reason) => {
    const { controller } = engineOf(answers)
    expect(await build(controller)).toEqual({ tag: 'refused', reason })
  })

  test.each<[Partial<Record<Step, Answer | 'no ticket'>>, unknown]>([
    [{ attributes: cut }, cut],
    [{ attributes: 'SYNCING' }, temporary('ENGINE_SYNCING')],
    [{ attributes: 'ACCEPTED' }, temporary('ENGINE_SYNCING')],
    [{ attributes: 'no ticket' }, temporary('ENGINE_REFUSED', `the engine begins no block on ${parent.hash}`)],
    [{ attributes: engineError(-38_002) }, reset],
    [{ attributes: engineError(-38_005) }, reset],
    [{ attributes: engineError(-32_602) }, temporary('ENGINE_REFUSED')],
    [{ getPayload: cut }, cut],
    [{ getPayload: engineError(-38_001) }, temporary('ENGINE_REFUSED')],
    [{ newPayload: cut }, cut],
    [{ newPayload: 'SYNCING' }, temporary('ENGINE_SYNCING')],
    [{ newPayload: engineError(-32_000) }, temporary('ENGINE_REFUSED')],
    [{ forkchoice: 'SYNCING' }, reset],
    [{ forkchoice: engineError(-38_002) }, reset],
    [{ forkchoice: cut }, cut],
  ])('%j fails', async (answers, error) => {
    const { controller } = engineOf(answers)
    await expect(build(controller)).rejects.toEqual(error)
  })

  test('a block that is not wanted is not inserted', async () => {
    const { controller, calls } = engineOf()
    const asked: Payload[] = []
    const refuses = (made: Payload): string => {
      asked.push(made)
      return 'denied'
    }
    expect(await controller.build(parent, labels, { attributes, refuses }, {})).toEqual({
      tag: 'refused',
      reason: 'denied',
    })
    expect(asked).toEqual([payload])
    expect(calls.map(([step]) => step)).toEqual(['attributes', 'getPayload'])
  })

  test('attributes that were refused leave open where the head is', async () => {
    const { controller, calls } = engineOf({ attributes: engineError(-38_003) })
    await controller.update(before, {})
    await build(controller)
    await controller.update(before, {})
    expect(calls.map(([step]) => step)).toEqual(['forkchoice', 'attributes', 'forkchoice'])
  })
})
