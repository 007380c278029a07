import { type Address, bytesToHex } from '../../primitives/hex.ts'
import type { CallKind, EnteredCall } from '../watch.ts'
import type { Tracer } from './tracer.ts'

const CALLS: ReadonlySet<CallKind> = new Set<CallKind>(['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'])

/** geth's `4byteTracer`: how often each function was called, by selector and size of its arguments. */
export class SelectorCounter implements Tracer {
  readonly #precompiles: ReadonlySet<Address>
  readonly #counts: Record<string, number> = {}

  constructor(precompiles: readonly Address[]) {
    this.#precompiles = new Set(precompiles)
  }

  enter({ kind, to, input }: EnteredCall): void {
    if (input.length < 4 || !CALLS.has(kind) || this.#precompiles.has(to)) return
    const key = `${bytesToHex(input.subarray(0, 4))}-${input.length - 4}`
    this.#counts[key] = (this.#counts[key] ?? 0) + 1
  }

  result(): unknown {
    return this.#counts
  }
}
