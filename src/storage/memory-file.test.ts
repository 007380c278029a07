import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDiskFile } from './flat-file.ts'
import { memoryFiles } from './memory-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-file-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a flat file in memory', () => {
  it('is one file for as long as its folder is kept', () => {
    const open = memoryFiles()
    open('/a').write(3, Uint8Array.of(1))
    expect(open('/a').read(0, 4)).toEqual(Uint8Array.of(0, 0, 0, 1))
    expect(open('/b').size).toBe(0)
    expect(memoryFiles()('/a').size).toBe(0)
    expect(() => open('/a').read(0, 5)).toThrow(RangeError)
  })

  it('does what one on disk does', () => {
    const place = fc.nat(10_000)
    const step = fc.oneof(
      fc.record({ at: place, bytes: fc.uint8Array({ maxLength: 5000 }) }),
      fc.record({ truncate: place }),
    )
    let name = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const files = [memoryFiles()('/file'), openDiskFile(join(folder, String(name++)))]
        for (const file of files)
          for (const each of steps)
            if ('truncate' in each) file.truncate(each.truncate)
            else if (each.bytes.length > 0) file.write(each.at, each.bytes)
        const [memory, disk] = files.map((file) => Buffer.from(file.read(0, file.size)))
        files[1]?.close()
        expect(memory?.equals(disk ?? Buffer.alloc(0))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})
