import { join } from 'node:path'
import type { L2Settings } from '../config/config.ts'
import type { SafeHeadRecord } from '../driver/ports.ts'
import { NO_SAFE_HEADS, SafeHeadDb } from '../driver/safe-head-db.ts'
import { openStore } from './open-store.ts'

/** What a driver writes down of its safe heads. */
export interface OpenedSafeHeads {
  readonly record: SafeHeadRecord
  close(): Promise<void>
}

/** Without a folder nothing is written down. @throws AppError CONFIG_INVALID */
export async function openSafeHeads(
  { name, driver }: L2Settings,
  datadir: string | undefined,
): Promise<OpenedSafeHeads | undefined> {
  if (driver === undefined) return undefined
  if (datadir === undefined) return { record: NO_SAFE_HEADS, close: async () => undefined }
  const store = await openStore(join(datadir, name, 'safe-heads'), { sync: true })
  return { record: await SafeHeadDb.open(store), close: () => store.close() }
}
