import { encodeChannel } from '../../../src/protocol/channel-data.ts'
import { encodeFrames } from '../../../src/protocol/frame.ts'
import type { HostileKit } from './hostile-kit.ts'
import type { L1Item } from './l1-writer.ts'

/**
 * The blocks of a kit in one or two channels of either kind, in one to three transactions each; a chain at Fjord at least.
 * @param random integers below a limit
 */
export function randomBatches(kit: HostileKit, random: (limit: number) => number): L1Item[] {
  const last = kit.blocks.length - 1
  const cut = random(2) === 0 || last === 0 ? last : random(last)
  const parts =
    cut === last
      ? [[0, last]]
      : [
          [0, cut],
          [cut + 1, last],
        ]
  return (parts as [number, number][]).flatMap(([from, to]) => {
    const batches = random(2) === 0 ? kit.singulars(from, to) : [kit.span(from, to)]
    const channel = encodeChannel(batches, random(2) === 0 ? 'zlib' : 'brotli')
    return kit.cut(channel, 1 + random(3)).map((frame) => ({ data: encodeFrames([frame]) }))
  })
}
