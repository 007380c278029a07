import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { bytesToHex, concatBytes, type Hash } from '../../src/primitives/hex.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import { packSnappy } from '../../src/primitives/snappy.ts'
import type { Enode } from '../../src/protocol/enode.ts'
import { BASE, encodeHello } from '../../txpool/devp2p/base-protocol.ts'
import {
  decodeAnnouncements,
  decodePooled,
  decodeRequest,
  decodeTransactions,
  ETH,
  encodeAnnouncements,
  encodeBlockRange,
  encodePooled,
  encodeRequest,
  encodeTransactions,
} from '../../txpool/devp2p/eth-messages.ts'
import { writeList } from '../../txpool/devp2p/raw-rlp.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { SharingWorld, sharedTransaction } from '../support/sharing-world.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const REASON = {
  breach: 2,
  useless: 3,
  tooMany: 4,
  already: 5,
  version: 6,
  identity: 7,
  unexpected: 9,
  self: 10,
  timeout: 11,
  subprotocol: 16,
}

const randomHashes = (count: number): Hash[] => Array.from({ length: count }, () => bytesToHex(randomBytes(32)))
const announced = (hashes: readonly Hash[], type = 2, size = 110) =>
  encodeAnnouncements(hashes.map((hash) => ({ hash, type, size })))

/** Waits for a message of one kind. */
async function next(peer: ScriptedPeer, code: number): Promise<Uint8Array> {
  for (;;) {
    const message = await peer.receive()
    if (message.code === code) return message.body
  }
}

