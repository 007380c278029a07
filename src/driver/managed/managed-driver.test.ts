import { beforeEach, describe, expect, it } from 'vitest'
import { FakeL2Chain } from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { type Hash, toWord } from '../../primitives/hex.ts'
import { OpForks } from '../../protocol/forks.ts'
import { invalidatedBlockDeposit } from '../../protocol/invalidated-block.ts'
import type { ManagedEvent } from '../../protocol/managed-mode.ts'
import type { DriverState } from '../driver-state.ts'
import type { TraceEvent } from '../trace.ts'
import { ManagedDriver } from './managed-driver.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 5)
const block = (number: number) => chain[number - 1] as WorldBlock
const heads = headsAt(block(5).ref, { safe: block(4).ref, finalized: block(2).ref })
const strange = { hash: toWord(99n), number: 3n }

let state: DriverState
let trace: (event: TraceEvent) => void
let calls: [string, ...unknown[]][]
let l2: FakeL2Chain
let clock: VirtualClock
beforeEach(() => {
  state = stateWith(heads)
  calls = []
  l2 = new FakeL2Chain(genesis, chain)
  clock = new VirtualClock(0)
})
/** @param since when messages become active, in unix seconds */
function managed(since = 0n): ManagedDriver {
  const call =
    (name: string) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args])
  return new ManagedDriver({
    name: 'a',
    config: { ...blocks.config, forks: new OpForks({ ...blocks.config.forks.times, interop: since }) },
    driver: {
      get state() {
        return state
      },
      onTrace(listener) {
        trace = listener
        return () => undefined
      },
      resetTo: call('resetTo'),
      provideL1: call('provideL1'),
      direct: call('direct'),
      invalidate: call('invalidate'),
    },
    l1: { ref: async (id) => (id === toWord(98n) ? undefined : l1Ref(typeof id === 'bigint' ? id : 0n)) },
    l2,
    outputs: {
      async outputAtBlock(number) {
        const { ref } = block(Number(number))
        return { block: ref, stateRoot: toWord(1n), withdrawalStorageRoot: toWord(2n) } as never
      },
    },
    receipts: async () => [],
    receiptsJson: async () => [],
    clock,
  })
}
const code = (expected: string) => ({ code: expected })

describe('what it is told to do', () => {
  it('goes to the driver', async () => {
    const node = managed()
    await node.updateCrossUnsafe(block(5).ref, {})
    await node.updateCrossSafe(block(4).ref, l1Ref(0n), {})
    await node.updateFinalized(block(3).ref, {})
    await node.provideL1(l1Ref(11n), {})
    await node.resetPreInterop({})
    await node.reset(
      {
        localUnsafe: block(5).ref,
        crossUnsafe: block(4).ref,
        localSafe: block(4).ref,
        crossSafe: block(3).ref,
        finalized: block(2).ref,
      },
      {},
    )
    await node.invalidateBlock(block(3).ref, {})
    expect(calls).toMatchObject([
      ['direct', { crossUnsafe: block(5).ref }],
      ['direct', { crossSafe: { derived: block(4).ref, source: l1Ref(0n) } }],
      ['direct', { finalized: block(3).ref }],
      ['provideL1', l1Ref(11n)],
      ['resetTo', { tag: 'found', derives: true }, 'the supervisor knows nothing yet'],
      ['resetTo', { tag: 'given', heads: { unsafe: block(5).ref, localSafe: block(4).ref } }, 'the supervisor says so'],
      ['invalidate', block(3).ref, 'the supervisor says so'],
    ])
  })

  it('is refused where the block is not there, or cannot be replaced', async () => {
    const node = managed()
    await expect(node.updateCrossUnsafe(strange, {})).rejects.toMatchObject(code('MANAGED_BLOCK_UNKNOWN'))
    await expect(node.updateFinalized(strange, {})).rejects.toMatchObject(code('MANAGED_BLOCK_UNKNOWN'))
    await expect(node.updateCrossSafe(strange, l1Ref(0n), {})).rejects.toMatchObject(code('MANAGED_BLOCK_UNKNOWN'))
    await expect(node.updateCrossSafe(block(4).ref, { hash: toWord(98n), number: 1n }, {})).rejects.toMatchObject(
      code('MANAGED_BLOCK_UNKNOWN'),
    )
    await expect(node.invalidateBlock({ ...strange, timestamp: 0n }, {})).rejects.toMatchObject(
      code('MANAGED_BLOCK_UNKNOWN'),
    )
    await expect(node.invalidateBlock(block(2).ref, {})).rejects.toMatchObject(code('MANAGED_RESET_REFUSED'))
    expect(calls).toEqual([])
  })

  it('tells again of a replacement that stands', async () => {
    const node = managed()
    const bad = blocks.on(block(4).ref, { transactions: [Uint8Array.of(2, 1)] }).ref
    const known = [...chain]
    l2.ref = async (id: Hash | bigint) =>
      id === bad.hash ? bad : known.map(({ ref }) => ref).find(({ hash, number }) => hash === id || number === id)
    const replacement = block(5).ref
    state = { ...state, replaced: new Map([[bad.hash, { block: bad, replacement, origin: undefined }]]) }
    await node.invalidateBlock(bad, {})
    expect(calls).toEqual([])
    expect(node.pullEvent()).toEqual({ tag: 'replaced', replaced: { replacement, invalidated: bad.hash } })
    known.pop()
    await node.invalidateBlock(bad, {})
    expect(calls).toEqual([['invalidate', bad, 'the supervisor says so']])
  })
})

