import { createEVM, EVM, EVMError, type EVMResult, type ExecResult, type Message } from '@ethereumjs/evm'
import { Account, createZeroAddress } from '@ethereumjs/util'
import { AppError } from '../primitives/errors.ts'
import { EMPTY_BYTES } from '../primitives/hex.ts'
import { analyse } from './code-analysis.ts'
import type { Frame, Instruction } from './instruction.ts'
import { instructionTable, type LibraryInstruction } from './instructions.ts'

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
  #table: readonly Instruction[] | undefined
  /** Revert data that the library must not take for code, by the error it came with. */
  readonly #revertData = new WeakMap<EVMError, Uint8Array>()

  /**
   * The library looks for EIP-3541's forbidden first byte in whatever init code gives back, so that revert data beginning
   * with 0xef costs all gas and is lost. It gets to see no such data.
   */
  protected override async _executeCreate(message: Message): Promise<EVMResult> {
    const outcome = await super._executeCreate(message)
    const { execResult } = outcome
    const revertData = execResult.exceptionError && this.#revertData.get(execResult.exceptionError)
    return revertData === undefined ? outcome : { ...outcome, execResult: { ...execResult, returnValue: revertData } }
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
    this.#table ??= instructionTable(this._opcodeMap as unknown as readonly LibraryInstruction[])
    const error = await runFrame(frame, this.#table, this)
    let returnValue = result.returnValue ?? EMPTY_BYTES
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
