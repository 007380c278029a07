import fc from 'fast-check'
import type { Address } from '../../../src/primitives/hex.ts'
import { type Code, dup, initCode, log, type Opcode, op, push, pushAddress, storeInMemory, swap } from './assembler.ts'

/** What a program may name; resolved against a pool of accounts when it is assembled. */
export type TargetIndex = number

/** One piece of a program. It leaves the stack as it found it, and mixes what it learns into memory word 0. */
export type Step =
  | { readonly kind: 'environment'; readonly name: Opcode }
  | { readonly kind: 'account'; readonly name: Opcode; readonly target: TargetIndex }
  | { readonly kind: 'arithmetic'; readonly name: Opcode; readonly operands: readonly bigint[] }
  | { readonly kind: 'blockhash'; readonly back: number }
  | { readonly kind: 'sload' | 'tload'; readonly slot: number }
  | { readonly kind: 'sstore' | 'tstore'; readonly slot: number; readonly value: bigint }
  | { readonly kind: 'log'; readonly topics: number; readonly size: number }
  | {
      readonly kind: 'copy'
      readonly name: 'RETURNDATACOPY' | 'CALLDATACOPY'
      readonly from: number
      readonly size: number
    }
  | { readonly kind: 'recurse'; readonly gas: 'all' | 'some' }
  | { readonly kind: 'stack'; readonly depth: number; readonly name: 'dup' | 'swap' }
  | { readonly kind: 'createLarge'; readonly size: number }
  | { readonly kind: 'memory'; readonly name: 'MSTORE8' | 'MCOPY' | 'KECCAK256' | 'CODECOPY'; readonly at: number }
  | {
      readonly kind: 'call'
      readonly name: 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL'
      readonly target: TargetIndex
      readonly gas: number
      readonly value: number
      readonly size: number
    }
  | {
      readonly kind: 'create'
      readonly child: number
      readonly value: number
      /** Absent: CREATE, else CREATE2. */
      readonly salt: number | undefined
    }

/** How a program ends. */
export type Ending =
  | { readonly kind: 'stop' | 'invalid' | 'badJump' | 'loop' | 'underflow' | 'hugeMemory' | 'push0' }
  | { readonly kind: 'return' | 'revert'; readonly size: number }
  | { readonly kind: 'selfdestruct'; readonly target: TargetIndex }

/** A program without branches. */
export interface Program {
  readonly steps: readonly Step[]
  readonly ending: Ending
}

const ENVIRONMENT = [
  'ADDRESS',
  'ORIGIN',
  'CALLER',
  'CALLVALUE',
  'CALLDATASIZE',
  'CODESIZE',
  'GASPRICE',
  'RETURNDATASIZE',
  'COINBASE',
  'TIMESTAMP',
  'NUMBER',
  'PREVRANDAO',
  'GASLIMIT',
  'CHAINID',
  'SELFBALANCE',
  'BASEFEE',
  'BLOBBASEFEE',
  'GAS',
  'MSIZE',
  'PC',
] as const satisfies readonly Opcode[]

const ARITHMETIC = [
  ...(['ADD', 'MUL', 'SUB', 'DIV', 'SDIV', 'MOD', 'SMOD', 'EXP', 'SIGNEXTEND'] as const),
  ...(['LT', 'SLT', 'SGT', 'EQ', 'ISZERO', 'AND', 'XOR', 'NOT', 'BYTE', 'SHL', 'SHR', 'SAR'] as const),
  ...(['ADDMOD', 'MULMOD', 'BLOBHASH', 'CALLDATALOAD'] as const),
] satisfies readonly Opcode[]

