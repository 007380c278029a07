import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { decodeRlp, rlpBytes, rlpList, rlpUint } from '../../src/primitives/rlp.ts'
import { BLOB_SIZE, versionedHash } from '../../src/protocol/blob-sidecar.ts'
import { parseEnode } from '../../src/protocol/enode.ts'
import { forkIdAt, forkSchedule } from '../../src/protocol/fork-schedule.ts'
import { signTransaction } from '../../src/protocol/transaction-encoding.ts'
import { ETH, encodeAnnouncements, encodeTransactions } from '../../txpool/devp2p/eth-messages.ts'
import { writeList } from '../../txpool/devp2p/raw-rlp.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { blobTransaction, type TestBlob } from './support/blob-tx.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import type { GethProcess } from './support/geth-process.ts'
import type { JsonRpc } from './support/json-rpc.ts'
import { L1_CHAIN_CONFIG, L1_CHAIN_ID } from './support/l1-genesis.ts'
import { MockL1 } from './support/mock-l1.ts'
import { type OpSequencer, startSequencedChain } from './support/op-sequencer.ts'
import { waitFor } from './support/wait-for.ts'

const BLOB_SCHEDULE = L1_CHAIN_CONFIG.blobSchedule as object

interface NodeInfo {
  readonly enr: string
  readonly protocols: { readonly eth: { readonly genesis: Hex; readonly config: Record<string, unknown> } }
}

interface PeerInfo {
  readonly name: string
  readonly protocols: { readonly eth: { readonly version: number } }
}

async function enodeOf(geth: GethProcess): Promise<string> {
  return (await geth.rpc.call<{ enode: string }>('admin_nodeInfo')).enode
}

/** Settings of a pool that is shared with one node. */
const sharedWith =
  (more: object = {}) =>
  async (el: GethProcess) => ({ txpool: { devp2p: { static: [await enodeOf(el)], ...more } } })

function plain(chainId: number, from: number, nonce: number, data: Hex = '0x'): Hex {
  const { privateKey } = devAccounts[from] as (typeof devAccounts)[number]
  const fields = {
    type: 2,
    chainId: BigInt(chainId),
    nonce: BigInt(nonce),
    gasLimit: 21_000n + BigInt(data.length) * 40n,
    to: `0x${'77'.repeat(20)}`,
    value: 0n,
    data: hexToBytes(data),
    accessList: [],
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
  } as const
  return bytesToHex(signTransaction(fields, privateKey))
}

/** The only blob whose commitment and proof need no computing: both are the point at infinity. */
function zeroBlob(): TestBlob {
  const infinity = new Uint8Array(48)
  infinity[0] = 0xc0
  const hash = versionedHash(infinity)
  return { blob: new Uint8Array(BLOB_SIZE), commitment: infinity, proof: infinity, cellProofs: [], hash }
}

async function send(rpc: JsonRpc, raws: readonly Hex[]): Promise<Hex[]> {
  const hashes: Hex[] = []
  for (let at = 0; at < raws.length; at += 100) {
    const calls = raws.slice(at, at + 100).map((raw) => ({ method: 'eth_sendRawTransaction', params: [raw] }))
    for (const answer of await rpc.batch(calls)) {
      if (typeof answer !== 'string') throw answer
      hashes.push(answer as Hex)
    }
  }
  return hashes
}

/** The hashes of what can be executed. */
async function pendingIn(rpc: JsonRpc): Promise<ReadonlySet<string>> {
  const { pending } = await rpc.call<{ pending: Record<string, Record<string, { hash: string }>> }>('txpool_content')
  return new Set(Object.values(pending).flatMap((queue) => Object.values(queue).map(({ hash }) => hash)))
}

async function pendingCount(rpc: JsonRpc): Promise<number> {
  return Number((await rpc.call<{ pending: Hex }>('txpool_status')).pending)
}

async function arrive(rpc: JsonRpc, hashes: readonly string[], what: string): Promise<void> {
  await waitFor(what, async () => {
    const there = await pendingIn(rpc)
    return hashes.every((hash) => there.has(hash))
  })
}

async function peerOf(rpc: JsonRpc, what: string): Promise<PeerInfo> {
  return waitFor(what, async () => (await rpc.call<PeerInfo[]>('admin_peers'))[0])
}

/** The fork id that a node tells of itself, in its record. @see EIP-2124, EIP-778 */
function toldForkId(enr: string): { readonly hash: number; readonly next: bigint } {
  const items = rlpList(decodeRlp(new Uint8Array(Buffer.from(enr.slice('enr:'.length), 'base64url'))))
  const at = items.findIndex((item) => item instanceof Uint8Array && Buffer.from(item).toString() === 'eth')
  const [hash, next] = rlpList(rlpList(items[at + 1])[0])
  return { hash: Number(bytesToHex(rlpBytes(hash))), next: rlpUint(next) }
}

