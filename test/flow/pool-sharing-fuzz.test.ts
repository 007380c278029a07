import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { concatBytes, type Hash } from '../../src/primitives/hex.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import { packSnappy } from '../../src/primitives/snappy.ts'
import {
  ETH,
  encodeAnnouncements,
  encodeBlockRange,
  encodePooled,
  encodeRequest,
  encodeTransactions,
} from '../../txpool/devp2p/eth-messages.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { SharingWorld, sharedTransaction } from '../support/sharing-world.ts'

const seed = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 2 ** 31)
/** `OP_SEQUENCER_FUZZ=20000` for a long run. */
const peers = Math.ceil(Number(process.env.OP_SEQUENCER_FUZZ ?? 200) / 10)

interface Noise {
  readonly code: number
  readonly valid: number
  readonly at: number
  readonly put: Uint8Array
  readonly level: 'body' | 'packed' | 'socket'
}

const noise: fc.Arbitrary<Noise> = fc.record({
  code: fc.oneof(fc.constantFrom(...Object.values(ETH)), fc.nat({ max: 20 })),
  valid: fc.nat({ max: 6 }),
  at: fc.nat({ max: 4000 }),
  put: fc.uint8Array({ maxLength: 6 }),
  level: fc.constantFrom('body' as const, 'body' as const, 'body' as const, 'packed' as const, 'socket' as const),
})

function insert(bytes: Uint8Array, at: number, put: Uint8Array): Uint8Array {
  const where = at % (bytes.length + 1)
  return concatBytes(bytes.subarray(0, where), put, bytes.subarray(where + put.length))
}

it(`a shared pool goes on whatever its peers say (OP_SEQUENCER_SEED=${seed})`, { timeout: 600_000 }, async () => {
  await using world = await SharingWorld.start({ maxPeers: 1000 })
  const raws = await Promise.all(Array.from({ length: 8 }, (_, index) => sharedTransaction(index, 0)))
  const hashes: Hash[] = []
  for (const raw of raws.slice(0, 4)) hashes.push(await world.add(raw))
  const valid = [
    encodeTransactions(raws),
    encodeAnnouncements(hashes.map((hash) => ({ hash, type: 2, size: 110 }))),
    encodeRequest(1n, hashes),
    encodePooled(1n, raws),
    encodeBlockRange({ earliest: 0n, latest: 4n, latestHash: hashes[0] as Hash }),
    encodeRlp([1, []]),
    new Uint8Array(0),
  ]
  const scripts = fc.sample(fc.array(noise, { minLength: 1, maxLength: 12 }), { seed, numRuns: peers })
  for (const [index, script] of scripts.entries()) {
    // One of us refuses too many at once, which is not what this is about.
    const peer = await ScriptedPeer.joined(world.enode, index % 2 === 0 ? 69 : 68).catch(() => undefined)
    if (peer === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      continue
    }
    for (const { code, valid: which, at, put, level } of script) {
      const body = valid[which] as Uint8Array
      if (level === 'body') peer.send(code, insert(body, at, put))
      else if (level === 'packed') peer.frame(16 + code, insert(packSnappy(body), at, put))
      else peer.socket.write(insert(peer.cipher.seal(16 + code, packSnappy(body)), at, put))
    }
    peer.socket.end()
    await peer.dropped()
  }
  await vi.waitFor(() => expect(world.sharing.peerCount).toBe(0), 10_000)
  await using other = await SharingWorld.start({ static: [world.enode] })
  await vi.waitFor(() => expect(other.pool.size).toBe(world.pool.size), 10_000)
  expect(world.pool.size).toBeGreaterThanOrEqual(4)
})
