import type { Hash } from '../primitives/hex.ts'
import type { RemoteState, StateWant } from '../state/remote.ts'
import type { PinnedState, StateQuery } from '../state/source.ts'
import type { RpcStateSource } from './state-rpc.ts'
import type { RpcCall, RpcOutcome } from './transport.ts'

/** Reads of state that travel in the same request as something else. */
export interface Ride {
  readonly calls: readonly RpcCall[]
  /** Keeps what the answers prove of the state; what they do not is left out. */
  absorb(outcomes: readonly RpcOutcome[], block: { readonly hash: Hash; readonly stateRoot: Hash }): void
}

/** A state that tells which reads it needs, and takes what they gave. */
export type RiddenState = Pick<RemoteState, 'queriesFor' | 'absorb'>

/** Wants that ride along with calls that are made anyway: a round trip less for each. */
export class StateRider {
  readonly #open: (pin: PinnedState) => RiddenState
  readonly #source: RpcStateSource

  /** @param open gives the state after a block, as far as it is known */
  constructor(open: (pin: PinnedState) => RiddenState, source: RpcStateSource) {
    this.#open = open
    this.#source = source
  }

  /** Reads of a state whose root is not known yet: everything is asked for. @param block as eth_getProof names it */
  unknown(block: unknown, wants: readonly StateWant[]): Ride {
    return this.#ride(
      block,
      wants.flatMap(({ address, slots = [], code = false }): StateQuery[] => [
        { kind: 'proof', address, slots: [...slots] },
        ...(code ? [{ kind: 'code' as const, address, codeHash: undefined }] : []),
      ]),
    )
  }

  /** Reads of a state whose root is known: only what the store cannot prove is asked for. */
  known(block: { readonly hash: Hash; readonly stateRoot: Hash }, wants: readonly StateWant[]): Ride {
    return this.#ride({ blockHash: block.hash }, this.#state(block).queriesFor(wants))
  }

  /** Whether all of this is known of the state already. */
  knows(block: { readonly hash: Hash; readonly stateRoot: Hash }, wants: readonly StateWant[]): boolean {
    return this.#state(block).queriesFor(wants).length === 0
  }

  #state({ hash, stateRoot }: { readonly hash: Hash; readonly stateRoot: Hash }): RiddenState {
    return this.#open({ blockHash: hash, stateRoot })
  }

  #ride(block: unknown, queries: readonly StateQuery[]): Ride {
    const { calls, read } = this.#source.plan(block, queries)
    return {
      calls,
      absorb: (outcomes, pin) => {
        if (queries.length > 0) this.#state(pin).absorb(queries, read(outcomes))
      },
    }
  }
}
