import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '../src/primitives/errors.ts'
import { silentLogger } from '../src/telemetry/logger.ts'
import { createDispatcher, type DispatchLimits } from './dispatch.ts'
import { upstreamError } from './errors.ts'
import { defineMethod, described, type Method, methodTable } from './method.ts'
import { data, optional, quantity } from './schema.ts'

const order: string[] = []

const METHODS: readonly Method[] = [
  defineMethod({
    name: 'demo_add',
    summary: 'Adds',
    params: z.tuple([quantity, optional(quantity)]),
    paramNames: ['a', 'b'],
    result: z.string(),
    handler: ([a, b]) => String(a + (b ?? 0n)),
  }),
  defineMethod({
    name: 'demo_slow',
    summary: 'Notes when it starts and ends',
    params: z.tuple([z.string()]),
    paramNames: ['name'],
    result: z.string(),
    async handler([name]) {
      order.push(`start ${name}`)
      await Promise.resolve()
      order.push(`end ${name}`)
      return name
    },
  }),
  defineMethod({
    name: 'demo_fail',
    summary: 'Throws as told',
    params: z.tuple([z.string()]),
    paramNames: ['how'],
    result: described('never'),
    handler([how]) {
      if (how === 'coded') throw new AppError('JOB_UNKNOWN', { message: 'unknown job', data: { jobId: 'x' } })
      if (how === 'parent') throw new AppError('ORIGIN_ORPHANED', { data: { origin: '0x1' } })
      if (how === 'foreign') throw new AppError('NOBODY_KNOWS', { message: 'secret text' })
      if (how === 'upstream') throw upstreamError({ code: 3, message: 'execution reverted', data: '0x01' })
      if (how === 'bigint') return { value: 1n }
      throw new TypeError('secret text')
    },
  }),
  defineMethod({
    name: 'demo_size',
    summary: 'Answers with that many characters',
    params: z.tuple([z.int()]),
    paramNames: ['size'],
    result: z.string(),
    handler: ([size]) => 'x'.repeat(size),
  }),
]

function dispatcher(methods: readonly Method[] = METHODS, limits: Partial<DispatchLimits> = {}) {
  const served = createDispatcher({
    methods: methodTable(methods),
    limits: { batchItems: 5, responseBytes: 1000, ...limits },
    logger: silentLogger(),
  })
  return async (request: unknown): Promise<unknown> => {
    const answer = await served.handle(typeof request === 'string' ? request : JSON.stringify(request), {})
    return answer === undefined ? undefined : JSON.parse(answer)
  }
}

function call(method: unknown, params?: unknown, id: unknown = 1) {
  return { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
}

function failure(code: number, message?: string, id: unknown = 1) {
  return {
    jsonrpc: '2.0',
    id,
    error: { code, message: message === undefined ? expect.any(String) : message },
  }
}

describe('requests', () => {
  it('answers with the result and echoes the id', async () => {
    for (const id of [7, 'seven', '', null, 1.5, -1]) {
      expect(await dispatcher()(call('demo_add', ['0x1', '0x2'], id))).toEqual({ jsonrpc: '2.0', id, result: '3' })
    }
  })

  it('says nothing to notifications, even to failing ones', async () => {
    expect(await dispatcher()({ jsonrpc: '2.0', method: 'demo_add', params: ['0x1'] })).toBeUndefined()
    expect(await dispatcher()({ jsonrpc: '2.0', method: 'demo_add', params: [] })).toBeUndefined()
    expect(await dispatcher()({ jsonrpc: '2.0', method: 'demo_none' })).toBeUndefined()
    expect(await dispatcher()([{ jsonrpc: '2.0', method: 'demo_add', params: ['0x1'] }])).toBeUndefined()
  })

  it('refuses what is no JSON with -32700', async () => {
    for (const text of ['', '{', 'nope', '{"a":}', '[1,']) {
      expect(await dispatcher()(text)).toEqual(failure(-32700, 'parse error', null))
    }
  })

  it('refuses what is no request with -32600', async () => {
    for (const request of ['1', '"x"', 'null', 'true', '{}', '[]']) {
      expect(await dispatcher()(request)).toEqual(failure(-32600, undefined, null))
    }
    expect(await dispatcher()({ id: 4, method: 'demo_add' })).toEqual(failure(-32600, undefined, 4))
    expect(await dispatcher()({ jsonrpc: '1.0', id: 4, method: 'demo_add' })).toEqual(failure(-32600, undefined, 4))
    expect(await dispatcher()(call(1))).toEqual(failure(-32600))
  })

  it('refuses ids that it could not echo', async () => {
    for (const id of ['{}', '[]', 'true', '12345678901234567890']) {
      const text = `{"jsonrpc":"2.0","id":${id},"method":"demo_add","params":["0x1"]}`
      expect(await dispatcher()(text)).toEqual(failure(-32600, undefined, null))
    }
  })

  it('takes the last of duplicate keys', async () => {
    const text = '{"jsonrpc":"2.0","id":1,"id":2,"method":"demo_none","method":"demo_add","params":["0x1"]}'
    expect(await dispatcher()(text)).toEqual({ jsonrpc: '2.0', id: 2, result: '1' })
  })

  it('knows no method by a name that objects inherit', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
      expect(await dispatcher()(call(name))).toEqual(failure(-32601))
    }
    const polluting = '{"jsonrpc":"2.0","id":1,"__proto__":{"method":"demo_add"},"params":["0x1"]}'
    expect(await dispatcher()(polluting)).toEqual(failure(-32600))
  })

  it('refuses deep nesting but not brackets in strings', async () => {
    expect(await dispatcher()('['.repeat(100_000))).toEqual(failure(-32600, undefined, null))
    expect(await dispatcher()(`{"a":`.repeat(100_000))).toEqual(failure(-32600, undefined, null))
    const brackets = '[{"\\'.repeat(100)
    expect(await dispatcher()(call('demo_slow', [brackets]))).toEqual({ jsonrpc: '2.0', id: 1, result: brackets })
  })
})