/** Numbers where arithmetic has its corners. */
const operand: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
  fc.constantFrom(1n << 255n, (1n << 256n) - 1n, 1n << 128n),
)
const target = fc.nat({ max: 999 })
// Few, so that programs meet what others left behind.
const slot = fc.nat({ max: 5 })
const slotValue = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 4n }), operand)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('environment'), name: fc.constantFrom(...ENVIRONMENT) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('account'),
      name: fc.constantFrom('BALANCE', 'EXTCODESIZE', 'EXTCODEHASH', 'EXTCODECOPY'),
      target,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('arithmetic'),
      name: fc.constantFrom(...ARITHMETIC),
      operands: fc.array(operand, { minLength: 3, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('blockhash'),
      back: fc.oneof(fc.constantFrom(-1, 0, 1, 2, 255, 256, 257), fc.nat({ max: 300 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('sload', 'tload'), slot }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('sstore'), slot, value: slotValue }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tstore'), slot, value: slotValue }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('log'), topics: fc.nat({ max: 4 }), size: fc.nat({ max: 80 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('memory'),
      name: fc.constantFrom('MSTORE8', 'MCOPY', 'KECCAK256', 'CODECOPY'),
      at: fc.nat({ max: 2000 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('call'),
      name: fc.constantFrom('CALL', 'CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'),
      target,
      gas: fc.constantFrom(0, 2_300, 30_000, 200_000, 10_000_000),
      value: fc.constantFrom(0, 0, 1, 1_000_000),
      size: fc.constantFrom(0, 4, 32, 100),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('copy'),
      name: fc.constantFrom('RETURNDATACOPY', 'CALLDATACOPY'),
      from: fc.constantFrom(0, 0, 1, 31, 1_000_000),
      size: fc.constantFrom(0, 0, 1, 32, 33),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ kind: fc.constant('recurse'), gas: fc.constantFrom('all', 'some') }),
      fc.record({
        kind: fc.constant('stack'),
        depth: fc.integer({ min: 1, max: 16 }),
        name: fc.constantFrom('dup', 'swap'),
      }),
      // Around what EIP-3860 allows.
      fc.record({ kind: fc.constant('createLarge'), size: fc.constantFrom(24_576, 49_152, 49_153) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('create'),
      child: fc.nat({ max: 20 }),
      value: fc.constantFrom(0, 0, 1),
      salt: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
    }),
  },
)

const ending: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('stop') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('return', 'revert'), size: fc.nat({ max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('selfdestruct'), target }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('invalid', 'badJump', 'loop', 'underflow', 'hugeMemory', 'push0'),
    }),
  },
)

/** A random program. @param maxSteps most pieces before it ends */
export function program(maxSteps = 10): fc.Arbitrary<Program> {
  return fc.record({ steps: fc.array(step, { minLength: 1, maxLength: maxSteps }), ending })
}

/** What assembling needs to know. */
export interface AssemblyContext {
  /** Accounts that programs may name. */
  readonly targets: readonly Address[]
  readonly cancun: boolean
  /** Init codes that a program may create contracts with. */
  readonly children: readonly Code[]
}

/** Memory word 0 ← word 0 · 31 + what is on the stack. */
const MIX: Code = push(0) + op('MLOAD') + push(31) + op('MUL', 'ADD') + push(0) + op('MSTORE')

const FROM_CANCUN: readonly string[] = ['tload', 'tstore', 'MCOPY', 'BLOBHASH', 'BLOBBASEFEE']

