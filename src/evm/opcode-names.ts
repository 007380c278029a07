import { toQuantity } from '../primitives/hex.ts'

/** Names in rows of opcodes that follow each other, by the first of them; as geth names them, on every fork. */
const ROWS: Readonly<Record<number, string>> = {
  0: 'STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND',
  16: 'LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ',
  32: 'KECCAK256',
  48:
    'ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY GASPRICE ' +
    'EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH',
  64: 'BLOCKHASH COINBASE TIMESTAMP NUMBER DIFFICULTY GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE SLOTNUM',
  80: 'POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0',
  160: 'LOG0 LOG1 LOG2 LOG3 LOG4',
  208: 'DATALOAD DATALOADN DATASIZE DATACOPY',
  224: 'RJUMP RJUMPI RJUMPV CALLF RETF JUMPF DUPN SWAPN EXCHANGE',
  236: 'EOFCREATE',
  238: 'RETURNCONTRACT',
  240: 'CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2',
  247: 'RETURNDATALOAD EXTCALL EXTDELEGATECALL STATICCALL EXTSTATICCALL',
  253: 'REVERT INVALID SELFDESTRUCT',
}

const numbered = (name: string, first: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${name}${first + i}`)

const NAMES: readonly string[] = (() => {
  const names = Array.from({ length: 256 }, (_, opcode) => `opcode ${toQuantity(opcode)} not defined`)
  const fill = (first: number, row: readonly string[]): void => {
    for (const [i, name] of row.entries()) names[first + i] = name
  }
  for (const [first, row] of Object.entries(ROWS)) fill(Number(first), row.split(' '))
  fill(0x60, numbered('PUSH', 1, 32))
  fill(0x80, numbered('DUP', 1, 16))
  fill(0x90, numbered('SWAP', 1, 16))
  return names
})()

/** An opcode's name in traces and errors, in geth's words. */
export function opcodeName(opcode: number): string {
  return NAMES[opcode] as string
}