/** Fork ids are made here as geth makes them, from what it tells of its chain. */
async function sameForkId(geth: JsonRpc): Promise<void> {
  const chainOf = async (block: string) =>
    geth.call<{ number: Hex; timestamp: Hex }>('eth_getBlockByNumber', [block, false])
  const [first, latest] = [await chainOf('0x0'), await chainOf('latest')]
  const head = { number: BigInt(latest.number), timestamp: BigInt(latest.timestamp) }
  let ours: object = {}
  let theirs: object = {}
  // The record follows the head.
  await waitFor('the fork ids are the same', async () => {
    const { enr, protocols } = await geth.call<NodeInfo>('admin_nodeInfo')
    const { genesis, config } = protocols.eth
    const forks = forkSchedule(config, BigInt(first.timestamp))
    expect(forks.times.length).toBeGreaterThan(0)
    theirs = toldForkId(enr)
    ours = forkIdAt({ genesisHash: genesis, forks }, head)
    return String(Object.values(ours)) === String(Object.values(theirs))
  }).catch(() => undefined)
  expect(ours).toEqual(theirs)
}

/** Sends transactions of some accounts to one pool and waits for them in the other. Prints how long that took. */
async function across(
  what: string,
  [from, to]: readonly [JsonRpc, JsonRpc],
  chainId: number,
  senders: readonly number[],
  each: number,
): Promise<void> {
  const raws = senders.flatMap((sender) => Array.from({ length: each }, (_, nonce) => plain(chainId, sender, nonce)))
  const before = await pendingCount(to)
  const begin = performance.now()
  const hashes = await send(from, raws)
  const sent = performance.now()
  await waitFor(what, async () => (await pendingCount(to)) >= before + hashes.length).catch(() => undefined)
  const [sending, all] = [sent - begin, performance.now() - begin].map(Math.round)
  const there = await pendingIn(to)
  const missing = hashes.filter((hash) => !there.has(hash)).length
  process.stderr.write(
    `${what}: ${raws.length} transactions, sent in ${sending} ms, there after ${all} ms, ${missing} lost\n`,
  )
  expect(missing).toBe(0)
}

describe('the pool of an L1 chain, shared with geth', () => {
  it('has what geth has, and geth has what it has', { timeout: 120_000 }, async () => {
    await using l1 = await MockL1.start({
      timestamp: 1_750_000_000,
      maxPeers: 5,
      l1: sharedWith(),
      // An upgrade that is yet to come stands in the fork id.
      config: {
        osakaTime: 1_750_001_000,
        blobSchedule: { ...BLOB_SCHEDULE, osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 } },
      },
    })
    const [geth, ours] = [l1.el.rpc, l1.rpc]
    // Before, geth takes nothing.
    await l1.block()
    await sameForkId(geth)
    expect((await peerOf(ours, 'geth is a peer')).protocols.eth.version).toBe(69)
    expect((await peerOf(geth, 'we are a peer')).name).toContain('op-sequencer/')

    const [zeroth] = await send(ours, [plain(L1_CHAIN_ID, 0, 0)])
    await arrive(geth, [zeroth as Hex], 'our transaction is in geth')
    const [second] = await send(geth, [plain(L1_CHAIN_ID, 0, 1)])
    await arrive(ours, [second as Hex], "geth's transaction is here")
    const large = `0x${'ab'.repeat(6_000)}` as const
    const [third] = await send(ours, [plain(L1_CHAIN_ID, 0, 2, large)])
    const [fourth] = await send(geth, [plain(L1_CHAIN_ID, 1, 0, large)])
    await arrive(geth, [third as Hex], 'our large transaction is in geth')
    await arrive(ours, [fourth as Hex], "geth's large transaction is here")

    const [mine, its] = [devAccounts[8], devAccounts[9]] as [(typeof devAccounts)[0], (typeof devAccounts)[0]]
    const blobs = [zeroBlob()]
    const [fifth] = await send(ours, [await blobTransaction(mine, 0, blobs, 0)])
    const [sixth] = await send(geth, [await blobTransaction(its, 0, blobs, 0)])
    // Blob transactions are not among what `txpool_content` shows.
    await waitFor('our blob transaction is in geth', () => geth.call('eth_getTransactionByHash', [fifth]))
    const job = await l1.open()
    await waitFor("geth's blob transaction is here", () => ours.call('test_includeByHash', [job, sixth]))
    await ours.call('test_cancel', [job])

    await across('L1, eth/69, to geth', [ours, geth], L1_CHAIN_ID, [2, 3], 500)
    await across('L1, eth/69, from geth', [geth, ours], L1_CHAIN_ID, [4, 5], 500)

    await l1.el.process.stop()
    await waitFor('geth is gone', async () => (await ours.call<unknown[]>('admin_peers')).length === 0)
    await l1.el.process.start()
    await l1.block()
    await peerOf(ours, 'geth is back')
    const [seventh] = await send(ours, [plain(L1_CHAIN_ID, 7, 0)])
    await arrive(geth, [seventh as Hex], 'our transaction is in geth after it was started again')
  })

  it('speaks eth/68 where that is all', { timeout: 60_000 }, async () => {
    await using l1 = await MockL1.start({ timestamp: 1_750_000_000, maxPeers: 5, l1: sharedWith({ versions: [68] }) })
    const [geth, ours] = [l1.el.rpc, l1.rpc]
    await l1.block()
    expect((await peerOf(ours, 'geth is a peer')).protocols.eth.version).toBe(68)
    const [first] = await send(ours, [plain(L1_CHAIN_ID, 0, 0)])
    await arrive(geth, [first as Hex], 'our transaction is in geth')
    const [second] = await send(geth, [plain(L1_CHAIN_ID, 1, 0)])
    await arrive(ours, [second as Hex], "geth's transaction is here")
  })
})

