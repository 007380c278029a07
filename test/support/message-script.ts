import { encodeAbiParameters, keccak256 } from 'viem'
import { concatBytes, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { log, op, push } from '../peers/support/assembler.ts'
import type { InitiatingMessage } from '../peers/support/interop-message.ts'

/** A log of the scripted contract; up to four topics. */
export interface EmittedLog {
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** One thing that a transaction does: it emits a log, or executes a message. */
export type MessageStep = EmittedLog | { readonly execute: InitiatingMessage }

const INBOX = 0x4200000000000000000000000000000000000022n
const VALIDATE = '0xab4d6f75'
/** Where the call's data is kept; the word before holds how far it was read. */
const BASE = 0x40
const EXECUTE = 5

/** What the inbox is called with for a message. */
function validateMessage({ origin, blockNumber, logIndex, timestamp, chainId, payload }: InitiatingMessage): Hex {
  const words = encodeAbiParameters(
    [
      { type: 'address' },
      { type: 'uint256' },
      { type: 'uint256' },
      { type: 'uint256' },
      { type: 'uint256' },
      { type: 'bytes32' },
    ],
    [origin, blockNumber, logIndex, timestamp, chainId, keccak256(payload)],
  )
  return `${VALIDATE}${words.slice(2)}`
}

/** The data of a call that has {@link SCRIPTED_CONTRACT} go through steps, in their order. */
export function messageScript(steps: readonly MessageStep[]): Hex {
  const items = steps.map((step) => {
    const [kind, body] =
      'execute' in step
        ? [EXECUTE, hexToBytes(validateMessage(step.execute))]
        : [step.topics.length, concatBytes(...step.topics.map(hexToBytes), hexToBytes(step.data))]
    return concatBytes(Uint8Array.of(kind, body.length >> 8, body.length & 0xff), body)
  })
  return `0x${Buffer.concat(items).toString('hex')}`
}

/** PUSH2, whatever the number: labels have one size. */
function push2(value: number): string {
  return `61${value.toString(16).padStart(4, '0')}`
}

const pointer = push(0) + op('MLOAD')
const at = (offset: number): string => push(offset) + pointer + op('ADD')
/** The body's length: the two bytes behind the kind. */
const length = at(1) + op('MLOAD') + push(240) + op('SHR')
const kind = `${pointer}${op('MLOAD')}${push(0)}${op('BYTE')}`

function emit(topics: number): string {
  const values = Array.from({ length: topics }, (_, i) => at(3 + 32 * (topics - 1 - i)) + op('MLOAD')).join('')
  return values + push(32 * topics) + length + op('SUB') + at(3 + 32 * topics) + log(topics)
}

const execute = (fail: number): string =>
  `${push(0)}${push(0)}${length}${at(3)}${push(0)}73${INBOX.toString(16).padStart(40, '0')}${op('GAS', 'CALL', 'ISZERO')}${push2(fail)}${op('JUMPI')}`

/** Assembled twice: the second time with the labels' places. */
function assemble(labels: Readonly<Record<string, number>>): {
  readonly code: string
  readonly labels: Record<string, number>
} {
  const found: Record<string, number> = {}
  let code = ''
  const label = (name: string): void => {
    found[name] = code.length / 2
    code += op('JUMPDEST')
  }
  const jump = (name: string): string => push2(labels[name] ?? 0)
  code += op('CALLDATASIZE') + push(0) + push(BASE) + op('CALLDATACOPY') + push(BASE) + push(0) + op('MSTORE')
  label('next')
  code += push(BASE) + op('CALLDATASIZE', 'ADD') + pointer + op('LT') + jump('step') + op('JUMPI', 'STOP')
  label('step')
  for (let each = 0; each <= EXECUTE; each++) code += kind + push(each) + op('EQ') + jump(`kind${each}`) + op('JUMPI')
  label('fail')
  code += push(0) + push(0) + op('REVERT')
  for (let each = 0; each <= EXECUTE; each++) {
    label(`kind${each}`)
    code += (each === EXECUTE ? execute(labels.fail ?? 0) : emit(each)) + jump('done') + op('JUMP')
  }
  label('done')
  code += length + at(3) + op('ADD') + push(0) + op('MSTORE') + jump('next') + op('JUMP')
  return { code, labels: found }
}

const runtime = assemble(assemble({}).labels).code
const size = runtime.length / 2

/** What deploys a contract that emits logs and executes messages as a script says. */
export const SCRIPTED_CONTRACT: Hex = `0x${push2(size)}80${push2(13)}${push(0)}${op('CODECOPY')}${push(0)}${op('RETURN')}${runtime}`
