import type { StateSource } from '../builder/ports.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/block-id.ts'
import type { StateReader } from '../state/diff.ts'
import { resolveStateBlock } from './block-lookup.ts'
import type { ChainKind } from './chain-kind.ts'
import type { ChainStore } from './chain-store.ts'
import { type AccountProof, proveAccount } from './state-proof.ts'

/** Proves an account of the state after a block, with some of its slots. @throws AppError STATE_UNAVAILABLE */
export type ProofMaker = (
  block: { readonly hash: Hash; readonly stateRoot: Hash },
  address: Address,
  slots: readonly Hash[],
  io: IoOptions,
) => AccountProof | Promise<AccountProof>

/** Proves out of the states of a chain: once they are loaded, all nodes on the way are stored. */
export function storedProofs(chain: ChainStore): ProofMaker {
  return async ({ hash, stateRoot }, address, slots, io) => {
    await chain.state(hash).load([{ address, slots }], io)
    return proveAccount(chain.nodes, stateRoot, address, slots)
  }
}

/** The states of a chain by block, wherever they come from. */
export class StateReads {
  readonly #chain: ChainStore
  readonly #kind: ChainKind
  readonly #open: StateSource
  readonly #prove: ProofMaker

  constructor(chain: ChainStore, kind: ChainKind, open: StateSource, prove: ProofMaker) {
    this.#chain = chain
    this.#kind = kind
    this.#open = open
    this.#prove = prove
  }

  /** The state after a block. @throws AppError BLOCK_NOT_FOUND */
  at(id: BlockId): StateReader {
    return this.#open(this.#pin(id))
  }

  /** An account of that state with its proof. @throws AppError BLOCK_NOT_FOUND, STATE_UNAVAILABLE */
  async prove(id: BlockId, address: Address, slots: readonly Hash[], io: IoOptions): Promise<AccountProof> {
    return this.#prove(this.#pin(id), address, slots, io)
  }

  #pin(id: BlockId): { readonly hash: Hash; readonly stateRoot: Hash } {
    const hash = resolveStateBlock(this.#chain, this.#kind, id)
    return { hash, stateRoot: this.#chain.stateRoot(hash) }
  }
}