/** Kilobytes of memory that a process has. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

const randomHashes = (count: number): Hex[] => Array.from({ length: count }, () => bytesToHex(randomBytes(32)))

const ROUNDS = 2

/** What peers do that they must not. */
const MISCHIEF: readonly ((peer: ScriptedPeer) => void)[] = [
  (peer) => void peer.socket.write(randomBytes(200)),
  (peer) => void peer.socket.write(peer.cipher.createBlockHeader(0xffffff) as Uint8Array),
  (peer) => peer.frame(16 + ETH.transactions, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0)),
  (peer) => peer.send(ETH.transactions, writeList([new Uint8Array(10_000_000).fill(0xc0)])),
  (peer) => peer.send(ETH.transactions, encodeTransactions([Uint8Array.of(3, 0xc0)])),
  (peer) => {
    for (let i = 0; i < 12; i++) {
      const hashes = randomHashes(8000)
      peer.send(ETH.announcements, encodeAnnouncements(hashes.map((hash) => ({ hash, type: 2, size: 110 }))))
    }
  },
]

describe('the pool of an L2 chain, shared with op-geth', () => {
  it('has what op-geth has, and op-geth has what it has, whatever others do', { timeout: 120_000 }, async () => {
    await using chain = await startSequencedChain({
      // Upgrades after genesis stand in the fork id: one that has passed, one that is yet to come.
      forks: (genesisTime) => ({ ...atGenesis('holocene'), isthmus: genesisTime + 2, jovian: genesisTime + 1000 }),
      elPeers: 5,
      chain: { txpool: { devp2p: { listen: '127.0.0.1:0' } } },
    })
    const { chainId, el, sequencer } = chain
    const [opGeth, ours] = [el.rpc, sequencer.rpc]
    await block(sequencer)
    await sameForkId(opGeth)
    // Here they dial us.
    const { enode } = await waitFor('we are known', () => ours.call<{ enode: string } | null>('admin_nodeInfo'))
    await opGeth.call('admin_addPeer', [enode])
    expect((await peerOf(ours, 'op-geth is a peer')).protocols.eth.version).toBe(69)
    await across('L2, eth/69, to op-geth', [ours, opGeth], chainId, [0, 1], 500)
    await across('L2, eth/69, from op-geth', [opGeth, ours], chainId, [2, 3], 500)

    // Says it has something, and never delivers.
    using lazy = await ScriptedPeer.joined(parseEnode(enode))
    const [nothing] = randomHashes(1) as [Hex]
    lazy.send(ETH.announcements, encodeAnnouncements([{ hash: nothing, type: 2, size: 110 }]))
    const pid = sequencer.process.pid as number
    const before = memoryOf(pid)
    let highest = before
    for (let round = 0; round < ROUNDS; round++) {
      for (const mischief of MISCHIEF) {
        using peer = await ScriptedPeer.joined(parseEnode(enode))
        mischief(peer)
        await peer.dropped()
        highest = Math.max(highest, memoryOf(pid))
      }
    }
    expect(await lazy.dropped()).toBe(11)
    process.stderr.write(`memory: ${before} kB before ${ROUNDS * MISCHIEF.length} peers, at most ${highest} kB since\n`)
    expect(highest).toBeLessThan(before + 300_000)
    const [last] = await send(ours, [plain(chainId, 4, 0)])
    await arrive(opGeth, [last as Hex], 'all goes on')
    expect(await ours.call<unknown[]>('admin_peers')).toHaveLength(1)
  })
})

async function block({ rpc }: OpSequencer): Promise<void> {
  await rpc.call('test_seal', [await rpc.call('test_open')])
}
