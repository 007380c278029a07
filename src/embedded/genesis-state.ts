import type { Address, Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccakHash } from '../primitives/keccak.ts'
import type { Block } from '../protocol/block.ts'
import { type Genesis, genesisHeader } from '../protocol/genesis.ts'
import { hashHeader } from '../protocol/header.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { AccountDiff } from '../state/diff.ts'
import { KeyIndex } from '../state/key-index.ts'
import type { StateNodes, StoredNode } from '../state/node-store.ts'
import { StateRootPass } from '../state/root-pass.ts'
import { stateIncomplete } from './stored-nodes.ts'

/** The first block of a chain, and what is stored of the state after it. */
export interface GenesisState {
  readonly block: Block
  /** Absent for a block without transactions. */
  readonly receipts?: readonly Receipt[]
  readonly newNodes: ReadonlyMap<Hash, StoredNode>
  /** Contract code by its hash. */
  readonly codes: ReadonlyMap<Hash, Uint8Array>
}

/** A devnet asks for its chains' first blocks before it opens them: a rollup's configuration names them. */
const made = new WeakMap<Genesis, GenesisState>()

/** Makes a genesis file into a block and its state, as geth and op-geth do at `init`; once for the same object. */
export function genesisState(genesis: Genesis): GenesisState {
  const known = made.get(genesis) ?? makeGenesisState(genesis)
  made.set(genesis, known)
  return known
}

function makeGenesisState(genesis: Genesis): GenesisState {
  const accounts = new Map<Address, AccountDiff>()
  const codes = new Map<Hash, Uint8Array>()
  for (const [address, { nonce, balance, code, storage }] of genesis.alloc) {
    const codeHash = code.length === 0 ? KECCAK_EMPTY : keccakHash(code)
    if (code.length > 0) codes.set(codeHash, code)
    accounts.set(address, { account: { nonce, balance, codeHash }, storage, storageCleared: true })
  }
  const nothing: StateNodes = { keys: new KeyIndex(), node: () => undefined, isBranch: () => false }
  const result = new StateRootPass(nothing, EMPTY_TRIE_ROOT, { accounts, codes }).run()
  if (result.tag === 'missing') throw stateIncomplete(EMPTY_TRIE_ROOT, result.misses)
  const { stateRoot, storageRoots, newNodes } = result
  const header = genesisHeader(genesis, stateRoot, storageRoots.get(MESSAGE_PASSER_ADDRESS) ?? EMPTY_TRIE_ROOT)
  const block: Block = {
    hash: hashHeader(header),
    header,
    transactions: [],
    ...(header.withdrawalsRoot !== undefined && { withdrawals: [] }),
  }
  return { block, newNodes, codes }
}
