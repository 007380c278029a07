import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDiskFile, openDiskFileToRead } from './flat-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flat-file-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a flat file on disk', () => {
  it('has bytes where they were written, in the next process too', () => {
    const path = join(folder, 'deep', 'down', 'file')
    const file = openDiskFile(path)
    expect(file.size).toBe(0)
    file.write(0, Uint8Array.of(1, 2, 3, 4))
    file.write(2, Uint8Array.of(9, 9, 9))
    file.sync()
    expect(file.size).toBe(5)
    expect(file.read(1, 3)).toEqual(Uint8Array.of(2, 9, 9))
    file.truncate(3)
    expect(file.size).toBe(3)
    file.close()
    const again = openDiskFile(path)
    expect(again.read(0, 3)).toEqual(Uint8Array.of(1, 2, 9))
    again.close()
    expect([...readFileSync(path)]).toEqual([1, 2, 9])
  })

  it('tells too few bytes from what the system refuses', () => {
    const path = join(folder, 'short')
    const file = openDiskFile(path)
    file.write(0, Uint8Array.of(1))
    expect(() => file.read(0, 2)).toThrow(RangeError)
    file.close()
    expect(() => file.read(0, 1)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    const reader = openDiskFileToRead(path)
    expect(reader.read(0, 1)).toEqual(Uint8Array.of(1))
    expect(() => reader.write(0, Uint8Array.of(2))).toThrow(expect.objectContaining({ code: 'EBADF' }))
    reader.close()
    expect(() => openDiskFileToRead(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })
})
