import { describe, expect, it } from 'vitest'
import { type Address, type Hash, toQuantity, toWord } from '../primitives/hex.ts'
import { headerToJson } from '../protocol/block-json.ts'
import type { AccountsChange } from '../protocol/head-accounts.ts'
import { EMPTY_HEADER } from '../protocol/header.ts'
import { PoolHeadReader } from './pool-head.ts'
import type { RpcCall, RpcOutcome } from './transport.ts'

function address(index: number): Address {
  return `0x${index.toString(16).padStart(40, '0')}`
}

/** A node whose accounts have as much as is said for a block, and a nonce that is the number of the block. */
class ScriptedNode {
  readonly endpoint = 'node'
  head = 1n
  readonly balances = new Map<bigint, Map<Address, bigint>>()
  calls: RpcCall[] = []
  /** Done before each call is answered. @param total calls before it */
  before: (total: number) => void = () => undefined
  #total = 0

  hash(number: bigint): Hash {
    return toWord(0xb10cn + number)
  }

  async batch(calls: readonly RpcCall[]): Promise<RpcOutcome[]> {
    this.calls.push(...calls)
    return calls.map((call) => {
      this.before(this.#total++)
      return { ok: true, value: this.#answer(call) }
    })
  }

  #answer({ method, params }: RpcCall): unknown {
    const number = this.head
    const header = { ...EMPTY_HEADER, number, stateRoot: toWord(number) }
    if (method === 'eth_getBlockByNumber') return headerToJson(header, this.hash(number))
    const [who, at] = params as [Address, { blockHash: Hash } | 'latest']
    const block = at === 'latest' ? number : BigInt(at.blockHash) - 0xb10cn
    if (method === 'eth_getTransactionCount') return toQuantity(block)
    if (method === 'eth_getBalance') return toQuantity(this.balances.get(block)?.get(who) ?? 0n)
    return who === address(7) ? '0x60' : '0x'
  }

  /** @returns what was asked for since the last time, other than heads */
  asked(): number {
    const count = this.calls.filter(({ method }) => method !== 'eth_getBlockByNumber').length
    this.calls = []
    return count
  }
}

function setUp() {
  const node = new ScriptedNode()
  const changes = new Map<Hash, AccountsChange>()
  const reader = new PoolHeadReader(node, (hash) => changes.get(hash))
  const change = (number: bigint, accounts: AccountsChange['accounts']): void => {
    changes.set(node.hash(number), { parentHash: node.hash(number - 1n), accounts })
  }
  return { node, reader, change }
}

describe('reading accounts at the head', () => {
  const many = Array.from({ length: 300 }, (_, index) => address(index))

  it('reads a few beside the head, and all again where the head has moved meanwhile', async () => {
    const { node, reader } = setUp()
    node.before = (total) => {
      if (total === 4) node.head = 2n
    }
    const { hash, accounts } = await reader.accounts([address(1), address(7)], {})
    expect(hash).toBe(node.hash(2n))
    expect([...accounts.values()]).toEqual([
      { nonce: 2n, balance: 0n, hasCode: false },
      { nonce: 2n, balance: 0n, hasCode: true },
    ])
  })

  it('reads many by the block’s hash, and carries them over blocks whose changes are known', async () => {
    const { node, reader, change } = setUp()
    await reader.accounts(many, {})
    expect(node.asked()).toBe(3 * many.length)
    change(2n, new Map([[address(3), { nonce: 5n, balance: 6n, hasCode: false }]]))
    change(3n, new Map([[address(4), { nonce: 8n, balance: 9n, hasCode: true }]]))
    node.head = 3n
    const { accounts, stateRoot } = await reader.accounts([...many, address(9_999)], {})
    expect(stateRoot).toBe(toWord(3n))
    // Only who has come since.
    expect(node.asked()).toBe(3)
    expect(accounts.get(address(3))).toEqual({ nonce: 5n, balance: 6n, hasCode: false })
    expect(accounts.get(address(4))).toEqual({ nonce: 8n, balance: 9n, hasCode: true })
    expect(accounts.get(address(5))).toEqual({ nonce: 1n, balance: 0n, hasCode: false })
    expect(accounts.get(address(9_999))).toEqual({ nonce: 3n, balance: 0n, hasCode: false })
    await reader.accounts(many, {})
    expect(node.asked()).toBe(0)
  })

  it('reads all anew where others made a block, and where the chain went another way', async () => {
    const { node, reader, change } = setUp()
    await reader.accounts(many, {})
    change(3n, new Map())
    node.head = 3n
    node.asked()
    await reader.accounts(many, {})
    expect(node.asked()).toBe(3 * many.length)
    change(2n, new Map())
    node.head = 2n
    const { accounts } = await reader.accounts(many, {})
    expect(node.asked()).toBe(3 * many.length)
    expect(accounts.get(address(0))?.nonce).toBe(2n)
  })

  it('is wrong about none where the head moves between the block and its accounts', async () => {
    const { node, reader } = setUp()
    node.before = (total) => {
      if (total > 1) node.head++
    }
    const { hash, accounts } = await reader.accounts(many, {})
    expect(hash).toBe(node.hash(1n))
    expect(new Set([...accounts.values()].map(({ nonce }) => nonce))).toEqual(new Set([1n]))
  })
})
