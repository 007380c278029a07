import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Frame } from '../protocol/frame.ts'
import { pruneFrames } from './frame-queue.ts'

/** A frame in short: its channel, its number, and a full stop when it is the last. */
const frame = (text: string): Frame => ({
  channel: `0x${text.charCodeAt(0).toString(16).padStart(32, '0')}`,
  number: Number(text[1]),
  data: new Uint8Array(),
  isLast: text.endsWith('.'),
})

describe('pruning of frames from Holocene on', () => {
  it.each([
    ['a0 a1 a2.', 'a0 a1 a2.'],
    ['a0 a1 a1 a2.', 'a0 a1 a2.'],
    ['a0 a2 a1 a3.', 'a0 a1'],
    ['a0 a1. a2', 'a0 a1.'],
    // A first frame throws out the channel before it, if it is open.
    ['a0 a1 b0 b1.', 'b0 b1.'],
    ['a0 a1. b0 b1.', 'a0 a1. b0 b1.'],
    ['a0 a1 b1 b0 b1.', 'b0 b1.'],
    ['a0 b1 a1.', 'a0 a1.'],
    ['a0. b0 b1 a0 a1.', 'a0.'],
    ['a0 a0 a1.', 'a0 a1.'],
    ['a1 a2.', 'a1 a2.'],
    ['a1 b0.', 'b0.'],
    ['', ''],
  ])('leaves of «%s» only «%s»', (given, left) => {
    const frames = (text: string): Frame[] => text.split(' ').filter(Boolean).map(frame)
    expect(pruneFrames(frames(given))).toEqual(frames(left))
  })

  /** The specification's words: one pair of neighbours after the other, until no rule takes one away. */
  function byPairs(frames: readonly Frame[]): Frame[] {
    const list = [...frames]
    for (let at = 0; at + 1 < list.length; ) {
      const [current, next] = [list[at] as Frame, list[at + 1] as Frame]
      const same = current.channel === next.channel
      if (same ? current.isLast || next.number !== current.number + 1 : next.number !== 0) list.splice(at + 1, 1)
      else if (!same && !current.isLast) {
        list.splice(at, 1)
        at = Math.max(0, at - 1)
      } else at++
    }
    return list
  }

  it('is the same as looking at pairs', () => {
    const some = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(3), fc.boolean())
    const frames = fc.array(
      some.map(([id, number, last]) => frame(`${id}${number}${last ? '.' : ''}`)),
      { maxLength: 14 },
    )
    fc.assert(
      fc.property(frames, (list) => {
        expect(pruneFrames(list)).toEqual(byPairs(list))
      }),
      { numRuns: 2000 },
    )
  })
})
