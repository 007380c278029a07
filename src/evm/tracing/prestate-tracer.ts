import {
  type Address,
  bigIntToPadded,
  bytesToHex,
  concatBytes,
  EMPTY_BYTES,
  equalBytes,
  type Hash,
  type Hex,
  toQuantity,
  toWord,
} from '../../primitives/hex.ts'
import { KECCAK_EMPTY, keccak256 } from '../../primitives/keccak.ts'
import { recoverAuthority } from '../../protocol/authority.ts'
import type { Overlay } from '../../state/overlay.ts'
import { accountOrEmpty } from '../balances.ts'
import { isCall } from '../call-price.ts'
import { createdAddress } from '../created-address.ts'
import { delegateOf } from '../delegation.ts'
import type { Frame } from '../instruction.ts'
import { stackAddress } from '../stack-address.ts'
import { addressOf } from '../state-adapter.ts'
import type { Step } from '../watch.ts'
import type { TracedBlock, TracedStart, Tracer } from './tracer.ts'

/** What a trace of the state is to hold. */
export interface PrestateOptions {
  /** What changed, before and after, instead of what was looked at. */
  readonly diffMode?: boolean
  readonly disableCode?: boolean
  readonly disableStorage?: boolean
  /** Accounts that do not exist, too. */
  readonly includeEmpty?: boolean
}

interface Seen {
  readonly balance: bigint
  readonly nonce: bigint
  readonly code: Uint8Array
  /** Undefined without code. */
  readonly codeHash: Hash | undefined
  readonly storage: Map<Hash, bigint>
  readonly empty: boolean
}

interface ShownAccount {
  balance?: Hex
  code?: Hex
  codeHash?: Hash
  nonce?: number
  storage?: Record<Hash, Hash>
}

const SLOAD = 0x54
const SSTORE = 0x55
const CREATE = 0xf0
const CREATE2 = 0xf5
const SELFDESTRUCT = 0xff
/** BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFDESTRUCT: an account is on top of the stack. */
const OF_ACCOUNT: ReadonlySet<number> = new Set([0x31, 0x3b, 0x3c, 0x3f, SELFDESTRUCT])
/** Bytes behind the end of memory that geth still reads as zeroes. */
const PADDING_LIMIT = 1n << 20n

function shownStorage(storage: Iterable<readonly [Hash, bigint]>): Record<Hash, Hash> | undefined {
  const shown = Object.fromEntries([...storage].map(([slot, value]) => [slot, toWord(value)]))
  return Object.keys(shown).length === 0 ? undefined : shown
}

function show({ balance, nonce, code, codeHash, storage }: Seen): ShownAccount {
  const slots = shownStorage(storage)
  return {
    balance: toQuantity(balance),
    ...(code.length > 0 && { code: bytesToHex(code) }),
    ...(codeHash !== undefined && { codeHash }),
    ...(nonce !== 0n && { nonce: Number(nonce) }),
    ...(slots !== undefined && { storage: slots }),
  }
}

/** What CREATE2's init code is by geth's reading of memory, before the instruction has widened it. */
function initCodeAt(frame: Frame, size: number): Uint8Array | undefined {
  const [, offset, length] = frame.stack.peek(3) as [bigint, bigint, bigint]
  if (offset + length - BigInt(size) > PADDING_LIMIT) return undefined
  const code = new Uint8Array(Number(length))
  if (Number(offset) < size)
    code.set(frame.memory.read(Number(offset), Math.min(Number(length), size - Number(offset))))
  return code
}

/** geth's `prestateTracer`: the accounts that a transaction looks at as they were before it, or what it changes. */
export class PrestateTracer implements Tracer {
  readonly #options: PrestateOptions
  readonly #block: TracedBlock
  readonly #always: readonly Address[]
  readonly #before = new Map<Address, Seen>()
  readonly #after = new Map<Address, ShownAccount>()
  readonly #created = new Set<Address>()
  readonly #deleted = new Set<Address>()

  /** @param always accounts that every transaction of the chain changes */
  constructor(options: PrestateOptions, block: TracedBlock, always: readonly Address[]) {
    this.#options = options
    this.#block = block
    this.#always = always
  }

