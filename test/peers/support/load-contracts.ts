import { type Address, type Hex, toWord } from '../../../src/primitives/hex.ts'
import type { GenesisAlloc } from './l1-genesis.ts'

// All of it runs on every fork from Bedrock on: no PUSH0.

const CALLDATA_TO_MEMORY = [
  '36', // CALLDATASIZE
  '6000', // PUSH1 0
  '6000', // PUSH1 0
  '37', // CALLDATACOPY(0, 0, size)
]

/** Stores what calldata says: pairs of slot and value, 64 bytes each. */
const WRITER_CODE: Hex = `0x${[
  '6000', // PUSH1 0: i
  '5b', // JUMPDEST, at 2
  '368110', // i < CALLDATASIZE
  '15601857', // else to the end
  '8060200135', // CALLDATALOAD(i + 32): value
  '8135', // CALLDATALOAD(i): slot
  '55', // SSTORE
  '604001', // i += 64
  '600256', // again
  '5b', // JUMPDEST, at 24
  '00', // STOP
].join('')}`

/** Emits calldata twice: without topics, and with the caller as the topic. */
const LOGGER_CODE: Hex = `0x${[
  ...CALLDATA_TO_MEMORY,
  '366000a0', // LOG0(0, size)
  '33366000a1', // LOG1(0, size, CALLER)
  '00', // STOP
].join('')}`

/** Creates with calldata as init code and salt 0, and returns the address. */
const FACTORY_CODE: Hex = `0x${[
  ...CALLDATA_TO_MEMORY,
  '60003660006000f5', // CREATE2(0, 0, size, 0)
  '600052', // MSTORE(0, address)
  '60206000f3', // RETURN(0, 32)
].join('')}`

/** Stores, then reverts with a word. */
const REVERTER_CODE: Hex = '0x600160005560ff60005260206000fd'

/** Stores what a block tells: an ancestor's hash, and PREVRANDAO, base fee, time, number, coinbase, gas limit. */
const CONTEXT_CODE: Hex = `0x${[
  '6002430340600055', // SSTORE(0, BLOCKHASH(NUMBER - 2))
  ...['44', '48', '42', '43', '41', '45', '46'].map((opcode, index) => `${opcode}60${toHexByte(index + 1)}55`),
  '00',
].join('')}`

function toHexByte(value: number): string {
  return value.toString(16).padStart(2, '0')
}

const at = (index: number): Address => `0x10ad${index.toString(16).padStart(36, '0')}`

/** Contracts for load, by what they do. */
export const LOAD_CONTRACTS = {
  writer: at(1),
  logger: at(2),
  factory: at(3),
  reverter: at(4),
  context: at(5),
} as const satisfies Record<string, Address>

/** Calldata for the writer. */
export function writes(...pairs: readonly (readonly [slot: number, value: number])[]): Hex {
  return `0x${pairs.map(([slot, value]) => toWord(BigInt(slot)).slice(2) + toWord(BigInt(value)).slice(2)).join('')}`
}

/** Slots of the writer that genesis fills: enough for a storage trie with depth. */
export const WRITER_SLOTS = 300

/** The load's contracts as accounts of a genesis file. */
export const LOAD_ALLOC: GenesisAlloc = {
  [LOAD_CONTRACTS.writer]: {
    balance: '0x0',
    nonce: '0x1',
    code: WRITER_CODE,
    storage: Object.fromEntries(
      Array.from({ length: WRITER_SLOTS }, (_, slot) => [toWord(BigInt(slot)), toWord(BigInt(slot + 1))]),
    ),
  },
  [LOAD_CONTRACTS.logger]: { balance: '0x0', nonce: '0x1', code: LOGGER_CODE },
  [LOAD_CONTRACTS.factory]: { balance: '0x0', nonce: '0x1', code: FACTORY_CODE },
  [LOAD_CONTRACTS.reverter]: { balance: '0x0', nonce: '0x1', code: REVERTER_CODE },
  [LOAD_CONTRACTS.context]: { balance: '0x0', nonce: '0x1', code: CONTEXT_CODE },
}

/** Init code of a contract that stores, logs, and has as its code `SSTORE(7, 9) STOP`. */
export const STORING_INIT_CODE: Hex = `0x${[
  '600560015560206000a0', // SSTORE(1, 5); LOG0(0, 32)
  '656009600755006000526006601af3', // MSTORE(0, code); RETURN(26, 6)
].join('')}`

/** Init code of a contract with storage that SELFDESTRUCTs to its caller when it is called. */
export const MORTAL_INIT_CODE: Hex = `0x${[
  '60056001556006600255', // SSTORE(1, 5); SSTORE(2, 6)
  '6133ff6000526002601ef3', // MSTORE(0, CALLER SELFDESTRUCT); RETURN(30, 2)
].join('')}`

/** Init code that stores and then SELFDESTRUCTs: the contract never lives. */
export const STILLBORN_INIT_CODE: Hex = '0x600560015533ff'

/** Init code that reverts. */
export const REVERTING_INIT_CODE: Hex = '0x60006000fd'
/** Init code whose result starts with 0xef, which EIP-3541 forbids. */
export const FORBIDDEN_INIT_CODE: Hex = '0x60ef60005360016000f3'
