import { describe, expect, it } from 'vitest'
import { Conflicts } from './conflicts.ts'

describe('Conflicts', () => {
  it('keeps out of the way for longer with each repetition, up to a bound', () => {
    const conflicts = new Conflicts(2000)
    const pauses = Array.from({ length: 8 }, () => conflicts.struck())
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('forgets when enough blocks stood in a row', () => {
    const conflicts = new Conflicts(1000)
    conflicts.struck()
    for (let i = 0; i < 15; i++) conflicts.stood()
    expect(conflicts.struck()).toBe(2000)
    for (let i = 0; i < 16; i++) conflicts.stood()
    expect(conflicts.struck()).toBe(1000)
  })
})
