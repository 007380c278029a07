import { type EVM, EVMError } from '@ethereumjs/evm'
import { bytesToHex, EMPTY_BYTES } from '../primitives/hex.ts'
import { accountOrEmpty } from './balances.ts'
import { analyse } from './code-analysis.ts'
import { innerCall, makesFrame } from './inner-call.ts'
import type { Frame, Instruction } from './instruction.ts'
import { opcodeName } from './opcode-names.ts'
import { stackAddress } from './stack-address.ts'
import { GREATEST_HEIGHT, LEAST_HEIGHT } from './stack-bounds.ts'
import { addressOf, type StateAdapter } from './state-adapter.ts'
import { faultText, VmFault } from './vm-fault.ts'
import type { EnteredCall, Observer, Watch } from './watch.ts'
import { constantGas, isLog, needsCare, type Price, priceOf, unpaid } from './watched-price.ts'

const { errorMessages: E } = EVMError

const STOP = 0x00
const SELFDESTRUCT = 0xff
const DEPTH_LIMIT = 1024
/** Instructions between two looks at the time. */
const PACE_MASK = 0x3ff

/** The frame that was announced and has not been entered yet. */
export interface Announcement {
  call: EnteredCall | undefined
}

function heightFault(height: number, opcode: number): VmFault | undefined {
  const least = LEAST_HEIGHT[opcode] as number
  if (height < least) return new VmFault(E.STACK_UNDERFLOW, `stack underflow (${height} <=> ${least})`)
  const greatest = GREATEST_HEIGHT[opcode] as number
  if (height > greatest) return new VmFault(E.STACK_OVERFLOW, `stack limit reached ${height} (${greatest})`)
  return undefined
}

/** The error in geth's words. */
function worded(error: EVMError, opcode: number): VmFault {
  if (error instanceof VmFault) return error
  const text = error.error === E.INVALID_OPCODE ? `invalid opcode: ${opcodeName(opcode)}` : faultText(error)
  return new VmFault(error.error, text)
}

/** An instruction's price where it is known at once, which is nearly always. */
function plainPrice(frame: Frame, opcode: number, instruction: Instruction, evm: EVM): Price | Promise<Price> {
  const { gasLeft } = frame
  const constant = constantGas(opcode, instruction)
  if (gasLeft < constant) return { cost: constant, fault: VmFault.outOfGas() }
  const { gasHandler, gas } = instruction
  if (gasHandler === undefined) return { cost: gas }
  const settle = (cost: bigint): Price => (gasLeft < cost ? unpaid(frame, opcode, constant, cost) : { cost })
  const cost = gasHandler(frame, gas, evm.common)
  return typeof cost === 'bigint' ? settle(cost) : cost.then(settle)
}

async function heirOf(frame: Frame): Promise<EnteredCall> {
  const from = addressOf(frame.env.address)
  const { balance } = await accountOrEmpty((frame.stateManager as StateAdapter).overlay, from)
  const [heir] = frame.stack.peek(1) as [bigint]
  const depth = frame.env.depth + 1
  return {
    depth,
    kind: 'SELFDESTRUCT',
    from,
    to: stackAddress(heir),
    input: EMPTY_BYTES,
    gas: 0n,
    value: balance,
  }
}

/** Tells of an inner frame that ended before it began. */
function tellRefused(observer: Observer, call: EnteredCall, frame: Frame): void {
  const tooDeep = frame.env.depth >= DEPTH_LIMIT
  const error = tooDeep ? 'max call depth exceeded' : 'insufficient balance for transfer'
  observer.enter?.(call)
  observer.leave?.({ depth: call.depth, output: EMPTY_BYTES, gasUsed: 0n, error })
}

/** Runs an instruction that is paid, and tells of what it makes: frames and logs. */
async function runObserved(
  frame: Frame,
  run: () => void | Promise<void>,
  observer: Observer,
  announcement: Announcement,
): Promise<void> {
  const { opCode: opcode } = frame
  if (makesFrame(opcode)) {
    announcement.call = await innerCall(frame, opcode)
    await run()
    const { call } = announcement
    announcement.call = undefined
    if (call !== undefined) tellRefused(observer, call, frame)
    return
  }
  if (opcode === SELFDESTRUCT) {
    const call = await heirOf(frame)
    observer.enter?.(call)
    observer.leave?.({ depth: call.depth, output: EMPTY_BYTES, gasUsed: 0n, error: undefined })
  }
  await run()
  if (!isLog(opcode)) return
  const [address, topics, data] = frame.interpreter._result.logs.at(-1) as [Uint8Array, Uint8Array[], Uint8Array]
  observer.log?.({ address: bytesToHex(address), topics: topics.map(bytesToHex), data })
}

/**
 * Runs a frame's code to its end as the plain loop does, with geth's checks in geth's order: errors are in its words, each
 * step is shown to the observer, and the run can be ended from outside.
 * @param refundBefore the refund counter's part that was there before the first frame
 * @returns what stopped it, unless it ended by itself
 */
export async function runWatchedFrame(
  frame: Frame,
  table: readonly Instruction[],
  evm: EVM,
  watch: Watch,
  announcement: Announcement,
  refundBefore: bigint,
): Promise<VmFault | undefined> {
  const { code, stack } = frame
  const { observer, line, pace } = watch
  const program = analyse(code)
  let steps = 0
  try {
    for (;;) {
      if ((steps++ & PACE_MASK) === 0) {
        const wait = pace()
        if (wait !== undefined) await wait
      }
      const pc = frame.programCounter
      const opcode = pc < code.length ? (code[pc] as number) : STOP
      const instruction = table[opcode] as Instruction
      const gas = frame.gasLeft
      const words = frame.memoryWordCount
      frame.opCode = opcode
      const misfit = heightFault(stack.length, opcode)
      const pricing =
        misfit !== undefined
          ? { cost: constantGas(opcode, instruction), fault: misfit }
          : needsCare(frame, opcode)
            ? priceOf(frame, opcode, instruction, evm.common, line)
            : plainPrice(frame, opcode, instruction, evm)
      const price: Price = pricing instanceof Promise ? await pricing : pricing
      if (observer?.step !== undefined) {
        const shown = observer.step({
          frame,
          pc,
          opcode,
          gas,
          cost: price.cost,
          memorySize: Number(words) * 32,
          refund: refundBefore + frame.gasRefund,
          error: price.fault?.text,
        })
        if (shown !== undefined) await shown
      }
      if (price.fault !== undefined) throw price.fault
      frame.gasLeft = gas - (price.taken ?? price.cost)
      frame.programCounter = pc + 1
      if (price.after !== undefined) throw price.after
      if (observer === undefined) {
        const done = instruction.handler(frame, evm.common, program)
        if (done !== undefined) await done
      } else {
        await runObserved(frame, () => instruction.handler(frame, evm.common, program), observer, announcement)
      }
    }
  } catch (error) {
    if (!(error instanceof EVMError)) throw error
    return error.error === E.STOP ? undefined : worded(error, frame.opCode)
  }
}
