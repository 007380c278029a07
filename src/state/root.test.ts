import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MemoryAccount, MemorySource, type MemorySourceOptions } from '../../test/support/memory-state.ts'
import { type Address, type Hash, hexToBytes, toWord, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccakHash } from '../primitives/keccak.ts'
import type { AccountDiff, StateDiff } from './diff.ts'
import type { Probe } from './miss-filler.ts'
import { NodeStore } from './node-store.ts'
import { RemoteState } from './remote.ts'
import { computeStateRoot } from './root.ts'
import type { StateAnswer, StateQuery } from './source.ts'

const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`
const slotOf = (n: number): Hash => toWord(BigInt(n))
const CONTRACT = address(0xc0de)

type State = ReadonlyMap<Address, MemoryAccount>

function stateWith(slots: number, accounts = 40): State {
  const storage = new Map(Array.from({ length: slots }, (_, i) => [slotOf(i), BigInt(i + 1)]))
  return new Map<Address, MemoryAccount>([
    ...Array.from({ length: accounts }, (_, i) => [address(i + 1), { balance: BigInt(i + 1) }] as const),
    [CONTRACT, { nonce: 1n, storage }],
  ])
}

function write(
  storage: Iterable<readonly [number, bigint]>,
  account: Partial<AccountDiff['account']> = {},
  storageCleared = false,
): AccountDiff {
  return {
    account: { nonce: 1n, balance: 0n, codeHash: KECCAK_EMPTY, ...account },
    storage: new Map([...storage].map(([n, value]) => [slotOf(n), value])),
    storageCleared,
  }
}

function diffOf(accounts: Iterable<readonly [Address, AccountDiff]>): StateDiff {
  return { accounts: new Map(accounts), codes: new Map() }
}

/** The state that a diff makes, computed from its whole content. */
function stateAfter(state: State, diff: StateDiff): MemorySource {
  const next = new Map(state)
  for (const [key, { account, storage, storageCleared }] of diff.accounts) {
    const content = new Map(storageCleared || account === undefined ? [] : state.get(key)?.storage)
    for (const [slot, value] of storage) {
      if (value === 0n) content.delete(slot)
      else content.set(slot, value)
    }
    if (account === undefined) next.delete(key)
    else next.set(key, { nonce: account.nonce, balance: account.balance, storage: content })
  }
  return new MemorySource(next)
}

const PROBE = keccakHash(Uint8Array.of(9))
const probe: Probe = () => Promise.resolve(PROBE)

function compute(state: State, diff: StateDiff, options: MemorySourceOptions = {}, withProbe?: Probe) {
  const source = new MemorySource(state, options)
  const store = new NodeStore()
  const roots = computeStateRoot(source.pin, diff, store, source, withProbe === undefined ? {} : { probe: withProbe })
  return { source, store, roots }
}

describe('computeStateRoot', () => {
  it('is the root of the whole content, whatever is written blind', async () => {
    const contracts = [address(0xa1), address(0xa2), address(0xa3)]
    const value = fc.oneof(fc.constant(0n), fc.constant(0n), fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }))
    const storage = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 60 }), value), {
      maxLength: 40,
      selector: ([n]) => n,
    })
    const change = fc
      .record({ storage, cleared: fc.boolean(), removed: fc.integer({ min: 0, max: 9 }), balance: fc.nat() })
      .map(
        ({ storage, cleared, removed, balance }): AccountDiff =>
          removed === 0
            ? { account: undefined, storage: new Map(), storageCleared: true }
            : write(storage, { balance: BigInt(balance) }, cleared),
      )
    const before = fc.tuple(...contracts.map(() => storage))
    const diff = fc.uniqueArray(fc.tuple(fc.constantFrom(...contracts, address(3), address(999)), change), {
      maxLength: 5,
      selector: ([key]) => key,
    })
    await fc.assert(
      fc.asyncProperty(before, diff, async (storages, list) => {
        const state: State = new Map([
          ...stateWith(5, 8),
          ...contracts.map((key, i): [Address, MemoryAccount] => [
            key,
            {
              nonce: 1n,
              storage: new Map((storages[i] ?? []).filter(([, v]) => v > 0n).map(([n, v]) => [slotOf(n), v])),
            },
          ]),
        ])
        const expected = stateAfter(state, diffOf(list))
        const { roots } = compute(state, diffOf(list))
        const { stateRoot, storageRoots } = await roots
        expect(stateRoot).toBe(expected.pin.stateRoot)
        for (const [key, root] of storageRoots) expect(root).toBe(expected.accounts.get(key)?.storageRoot)
      }),
      { numRuns: 200 },
    )
  })

  it('asks for nothing when execution has read what it wrote', async () => {
    const state = stateWith(300)
    const source = new MemorySource(state)
    const store = new NodeStore()
    const reader = new RemoteState(source.pin, store, source)
    const change = write([
      [5, 77n],
      [900, 1n],
    ])
    await reader.load([{ address: CONTRACT, slots: change.storage.keys() }])
    const diff = diffOf([[CONTRACT, change]])
    const { stateRoot, newNodes } = await computeStateRoot(source.pin, diff, store, source)
    expect(stateRoot).toBe(stateAfter(state, diff).pin.stateRoot)
    expect(source.roundTrips).toBe(1)
    // The next block builds on the new nodes alone.
    store.merge(newNodes)
    const next = new RemoteState({ blockHash: ZERO_HASH, stateRoot }, store, source)
    expect(next.slot(CONTRACT, slotOf(900))).toBe(1n)
    expect(next.slot(CONTRACT, slotOf(5))).toBe(77n)
  })

  it('fetches what blind writes need, of all contracts, in one round trip', async () => {
    const state = new Map([...stateWith(300), [address(0xbb), { nonce: 1n, storage: new Map([[slotOf(1), 1n]]) }]])
    const diff = diffOf([
      [CONTRACT, write([[5, 77n]])],
      [address(0xbb), write([[2, 2n]])],
      [address(0x123456), write([[1, 1n]])],
    ])
    const { source, roots } = compute(state, diff)
    expect((await roots).stateRoot).toBe(stateAfter(state, diff).pin.stateRoot)
    expect(source.roundTrips).toBe(1)
  })

  const half = Array.from({ length: 150 }, (_, i) => [i * 2, 0n] as const)
  const manyDeleted = diffOf([[CONTRACT, write(half)]])
  const ways: [string, MemorySourceOptions, Probe | undefined][] = [
    ['proofs of crafted keys', { without: ['node', 'storageRange', 'accountRange', 'touched'] }, undefined],
    ['everything', {}, probe],
  ]
  it.each(ways)('finds siblings of deletions with %s', async (_name, options, withProbe) => {
    const state = stateWith(300)
    const { source, roots } = compute(state, manyDeleted, options, withProbe)
    expect((await roots).stateRoot).toBe(stateAfter(state, manyDeleted).pin.stateRoot)
    const probed = source.reads.flat().filter(({ kind }) => kind === 'storageRange')
    expect(probed).toEqual([])
    expect(source.roundTrips).toBeLessThan(5)
  })

  it('removes everything from a contract', async () => {
    const state = stateWith(40)
    const diff = diffOf([[CONTRACT, write(Array.from({ length: 40 }, (_, i) => [i, 0n] as const))]])
    const { roots } = compute(state, diff)
    const { stateRoot, storageRoots } = await roots
    expect(stateRoot).toBe(stateAfter(state, diff).pin.stateRoot)
    expect(storageRoots.get(CONTRACT)).toBe(EMPTY_TRIE_ROOT)
  })

  it('removes accounts', async () => {
    const state = stateWith(3, 100)
    const gone: AccountDiff = { account: undefined, storage: new Map(), storageCleared: true }
    const diff = diffOf(Array.from({ length: 70 }, (_, i) => [address(i + 1), gone] as const))
    const { roots } = compute(state, diff)
    expect((await roots).stateRoot).toBe(stateAfter(state, diff).pin.stateRoot)
  })
})

/** Two slots whose hashes share so many digits that no crafted key reaches past their fork, and what is in the way. */
function deepPair(): { a: number; b: number; digits: number } {
  const seen = new Map<string, number>()
  for (let n = 0; ; n++) {
    const prefix = keccakHash(hexToBytes(slotOf(n))).slice(2, 9)
    const other = seen.get(prefix)
    if (other !== undefined) return { a: other, b: n, digits: prefix.length }
    seen.set(prefix, n)
  }
}

describe('a sibling that no key leads to', () => {
  const { a, b } = deepPair()
  const storage = new Map([
    [slotOf(a), 5n],
    [slotOf(b), 6n],
    [slotOf(1), 7n],
    [slotOf(2), 8n],
  ])
  const state: State = new Map<Address, MemoryAccount>([
    [CONTRACT, { nonce: 1n, storage }],
    [address(1), { balance: 1n }],
  ])
  const diff = diffOf([[CONTRACT, write([[a, 0n]])]])
  const expected = stateAfter(state, diff).pin.stateRoot

  it('comes from the database', async () => {
    const { source, roots } = compute(state, diff)
    expect((await roots).stateRoot).toBe(expected)
    expect(source.roundTrips).toBe(2)
    expect(source.reads[1]?.map(({ kind }) => kind)).toEqual(['node'])
  })

  it('is rebuilt from a range behind a probe block, when the database is stale', async () => {
    const stale = (_query: StateQuery, answer: StateAnswer): StateAnswer =>
      answer.kind === 'node' ? { kind: 'node', candidates: [Uint8Array.of(0xc2, 0x20, 0x01)] } : answer
    const { source, roots } = compute(state, diff, { tamper: stale }, probe)
    expect((await roots).stateRoot).toBe(expected)
    expect(source.reads.at(-1)).toMatchObject([{ kind: 'storageRange', blockHash: PROBE, address: CONTRACT }])
    expect(source.roundTrips).toBe(3)
  })

  it('is a typed error when nothing is left to try', async () => {
    const without: StateQuery['kind'][] = ['node', 'storageRange', 'accountRange']
    await expect(compute(state, diff, { without }).roots).rejects.toMatchObject({
      code: 'ROOT_UNAVAILABLE',
      severity: 'temporary',
      data: { missing: [{ address: CONTRACT }] },
    })
    const lying = (_query: StateQuery, answer: StateAnswer): StateAnswer =>
      answer.kind === 'node'
        ? { kind: 'node', candidates: [] }
        : answer.kind === 'storageRange'
          ? { ...answer, slots: new Map([...answer.slots].map(([key, value]) => [key, value + 1n])), complete: true }
          : answer
    await expect(compute(state, diff, { tamper: lying }, probe).roots).rejects.toMatchObject({
      code: 'ROOT_UNAVAILABLE',
    })
  })
})