describe('two shared pools', () => {
  it.each([68, 69] as const)('have what the other has, over eth/%i', async (version) => {
    await using first = await SharingWorld.start({ versions: [version] })
    const before = await first.add(await sharedTransaction(0, 0))
    await using second = await SharingWorld.start({ static: [first.enode] })
    const has = (world: SharingWorld, hash: Hash) => () => expect(world.pool.get(hash)).toBeDefined()
    await vi.waitFor(has(second, before), 5_000)
    const here = await first.add(await sharedTransaction(1, 0))
    const there = await second.add(await sharedTransaction(2, 0))
    const large = await second.add(await sharedTransaction(3, 0, 10_000))
    await vi.waitFor(has(second, here), 5_000)
    await vi.waitFor(has(first, there), 5_000)
    await vi.waitFor(has(first, large), 5_000)
    expect([...first.sharing.peers].map((peer) => [peer.version, peer.origin])).toEqual([
      [version, { direction: 'in', named: false }],
    ])
    expect([first.sharing.stats.dropped, second.sharing.stats.dropped]).toEqual([0, 0])
  })

  it('become one however much waits in the first', { timeout: 30_000 }, async () => {
    await using first = await SharingWorld.start()
    for (let nonce = 0; nonce < 550; nonce++) {
      for (let from = 0; from < 9; from++) await first.add(await sharedTransaction(from, nonce))
    }
    await using second = await SharingWorld.start({ static: [first.enode] })
    await vi.waitFor(() => expect(second.pool.size).toBe(4950), { timeout: 25_000, interval: 100 })
    expect(await second.pool.status({})).toEqual({ pending: 4950, queued: 0 })
  })

  it('find each other again', async () => {
    await using second = await SharingWorld.start()
    {
      await using first = await SharingWorld.start()
      second.sharing.addPeer(first.enode)
      await vi.waitFor(() => expect(second.sharing.peerCount).toBe(1), 5_000)
      // The connection is lost without a word, and the peer goes on.
      for (const peer of first.sharing.peers) peer.fail(new Error('pulled'))
      await vi.waitFor(() => expect(second.sharing.peerCount).toBe(0), 5_000)
      await vi.waitFor(() => expect(second.sharing.peerCount).toBe(1), 5_000)
    }
    await vi.waitFor(() => expect(second.sharing.peerCount).toBe(0), 5_000)
  })

  it('end with nothing open, also in the middle of a handshake', async () => {
    const world = await SharingWorld.start()
    const silent = await ScriptedPeer.dial(world.enode)
    const shaking = await ScriptedPeer.encrypted(world.enode)
    await world[Symbol.asyncDispose]()
    await Promise.all([silent.dropped(), shaking.dropped()])
    await expect(ScriptedPeer.dial(world.enode)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('a peer of a shared pool', () => {
  it('is not ourselves', async () => {
    await using world = await SharingWorld.start()
    world.sharing.addPeer(world.enode)
    using peer = await ScriptedPeer.joined(world.enode)
    await vi.waitFor(() => expect(world.sharing.peerCount).toBe(1))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([...world.sharing.peers].map(({ id }) => id)).toEqual([bytesToHex(peer.id).slice(2)])
    expect(world.sharing.stats.dropped).toBe(0)
  })

  it('is told of what waits, and gets what it asks for, and nothing that it has sent', async () => {
    await using world = await SharingWorld.start()
    const raws = await Promise.all([0, 1, 2].map((nonce) => sharedTransaction(0, nonce)))
    const hashes = await Promise.all(raws.slice(0, 2).map((raw) => world.add(raw)))
    using peer = await ScriptedPeer.joined(world.enode)
    const told = decodeAnnouncements(await next(peer, ETH.announcements))
    expect(told).toEqual(hashes.map((hash, index) => ({ hash, type: 2, size: raws[index]?.length })))
    peer.send(ETH.getPooledTransactions, encodeRequest(7n, [...randomHashes(300), ...hashes]))
    expect(decodePooled(await next(peer, ETH.pooledTransactions))).toEqual({ id: 7n, transactions: [] })
    peer.send(ETH.getPooledTransactions, encodeRequest(8n, [...randomHashes(2), ...hashes]))
    const { transactions } = decodePooled(await next(peer, ETH.pooledTransactions))
    expect(transactions.map(({ raw }) => bytesToHex(raw))).toEqual(raws.slice(0, 2).map(bytesToHex))
    // Its own comes back to nobody but others.
    using other = await ScriptedPeer.joined(world.enode)
    await next(other, ETH.announcements)
    peer.send(ETH.transactions, encodeTransactions([raws[2] as Uint8Array]))
    expect(decodeTransactions(await next(other, ETH.transactions))[0]?.raw).toEqual(raws[2])
    peer.send(ETH.getBlockHeaders, encodeRlp([9, [1, 1, 0, 0]]))
    // Whatever had been sent to it would have come before.
    expect(await peer.receive()).toEqual({ code: ETH.blockHeaders, body: encodeRlp([9, []]) })
  })

  it('is asked for what it announces, and another one when it does not answer', async () => {
    const clock = new VirtualClock(1)
    await using world = await SharingWorld.start({ clock })
    const raw = await sharedTransaction(0, 0)
    using lazy = await ScriptedPeer.joined(world.enode)
    using other = await ScriptedPeer.joined(world.enode)
    await vi.waitFor(() => expect(world.sharing.peerCount).toBe(2))
    const hash = bytesToHex(await hashOf(raw))
    lazy.send(ETH.announcements, announced([hash], 2, raw.length))
    const asked = next(lazy, ETH.getPooledTransactions)
    await flowing(clock, asked)
    other.send(ETH.announcements, announced([hash], 2, raw.length))
    const second = next(other, ETH.getPooledTransactions)
    await flowing(clock, second)
    const { id, hashes } = decodeRequest(await second)
    expect(hashes).toEqual([hash])
    other.send(ETH.pooledTransactions, encodePooled(id, [raw]))
    await vi.waitFor(() => expect(world.pool.get(hash)).toBeDefined())
    // What it sends now is late, and no fault.
    lazy.send(ETH.pooledTransactions, encodePooled(decodeRequest(await asked).id, [raw]))
    await clock.advance(1000)
    expect([world.sharing.peerCount, world.sharing.stats.dropped]).toEqual([2, 0])
  })

  it('does not get more of our time and memory than it is owed', { timeout: 30_000 }, async () => {
    await using world = await SharingWorld.start({ maxPeers: 2 })
    const large = await Promise.all(
      Array.from({ length: 17 }, (_, nonce) => sharedTransaction(nonce % 9, Math.floor(nonce / 9), 120_000)),
    )
    const hashes = await Promise.all(large.map((raw) => world.add(raw)))
    using greedy = await ScriptedPeer.joined(world.enode)
    await vi.waitFor(() => expect(world.sharing.peerCount).toBe(1))
    // Asks, and takes nothing.
    greedy.socket.pause()
    for (let i = 0; i < 40; i++) greedy.send(ETH.getPooledTransactions, encodeRequest(BigInt(i), hashes))
    await vi.waitFor(() => expect(world.sharing.peerCount).toBe(0), 10_000)
    using one = await ScriptedPeer.joined(world.enode)
    using two = await ScriptedPeer.joined(world.enode)
    await vi.waitFor(() => expect(world.sharing.peerCount).toBe(2))
    using three = await ScriptedPeer.greeted(world.enode)
    expect(await three.dropped()).toBe(REASON.tooMany)
    one.send(ETH.blockRange, encodeBlockRange({ earliest: 0n, latest: 5n, latestHash: `0x${'03'.repeat(32)}` }))
    two.send(ETH.announcements, announced([]))
    await vi.waitFor(() => expect([...world.sharing.peers][0]?.range?.latest).toBe(5n))
  })
})

async function hashOf(raw: Uint8Array): Promise<Uint8Array> {
  const { keccak256 } = await import('../../src/primitives/keccak.ts')
  return keccak256(raw)
}

/** Lets time pass until something has happened. */
async function flowing<T>(clock: VirtualClock, wanted: Promise<T>): Promise<T> {
  let done = false
  const end = wanted.finally(() => {
    done = true
  })
  while (!done) {
    await clock.advance(250)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return end
}

type Script = (to: Enode) => Promise<ScriptedPeer>

/** A peer that has joined, and then does something. */
const joined =
  (act: (peer: ScriptedPeer) => void | Promise<void>, version: 68 | 69 = 69): Script =>
  async (to) => {
    const peer = await ScriptedPeer.joined(to, version)
    await act(peer)
    return peer
  }

/** Announces something, and answers what is asked. */
const answering = (answer: (id: bigint, hash: Hash, raw: Uint8Array) => Uint8Array, type = 2, size = 0): Script =>
  joined(async (peer) => {
    const raw = await sharedTransaction(5, 0)
    const hash = bytesToHex(await hashOf(raw))
    peer.send(ETH.announcements, announced([hash], type, size === 0 ? raw.length : size))
    const { id } = decodeRequest(await next(peer, ETH.getPooledTransactions))
    peer.send(ETH.pooledTransactions, answer(id, hash, raw))
  })

const greeting =
  (body: (peer: ScriptedPeer) => Uint8Array): Script =>
  async (to) => {
    const peer = await ScriptedPeer.encrypted(to)
    peer.frame(BASE.hello, body(peer))
    await peer.nextFrame()
    return peer
  }

const FAULTS: readonly (readonly [string, Script, number | undefined])[] = [
  [
    'sends garbage where keys belong',
    async (to) => {
      const peer = await ScriptedPeer.dial(to)
      peer.socket.write(randomBytes(5000))
      return peer
    },
    undefined,
  ],
  [
    'claims a handshake of nothing',
    async (to) => {
      const peer = await ScriptedPeer.dial(to)
      peer.socket.write(Uint8Array.of(0, 0))
      return peer
    },
    undefined,
  ],
  ['sends garbage for a frame', joined((peer) => void peer.socket.write(randomBytes(100))), REASON.breach],
  [
    'claims a frame of 16 MiB',
    joined((peer) => void peer.socket.write(peer.cipher.createBlockHeader(0xffffff) as Uint8Array)),
    REASON.subprotocol,
  ],
  [
    'sends an empty frame',
    joined(
      (peer) =>
        void peer.socket.write(
          new Uint8Array([...(peer.cipher.createBlockHeader(0) as Uint8Array), ...new Uint8Array(16)]),
        ),
    ),
    REASON.breach,
  ],
  [
    'says hello at length',
    greeting((peer) => encodeHello({ client: 'x'.repeat(3000), capabilities: [], listenPort: 0, id: peer.id })),
    undefined,
  ],
  ['says hello in an old version', greeting((peer) => encodeRlp([4, new Uint8Array(1), [], 0, peer.id])), undefined],
  [
    'says hello with another key',
    greeting(() => encodeHello({ client: '', capabilities: [], listenPort: 0, id: new Uint8Array(64).fill(4) })),
    REASON.unexpected,
  ],
  ['says nonsense for hello', greeting(() => randomBytes(60)), undefined],
  [
    'speaks none of our protocols',
    (to) =>
      ScriptedPeer.greeted(to, {
        capabilities: [
          { name: 'eth', version: 67 },
          { name: 'les', version: 4 },
        ],
      }),
    REASON.useless,
  ],
  ['is on another network', (to) => ScriptedPeer.joined(to, 69, { networkId: 1n }), REASON.subprotocol],
  [
    'has another genesis',
    (to) => ScriptedPeer.joined(to, 68, { genesisHash: `0x${'05'.repeat(32)}` }),
    REASON.subprotocol,
  ],
  ['has other upgrades', (to) => ScriptedPeer.joined(to, 69, { forkId: { hash: 5, next: 0n } }), REASON.subprotocol],
  [
    'has a range without end',
    (to) => ScriptedPeer.joined(to, 69, { range: { earliest: 2n, latest: 1n, latestHash: `0x${'05'.repeat(32)}` } }),
    REASON.breach,
  ],
  [
    'does not say where it is first',
    async (to) => {
      const peer = await ScriptedPeer.greeted(to)
      peer.send(ETH.announcements, announced([]))
      return peer
    },
    REASON.subprotocol,
  ],
  ['sends what is not packed', joined((peer) => peer.frame(16 + ETH.announcements, randomBytes(40))), REASON.breach],
  [
    'claims to have packed 4 GiB',
    joined((peer) => peer.frame(16 + ETH.transactions, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0))),
    REASON.breach,
  ],
  [
    'packs more than a message may hold',
    joined((peer) => peer.frame(16 + ETH.transactions, packSnappy(new Uint8Array(11 << 20)))),
    REASON.breach,
  ],
  [
    'would have the unpacking go on forever',
    joined((peer) => peer.frame(16 + ETH.transactions, Buffer.from('10fcfaffffff61626364', 'hex'))),
    REASON.breach,
  ],
  [
    'sends a list of ten million items',
    joined((peer) => peer.send(ETH.transactions, writeList([new Uint8Array(10_000_000).fill(0xc0)]))),
    REASON.breach,
  ],
  ['sends an unknown message', joined((peer) => peer.send(0x0d, encodeRlp([]))), REASON.subprotocol],
  [
    'sends a message of another protocol',
    joined((peer) => peer.frame(0x50, packSnappy(encodeRlp([])))),
    REASON.subprotocol,
  ],
  ['announces blocks', joined((peer) => peer.send(1, encodeRlp([])), 68), REASON.subprotocol],
  [
    'tells of a range where there is none',
    joined((peer) => peer.send(ETH.blockRange, encodeRlp([1, 2, new Uint8Array(32).fill(1)])), 68),
    REASON.subprotocol,
  ],
  [
    'answers what nobody asked',
    joined((peer) => peer.send(ETH.pooledTransactions, encodePooled(1n, []))),
    REASON.subprotocol,
  ],
  [
    'pushes what is no transaction',
    joined((peer) => peer.send(ETH.transactions, encodeTransactions([Uint8Array.of(2, 0xc1, 1)]))),
    REASON.breach,
  ],
  [
    'pushes a transaction of no type',
    joined((peer) => peer.send(ETH.transactions, encodeTransactions([Uint8Array.of(9, 0xc0)]))),
    REASON.breach,
  ],
  [
    'pushes blobs',
    joined((peer) => peer.send(ETH.transactions, encodeTransactions([Uint8Array.of(3, 0xc0)]))),
    REASON.subprotocol,
  ],
  [
    'pushes the same twice',
    joined(async (peer) => {
      const raw = await sharedTransaction(5, 0)
      peer.send(ETH.transactions, encodeTransactions([raw, raw]))
    }),
    REASON.subprotocol,
  ],
  [
    'announces a transaction as what it is not',
    answering((id, _hash, raw) => encodePooled(id, [raw]), 1),
    REASON.useless,
  ],
  [
    'announces a transaction too large',
    answering((id, _hash, raw) => encodePooled(id, [raw]), 2, 4000),
    REASON.useless,
  ],
  [
    'delivers what was not asked for',
    answering((id) => encodePooled(id, [Uint8Array.of(2, ...encodeRlp(Array.from({ length: 12 }, () => 1)))])),
    REASON.subprotocol,
  ],
  ['answers another question', answering((id) => encodePooled(id + 1n, [])), REASON.subprotocol],
  [
    'announces without end',
    joined(async (peer) => {
      for (let i = 0; i < 12; i++) peer.send(ETH.announcements, announced(randomHashes(8000)))
    }),
    REASON.useless,
  ],
  [
    'pings without end',
    joined((peer) => {
      for (let i = 0; i < 200; i++) peer.frame(BASE.ping, packSnappy(encodeRlp([])))
    }),
    REASON.breach,
  ],
  [
    'asks for blocks without end',
    joined((peer) => {
      for (let i = 0; i < 1200; i++) peer.send(ETH.getBlockBodies, encodeRlp([i, [new Uint8Array(32)]]))
    }),
    REASON.useless,
  ],
]

describe('a peer of a shared pool is dropped when it', () => {
  it.each(FAULTS)('%s', async (_name, script, reason) => {
    await using world = await SharingWorld.start()
    using peer = await script(world.enode)
    expect(await peer.dropped()).toBe(reason)
    await vi.waitFor(() => expect(world.sharing.stats.dropped).toBe(1))
    using other = await ScriptedPeer.joined(world.enode)
    await vi.waitFor(() => expect(world.sharing.peerCount).toBe(1))
    other.send(ETH.transactions, encodeTransactions([await sharedTransaction(6, 0)]))
    await vi.waitFor(() => expect(world.pool.size).toBe(1))
  })

  it.each([
    ['says nothing at all', ScriptedPeer.dial, undefined],
    ['says nothing after the keys', ScriptedPeer.encrypted, undefined],
    ['does not say where it is', (to: Enode) => ScriptedPeer.greeted(to), REASON.timeout],
    ['falls silent', (to: Enode) => ScriptedPeer.joined(to), REASON.timeout],
    ['never delivers', joined((peer) => peer.send(ETH.announcements, announced(randomHashes(10)))), REASON.timeout],
  ])('%s', async (_name, script, reason) => {
    const clock = new VirtualClock(1)
    await using world = await SharingWorld.start({ clock })
    using peer = await script(world.enode)
    expect(await flowing(clock, peer.dropped())).toBe(reason)
  })

  it('sends what is too large to be looked at, again and again', async () => {
    await using world = await SharingWorld.start()
    using peer = await ScriptedPeer.joined(world.enode)
    const fields = Array.from({ length: 12 }, (_, index) => (index === 7 ? new Uint8Array(9_000_000) : 1))
    const body = encodeTransactions([concatBytes(Uint8Array.of(2), encodeRlp(fields))])
    for (let i = 0; i < 3; i++) peer.send(ETH.transactions, body)
    expect(await peer.dropped()).toBe(REASON.useless)
  })

  it('comes too often', async () => {
    await using world = await SharingWorld.start()
    const sockets = Array.from({ length: 120 }, () => connect({ host: '127.0.0.1', port: world.enode.port }))
    for (const socket of sockets) socket.on('error', () => undefined)
    await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(50), 5_000)
    for (const socket of sockets) socket.destroy()
  })
})
