import type { Common } from '@ethereumjs/common'
import {
  createEVM,
  EVM,
  EVMError,
  type EVMResult,
  type EVMRunCallOpts,
  type ExecResult,
  getOpcodesForHF,
  type Message,
  type PrecompileFunc,
} from '@ethereumjs/evm'
import { Account, createZeroAddress } from '@ethereumjs/util'
import { AppError } from '../primitives/errors.ts'
import { EMPTY_BYTES } from '../primitives/hex.ts'
import { analyse } from './code-analysis.ts'
import { createdAddress } from './created-address.ts'
import { loadCurveOf } from './curves.ts'
import type { Frame, Instruction } from './instruction.ts'
import { instructionTable, type LibraryInstruction } from './instructions.ts'
import { MAX_CODE_SIZE } from './intrinsic-gas.ts'
import { addressOf } from './state-adapter.ts'
import { faultText, VmFault } from './vm-fault.ts'
import type { EnteredCall, Watch } from './watch.ts'
import { type Announcement, runWatchedFrame } from './watched-frame.ts'

/** The library's interpreter as far as a frame needs it. */
interface Interpreter {
  readonly _runState: Frame
  readonly _env: Frame['env']
  readonly _result: Pick<ExecResult, 'logs' | 'selfdestruct' | 'createdAddresses'> & { returnValue?: Uint8Array }
}

type InterpreterClass = new (
  evm: EVM,
  state: unknown,
  blockchain: unknown,
  env: object,
  gas: bigint,
  journal: unknown,
  log: unknown,
) => Interpreter

/** The library keeps its interpreter's class to itself; an opcode that looks at the frame it runs in gives it away. */
async function interpreterClass(): Promise<InterpreterClass> {
  let found: unknown
  const reveal = (frame: Frame): void => {
    found = frame.interpreter.constructor
  }
  const evm = await createEVM({
    customOpcodes: [{ opcode: 0x0c, opcodeName: 'REVEAL', baseFee: 0, logicFunction: reveal }],
  })
  await evm.runCode({ code: Uint8Array.of(0x0c) })
  if (found === undefined) {
    throw new AppError('EVM_INTERNAL', { message: 'the EVM shows no interpreter', severity: 'critical' })
  }
  return found as InterpreterClass
}

const LibraryInterpreter = await interpreterClass()

/** What EVMs of the same rules share: making it takes longer than an empty block. */
type InstructionSet = ReturnType<typeof getOpcodesForHF> & {
  readonly table: readonly Instruction[]
}

const instructionSets = new WeakMap<Common, InstructionSet>()

function instructionsOf(common: Common): InstructionSet {
  const known = instructionSets.get(common)
  if (known !== undefined) return known
  const library = getOpcodesForHF(common)
  const table = instructionTable(library.opcodeMap as unknown as readonly LibraryInstruction[])
  const made = { ...library, table }
  instructionSets.set(common, made)
  return made
}

/** Runs a frame's code to its end. @returns what stopped it, unless it ended by itself */
async function runFrame(frame: Frame, table: readonly Instruction[], evm: EVM): Promise<EVMError | undefined> {
  const { code } = frame
  const { common } = evm
  const program = analyse(code)
  try {
    while (frame.programCounter < code.length) {
      const opcode = code[frame.programCounter] as number
      const instruction = table[opcode] as Instruction
      frame.opCode = opcode
      let { gas } = instruction
      if (instruction.gasHandler !== undefined) {
        const price = instruction.gasHandler(frame, gas, common)
        gas = typeof price === 'bigint' ? price : await price
      }
      if (frame.gasLeft < gas) throw new EVMError(EVMError.errorMessages.OUT_OF_GAS)
      frame.gasLeft -= gas
      frame.programCounter++
      const done = instruction.handler(frame, common, program)
      if (done !== undefined) await done
    }
    return undefined
  } catch (error) {
    if (!(error instanceof EVMError)) throw error
    return error.error === EVMError.errorMessages.STOP ? undefined : error
  }
}

