import { describe, expect, it } from 'vitest'
import { type MemoryAccount, MemorySource, type MemorySourceOptions } from '../../test/support/memory-state.ts'
import { type Address, EMPTY_BYTES, type Hash, toWord } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { NodeStore } from './node-store.ts'
import { predict, prefetch } from './prefetch.ts'
import { RemoteState } from './remote.ts'
import type { CandidateCall } from './source.ts'

const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`
const token = address(0x70ce)
const library = address(0x11b)
const code = Uint8Array.of(0x60, 0x01)
const libraryCode = Uint8Array.of(0x60, 0x02)

const state = new Map<Address, MemoryAccount>([
  ...Array.from({ length: 50 }, (_, i) => [address(i + 1), { balance: 10n ** 18n }] as const),
  [token, { nonce: 1n, code, storage: new Map([[toWord(1n), 5n]]) }],
  [library, { nonce: 1n, code: libraryCode }],
])
const touchedByToken = new Map<Address, readonly Hash[]>([
  [token, [toWord(1n), toWord(2n)]],
  [library, []],
])

function call(from: number, to: Address | undefined, data: Uint8Array = EMPTY_BYTES): CandidateCall {
  return { from: address(from), to, data, value: 0n, gas: 100_000n }
}

function open(options: MemorySourceOptions = {}): { node: MemorySource; remote: RemoteState } {
  const node = new MemorySource(state, { touched: () => touchedByToken, ...options })
  return { node, remote: new RemoteState(node.pin, new NodeStore(), node) }
}

function expectTokenKnown(remote: RemoteState): void {
  expect(remote.account(token)).toMatchObject({ nonce: 1n })
  expect(remote.slot(token, toWord(1n))).toBe(5n)
  expect(remote.slot(token, toWord(2n))).toBe(0n)
  expect(remote.code(keccakHash(code), token)).toEqual(code)
  expect(remote.code(keccakHash(libraryCode), library)).toEqual(libraryCode)
}

describe('predict', () => {
  it('makes all that calls touch known in two round trips', async () => {
    const { node, remote } = open()
    const calls = Array.from({ length: 40 }, (_, i) => call(i + 1, token, Uint8Array.of(i)))
    await predict(remote, calls, [{ address: address(50) }])
    expect(node.roundTrips).toBe(2)
    expect(node.reads[0]?.filter(({ kind }) => kind === 'touched')).toHaveLength(40)
    expectTokenKnown(remote)
    for (let i = 1; i <= 40; i++) expect(remote.account(address(i))).toMatchObject({ balance: 10n ** 18n })
    expect(remote.account(address(50))).toBeDefined()
    await predict(remote, calls, [{ address: address(50) }])
    expect(node.roundTrips).toBe(2)
  })

  it('does not trace transfers to accounts that are known to have no code', async () => {
    const { node, remote } = open()
    await prefetch(remote, [{ address: address(2) }, { address: address(777) }])
    await predict(remote, [call(1, address(2)), call(3, address(777))])
    expect(node.roundTrips).toBe(2)
    expect(node.reads[1]?.map(({ kind }) => kind)).toEqual(['proof', 'proof'])
  })

  it('takes what calls name themselves when the node cannot trace', async () => {
    const { node, remote } = open({ without: ['touched'] })
    const accessList = [{ address: token, storageKeys: [toWord(1n), toWord(2n)] }]
    await predict(remote, [{ ...call(1, token), accessList }])
    expect(node.roundTrips).toBe(1)
    expect(remote.slot(token, toWord(1n))).toBe(5n)
    expect(remote.code(keccakHash(code), token)).toEqual(code)
  })

  it('goes on without a trace that fails', async () => {
    const { node, remote } = open({
      tamper: (query, answer) => (query.kind === 'touched' ? { kind: 'code', code: EMPTY_BYTES } : answer),
    })
    await predict(remote, [call(1, token), call(2, undefined, code)])
    expect(node.roundTrips).toBe(2)
    expect(remote.account(token)).toMatchObject({ nonce: 1n })
    expect(remote.code(keccakHash(code), token)).toEqual(code)
  })

  it('fails when the state is not there', async () => {
    const { node } = open()
    const elsewhere = new RemoteState({ ...node.pin, blockHash: toWord(1n) }, new NodeStore(), node)
    await expect(predict(elsewhere, [call(1, token)])).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' })
  })
})
