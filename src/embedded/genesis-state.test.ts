import { describe, expect, it } from 'vitest'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { parseGenesis } from '../protocol/genesis.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import { ChainStore } from './chain-store.ts'
import { genesisState } from './genesis-state.ts'
import { StoredState } from './stored-state.ts'

const ADDRESS = `0x${'11'.repeat(20)}` as const
const EMPTY = `0x${'22'.repeat(20)}` as const
const SLOT = `0x${'00'.repeat(31)}05` as const

const genesis = parseGenesis({
  config: { chainId: 7, londonBlock: 0 },
  gasLimit: '0x1c9c380',
  alloc: {
    [ADDRESS]: { balance: '0x10', nonce: '0x2', code: '0x6001', storage: { [SLOT]: '0x07', '0x06': '0x00' } },
    [EMPTY]: { balance: '0x0' },
  },
})

describe('a genesis state', () => {
  it('can be read back, account by account', async () => {
    const made = genesisState(genesis)
    const chain = await ChainStore.open(new MemoryStore(), made, {})
    const state = new StoredState(chain.nodes, made.block.header.stateRoot)
    const account = state.account(ADDRESS)
    expect(account).toMatchObject({ nonce: 2n, balance: 16n })
    expect(state.code(account?.codeHash ?? '0x')).toEqual(Uint8Array.of(0x60, 1))
    expect(state.slot(ADDRESS, SLOT)).toBe(7n)
    expect(state.slot(ADDRESS, `0x${'00'.repeat(31)}06`)).toBe(0n)
    // geth keeps accounts of the file that EIP-161 counts as empty.
    expect(state.account(EMPTY)).toMatchObject({ nonce: 0n, balance: 0n, storageRoot: EMPTY_TRIE_ROOT })
    expect(state.account(`0x${'33'.repeat(20)}`)).toBeUndefined()
    expect(state.slot(`0x${'33'.repeat(20)}`, SLOT)).toBe(0n)
  })

  it('is the same whatever the order of the file', () => {
    const alloc = new Map([...genesis.alloc].reverse())
    expect(genesisState({ ...genesis, alloc }).block).toEqual(genesisState(genesis).block)
  })

  it('says which node of an unknown state is missing', async () => {
    const chain = await ChainStore.open(new MemoryStore(), genesisState(genesis), {})
    const root = `0x${'ab'.repeat(32)}` as const
    expect(() => new StoredState(chain.nodes, root).account(ADDRESS)).toThrow(`missing trie node ${root}`)
  })
})
