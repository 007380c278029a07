import { beforeEach, describe, expect, it } from 'vitest'
import { supernodeMethods } from '../../rpc/methods/supernode.ts'
import { supervisorMethods } from '../../rpc/methods/supervisor.ts'
import { supervisorAdminMethods } from '../../rpc/methods/supervisor-admin.ts'
import { bytesToHex, toQuantity, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import { messageEntries } from '../../src/protocol/inbox-entries.ts'
import { encodeOutput, outputRoot } from '../../src/protocol/output-root.ts'
import type { BlockRef } from '../../src/protocol/refs.ts'
import { superRoot } from '../../src/protocol/super-root.ts'
import { SupervisorQueries } from '../../src/supervisor/supervisor-queries.ts'
import { localRpc } from '../support/local-rpc.ts'
import {
  EMITTER,
  l1Block,
  l2Block,
  messageAt,
  outputOf,
  payloadHashAt,
  SupervisedWorld,
} from '../support/supervised-world.ts'

let world: SupervisedWorld
let rpc: ReturnType<typeof localRpc>
beforeEach(async () => {
  world = await SupervisedWorld.open()
  await world.row(100n, [0, 0], [0, 0])
  await world.row(101n, [3, 3], [2, 2])
  await world.row(102n, [5, 3], [2, 2])
  await world.row(103n, [6, 6], [6, 4])
  world.heads(901n, { crossUnsafe: 8, localSafe: 7, crossSafe: 6, finalized: 3 })
  world.heads(902n, { crossUnsafe: 9, localSafe: 6, crossSafe: 4, finalized: 2 })
  world.finalizedL1 = l1Block(101n)
  const queries = new SupervisorQueries(() => world, world.l1)
  rpc = localRpc([...supervisorMethods(queries), ...supernodeMethods(queries)])
})

const id = ({ hash, number }: Pick<BlockRef, 'hash' | 'number'>) => ({ hash, number: Number(number) })
const ref = (block: BlockRef) => ({
  ...id(block),
  parentHash: block.parentHash,
  timestamp: Number(block.timestamp),
})
const a = (number: number) => l2Block(901n, BigInt(number))
const b = (number: number) => l2Block(902n, BigInt(number))
const l1 = (number: number) => l1Block(BigInt(number))
const failed = (message: string, code = -32000) => ({ error: expect.objectContaining({ code, message }) })

describe('op-supervisor’s queries', () => {
  it('tell the heads of a chain, named in either way', async () => {
    expect(await rpc.call('supervisor_localUnsafe', '901')).toEqual(id(a(10)))
    expect(await rpc.call('supervisor_crossUnsafe', '0x385')).toEqual(id(a(8)))
    expect(await rpc.call('supervisor_localSafe', '901')).toEqual({ source: id(l1(107)), derived: id(a(7)) })
    expect(await rpc.call('supervisor_crossSafe', '901')).toEqual({ source: id(l1(106)), derived: id(a(6)) })
    expect(await rpc.call('supervisor_finalized', '902')).toEqual(id(b(2)))
    expect(await rpc.call('supervisor_finalizedL1')).toEqual(ref(l1(101)))
  })

  it('tell what is not known in op-supervisor’s words', async () => {
    expect(await rpc.answer('supervisor_localUnsafe', ['903'])).toEqual(failed('unknown chain'))
    world.heads(901n, { crossUnsafe: 0 })
    expect(await rpc.answer('supervisor_localSafe', ['901'])).toEqual(failed('future data'))
    expect(await rpc.answer('supervisor_finalized', ['901'])).toEqual(failed('future data'))
    world.finalizedL1 = undefined
    expect(await rpc.answer('supervisor_finalizedL1', [])).toEqual(
      failed('finality of L1 is not initialized: not found'),
    )
    for (const chain of world.chains.values()) chain.heads = undefined
    expect(await rpc.answer('supervisor_crossUnsafe', ['901'])).toEqual(failed('future data'))
    expect(await rpc.answer('supervisor_syncStatus', [])).toEqual(failed('supervisor status tracker not ready'))
    expect(await rpc.answer('supervisor_localUnsafe', ['x'])).toMatchObject({ error: { code: -32602 } })
    expect(await rpc.answer('supervisor_localUnsafe', [(1n << 256n).toString()])).toMatchObject({
      error: { code: -32602 },
    })
  })

  it('find the L1 block with which a block became cross-safe', async () => {
    const ask = (chain: string, block: BlockRef) => rpc.answer('supervisor_crossDerivedToSource', [chain, id(block)])
    expect(await ask('901', a(3))).toEqual({ result: ref(l1(101)) })
    expect(await ask('901', a(1))).toEqual({ result: ref(l1(101)) })
    expect(await ask('901', a(4))).toEqual({ result: ref(l1(103)) })
    expect(await ask('901', a(0))).toEqual({ result: ref(l1(100)) })
    expect(await ask('901', a(7))).toEqual(failed('future data'))
    expect(await ask('902', b(5))).toEqual(failed('future data'))
    expect(await ask('901', l2Block(901n, 3n, 1))).toEqual(failed('conflicting data'))
    expect(await ask('901', l2Block(901n, 4n, 1))).toEqual(failed('conflicting data'))
    expect(await ask('903', a(1))).toEqual(failed('unknown chain'))
    world.l1Branch = { from: 103n, branch: 1 }
    expect(await ask('901', a(4))).toEqual(failed('invalidated read'))
  })

  it('tell what every chain has local-safe with an L1 block', async () => {
    const ask = (block: BlockRef) => rpc.answer('supervisor_allSafeDerivedAt', [id(block)])
    expect(await ask(l1(102))).toEqual({ result: { 901: id(a(5)), 902: id(b(2)) } })
    expect(await ask(l1(99))).toEqual(failed('skipped data'))
    expect(await ask(l1(104))).toEqual(failed('future data'))
    expect(await ask(l1Block(102n, 1))).toEqual(failed('conflicting data'))
  })

  it('make the super root of all chains', async () => {
    const roots = [a(4), b(4)].map((block, at) => ({
      chainId: [901n, 902n][at] ?? 0n,
      outputRoot: outputRoot(outputOf(block)),
    }))
    expect(await rpc.call('supervisor_superRootAtTimestamp', toQuantity(1009))).toEqual({
      crossSafeDerivedFrom: id(l1(103)),
      timestamp: '0x3f1',
      superRoot: superRoot(1009n, roots),
      version: '0x01',
      chains: [a(4), b(4)].map((block, at) => ({
        chainID: ['901', '902'][at],
        canonical: outputRoot(outputOf(block)),
        pending: bytesToHex(encodeOutput(outputOf(block))),
      })),
    })
    expect(await rpc.answer('supervisor_superRootAtTimestamp', [toQuantity(1010)])).toEqual(
      failed('cross-derived-to-source failed for chain 902: future data: not found'),
    )
    expect(await rpc.answer('supervisor_superRootAtTimestamp', [toQuantity(2000)])).toMatchObject({
      error: { code: -32000, message: expect.stringContaining('not found') },
    })
    for (const chain of world.chains.values()) chain.nodes.splice(0)
    expect(await rpc.answer('supervisor_superRootAtTimestamp', [toQuantity(1008)])).toEqual(
      failed('no RPC client configured'),
    )
  })

  it('make no super root of what changes meanwhile', async () => {
    world.onNodeCall = () => {
      world.l1Branch = { from: 103n, branch: 1 }
    }
    expect(await rpc.answer('supervisor_superRootAtTimestamp', [toQuantity(1008)])).toEqual(failed('invalidated read'))
  })

  it('tell how far all chains are', async () => {
    expect(await rpc.call('supervisor_syncStatus')).toEqual({
      minSyncedL1: ref(l1(106)),
      safeTimestamp: 1008,
      finalizedTimestamp: 1004,
      chains: {
        901: {
          localUnsafe: ref(a(10)),
          localSafe: id(a(7)),
          crossUnsafe: id(a(8)),
          safe: id(a(6)),
          finalized: id(a(3)),
        },
        902: {
          localUnsafe: ref(b(10)),
          localSafe: id(b(6)),
          crossUnsafe: id(b(9)),
          safe: id(b(4)),
          finalized: id(b(2)),
        },
      },
    })
    const chain = world.chains.get(902n)
    if (chain !== undefined) chain.heads = undefined
    expect(await rpc.call('supervisor_syncStatus')).toMatchObject({
      minSyncedL1: { hash: ZERO_HASH, number: 0, parentHash: ZERO_HASH, timestamp: 0 },
      safeTimestamp: 0,
      chains: { 902: { safe: { hash: ZERO_HASH, number: 0 } } },
    })
  })

  it('check access lists with op-supervisor’s numbers', async () => {
    const check = (entries: readonly string[], level: string, descriptor: object) =>
      rpc.answer('supervisor_checkAccessList', [entries, level, descriptor])
    const executing = { chainID: '902', timestamp: toQuantity(1100) }
    const good = messageEntries(messageAt(901n, 6n, 1))
    expect(await check(good, 'safe', executing)).toEqual({ result: null })
    expect(await check(good, 'safe', { ...executing, timeout: '0x10', chainID: '0x386' })).toEqual({ result: null })
    expect(await check(good, 'safe', { timestamp: toQuantity(1100) })).toEqual({ result: null })
    expect(await check(good, 'finalized', executing)).toMatchObject(failed('conflicting data', -320600))
    expect(await check(messageEntries(messageAt(901n, 11n, 0)), 'unsafe', executing)).toMatchObject({
      error: { code: -320600, data: { reason: 'unknown' } },
    })
    expect(await check(good.slice(0, 1), 'unsafe', executing)).toEqual(
      failed('failed to read data: expected entry: malformed entry', -32602),
    )
    expect(await check(good, 'invalid', executing)).toMatchObject({ error: { code: -32602 } })
    world.failsafe = true
    expect(await check(good, 'safe', executing)).toEqual(
      failed('failsafe is enabled, rejecting all CheckAccessList requests', -32602),
    )
  })
})

describe('the first design’s calls', () => {
  it('say what is known of a message', async () => {
    const check = (number: bigint, logIndex = 0, more: object = {}) => {
      const identifier = {
        origin: EMITTER,
        blockNumber: toQuantity(number),
        logIndex: toQuantity(logIndex),
        timestamp: toQuantity(1000n + 2n * number),
        chainID: '0x385',
        ...more,
      }
      return rpc.answer('supervisor_checkMessage', [identifier, bytesToHex(payloadHashAt(901n, number, logIndex))])
    }
    const levels = [3n, 6n, 7n, 8n, 9n, 11n].map(async (number) => (await check(number)) as { result: string })
    expect((await Promise.all(levels)).map(({ result }) => result)).toEqual([
      'finalized',
      'safe',
      'cross-unsafe',
      'cross-unsafe',
      'unsafe',
      'unknown',
    ])
    expect(await check(9n, 2)).toEqual({ result: 'conflicts' })
    expect(await check(9n, 0, { origin: `0x${'22'.repeat(20)}` })).toEqual({ result: 'conflicts' })
    expect(await check(9n, 0, { logIndex: '0x100000000' })).toMatchObject({ error: { code: -32602 } })
  })

  it('clip cross-unsafe, and begin to read what is beyond', async () => {
    for (const method of ['supervisor_tryCrossUnsafe', 'supervisor_getCrossUnsafe']) {
      expect(await rpc.call(method, '901', 5)).toEqual(id(a(5)))
      expect(await rpc.call(method, '901', '0x9')).toEqual(id(a(8)))
    }
    expect(world.asked).toEqual([])
    expect(await rpc.call('supervisor_getCrossUnsafe', '901', 12)).toEqual(id(a(8)))
    expect(world.asked).toEqual([['wanted', 901n, 12n]])
    expect(await rpc.answer('supervisor_getCrossUnsafe', ['903', 1])).toMatchObject({ error: { code: -320501 } })
  })

  it('decide about what a node has derived', async () => {
    const ask = (block: BlockRef, source: BlockRef, chain = '901') =>
      rpc.answer('supervisor_tryCrossSafe', [chain, id(block), id(source)])
    const accept = (block: BlockRef) => ({ result: { status: 'accept', crossSafe: id(block) } })
    expect(await ask(a(6), l1(103))).toEqual(accept(a(6)))
    expect(await ask(a(9), l1(101))).toEqual(accept(a(6)))
    expect(await ask(a(5), l1(102))).toEqual(accept(a(3)))
    expect(await ask(a(5), l1Block(102n, 1))).toMatchObject({ error: { code: -320600 } })
    expect(await ask(a(5), l1(99))).toMatchObject({ error: { code: -320500 } })
    expect(world.asked).toEqual([])
    expect(await ask(a(8), l1(104))).toEqual({ result: { status: 'unknown' } })
    expect(world.asked).toEqual([['offer', 901n, 8n, 104n]])
    expect(await ask(a(8), l1Block(104n, 1))).toMatchObject({ error: { code: -320600 } })
    expect(await ask(a(8), l1(105))).toMatchObject({ error: { code: -320900 } })
    expect(world.asked).toHaveLength(1)
    await world.deny(901n, a(8))
    expect(await ask(a(8), l1(104))).toEqual({ result: { status: 'invalid', block: id(a(8)) } })
    // L1 went another way, and the rows have not followed yet.
    world.l1Branch = { from: 102n, branch: 1 }
    expect(await ask(a(5), l1Block(102n, 1))).toMatchObject({ error: { code: -320600 } })
    expect(await ask(a(5), l1(102))).toMatchObject({ error: { code: -320600 } })
  })

  it('say what is final when an L1 block is', async () => {
    const ask = (source: BlockRef) => rpc.answer('supervisor_tryFinalize', ['901', id(source)])
    expect(await ask(l1(102))).toEqual({ result: id(a(3)) })
    expect(await ask(l1(104))).toMatchObject({ error: { code: -321401 } })
    expect(await ask(l1(99))).toMatchObject({ error: { code: -320500 } })
    expect(await ask(l1Block(102n, 1))).toMatchObject({ error: { code: -320600 } })
  })
})

describe('op-supernode’s queries', () => {
  it('give outputs as far as there are, and the super root once all is verified', async () => {
    const common = {
      current_l1: id(l1(103)),
      safe_timestamp: 1008,
      local_safe_timestamp: 1012,
      finalized_timestamp: 1004,
      chain_ids: ['901', '902'],
    }
    const optimistic = (block: BlockRef, source: number, output = outputOf(block)) => ({
      output,
      output_root: outputRoot(output),
      required_l1: id(l1(source)),
    })
    const roots = [a(4), b(4)].map((block) => outputRoot(outputOf(block)))
    expect(await rpc.call('superroot_atTimestamp', toQuantity(1008))).toEqual({
      ...common,
      optimistic_at_timestamp: { 901: optimistic(a(4), 102), 902: optimistic(b(4), 103) },
      data: {
        verified_required_l1: id(l1(103)),
        super: {
          timestamp: '0x3f0',
          chains: roots.map((Output, at) => ({ ChainID: String(901 + at), Output })),
        },
        super_root: superRoot(
          1008n,
          roots.map((root, at) => ({ chainId: BigInt(901 + at), outputRoot: root })),
        ),
      },
    })
    const replaced = (block: BlockRef) => ({ ...outputOf(block), stateRoot: toWord(66n) })
    expect(await rpc.call('superroot_atTimestamp', toQuantity(1012))).toEqual({
      ...common,
      optimistic_at_timestamp: {
        901: optimistic(a(6), 103, replaced(a(6))),
        902: optimistic(b(6), 103, replaced(b(6))),
      },
    })
    // Beyond the last row derivation has told of one chain.
    expect(await rpc.call('superroot_atTimestamp', toQuantity(1014))).toEqual({
      ...common,
      optimistic_at_timestamp: { 901: optimistic(a(7), 107) },
    })
    expect(await rpc.call('superroot_atTimestamp', toQuantity(5000))).toEqual({
      ...common,
      optimistic_at_timestamp: {},
    })
  })

  it('give op-node’s status of every chain', async () => {
    const l2 = (block: BlockRef) => ({ ...ref(block), l1origin: id(l1(100 + Number(block.number))), sequenceNumber: 0 })
    const status = (await rpc.call('supernode_syncStatus')) as { readonly chains: object }
    expect(status).toMatchObject({ current_l1: id(l1(103)), chain_ids: ['901', '902'], safe_timestamp: 1008 })
    expect(status.chains).toMatchObject({
      901: {
        current_l1: id(l1(107)),
        head_l1: ref(l1(110)),
        safe_l1: ref(l1(103)),
        finalized_l1: ref(l1(101)),
        unsafe_l2: l2(a(10)),
        cross_unsafe_l2: l2(a(8)),
        local_safe_l2: l2(a(7)),
        pending_safe_l2: l2(a(7)),
        safe_l2: l2(a(6)),
        finalized_l2: l2(a(3)),
      },
    })
    expect(await rpc.call('heartbeat_check')).toMatch(/^0x[0-9a-f]{8}$/)
  })
})

describe('an operator of a supervisor', () => {
  it('starts and stops it, adds a node, rewinds a chain, and sets its failsafe', async () => {
    const done: unknown[] = []
    const control = {
      failsafe: false,
      start: async () => void done.push('start'),
      stop: async () => void done.push('stop'),
      addNode: async (url: string, secret: Uint8Array) => void done.push([url, secret.length]),
      rewind: async (chainId: bigint, block: object) => void done.push([chainId, block]),
    }
    const admin = localRpc(supervisorAdminMethods(control))
    expect(await admin.call('admin_getFailsafeEnabled')).toBe(false)
    expect(await admin.call('admin_setFailsafeEnabled', true)).toBeNull()
    expect(await admin.call('admin_getFailsafeEnabled')).toBe(true)
    expect(await admin.call('admin_stop')).toBeNull()
    expect(await admin.call('admin_start')).toBeNull()
    expect(await admin.call('admin_addL2RPC', 'ws://127.0.0.1:9645', ZERO_HASH)).toBeNull()
    expect(await admin.answer('admin_addL2RPC', ['file:///x', ZERO_HASH])).toMatchObject({ error: { code: -32602 } })
    expect(await admin.call('admin_rewind', '901', id(a(3)))).toBeNull()
    const { hash, number } = a(3)
    expect(done).toEqual(['stop', 'start', ['ws://127.0.0.1:9645', 32], [901n, { hash, number }]])
  })
})
