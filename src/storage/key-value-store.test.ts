import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyValueChange, KeyValueStore } from './key-value-store.ts'
import { LevelStore } from './level-store.ts'
import { MemoryStore } from './memory-store.ts'

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kv-'))
  try {
    await run(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const KEYS = ['n:', 'a', 'b', 'a:', 'n:0', 'n:00'] as const
const batches = fc.array(
  fc.array(fc.tuple(fc.constantFrom<string>(...KEYS), fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null }))),
  { maxLength: 8 },
)

async function collected(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const key of keys) all.push(key)
  return all
}

/** Writes batches, and looks after each whether every key has what the last change of it said. */
async function behaves(store: KeyValueStore, all: readonly (readonly KeyValueChange[])[]): Promise<void> {
  const model = new Map<string, Uint8Array | null>()
  for (const key of KEYS) await store.write([[key, null]], {})
  for (const batch of all) {
    await store.write(batch, {})
    for (const [key, value] of batch) model.set(key, value)
    for (const key of KEYS) expect(store.get(key) ?? null).toEqual(model.get(key) ?? null)
    expect(await collected(store.keys('a:', 'n:0'))).toEqual(
      [...KEYS].filter((key) => (model.get(key) ?? null) !== null && 'a:' <= key && key < 'n:0').sort(),
    )
  }
}

describe('a key-value store', () => {
  it('in memory has what was written last', async () => {
    await fc.assert(fc.asyncProperty(batches, (all) => behaves(new MemoryStore(), all)))
  })

  it('in memory finds every one of very many values, small ones and large ones', async () => {
    const store = new MemoryStore()
    const model = new Map<string, Uint8Array>()
    const value = (seed: number): Uint8Array => {
      const size = seed % 4999 === 0 ? 1_500_000 : (seed * 7919) % 301
      return new Uint8Array(size).fill(seed % 251)
    }
    for (let round = 0; round < 3; round++) {
      const changes: KeyValueChange[] = []
      for (let i = 0; i < 12_000; i++) {
        const key = `s:0x${(i * 2_654_435_761).toString(16).padStart(64, '0')}`
        if ((i + round) % 3 === 0) continue
        const removes = (i + round) % 5 === 0
        changes.push([key, removes ? null : value(i + round)])
        if (removes) model.delete(key)
        else model.set(key, value(i + round))
      }
      await store.write(changes, {})
    }
    for (let i = 0; i < 12_000; i++) {
      const key = `s:0x${(i * 2_654_435_761).toString(16).padStart(64, '0')}`
      const [found, wanted] = [store.get(key), model.get(key)]
      if (Buffer.compare(found ?? Buffer.of(1, 2, 3), wanted ?? Buffer.of(1, 2, 3)) !== 0)
        throw new Error(`${key} differs`)
    }
    expect(model.size).toBeGreaterThan(5000)
    expect(await collected(store.keys('s:', 's;'))).toEqual([...model.keys()].sort())
  })

  it('in memory leaves what was read as it was', async () => {
    const store = new MemoryStore()
    const first = Uint8Array.of(1, 2, 3)
    await store.write([['a', first]], {})
    first.fill(9)
    const read = store.get('a')
    await store.write([['a', Uint8Array.of(4, 5, 6)]], {})
    await store.write([['a', null]], {})
    expect(read).toEqual(Uint8Array.of(1, 2, 3))
    expect(store.get('a')).toBeUndefined()
  })

  it('on disk has what was written last', () =>
    withFolder(async (folder) => {
      const store = await LevelStore.open(folder)
      await fc.assert(
        fc.asyncProperty(batches, (all) => behaves(store, all)),
        { numRuns: 50 },
      )
      await store.close()
    }))

  it('on disk has it in the next process, too', () =>
    withFolder(async (folder) => {
      const first = await LevelStore.open(join(folder, 'deep', 'down'))
      await first.write([['a', Uint8Array.of(1, 2)]], {})
      await first.close()
      const second = await LevelStore.open(join(folder, 'deep', 'down'))
      expect(second.get('a')).toEqual(Uint8Array.of(1, 2))
      expect(second.get('b')).toBeUndefined()
      await second.close()
    }))

  it('does not begin a write that is not wanted any more', async () => {
    const store = new MemoryStore()
    await expect(store.write([['a', new Uint8Array(1)]], { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(store.get('a')).toBeUndefined()
  })
})