describe('what it tells', () => {
  it('is what the driver does, as long as nothing was told a moment ago', async () => {
    const node = managed()
    const after = { ...state, heads: { ...heads, unsafe: block(4).ref } }
    const done: TraceEvent = {
      at: 0,
      effect: 'unsafe-processing',
      why: '',
      result: 'applied',
      ms: 0,
      before: state,
      after,
    }
    trace(done)
    trace(done)
    expect(node.pullEvent().tag).toBe('unsafe-block')
    expect(() => node.pullEvent()).toThrow('out of events')
    await clock.advance(100)
    trace(done)
    expect(node.pullEvent().tag).toBe('unsafe-block')
  })

  it('begins with how far it is', () => {
    const node = managed()
    const heard: ManagedEvent['tag'][] = []
    const end = node.subscribe({ event: ({ tag }) => void heard.push(tag), closed: () => undefined })
    expect(heard).toEqual(['unsafe-block', 'derivation-update'])
    end()
  })

  it('is told again until there is an answer', async () => {
    const node = managed()
    const end = new AbortController()
    const running = node.run(end.signal)
    state = { ...state, derivation: { tag: 'exhausted', origin: l1Ref(10n) } }
    await clock.advance(1000)
    expect(node.pullEvent().tag).toBe('exhausted')
    expect(() => node.pullEvent()).toThrow('out of events')
    await clock.advance(1000)
    expect(node.pullEvent().tag).toBe('exhausted')
    state = { ...state, provided: l1Ref(11n) }
    await clock.advance(1000)
    expect(() => node.pullEvent()).toThrow('out of events')
    state = { ...state, reset: { reason: 'L1 is another one' } }
    await clock.advance(1000)
    expect(node.pullEvent()).toEqual({ tag: 'reset', reason: 'L1 is another one' })
    end.abort()
    await running
  })
})

describe('what it is asked', () => {
  it('is answered from the chain', async () => {
    const node = managed()
    expect(await node.chainId({})).toBe(blocks.config.l2ChainId)
    expect(await node.refByNumber(3n, {})).toEqual(block(3).ref)
    expect(await node.refByNumber(9n, {})).toBeUndefined()
    expect(await node.refByTimestamp(block(3).ref.timestamp + 1n, {})).toEqual(block(3).ref)
    await expect(node.refByTimestamp(genesis.timestamp - 1n, {})).rejects.toMatchObject(code('MANAGED_BLOCK_UNKNOWN'))
    expect(await node.outputAt(block(3).ref.timestamp, {})).toEqual({
      stateRoot: toWord(1n),
      messagePasserStorageRoot: toWord(2n),
      blockHash: block(3).ref.hash,
    })
    expect(await node.receipts(block(3).ref.hash, {})).toEqual([])
  })

  it('knows the output of what was replaced: by its last deposit, or because it did it', async () => {
    const node = managed()
    const { timestamp } = block(5).ref
    expect((await node.pendingOutputAt(timestamp, {})).blockHash).toBe(block(5).ref.hash)
    const output = { stateRoot: toWord(5n), messagePasserStorageRoot: toWord(6n), blockHash: toWord(7n) }
    const marked = blocks.on(block(4).ref, { transactions: [invalidatedBlockDeposit(output)] })
    l2.blocks = [...chain.slice(0, 4), marked]
    expect(await node.pendingOutputAt(timestamp, {})).toEqual(output)
    const bad = blocks.on(block(4).ref, { transactions: [Uint8Array.of(2, 1)] })
    l2.blocks = [...chain, bad]
    state = {
      ...state,
      replaced: new Map([[bad.ref.hash, { block: bad.ref, replacement: block(5).ref, origin: undefined }]]),
    }
    expect(await node.pendingOutputAt(timestamp, {})).toEqual({
      stateRoot: bad.payload.header.stateRoot,
      messagePasserStorageRoot: bad.payload.header.withdrawalsRoot,
      blockHash: bad.ref.hash,
    })
    await expect(node.pendingOutputAt(timestamp + 100n, {})).rejects.toMatchObject(code('MANAGED_BLOCK_UNKNOWN'))
  })

  it('has an anchor where messages are active from genesis on', async () => {
    expect(await managed().anchorPoint({})).toEqual({ source: l1Ref(0n), derived: genesis })
    await expect(managed(genesis.timestamp + 1n).anchorPoint({})).rejects.toMatchObject(code('MANAGED_NO_ANCHOR'))
  })
})
