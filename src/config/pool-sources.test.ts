import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { poolExchangeSchema, poolExchangeSettings } from './pool-sources.ts'

const schema = z.strictObject(poolExchangeSchema)

describe('nodes that a pool exchanges transactions with', () => {
  it('are sources and targets', () => {
    const parsed = schema.parse({
      sources: [{ subscribe: 'ws://127.0.0.1:1' }, { content: 'http://127.0.0.1:2', interval: '300ms' }],
      relayTo: ['http://127.0.0.1:3'],
    })
    expect(poolExchangeSettings(parsed)).toEqual({
      sources: [
        { subscribe: 'ws://127.0.0.1:1', intervalMs: 2_000 },
        { content: 'http://127.0.0.1:2', intervalMs: 300 },
      ],
      relayTo: ['http://127.0.0.1:3'],
    })
  })

  it('are nobody where none is named', () => {
    expect(poolExchangeSettings(undefined)).toBeUndefined()
    expect(poolExchangeSettings(schema.parse({ sources: [], relayTo: [] }))).toBeUndefined()
  })

  it.each([
    [{ sources: [{}] }, 'expected subscribe, content or both'],
    [{ sources: [{ subscribe: 'http://127.0.0.1:1' }] }, 'expected a URL with ws or wss'],
    [{ sources: [{ content: 'ws://127.0.0.1:1' }] }, 'expected a URL with http or https'],
    [{ sources: [{ content: 'http://127.0.0.1:1', interval: 0 }] }, 'must be positive'],
    [{ relayTo: ['127.0.0.1:1'] }, 'expected a URL with http or https'],
  ])('are refused: %j', (section, message) => {
    const { error } = schema.safeParse(section)
    expect(error?.issues.map((issue) => issue.message)).toContain(message)
  })
})
