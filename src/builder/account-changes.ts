import { LRUCache } from 'lru-cache'
import type { Address, Hash } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import type { AccountsChange, HeadAccount } from '../protocol/head-accounts.ts'
import type { StateDiff } from '../state/diff.ts'
import type { SealedBlock } from './service.ts'

const MAX_BLOCKS = 128
/** Accounts of all remembered blocks. */
const MAX_ACCOUNTS = 1_000_000

const NO_ACCOUNT: HeadAccount = { nonce: 0n, balance: 0n, hasCode: false }

/** What the blocks that were sealed here have changed of accounts, within a bound of memory: nobody need ask a node for that. */
export class AccountChanges {
  readonly #changes = new LRUCache<Hash, AccountsChange>({
    max: MAX_BLOCKS,
    maxSize: MAX_ACCOUNTS,
    sizeCalculation: ({ accounts }) => 1 + accounts.size,
  })

  /** Undefined: the block was not sealed here, or long ago. */
  of(hash: Hash): AccountsChange | undefined {
    return this.#changes.get(hash)
  }

  /** Remembers a block by what executing it changed. */
  add({ hash, header }: SealedBlock, diff: StateDiff): void {
    const accounts = new Map<Address, HeadAccount>()
    for (const [address, { account }] of diff.accounts) {
      if (account === undefined) accounts.set(address, NO_ACCOUNT)
      else {
        const { nonce, balance, codeHash } = account
        accounts.set(address, { nonce, balance, hasCode: codeHash !== KECCAK_EMPTY })
      }
    }
    this.#changes.set(hash, { parentHash: header.parentHash, accounts })
  }
}
