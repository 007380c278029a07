import { expect, it } from 'vitest'
import { storageSize } from './limits.ts'

// geth's shelves: 4 KiB, and as much as each blob more takes.
it.each([
  [4088, false, 4096],
  [4089, false, 135_168],
  [131_450, false, 135_168],
  [135_160, false, 135_168],
  [135_161, false, 266_240],
  [4088, true, 4096],
  [137_600, true, 141_376],
  [141_369, true, 278_656],
])('%s bytes (Osaka known: %s) take %s', (bytes, cells, stored) => {
  expect(storageSize(bytes, cells)).toBe(stored)
})
