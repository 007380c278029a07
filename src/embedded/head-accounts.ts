import type { Address, Hash } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import type { HeadAccounts, OpHeadAccounts } from '../protocol/head-accounts.ts'
import type { Header } from '../protocol/header.ts'
import { L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS, type L1BlockSlots } from '../protocol/l1-fee.ts'
import type { StateReader } from '../state/diff.ts'
import type { ChainStore } from './chain-store.ts'

type OpenState = (block: { readonly hash: Hash; readonly stateRoot: Hash }) => StateReader

const SLOT_NAMES = Object.keys(L1_BLOCK_SLOTS) as (keyof L1BlockSlots)[]

interface Head {
  readonly hash: Hash
  readonly header: Header
  readonly finalNumber: bigint
  readonly stateRoot: Hash
  readonly state: StateReader
}

/** The head of an embedded chain, with accounts as they stand there. Everything is read at one block. */
export class EmbeddedHead {
  readonly #chain: ChainStore
  readonly #open: OpenState

  constructor(chain: ChainStore, open: OpenState) {
    this.#chain = chain
    this.#open = open
  }

  async accounts(senders: readonly Address[]): Promise<HeadAccounts> {
    return this.#read(senders, this.#state())
  }

  /** Of an OP-Stack chain: with what its fees follow from. */
  async opAccounts(senders: readonly Address[]): Promise<OpHeadAccounts> {
    const at = this.#state()
    const values = await Promise.all(SLOT_NAMES.map((name) => at.state.slot(L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS[name])))
    const feeSlots = Object.fromEntries(SLOT_NAMES.map((name, index) => [name, values[index]]))
    return { ...(await this.#read(senders, at)), feeSlots: feeSlots as unknown as L1BlockSlots }
  }

  #state(): Head {
    const hash = this.#chain.labels.head
    const header = this.#chain.header(hash)
    if (header === undefined) throw new TypeError('the head is always stored')
    const stateRoot = this.#chain.stateRoot(hash)
    const finalNumber = this.#chain.header(this.#chain.labels.finalized)?.number ?? 0n
    return { hash, header, finalNumber, stateRoot, state: this.#open({ hash, stateRoot }) }
  }

  async #read(senders: readonly Address[], { state, ...head }: Head): Promise<HeadAccounts> {
    const found = await Promise.all(senders.map((sender) => state.account(sender)))
    const accounts = senders.map((sender, index) => {
      const { nonce = 0n, balance = 0n, codeHash = KECCAK_EMPTY } = found[index] ?? {}
      return [sender, { nonce, balance, hasCode: codeHash !== KECCAK_EMPTY }] as const
    })
    return { ...head, accounts: new Map(accounts) }
  }
}
