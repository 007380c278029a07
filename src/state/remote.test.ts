import { describe, expect, it } from 'vitest'
import { type MemoryAccount, MemorySource, type MemorySourceOptions } from '../../test/support/memory-state.ts'
import { type Address, type Hash, toWord, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccakHash } from '../primitives/keccak.ts'
import type { AccountDiff, StateDiff } from './diff.ts'
import { NodeStore } from './node-store.ts'
import { RemoteState } from './remote.ts'
import { computeStateRoot } from './root.ts'
import type { StateAnswer } from './source.ts'

const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`
const code = Uint8Array.of(0x60, 0x00)
const contract = address(0xc0de)

function source(options: MemorySourceOptions = {}): MemorySource {
  const accounts = Array.from({ length: 300 }, (_, i) => [address(i + 1), { balance: BigInt(i + 1) }] as const)
  const storage = new Map(Array.from({ length: 2500 }, (_, i) => [toWord(BigInt(i)), BigInt(i + 7)]))
  return new MemorySource(
    new Map<Address, MemoryAccount>([...accounts, [contract, { nonce: 1n, code, storage }]]),
    options,
  )
}

function remote(from: MemorySource, store = new NodeStore()): RemoteState {
  return new RemoteState(from.pin, store, from)
}

describe('RemoteState', () => {
  it('reads accounts, slots and code', async () => {
    const node = source()
    const state = remote(node)
    expect(await state.account(address(5))).toEqual({
      nonce: 0n,
      balance: 5n,
      codeHash: KECCAK_EMPTY,
      storageRoot: EMPTY_TRIE_ROOT,
    })
    expect(await state.slot(contract, toWord(3n))).toBe(10n)
    expect(await state.slot(contract, toWord(99_999n))).toBe(0n)
    expect(await state.code(keccakHash(code), contract)).toEqual(code)
    expect(state.code(KECCAK_EMPTY, address(5))).toHaveLength(0)
  })

  it('answers at once, without a promise, what the store can prove', async () => {
    const store = new NodeStore()
    const node = source()
    const first = remote(node, store)
    await first.slot(contract, toWord(3n))
    await first.code(keccakHash(code), contract)
    const trips = node.roundTrips
    const second = remote(node, store)
    expect(second.slot(contract, toWord(3n))).toBe(10n)
    expect(second.account(contract)).toMatchObject({ nonce: 1n })
    expect(second.code(keccakHash(code), contract)).toEqual(code)
    expect(node.roundTrips).toBe(trips)
  })

  it('never asks twice for what does not exist', async () => {
    const node = source()
    const state = remote(node)
    expect(await state.account(address(0xdead))).toBeUndefined()
    expect(state.account(address(0xdead))).toBeUndefined()
    expect(state.slot(address(0xdead), ZERO_HASH)).toBe(0n)
    expect(await state.slot(address(7), ZERO_HASH)).toBe(0n)
    expect(state.slot(address(7), toWord(1n))).toBe(0n)
    expect(node.roundTrips).toBe(2)
  })

  it('joins concurrent reads in one round trip', async () => {
    const node = source()
    const state = remote(node)
    const reads = [
      state.account(address(1)),
      state.account(address(1)),
      state.slot(contract, toWord(1n)),
      Promise.resolve().then(() => state.slot(contract, toWord(2n))),
      state.code(keccakHash(code), contract),
    ]
    const [a, b, one, two] = await Promise.all(reads)
    expect(a).toEqual(b)
    expect([one, two]).toEqual([8n, 9n])
    expect(node.roundTrips).toBe(1)
    expect(node.reads[0]).toEqual([
      { kind: 'proof', address: address(1), slots: [] },
      { kind: 'proof', address: contract, slots: [toWord(1n), toWord(2n)] },
      { kind: 'code', address: contract, codeHash: keccakHash(code) },
    ])
  })

  it('splits proofs of many slots, in the same round trip', async () => {
    const node = source()
    const state = remote(node)
    const slots = Array.from({ length: 2500 }, (_, i) => toWord(BigInt(i)))
    await state.load([{ address: contract, slots, code: true }])
    expect(node.roundTrips).toBe(1)
    expect((node.reads[0] ?? []).map((query) => query.kind === 'proof' && query.slots.length)).toEqual([
      1000,
      1000,
      500,
      false,
    ])
    for (const [i, slot] of slots.entries()) expect(state.slot(contract, slot)).toBe(BigInt(i + 7))
    await state.load([{ address: contract, slots, code: true }])
    expect(node.roundTrips).toBe(1)
  })

  const wrong: [string, (answer: StateAnswer) => StateAnswer][] = [
    ['another state', (answer) => (answer.kind === 'proof' ? { ...answer, accountProof: ['0xc0'] } : answer)],
    [
      'half a proof',
      (answer) => (answer.kind === 'proof' ? { ...answer, accountProof: answer.accountProof.slice(0, 1) } : answer),
    ],
    ['no proof', (answer) => (answer.kind === 'proof' ? { ...answer, accountProof: [], storageProofs: [] } : answer)],
    [
      'half a storage proof',
      (answer) =>
        answer.kind === 'proof' ? { ...answer, storageProofs: answer.storageProofs.map((p) => p.slice(1)) } : answer,
    ],
    ['hex that is none', (answer) => (answer.kind === 'proof' ? { ...answer, accountProof: ['0xzz'] } : answer)],
  ]
  it.each(wrong)('refuses %s', async (_name, tamper) => {
    const state = remote(source({ tamper: (_query, answer) => tamper(answer) }))
    await expect(state.slot(contract, toWord(1n))).rejects.toMatchObject({
      code: 'STATE_MISMATCH',
      severity: 'temporary',
    })
  })

  it('refuses code that does not fit its hash', async () => {
    const tamper = (_: unknown, answer: StateAnswer): StateAnswer =>
      answer.kind === 'code' ? { kind: 'code', code: Uint8Array.of(1) } : answer
    const state = remote(source({ tamper }))
    await expect(state.code(keccakHash(code), contract)).rejects.toMatchObject({ code: 'STATE_MISMATCH' })
  })

  it('says when the node does not have the state, and can try again', async () => {
    const node = source()
    const unknown = new RemoteState({ ...node.pin, blockHash: ZERO_HASH }, new NodeStore(), node)
    await expect(unknown.account(address(1))).rejects.toMatchObject({
      code: 'STATE_UNAVAILABLE',
      severity: 'temporary',
      data: { blockHash: ZERO_HASH, code: -32000 },
    })
    let failures = 1
    const flaky = remote(
      source({
        tamper: (_query, answer) => (failures-- > 0 ? { kind: 'code', code: Uint8Array.of() } : answer),
      }),
    )
    await expect(flaky.account(address(1))).rejects.toMatchObject({ code: 'STATE_MISMATCH' })
    expect(await flaky.account(address(1))).toMatchObject({ balance: 1n })
  })

  it('reads a state that grew out of the one that the node proves', async () => {
    const node = source()
    const written = (storage: [bigint, bigint][], ...gone: Address[]): StateDiff => {
      const account = { nonce: 1n, balance: 0n, codeHash: keccakHash(code) }
      const slots = new Map(storage.map(([slot, value]) => [toWord(slot), value]))
      const accounts = new Map<Address, AccountDiff>([[contract, { account, storage: slots, storageCleared: false }]])
      for (const each of gone) accounts.set(each, { account: undefined, storage: new Map(), storageCleared: true })
      return { accounts, codes: new Map() }
    }
    const first = written(
      [
        [3n, 0n],
        [9_000n, 5n],
      ],
      address(7),
    )
    const grown = await computeStateRoot(node.pin, first, new NodeStore(), node)
    const store = new NodeStore()
    store.merge(grown.newNodes)
    const pin = { ...node.pin, stateRoot: grown.stateRoot, provenRoot: node.pin.stateRoot }
    const state = new RemoteState(pin, store, node)
    expect(await Promise.all([3n, 4n, 9_000n].map((slot) => state.slot(contract, toWord(slot))))).toEqual([0n, 11n, 5n])
    expect(await state.account(address(7))).toBeUndefined()
    expect(await state.account(address(8))).toMatchObject({ balance: 8n })
    expect(await state.code(keccakHash(code), contract)).toEqual(code)
    // Going on from there leads to the same root as all at once.
    const next = await computeStateRoot(pin, written([[8n, 0n]], address(9)), store, node)
    const all = written(
      [
        [3n, 0n],
        [8n, 0n],
        [9_000n, 5n],
      ],
      address(7),
      address(9),
    )
    const whole = await computeStateRoot(node.pin, all, new NodeStore(), node)
    expect(next.stateRoot).toBe(whole.stateRoot)
  })

  it('works with a store that is smaller than what it reads', async () => {
    const node = source()
    const state = remote(node, new NodeStore({ maxBytes: 60_000 }))
    const slots: Hash[] = Array.from({ length: 300 }, (_, i) => toWord(BigInt(i)))
    const values = await Promise.all(slots.map((slot) => state.slot(contract, slot)))
    expect(values).toEqual(slots.map((_, i) => BigInt(i + 7)))
  })
})
