import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AdminStateFile } from './admin-state.ts'

describe('AdminStateFile', () => {
  let folder = ''
  const file = (): string => join(folder, 'op-a', 'sequencer.json')
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'admin-state-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('remembers what was said last, in op-node’s words', () => {
    expect(new AdminStateFile(file()).started).toBeUndefined()
    const state = new AdminStateFile(file())
    state.save(true)
    expect(new AdminStateFile(file()).started).toBe(true)
    state.save(false)
    expect(state.started).toBe(false)
    expect(new AdminStateFile(file()).started).toBe(false)
    expect(readFileSync(file(), 'utf8')).toBe('{"sequencerStarted":false}')
    expect(readdirSync(join(folder, 'op-a'))).toEqual(['sequencer.json'])
  })

  it.each(['', '{', '{}', '{"sequencerStarted":1}', 'null'])('refuses a file that says %j', (text) => {
    new AdminStateFile(file()).save(true)
    writeFileSync(file(), text)
    expect(() => new AdminStateFile(file())).toThrow(expect.objectContaining({ code: 'ADMIN_STATE_INVALID' }))
  })
})