/**
 * The library's EVM with a loop of its own around the library's instructions. The stock one waits for a promise at every
 * instruction and analyses code anew in every frame; up to Osaka nothing needs either. What only later upgrades use,
 * EOF, stateless witnesses and state gas, is not here.
 * @hideconstructor
 */
export class BlockEvm extends EVM {
  /** Precompiles of the chain's rules, which are warm: those that a call replaces stay so. */
  readonly warmPrecompiles: readonly string[]
  /** Where each precompile is by the chain's rules, wherever a call has moved it. */
  readonly #precompileAddresses: ReadonlyMap<PrecompileFunc, number>
  /** Set while messages run that are no part of a block's building; without it nothing is looked at. */
  watch: Watch | undefined
  /** The refund counter before the outermost frame, as a watch shows it. */
  refundBefore = 0n
  /** Revert data that the library must not take for code, by the error it came with. */
  readonly #revertData = new WeakMap<EVMError, Uint8Array>()
  readonly #announcement: Announcement = { call: undefined }
  /** What the last init code gave back. */
  #initResult: Uint8Array = EMPTY_BYTES

  constructor(options: ConstructorParameters<typeof EVM>[0]) {
    super(options)
    this.warmPrecompiles = [...this.precompiles.keys()]
    this.#precompileAddresses = new Map(
      [...this.precompiles].map(([address, precompile]) => [precompile, Number(`0x${address}`)]),
    )
  }

  override async runCall(options: EVMRunCallOpts): Promise<EVMResult> {
    const observer = this.watch?.observer
    if (observer === undefined) return super.runCall(options)
    const call = this.#announcement.call ?? (await this.#outermost(options))
    this.#announcement.call = undefined
    observer.enter?.(call)
    const result = await super.runCall(options)
    const { exceptionError, executionGasUsed: gasUsed, returnValue: output } = result.execResult
    const error = exceptionError && faultText(exceptionError)
    observer.leave?.({ depth: call.depth, output, gasUsed, error })
    return result
  }

  /** The frame that a message begins with. Its sender's nonce has been raised already. */
  async #outermost({ caller, to, data, gasLimit, value }: EVMRunCallOpts): Promise<EnteredCall> {
    const sender = caller ?? createZeroAddress()
    const from = addressOf(sender)
    const account = to === undefined ? await this.stateManager.getAccount(sender) : undefined
    return {
      depth: 0,
      kind: to === undefined ? 'CREATE' : 'CALL',
      from,
      to: to === undefined ? createdAddress(from, (account?.nonce ?? 1n) - 1n) : addressOf(to),
      input: data ?? EMPTY_BYTES,
      gas: gasLimit ?? 0n,
      value: value ?? 0n,
    }
  }

  override getActiveOpcodes(): InstructionSet['opcodes'] {
    const { opcodes, dynamicGasHandlers, handlers, opcodeMap } = instructionsOf(this.common)
    this._opcodes = opcodes
    this._dynamicGasHandlers = dynamicGasHandlers
    this._handlers = handlers
    this._opcodeMap = opcodeMap
    return opcodes
  }

  /**
   * The library looks for EIP-3541's forbidden first byte in whatever init code gives back, so that revert data beginning
   * with 0xef costs all gas and is lost. It gets to see no such data.
   */
  protected override async _executeCreate(message: Message): Promise<EVMResult> {
    const outcome = await super._executeCreate(message)
    const { execResult } = outcome
    const { exceptionError: error } = execResult
    if (error === undefined) return outcome
    const revertData = this.#revertData.get(error)
    if (revertData !== undefined) return { ...outcome, execResult: { ...execResult, returnValue: revertData } }
    // What stopped the init code itself has its words already.
    const refused = error instanceof VmFault ? undefined : this.watch && this.#codeFault(error, this.watch)
    return refused === undefined ? outcome : { ...outcome, execResult: { ...execResult, exceptionError: refused } }
  }

  /** Why what init code gave back does not become a contract. */
  #codeFault({ error }: EVMError, { line }: Watch): VmFault | undefined {
    const { OUT_OF_GAS, CODESIZE_EXCEEDS_MAXIMUM, INVALID_BYTECODE_RESULT } = EVMError.errorMessages
    const ofCode = [OUT_OF_GAS, CODESIZE_EXCEEDS_MAXIMUM, INVALID_BYTECODE_RESULT] as const
    if (!ofCode.some((category) => category === error)) return undefined
    const code = this.#initResult
    if (code.length > MAX_CODE_SIZE) {
      const sizes = line === '1.17' ? `: code size ${code.length} limit ${MAX_CODE_SIZE}` : ''
      return new VmFault(error, `max code size exceeded${sizes}`)
    }
    if (code[0] === 0xef) return new VmFault(error, 'invalid code: must not begin with 0xef')
    return new VmFault(error, 'contract creation code storage out of gas')
  }

  override async runPrecompile(
    code: Parameters<EVM['runPrecompile']>[0],
    data: Uint8Array,
    gasLimit: bigint,
  ): Promise<ExecResult> {
    const address = this.#precompileAddresses.get(code as PrecompileFunc) ?? 0
    await loadCurveOf(address)
    const result = await super.runPrecompile(code, data, gasLimit)
    const { exceptionError: error } = result
    if (error === undefined) return result
    if (this.watch === undefined) {
      // The library has a curve's own failures for reverts. No precompile reverts: all gas is gone, and nothing is returned.
      const { REVERT, INVALID_INPUT_LENGTH: failed } = EVMError.errorMessages
      return error.error === REVERT ? { ...result, exceptionError: new EVMError(failed) } : result
    }
    const { precompileFault } = await import('./precompile-faults.ts')
    return { ...result, exceptionError: precompileFault(address, data, error, gasLimit) }
  }

  protected override async runInterpreter(message: Message): Promise<ExecResult> {
    const to = message.to ?? createZeroAddress()
    const env = {
      address: to,
      caller: message.caller,
      callData: message.data,
      callValue: message.value,
      code: message.code,
      isStatic: message.isStatic,
      isCreate: message.isCreate ?? false,
      depth: message.depth,
      gasPrice: this._tx?.gasPrice ?? 0n,
      origin: this._tx?.origin ?? message.caller,
      block: this._block,
      contract: (await this.stateManager.getAccount(to)) ?? new Account(),
      codeAddress: message.codeAddress,
      gasRefund: message.gasRefund,
      blobVersionedHashes: message.blobVersionedHashes ?? [],
      createdAddresses: message.createdAddresses,
    }
    const { stateManager, blockchain, journal, performanceLogger } = this
    const interpreter = new LibraryInterpreter(
      this,
      stateManager,
      blockchain,
      env,
      message.gasLimit,
      journal,
      performanceLogger,
    )
    const { _runState: frame, _result: result } = interpreter
    if (message.selfdestruct) result.selfdestruct = message.selfdestruct
    if (message.createdAddresses) result.createdAddresses = message.createdAddresses
    frame.code = message.code as Uint8Array
    const { table } = instructionsOf(this.common)
    const error =
      this.watch === undefined
        ? await runFrame(frame, table, this)
        : await runWatchedFrame(frame, table, this, this.watch, this.#announcement, this.refundBefore)
    let returnValue = result.returnValue ?? EMPTY_BYTES
    if (message.isCreate === true && error === undefined) this.#initResult = returnValue
    if (error !== undefined && message.isCreate === true && returnValue[0] === 0xef) {
      this.#revertData.set(error, returnValue)
      returnValue = EMPTY_BYTES
    }
    const burnt = error !== undefined && error.error !== EVMError.errorMessages.REVERT
    return {
      ...result,
      ...(error === undefined
        ? {}
        : { exceptionError: error, logs: [], selfdestruct: new Map(), createdAddresses: new Set<`0x${string}`>() }),
      executionGasUsed: burnt ? message.gasLimit : message.gasLimit - frame.gasLeft,
      gas: frame.gasLeft,
      gasRefund: frame.gasRefund,
      stateGasSpilled: frame.stateGasSpilled,
      returnValue,
    }
  }
}
