import { type Address, bytesToHex, EMPTY_BYTES, toQuantity, toWord } from '../../primitives/hex.ts'
import type { Frame } from '../instruction.ts'
import { opcodeName } from '../opcode-names.ts'
import { addressOf, type StateAdapter } from '../state-adapter.ts'
import type { LeftCall, Step } from '../watch.ts'
import type { Tracer } from './tracer.ts'

/** What the structured log shows of each step. */
export interface StructLogOptions {
  readonly enableMemory?: boolean
  readonly disableStack?: boolean
  readonly disableStorage?: boolean
  readonly enableReturnData?: boolean
  /** Bytes of JSON after which nothing more is logged; 0: no limit. */
  readonly limit?: number
}

const SLOAD = 0x54
const SSTORE = 0x55
const WORD = 32
const REVERTED = 'execution reverted'

const digits = (value: bigint): string => toWord(value).slice(2)

/** The size that geth's JSON of an entry has, which escapes what HTML would read. */
function encodedSize(entry: object): number {
  const json = JSON.stringify(entry)
  return json.length + 5 * (json.match(/[<>&]/g)?.length ?? 0)
}

function memoryOf(frame: Frame, size: number): string[] {
  const bytes = frame.memory.read(0, size)
  return Array.from({ length: size / WORD }, (_, i) => bytesToHex(bytes.subarray(i * WORD, (i + 1) * WORD)).slice(2))
}

/** geth's default tracer: every instruction, with stack, storage and, if asked, memory and return data. */
export class StructLogger implements Tracer {
  readonly #options: StructLogOptions
  readonly #logs: object[] = []
  readonly #storage = new Map<Address, Map<bigint, bigint>>()
  #size = 0
  #output: Uint8Array = EMPTY_BYTES
  #error: string | undefined
  #gasUsed = 0n

  constructor(options: StructLogOptions) {
    this.#options = options
  }

  step(step: Step): void | Promise<void> {
    const { limit = 0, disableStorage } = this.#options
    if (limit !== 0 && this.#size > limit) return undefined
    const { frame, opcode } = step
    const touches = (opcode === SLOAD && frame.stack.length >= 1) || (opcode === SSTORE && frame.stack.length >= 2)
    if (disableStorage || !touches) return this.#add(step)
    const [slot, value] = frame.stack.peek(opcode === SLOAD ? 1 : 2) as [bigint, bigint]
    const seen = opcode === SLOAD ? this.#slot(frame, slot) : value
    return seen instanceof Promise
      ? seen.then((now) => this.#add(step, this.#see(frame, slot, now)))
      : this.#add(step, this.#see(frame, slot, seen))
  }

  #slot(frame: Frame, slot: bigint): bigint | Promise<bigint> {
    return (frame.stateManager as StateAdapter).overlay.slot(addressOf(frame.env.address), toWord(slot))
  }

  /** All slots of the contract that were read or written so far. */
  #see(frame: Frame, slot: bigint, value: bigint): Record<string, string> {
    const address = addressOf(frame.env.address)
    const slots = this.#storage.get(address) ?? new Map<bigint, bigint>()
    this.#storage.set(address, slots.set(slot, value))
    return Object.fromEntries([...slots].map(([key, word]) => [digits(key), digits(word)]))
  }

  #add(step: Step, storage?: Record<string, string>): void {
    const { frame, memorySize, refund, error } = step
    const { enableMemory, disableStack, enableReturnData } = this.#options
    const entry = {
      pc: step.pc,
      op: opcodeName(step.opcode),
      gas: Number(step.gas),
      gasCost: Number(step.cost),
      depth: frame.env.depth + 1,
      ...(error !== undefined && { error }),
      ...(!disableStack && { stack: frame.stack.getStack().map(toQuantity) }),
      ...(enableReturnData && frame.returnBytes.length > 0 && { returnData: bytesToHex(frame.returnBytes) }),
      ...(enableMemory && memorySize > 0 && { memory: memoryOf(frame, memorySize) }),
      ...(storage !== undefined && { storage }),
      ...(refund !== 0n && { refund: Number(refund) }),
    }
    if (this.#options.limit) this.#size += encodedSize(entry)
    this.#logs.push(entry)
  }

  leave({ depth, output, error }: LeftCall): void {
    if (depth !== 0) return
    this.#output = output
    this.#error = error
  }

  end(gasUsed: bigint): void {
    this.#gasUsed = gasUsed
  }

  result(): unknown {
    const shown = this.#error === undefined || this.#error === REVERTED
    return {
      gas: Number(this.#gasUsed),
      failed: this.#error !== undefined,
      returnValue: bytesToHex(shown ? this.#output : EMPTY_BYTES),
      structLogs: this.#logs,
    }
  }
}
