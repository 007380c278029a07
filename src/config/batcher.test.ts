import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { hexToBytes } from '../primitives/hex.ts'
import { batcherSchema, batcherSettings } from './batcher.ts'

const KEY = `0x${'0a'.repeat(32)}` as const
const secret = z.string().transform(() => hexToBytes(KEY))
const schema = batcherSchema({ secret })

function settingsOf(section: unknown): ReturnType<typeof batcherSettings> {
  return batcherSettings(schema.parse(section))
}

function problemsOf(section: unknown): string[] {
  return schema.safeParse(section).error?.issues.map(({ message }) => message) ?? []
}

describe('chains[].batcher', () => {
  it('has a key, from the file or from another one', () => {
    const account = { address: expect.stringMatching(/^0x[0-9a-f]{40}$/), key: KEY }
    expect(settingsOf({ key: KEY })).toEqual({ account, da: 'calldata' })
    expect(settingsOf({ keyFile: 'batcher.key', da: 'blobs' })).toEqual({ account, da: 'blobs' })
    expect(problemsOf({})).toEqual(['expected one of key and keyFile'])
    expect(problemsOf({ key: KEY, keyFile: 'batcher.key' })).toEqual(['expected one of key and keyFile'])
    expect(problemsOf({ key: `0x${'00'.repeat(32)}` })).toEqual(['the key is none of secp256k1'])
    expect(problemsOf({ key: '0x01' })).toEqual(['expected a 32-byte 0x key'])
  })

  it('batches by itself where it is told to, and how', () => {
    expect(settingsOf({ key: KEY, auto: false }).auto).toBeUndefined()
    expect(settingsOf({ key: KEY, auto: true }).auto).toEqual({})
    const auto = { interval: '2s', type: 'singular', compression: 'zlib', maxFrameBytes: 1000, maxBlocks: 5 }
    const { interval: _, ...others } = auto
    expect(settingsOf({ key: KEY, auto }).auto).toEqual({ intervalMs: 2000, ...others })
    expect(problemsOf({ key: KEY, auto: { interval: '0s' } })).toEqual(['must be positive'])
    expect(problemsOf({ key: KEY, da: 'plasma' }).length).toBe(1)
  })
})
