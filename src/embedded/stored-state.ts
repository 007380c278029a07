import type { PostState } from '../builder/ports.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { EMPTY_BYTES } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { lookupAccount, lookupSlot, type StateLookup } from '../state/account.ts'
import type { AccountState, StateDiff } from '../state/diff.ts'
import { StateRootPass, type StateRoots } from '../state/root-pass.ts'
import type { BuiltBlocks } from './built-blocks.ts'
import type { ChainState } from './chain-state.ts'
import { type StoredNodes, stateIncomplete } from './stored-nodes.ts'

/** The state behind one root, read out of the store. All answers come at once. */
export class StoredState implements ChainState {
  readonly #nodes: StoredNodes
  readonly #root: Hash
  readonly #built: BuiltBlocks | undefined

  /** @param built where blocks are remembered that are built on this state */
  constructor(nodes: StoredNodes, stateRoot: Hash, built?: BuiltBlocks) {
    this.#nodes = nodes
    this.#root = stateRoot
    this.#built = built
  }

  /** @throws AppError STATE_UNAVAILABLE */
  account(address: Address): AccountState | undefined {
    return this.#known(lookupAccount(this.#nodes, this.#root, address))
  }

  /** @throws AppError STATE_UNAVAILABLE */
  slot(address: Address, slot: Hash): bigint {
    const account = this.account(address)
    return account === undefined ? 0n : this.#known(lookupSlot(this.#nodes, account.storageRoot, slot))
  }

  /** @throws AppError STATE_UNAVAILABLE */
  code(codeHash: Hash): Uint8Array {
    if (codeHash === KECCAK_EMPTY) return EMPTY_BYTES
    const code = this.#nodes.code(codeHash)
    if (code === undefined) throw stateIncomplete(this.#root, [{ hash: codeHash }])
    return code
  }

  /** The roots that a diff leads to, with the nodes that are new. @throws AppError STATE_UNAVAILABLE */
  roots(diff: StateDiff): StateRoots {
    const result = new StateRootPass(this.#nodes, this.#root, diff).run()
    if (result.tag === 'missing') throw stateIncomplete(this.#root, result.misses)
    return result
  }

  async root(diff: StateDiff): Promise<PostState> {
    const { stateRoot, storageRoots, newNodes } = this.roots(diff)
    const { codes } = diff
    return {
      stateRoot,
      storageRoots,
      keep: (sealed) => {
        this.#nodes.keep(newNodes, codes)
        if (sealed !== undefined) this.#built?.add(sealed, { parentRoot: this.#root, newNodes, codes })
      },
    }
  }

  defer(): void {
    // Nothing has to be fetched.
  }

  async load(): Promise<void> {
    // Nothing has to be fetched.
  }

  async predict(): Promise<void> {
    // Nothing has to be fetched.
  }

  #known<T>(found: StateLookup<T>): T {
    if (found.tag === 'known') return found.value
    throw stateIncomplete(this.#root, [found.miss])
  }
}