  get #overlay(): Overlay {
    return this.#block.overlay
  }

  async begin({ sender, to, feeRecipient, authorizationList }: TracedStart): Promise<void> {
    let target = to
    if (target === undefined) {
      target = createdAddress(sender, (await accountOrEmpty(this.#overlay, sender)).nonce)
      this.#created.add(target)
    } else await this.#delegate(target)
    const authorities = authorizationList.flatMap((authorization) => recoverAuthority(authorization) ?? [])
    for (const address of [sender, target, feeRecipient, ...authorities, ...this.#always]) await this.#account(address)
  }

  step(step: Step): void | Promise<void> {
    const { frame, opcode, error } = step
    if (error !== undefined) return undefined
    const height = frame.stack.length
    if ((opcode === SLOAD || opcode === SSTORE) && height >= 1) return this.#slot(frame)
    if (OF_ACCOUNT.has(opcode) && height >= 1) return this.#named(frame, opcode)
    if (isCall(opcode) && height >= 5) return this.#called(stackAddress(frame.stack.peek(2)[1] as bigint))
    if (opcode === CREATE || (opcode === CREATE2 && height >= 4)) return this.#creation(step)
    return undefined
  }

  async #slot(frame: Frame): Promise<void> {
    const address = addressOf(frame.env.address)
    const slot = toWord(frame.stack.peek(1)[0] as bigint)
    const seen = this.#before.get(address)
    if (this.#options.disableStorage || seen === undefined || seen.storage.has(slot)) return
    seen.storage.set(slot, await this.#overlay.slot(address, slot))
  }

  async #named(frame: Frame, opcode: number): Promise<void> {
    await this.#account(stackAddress(frame.stack.peek(1)[0] as bigint))
    if (opcode !== SELFDESTRUCT) return
    const address = addressOf(frame.env.address)
    // From Cancun only what this very transaction created goes away. @see EIP-6780
    if (!this.#block.rules.cancun || this.#created.has(address)) this.#deleted.add(address)
  }

  async #called(address: Address): Promise<void> {
    await this.#account(address)
    await this.#delegate(address)
  }

  async #creation({ frame, opcode, memorySize }: Step): Promise<void> {
    const creator = addressOf(frame.env.address)
    let address: Address
    if (opcode === CREATE) {
      address = createdAddress(creator, (await accountOrEmpty(this.#overlay, creator)).nonce)
    } else {
      const initCode = initCodeAt(frame, memorySize)
      if (initCode === undefined) return
      const salt = bigIntToPadded(frame.stack.peek(4)[3] as bigint, 32)
      const preimage = concatBytes(Uint8Array.of(0xff), frame.env.address.bytes, salt, keccak256(initCode))
      address = bytesToHex(keccak256(preimage).subarray(12))
    }
    await this.#account(address)
    this.#created.add(address)
  }

  /** The account whose code runs in the name of another one. */
  async #delegate(address: Address): Promise<void> {
    if (!this.#block.rules.prague) return
    const target = delegateOf(await this.#code(address))
    if (target !== undefined) await this.#account(target)
  }

  async #code(address: Address): Promise<Uint8Array> {
    const { codeHash } = await accountOrEmpty(this.#overlay, address)
    return codeHash === KECCAK_EMPTY ? EMPTY_BYTES : this.#overlay.code(codeHash, address)
  }

  async #account(address: Address): Promise<void> {
    if (this.#before.has(address)) return
    const { balance, nonce, codeHash } = await accountOrEmpty(this.#overlay, address)
    const code = await this.#code(address)
    this.#before.set(address, {
      balance,
      nonce,
      code: this.#options.disableCode ? EMPTY_BYTES : code,
      codeHash: codeHash === KECCAK_EMPTY ? undefined : codeHash,
      storage: new Map(),
      empty: balance === 0n && nonce === 0n && code.length === 0,
    })
  }

  async end(): Promise<void> {
    if (this.#options.diffMode) for (const [address, seen] of this.#before) await this.#compare(address, seen)
    if (this.#options.includeEmpty) return
    for (const [address, { empty }] of this.#before) if (empty) this.#before.delete(address)
  }

  /** Keeps what changed of an account, before and after. */
  async #compare(address: Address, seen: Seen): Promise<void> {
    // What is deleted has no state after.
    if (this.#deleted.has(address)) return
    const { balance, nonce, codeHash: hash } = await accountOrEmpty(this.#overlay, address)
    const codeHash = hash === KECCAK_EMPTY ? undefined : hash
    const code = this.#options.disableCode ? seen.code : await this.#code(address)
    const slots = await this.#changedSlots(address, seen)
    const sameCode = codeHash === seen.codeHash && equalBytes(code, seen.code)
    if (balance === seen.balance && nonce === seen.nonce && sameCode && slots.size === 0) {
      this.#before.delete(address)
      return
    }
    const storage = shownStorage([...slots].filter(([, value]) => value !== 0n))
    this.#after.set(address, {
      ...(balance !== seen.balance && { balance: toQuantity(balance) }),
      ...(nonce !== seen.nonce && nonce !== 0n && { nonce: Number(nonce) }),
      ...(codeHash !== seen.codeHash && { codeHash: codeHash ?? toWord(0n) }),
      ...(!equalBytes(code, seen.code) && code.length > 0 && { code: bytesToHex(code) }),
      ...(storage !== undefined && { storage }),
    })
  }

  /** The values after of the slots that changed; the others, and those that were empty, are no longer shown before. */
  async #changedSlots(address: Address, { storage }: Seen): Promise<Map<Hash, bigint>> {
    const changed = new Map<Hash, bigint>()
    for (const [slot, before] of storage) {
      const value = await this.#overlay.slot(address, slot)
      if (before === 0n || value === before) storage.delete(slot)
      if (value !== before) changed.set(slot, value)
    }
    return changed
  }

  result(): unknown {
    const before = Object.fromEntries([...this.#before].map(([address, seen]) => [address, show(seen)]))
    return this.#options.diffMode ? { post: Object.fromEntries(this.#after), pre: before } : before
  }
}
