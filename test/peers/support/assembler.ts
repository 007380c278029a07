import { type Hex, hexToBytes } from '../../../src/primitives/hex.ts'

/** Instructions by name, without PUSH, DUP, SWAP and LOG families, which have functions of their own. */
export const OPCODES = {
  STOP: 0x00,
  ADD: 0x01,
  MUL: 0x02,
  SUB: 0x03,
  DIV: 0x04,
  SDIV: 0x05,
  MOD: 0x06,
  SMOD: 0x07,
  ADDMOD: 0x08,
  MULMOD: 0x09,
  EXP: 0x0a,
  SIGNEXTEND: 0x0b,
  LT: 0x10,
  GT: 0x11,
  SLT: 0x12,
  SGT: 0x13,
  EQ: 0x14,
  ISZERO: 0x15,
  AND: 0x16,
  OR: 0x17,
  XOR: 0x18,
  NOT: 0x19,
  BYTE: 0x1a,
  SHL: 0x1b,
  SHR: 0x1c,
  SAR: 0x1d,
  KECCAK256: 0x20,
  ADDRESS: 0x30,
  BALANCE: 0x31,
  ORIGIN: 0x32,
  CALLER: 0x33,
  CALLVALUE: 0x34,
  CALLDATALOAD: 0x35,
  CALLDATASIZE: 0x36,
  CALLDATACOPY: 0x37,
  CODESIZE: 0x38,
  CODECOPY: 0x39,
  GASPRICE: 0x3a,
  EXTCODESIZE: 0x3b,
  EXTCODECOPY: 0x3c,
  RETURNDATASIZE: 0x3d,
  RETURNDATACOPY: 0x3e,
  EXTCODEHASH: 0x3f,
  BLOCKHASH: 0x40,
  COINBASE: 0x41,
  TIMESTAMP: 0x42,
  NUMBER: 0x43,
  PREVRANDAO: 0x44,
  GASLIMIT: 0x45,
  CHAINID: 0x46,
  SELFBALANCE: 0x47,
  BASEFEE: 0x48,
  BLOBHASH: 0x49,
  BLOBBASEFEE: 0x4a,
  POP: 0x50,
  MLOAD: 0x51,
  MSTORE: 0x52,
  MSTORE8: 0x53,
  SLOAD: 0x54,
  SSTORE: 0x55,
  JUMP: 0x56,
  JUMPI: 0x57,
  PC: 0x58,
  MSIZE: 0x59,
  GAS: 0x5a,
  JUMPDEST: 0x5b,
  TLOAD: 0x5c,
  TSTORE: 0x5d,
  MCOPY: 0x5e,
  PUSH0: 0x5f,
  CREATE: 0xf0,
  CALL: 0xf1,
  CALLCODE: 0xf2,
  RETURN: 0xf3,
  DELEGATECALL: 0xf4,
  CREATE2: 0xf5,
  STATICCALL: 0xfa,
  REVERT: 0xfd,
  INVALID: 0xfe,
  SELFDESTRUCT: 0xff,
} as const

/** An instruction that {@link op} writes. */
export type Opcode = keyof typeof OPCODES

const digits = (byte: number): string => byte.toString(16).padStart(2, '0')

/** Bytecode as hex digits without prefix: pieces are joined by writing them one behind the other. */
export type Code = string

/** Instructions, one after the other. */
export function op(...names: readonly Opcode[]): Code {
  return names.map((name) => digits(OPCODES[name])).join('')
}

/** The shortest PUSH of a number; PUSH1 0 for zero, since PUSH0 came with Shanghai. */
export function push(value: bigint | number): Code {
  const hex = value.toString(16)
  return pushBytes(hex.length % 2 === 0 ? hex : `0${hex}`)
}

/** PUSH of these bytes as they are: at most 32. */
function pushBytes(hex: string): Code {
  const size = hex.length / 2
  if (size < 1 || size > 32) throw new Error(`PUSH of ${size} bytes`)
  return digits(0x5f + size) + hex
}

/** PUSH20 of an address. */
export function pushAddress(address: Hex): Code {
  return pushBytes(address.slice(2))
}

/** DUPn */
export function dup(n: number): Code {
  return digits(0x7f + n)
}

/** SWAPn */
export function swap(n: number): Code {
  return digits(0x8f + n)
}

/** LOGn */
export function log(topics: number): Code {
  return digits(0xa0 + topics)
}

/** Writes bytes into memory with PUSH and MSTORE, word by word; the last word is padded with zeros. */
export function storeInMemory(bytes: Code, at = 0): Code {
  let code = ''
  for (let i = 0; i < bytes.length; i += 64) {
    code += pushBytes(bytes.slice(i, i + 64).padEnd(64, '0')) + push(at + i / 2) + op('MSTORE')
  }
  return code
}

/** Init code that runs `prologue`, which must leave the stack as it was, and deploys `runtime`. */
export function initCode(runtime: Code, prologue: Code = ''): Code {
  const size = runtime.length / 2
  const sizeWord = size.toString(16).padStart(4, '0')
  // PUSH2 size, PUSH2 offset, PUSH1 0, CODECOPY, PUSH2 size, PUSH1 0, RETURN
  const offset = prologue.length / 2 + 15
  const at = offset.toString(16).padStart(4, '0')
  return (
    prologue +
    pushBytes(sizeWord) +
    pushBytes(at) +
    push(0) +
    op('CODECOPY') +
    pushBytes(sizeWord) +
    push(0) +
    op('RETURN') +
    runtime
  )
}

/** The code as a transaction or a genesis file takes it. */
export function asHex(code: Code): Hex {
  // Checks that there are whole bytes.
  hexToBytes(`0x${code}`)
  return `0x${code}`
}