function assembleStep(step: Step, context: AssemblyContext): Code {
  const { targets, children } = context
  const at = (index: TargetIndex): Address => targets[index % targets.length] as Address
  const name = 'name' in step ? step.name : step.kind
  if (!context.cancun && (FROM_CANCUN.includes(name) || FROM_CANCUN.includes(step.kind))) return op('NUMBER') + MIX
  switch (step.kind) {
    case 'environment':
      return op(step.name) + MIX
    case 'account':
      if (step.name !== 'EXTCODECOPY') return pushAddress(at(step.target)) + op(step.name) + MIX
      return push(40) + push(0) + push(32) + pushAddress(at(step.target)) + op('EXTCODECOPY')
    case 'arithmetic': {
      const { operands } = step
      const count = ['ADDMOD', 'MULMOD'].includes(step.name)
        ? 3
        : ['ISZERO', 'NOT', 'BLOBHASH', 'CALLDATALOAD'].includes(step.name)
          ? 1
          : 2
      return (
        operands
          .slice(0, count)
          .map((value) => push(value))
          .join('') +
        op(step.name) +
        MIX
      )
    }
    case 'blockhash':
      return step.back < 0
        ? push(-step.back) + op('NUMBER', 'ADD', 'BLOCKHASH') + MIX
        : push(step.back) + op('NUMBER', 'SUB', 'BLOCKHASH') + MIX
    case 'sload':
      return push(step.slot) + op('SLOAD') + MIX
    case 'tload':
      return push(step.slot) + op('TLOAD') + MIX
    case 'sstore':
      return push(step.value) + push(step.slot) + op('SSTORE')
    case 'tstore':
      return push(step.value) + push(step.slot) + op('TSTORE')
    case 'log':
      return (
        Array.from({ length: step.topics }, (_, i) => push(i * 7)).join('') +
        push(step.size) +
        push(0) +
        log(step.topics)
      )
    case 'copy':
      return push(step.size) + push(step.from) + push(3) + op(step.name)
    case 'recurse':
      return push(0).repeat(5) + op('ADDRESS') + (step.gas === 'all' ? op('GAS') : push(20_000)) + op('CALL') + MIX
    case 'stack': {
      const filled = Array.from({ length: 17 }, (_, i) => push(i + 1)).join('')
      return `${filled}${step.name === 'dup' ? dup(step.depth) : swap(step.depth)}${MIX.repeat(step.name === 'dup' ? 18 : 17)}`
    }
    case 'createLarge':
      return push(step.size) + push(0x60) + push(0) + op('CREATE') + MIX
    case 'memory':
      if (step.name === 'MSTORE8') return push(0xa5) + push(step.at) + op('MSTORE8')
      if (step.name === 'KECCAK256') return push(step.at) + push(0) + op('KECCAK256') + MIX
      return push(50) + push(1) + push(step.at % 300) + op(step.name)
    case 'call': {
      const valued = step.name === 'CALL' || step.name === 'CALLCODE'
      return (
        push(32) +
        push(32) +
        push(step.size) +
        push(0) +
        (valued ? push(step.value) : '') +
        pushAddress(at(step.target)) +
        push(step.gas) +
        op(step.name) +
        MIX +
        op('RETURNDATASIZE') +
        MIX +
        push(32) +
        op('MLOAD') +
        MIX
      )
    }
    case 'create': {
      const child = children[step.child % children.length] as Code
      return (
        storeInMemory(child, 64) +
        (step.salt === undefined ? '' : push(step.salt)) +
        push(child.length / 2) +
        push(64) +
        push(step.value) +
        op(step.salt === undefined ? 'CREATE' : 'CREATE2') +
        MIX
      )
    }
  }
}

function assembleEnding(ending: Ending, targets: readonly Address[]): Code {
  switch (ending.kind) {
    case 'stop':
      return op('STOP')
    case 'invalid':
      return op('INVALID')
    case 'badJump':
      return push(1) + op('JUMP')
    case 'loop':
      // JUMPDEST at its own position: PC − 1 is where the loop begins.
      return op('JUMPDEST', 'PC') + push(1) + swap(1) + op('SUB', 'JUMP')
    case 'underflow':
      return op('POP')
    case 'hugeMemory':
      return push(1n << 40n) + op('MLOAD')
    case 'push0':
      return op('PUSH0', 'STOP')
    case 'return':
      return push(ending.size) + push(0) + op('RETURN')
    case 'revert':
      return push(ending.size) + push(0) + op('REVERT')
    case 'selfdestruct':
      return pushAddress(targets[ending.target % targets.length] as Address) + op('SELFDESTRUCT')
  }
}

/** The program's code: what it has learned goes to slot 0xacc before it ends. */
export function assembleProgram(program: Program, context: AssemblyContext): Code {
  return (
    program.steps.map((step) => assembleStep(step, context)).join('') +
    push(0) +
    op('MLOAD') +
    push(0xacc) +
    op('SSTORE') +
    assembleEnding(program.ending, context.targets)
  )
}

/** Init code that runs one program and deploys another. */
export function deploying(prologue: Program, runtime: Program, context: AssemblyContext): Code {
  const steps = prologue.steps.map((step) => assembleStep(step, context)).join('')
  return initCode(assembleProgram(runtime, context), steps)
}
