import { type Address, type Hash, toWord } from '../../primitives/hex.ts'
import type { AccessListEntry } from '../../protocol/transaction.ts'
import { isCall } from '../call-price.ts'
import { stackAddress } from '../stack-address.ts'
import { addressOf } from '../state-adapter.ts'
import type { Observer, Step } from '../watch.ts'

const SLOAD = 0x54
const SSTORE = 0x55
/** Opcodes with an account on top of the stack: BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFDESTRUCT. */
const OF_ACCOUNT: ReadonlySet<number> = new Set([0x31, 0x3b, 0x3c, 0x3f, 0xff])

/** Notes which accounts and slots the instructions of a run name. */
export class AccessRecorder implements Observer {
  readonly #excluded: ReadonlySet<Address>
  readonly #accounts = new Map<Address, Set<Hash>>()

  /**
   * @param known what is on the list from the start
   * @param excluded accounts that are named only with their slots
   */
  constructor(known: readonly AccessListEntry[], excluded: ReadonlySet<Address>) {
    this.#excluded = excluded
    for (const { address, storageKeys } of known) {
      this.#account(address)
      for (const slot of storageKeys) this.#slots(address).add(slot)
    }
  }

  #slots(address: Address): Set<Hash> {
    const slots = this.#accounts.get(address) ?? new Set()
    this.#accounts.set(address, slots)
    return slots
  }

  #account(address: Address): void {
    if (!this.#excluded.has(address)) this.#slots(address)
  }

  step({ frame, opcode }: Step): void {
    const { stack } = frame
    if ((opcode === SLOAD || opcode === SSTORE) && stack.length >= 1) {
      this.#slots(addressOf(frame.env.address)).add(toWord(stack.peek(1)[0] as bigint))
    } else if (OF_ACCOUNT.has(opcode) && stack.length >= 1) {
      this.#account(stackAddress(stack.peek(1)[0] as bigint))
    } else if (isCall(opcode) && stack.length >= 5) {
      this.#account(stackAddress(stack.peek(2)[1] as bigint))
    }
  }

  /** What was named, in order. */
  list(): readonly AccessListEntry[] {
    return [...this.#accounts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([address, slots]) => ({ address, storageKeys: [...slots].sort() }))
  }

  /** How much was named. A list grows only. */
  get size(): number {
    let size = this.#accounts.size
    for (const slots of this.#accounts.values()) size += slots.size
    return size
  }
}
