import { describe, expect, it } from 'vitest'
import { CrashDisk, seededRandom } from '../../../test/support/crash-disk.ts'
import { type Hash, toWord } from '../../primitives/hex.ts'
import { RowBuffer, type SafeOffer } from './row-buffer.ts'
import { SuperSafeDb } from './super-safe-db.ts'
import { truncateBlockId } from './super-safe-entry.ts'

// The first bytes are what is stored.
const hashOf = (number: bigint, branch = 0): Hash => toWord((number << 240n) | (BigInt(branch) << 200n))

function offer(chainIndex: number, number: bigint, branch = 0, parentBranch = branch): SafeOffer {
  const block = { number: number * 2n, hash: hashOf(number * 2n) }
  const l1 = { number, hash: hashOf(number, branch), parentHash: hashOf(number - 1n, parentBranch) }
  return { chainIndex, l1, localSafe: block, crossSafe: block, depositsOnly: false }
}

function world(chains = 3) {
  const disk = new CrashDisk(seededRandom(1))
  const db = SuperSafeDb.open({ path: 'db', chains, openFile: disk.openFile })
  const buffer = new RowBuffer(db, chains)
  const advance = (number: bigint, branch = 0): void => {
    for (let chain = 0; chain < chains; chain++) {
      const offered = buffer.offer(offer(chain, number, branch))
      expect(offered.tag).toBe(chain === chains - 1 ? 'complete' : 'buffered')
      if (offered.tag === 'complete') db.append(offered.row)
    }
    buffer.clear()
  }
  return { db, buffer, advance }
}

describe('the row buffer', () => {
  it('waits for every chain, in whatever order, however often they tell', () => {
    const { buffer } = world()
    for (const chain of [2, 0, 2, 0]) expect(buffer.offer(offer(chain, 7n)).tag).toBe('buffered')
    const complete = buffer.offer(offer(1, 7n))
    expect(complete).toMatchObject({ tag: 'complete', row: { l1: truncateBlockId(offer(1, 7n).l1) } })
    // Until it is written, it is told again.
    expect(buffer.offer(offer(0, 7n))).toEqual(complete)
  })

  it('says what an L1 block is to what is stored', () => {
    const { buffer, advance } = world()
    advance(7n)
    advance(8n)
    expect(buffer.offer(offer(0, 7n)).tag).toBe('known')
    expect(buffer.offer(offer(0, 8n)).tag).toBe('known')
    expect(buffer.offer(offer(0, 8n, 5)).tag).toBe('wrong-l1-view')
    expect(buffer.offer(offer(0, 6n)).tag).toBe('wrong-l1-view')
    expect(buffer.offer(offer(0, 9n, 5)).tag).toBe('wrong-l1-view')
    expect(buffer.offer(offer(0, 10n)).tag).toBe('ahead')
    expect(buffer.offer(offer(0, 9n, 5, 0)).tag).toBe('buffered')
    expect(() => buffer.offer(offer(3, 9n))).toThrow(RangeError)
  })

  it('does not mix branches of L1: the newest offer of a chain counts', () => {
    const { buffer, advance } = world()
    advance(7n)
    expect(buffer.offer(offer(0, 8n, 5, 0)).tag).toBe('buffered')
    expect(buffer.offer(offer(1, 8n)).tag).toBe('buffered')
    expect(buffer.offer(offer(2, 8n)).tag).toBe('buffered')
    expect(buffer.offer(offer(0, 8n))).toMatchObject({ tag: 'complete', row: { l1: truncateBlockId(offer(0, 8n).l1) } })
  })

  it('forgets with a rewind', () => {
    const { db, buffer, advance } = world()
    advance(7n)
    advance(8n)
    for (const chain of [0, 1]) buffer.offer(offer(chain, 9n))
    db.truncate(7n)
    buffer.clear()
    expect(buffer.offer(offer(2, 9n)).tag).toBe('ahead')
    expect(buffer.offer(offer(2, 8n, 5, 0)).tag).toBe('buffered')
  })
})
