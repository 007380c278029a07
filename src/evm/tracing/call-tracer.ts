import { type Address, bytesToHex, type Hash, type Hex, toQuantity } from '../../primitives/hex.ts'
import type { Log } from '../../protocol/receipt.ts'
import { revertReason } from '../../protocol/revert-reason.ts'
import type { EnteredCall, GethLine, LeftCall } from '../watch.ts'
import type { TracedStart, Tracer } from './tracer.ts'

/** What a trace of calls is to hold. */
export interface CallTracerOptions {
  /** The outermost call alone. */
  readonly onlyTopCall?: boolean
  /** The logs of calls that succeeded. */
  readonly withLog?: boolean
}

interface ShownLog {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Hex
  readonly index?: Hex
  readonly position: Hex
}

interface ShownCall {
  type: string
  from: Address
  gas: Hex
  gasUsed: Hex
  to?: Address
  input: Hex
  output?: Hex
  error?: string
  revertReason?: string
  calls?: ShownCall[]
  logs?: ShownLog[]
  value?: Hex
}

const REVERTED = 'execution reverted'
const FAILED_DEPOSIT = 'failed deposit transaction'

function close(call: ShownCall, { output, error }: LeftCall): void {
  const shown = output.length > 0 && { output: bytesToHex(output) }
  if (error === undefined) {
    Object.assign(call, shown)
    return
  }
  call.error = error
  if (call.type === 'CREATE' || call.type === 'CREATE2') delete call.to
  if (error !== REVERTED) return
  Object.assign(call, shown)
  const reason = revertReason(output)
  // As everywhere in this object, geth leaves out what is empty.
  if (reason !== undefined && reason !== '') call.revertReason = reason
}

/** Logs of what failed were never emitted. */
function dropFailedLogs(call: ShownCall, parentFailed: boolean): void {
  const failed = parentFailed || call.error !== undefined
  if (failed) delete call.logs
  for (const inner of call.calls ?? []) dropFailedLogs(inner, failed)
}

/** geth's `callTracer`: the tree of calls. */
export class CallTracer implements Tracer {
  readonly #options: CallTracerOptions
  readonly #line: GethLine
  readonly #open: ShownCall[] = []
  #root: ShownCall | undefined
  #gasLimit = 0n
  #logIndex = 0
  /** The next log's index when each open call began. */
  readonly #logIndexes: number[] = []
  #depth = 0

  constructor(options: CallTracerOptions, line: GethLine) {
    this.#options = options
    this.#line = line
  }

  begin({ gasLimit, logIndex }: TracedStart): void {
    this.#gasLimit = gasLimit
    this.#logIndex = logIndex
  }

  enter({ depth, kind, from, to, input, gas, value }: EnteredCall): void {
    this.#depth = depth
    this.#logIndexes.push(this.#logIndex)
    if (this.#options.onlyTopCall && depth > 0) return
    const call: ShownCall = {
      type: kind,
      from,
      gas: toQuantity(depth === 0 ? this.#gasLimit : gas),
      gasUsed: '0x0',
      to,
      input: bytesToHex(input),
      ...(value !== undefined && { value: toQuantity(value) }),
    }
    if (depth === 0) this.#root = call
    this.#open.push(call)
  }

  leave(left: LeftCall): void {
    const index = this.#logIndexes.pop()
    if (left.error !== undefined && index !== undefined) this.#logIndex = index
    if (left.depth > 0) {
      this.#depth = left.depth - 1
      if (this.#options.onlyTopCall) return
    }
    const call = this.#open.pop()
    if (call === undefined) return
    close(call, left)
    if (left.depth === 0) return
    call.gasUsed = toQuantity(left.gasUsed)
    const parent = this.#open.at(-1)
    if (parent === undefined) return
    parent.calls ??= []
    parent.calls.push(call)
  }

  log({ address, topics, data }: Log): void {
    const index = this.#logIndex++
    const call = this.#open.at(-1)
    if (!this.#options.withLog || (this.#options.onlyTopCall && this.#depth > 0) || call === undefined) return
    const position = toQuantity(call.calls?.length ?? 0)
    const shown = { address, topics, data: bytesToHex(data), position }
    call.logs ??= []
    call.logs.push(this.#line === '1.17' ? { ...shown, index: toQuantity(index) } : shown)
  }

  end(gasUsed: bigint): void {
    if (this.#root === undefined) return
    this.#root.gasUsed = toQuantity(gasUsed)
    if (this.#options.withLog) dropFailedLogs(this.#root, false)
  }

  result(): unknown {
    const root = this.#root
    if (root?.type !== 'STOP') return root
    const { to: _to, ...rest } = root
    return { ...rest, gas: '0x0', error: FAILED_DEPOSIT }
  }
}
