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

const KEYS = ['a', 'b', 'a:', 'n:00'] as const
const batches = fc.array(
  fc.array(fc.tuple(fc.constantFrom<string>(...KEYS), fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null }))),
  { maxLength: 8 },
)

/** Writes batches, and looks after each whether every key has what the last change of it said. */
async function behaves(store: KeyValueStore, all: readonly (readonly KeyValueChange[])[]): Promise<void> {
  const model = new Map<string, Uint8Array | null>()
  for (const key of KEYS) await store.write([[key, null]], {})
  for (const batch of all) {
    await store.write(batch, {})
    for (const [key, value] of batch) model.set(key, value)
    for (const key of KEYS) expect(store.get(key) ?? null).toEqual(model.get(key) ?? null)
  }
}

describe('a key-value store', () => {
  it('in memory has what was written last', async () => {
    await fc.assert(fc.asyncProperty(batches, (all) => behaves(new MemoryStore(), all)))
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
