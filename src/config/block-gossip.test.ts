import { describe, expect, it } from 'vitest'
import { blockGossipSchema, blockGossipSettings } from './block-gossip.ts'
import { fileSchemas } from './files.ts'

const ID = '16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY'
const schema = blockGossipSchema(fileSchemas('/nowhere'))

describe('the p2p section', () => {
  it('names where to listen, and peers by id', () => {
    const section = { listen: '/ip4/0.0.0.0/tcp/9222', static: [`/dns4/a.example/tcp/9003/p2p/${ID}`] }
    expect(blockGossipSettings(schema.parse(section))).toEqual({
      listen: '/ip4/0.0.0.0/tcp/9222',
      maxAgeMs: 60_000,
      static: [{ id: ID, address: `/dns4/a.example/tcp/9003/p2p/${ID}` }],
    })
    expect(schema.parse({ listen: '/ip6/::1/tcp/0' }).static).toEqual([])
  })

  it.each([
    '127.0.0.1:9222',
    '/ip4/127.0.0.1',
    '/ip4/::1/tcp/1',
    '/ip4/127.0.0.1/udp/1',
    '/ip4/1.2.3.4/tcp/65536',
    '/dns4/a/tcp/1',
  ])('cannot listen on %s', (listen) => {
    expect(schema.safeParse({ listen }).success).toBe(false)
  })

  it.each([
    '/ip4/127.0.0.1/tcp/9222',
    `/ip4/127.0.0.1/tcp/9222/p2p/0${ID.slice(1)}`,
    `/dns4/a b/tcp/9222/p2p/${ID}`,
    `/ip4/127.0.0.1/tcp/99999/p2p/${ID}`,
    `enode://${ID}@127.0.0.1:1`,
  ])('cannot dial %s', (address) => {
    expect(schema.safeParse({ listen: '/ip4/127.0.0.1/tcp/0', static: [address] }).success).toBe(false)
  })
})