describe('parameters', () => {
  it('words -32602 so that the caller finds the argument', async () => {
    const ask = dispatcher()
    expect(await ask(call('demo_add'))).toEqual(
      failure(-32602, 'invalid params: missing value for required argument 0'),
    )
    expect(await ask(call('demo_add', ['0x1', '0x2', '0x3']))).toEqual(
      failure(-32602, 'invalid params: too many arguments, want at most 2'),
    )
    expect(await ask(call('demo_add', ['0x1', '0x02']))).toEqual(
      failure(-32602, 'invalid params: argument 1: expected a 0x quantity without leading zeros'),
    )
  })

  it('refuses params that are no array', async () => {
    for (const params of [{ a: '0x1' }, 'x', 1, true]) {
      expect(await dispatcher()(call('demo_add', params))).toEqual(
        failure(-32602, 'invalid params: expected an array, by position'),
      )
    }
  })

  it('takes null for an optional argument and for no params', async () => {
    expect(await dispatcher()(call('demo_add', ['0x5', null]))).toMatchObject({ result: '5' })
    expect(await dispatcher()(call('demo_add', null))).toEqual(failure(-32602))
    expect(await dispatcher()(call('demo_add', [null]))).toEqual(failure(-32602))
  })
})

describe('failures of handlers', () => {
  it('gives coded errors their number and data', async () => {
    expect(await dispatcher()(call('demo_fail', ['coded']))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -38510, message: 'unknown job', data: { jobId: 'x' } },
    })
  })

  it('names the rule that makes a parent unusable', async () => {
    expect(await dispatcher()(call('demo_fail', ['parent']))).toMatchObject({
      error: { code: -38513, data: { rule: 'ORIGIN_ORPHANED', origin: '0x1' } },
    })
  })

  it('passes a node’s own error on unchanged', async () => {
    expect(await dispatcher()(call('demo_fail', ['upstream']))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: 3, message: 'execution reverted', data: '0x01' },
    })
  })

  it('leaks nothing of anything else', async () => {
    for (const how of ['foreign', 'bigint', 'other']) {
      expect(await dispatcher()(call('demo_fail', [how]))).toEqual(failure(-32603, 'internal error'))
    }
  })
})

describe('batches', () => {
  it('runs them in order and answers all but notifications', async () => {
    order.length = 0
    const answers = await dispatcher()([
      call('demo_slow', ['a'], 1),
      { jsonrpc: '2.0', method: 'demo_slow', params: ['b'] },
      1,
      call('demo_none', [], 3),
      call('demo_slow', ['c'], 4),
    ])
    expect(order).toEqual(['start a', 'end a', 'start b', 'end b', 'start c', 'end c'])
    expect(answers).toEqual([
      { jsonrpc: '2.0', id: 1, result: 'a' },
      failure(-32600, undefined, null),
      failure(-32601, undefined, 3),
      { jsonrpc: '2.0', id: 4, result: 'c' },
    ])
  })

  it('refuses more calls than the limit', async () => {
    expect(await dispatcher()(new Array(6).fill(call('demo_add', ['0x1'])))).toEqual(
      failure(-32600, 'batch too large', null),
    )
  })

  it('bounds the size of answers', async () => {
    expect(await dispatcher()(call('demo_size', [2000]))).toEqual(failure(-32003, 'response too large'))
    expect(await dispatcher()([call('demo_size', [600], 1), call('demo_size', [600], 2)])).toEqual([
      { jsonrpc: '2.0', id: 1, result: 'x'.repeat(600) },
      failure(-32003, 'response too large', 2),
    ])
  })
})

describe('batch preparation', () => {
  function counted(fail: boolean) {
    const seen: string[] = []
    const method = defineMethod({
      name: 'demo_include',
      summary: 'Includes',
      params: z.tuple([z.string(), data]),
      paramNames: ['job', 'raw'],
      result: z.number(),
      handler([job, raw]) {
        seen.push(`run ${job}`)
        return raw.length
      },
      async prepare(items) {
        seen.push(`prepare ${items.map(([job, raw]) => `${job}:${raw.length}`).join(' ')}`)
        if (fail) throw new TypeError('hint failed')
      },
    })
    return { seen, ask: dispatcher([method, ...METHODS]) }
  }

  it.each([false, true])('shows a method its valid calls once, before any call runs (failing: %s)', async (fail) => {
    const { seen, ask } = counted(fail)
    const answers = await ask([
      call('demo_include', ['a', '0x'], 1),
      call('demo_add', ['0x1'], 2),
      call('demo_include', ['b', 'zz'], 3),
      call('demo_include', ['c', '0x0102'], 4),
    ])
    expect(seen).toEqual(['prepare a:0 c:2', 'run a', 'run c'])
    expect(answers).toMatchObject([{ result: 0 }, { result: '1' }, { error: { code: -32602 } }, { result: 2 }])
  })

  it('is left out for a single call', async () => {
    const { seen, ask } = counted(false)
    await ask([call('demo_include', ['a', '0x'])])
    await ask(call('demo_include', ['a', '0x']))
    expect(seen).toEqual(['run a', 'run a'])
  })
})
