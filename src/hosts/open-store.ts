import { AppError, errorMessage } from '../primitives/errors.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import type { LevelStoreOptions } from '../storage/level-store.ts'

/**
 * @param folder absolute; undefined: in memory
 * @throws AppError CONFIG_INVALID
 */
export async function openStore(folder: string | undefined, options: LevelStoreOptions = {}): Promise<KeyValueStore> {
  // On demand: most processes need one of them.
  if (folder === undefined) return new (await import('../storage/memory-store.ts')).MemoryStore()
  const { LevelStore } = await import('../storage/level-store.ts')
  return LevelStore.open(folder, options).catch((cause: unknown) => {
    const message = `datadir: ${folder} cannot be opened: ${errorMessage(cause)}`
    throw new AppError('CONFIG_INVALID', { message, cause })
  })
}
