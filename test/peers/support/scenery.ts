import { type Address, type Hash, type Hex, hexToBytes, toQuantity, toWord } from '../../../src/primitives/hex.ts'
import { keccak256, keccakHash } from '../../../src/primitives/keccak.ts'
import { asHex, type Code, dup, initCode, log, op, push } from './assembler.ts'
import type { GenesisAccount, GenesisAlloc } from './l1-genesis.ts'

const address = (prefix: string, index: number): Address => `0x${prefix.padEnd(36, '0')}${toHex(index)}`
const toHex = (index: number): string => index.toString(16).padStart(4, '0')

/** Stores pairs of slot and value from calldata, 64 bytes each; without PUSH0, so that it runs at Bedrock. */
export const STORE: Address = address('5701', 0)
/** How many slots {@link STORE} has at genesis: slot i holds i, from 1 on. */
export const STORE_SLOTS = 400
/** Contracts with storage and ether that destroy themselves in favour of calldata's first word. */
export const DESTROYABLE: readonly Address[] = Array.from({ length: 24 }, (_, i) => address('dead', i))
/** CREATE2 of calldata[32:] with salt calldata[0:32]; slot salt holds the new address. */
export const FACTORY: Address = address('fac2', 0)
/** CREATE of calldata, then a call of what was created, both with half of the value. */
export const SPAWNER: Address = address('fac1', 0)
/** Calls calldata[0:32] with gas calldata[32:64] and input calldata[64:]; success, result's hash and gas left go to storage. */
export const PROBE: Address = address('9e0b', 0)
/** Has neither nonce nor code nor ether, at genesis only: whoever touches it removes it (EIP-161). */
export const EMPTY_ACCOUNTS: readonly Address[] = Array.from({ length: 12 }, (_, i) => address('e0', i))
/** Predeploys that a transaction may call: fee vaults, L1Block, GasPriceOracle, L2ToL1MessagePasser. */
export const PREDEPLOYS: readonly Address[] = [0x00, 0x07, 0x0f, 0x11, 0x15, 0x16, 0x19, 0x1a, 0x1b].map(
  (index) => `0x42${index.toString(16).padStart(38, '0')}` as const,
)

/** `for (i = 0; i < calldatasize; i += 64) sstore(calldataload(i), calldataload(i + 32))` */
const STORE_CODE: Code =
  push(0) +
  op('JUMPDEST', 'CALLDATASIZE') +
  dup(2) +
  op('LT', 'ISZERO') +
  push(0x18) +
  op('JUMPI') +
  dup(1) +
  push(0x20) +
  op('ADD', 'CALLDATALOAD') +
  dup(2) +
  op('CALLDATALOAD', 'SSTORE') +
  push(0x40) +
  op('ADD') +
  push(0x02) +
  op('JUMP', 'JUMPDEST', 'STOP')

const FACTORY_CODE: Code =
  push(0) +
  op('CALLDATALOAD') +
  push(0x20) +
  op('CALLDATASIZE', 'SUB') +
  dup(1) +
  push(0x20) +
  push(0) +
  op('CALLDATACOPY') +
  push(0) +
  op('CALLVALUE', 'CREATE2') +
  push(0) +
  op('CALLDATALOAD', 'SSTORE', 'STOP')

const SPAWNER_CODE: Code =
  op('CALLDATASIZE') +
  push(0) +
  push(0) +
  op('CALLDATACOPY', 'CALLDATASIZE') +
  push(0) +
  push(2) +
  op('CALLVALUE', 'DIV', 'CREATE') +
  // CALL(gas, created, value / 2, 0, 0, 0, 0)
  push(0).repeat(4) +
  push(2) +
  op('CALLVALUE', 'DIV') +
  dup(6) +
  op('GAS', 'CALL') +
  op('ADD') +
  push(0) +
  op('MSTORE') +
  push(0x20) +
  push(0) +
  log(0) +
  op('STOP')

const PROBE_CODE: Code =
  push(0x40) +
  op('CALLDATASIZE', 'SUB') +
  dup(1) +
  push(0x40) +
  push(0) +
  op('CALLDATACOPY') +
  // CALL(gas, address, 0, 0, size, 0, 0)
  push(0) +
  push(0) +
  dup(3) +
  push(0) +
  push(0) +
  push(0) +
  op('CALLDATALOAD') +
  push(0x20) +
  op('CALLDATALOAD', 'CALL') +
  push(0) +
  op('SSTORE', 'GAS') +
  push(2) +
  op('SSTORE', 'RETURNDATASIZE') +
  push(0) +
  push(0) +
  op('RETURNDATACOPY', 'RETURNDATASIZE') +
  push(0) +
  op('KECCAK256') +
  push(1) +
  op('SSTORE', 'STOP')

const DESTROYABLE_CODE: Code = push(0) + op('CALLDATALOAD', 'SELFDESTRUCT')

/** What {@link FACTORY} deploys, by index: contracts that come back to the same address after they were destroyed. */
export const FACTORY_PROGRAMS: readonly Hex[] = [
  // With storage of its own; destroys itself when called.
  initCode(DESTROYABLE_CODE, push(7) + push(1) + op('SSTORE') + push(8) + push(2) + op('SSTORE')),
  // Counts its calls.
  initCode(push(0) + op('SLOAD') + push(1) + op('ADD') + push(0) + op('SSTORE', 'STOP')),
  // Gone before it was there.
  push(9) + push(1) + op('SSTORE', 'CALLER', 'SELFDESTRUCT'),
  // Deploys nothing.
  op('STOP'),
  // Code that EIP-3541 forbids.
  initCode('ef00'),
].map(asHex)

/** Where {@link FACTORY} puts a program. */
export function factoryAddress(salt: bigint, program: Hex): Address {
  const preimage = `0xff${FACTORY.slice(2)}${toWord(salt).slice(2)}${keccakHash(hexToBytes(program)).slice(2)}` as const
  return `0x${keccakHash(hexToBytes(preimage)).slice(26)}`
}

/** The salt whose addresses hold storage already, without code: creation there must fail (EIP-7610). */
export const TAKEN_SALT = 0xbadn

/** Calldata for {@link FACTORY}. */
export function factoryInput(salt: bigint, program: Hex): Hex {
  return `0x${toWord(salt).slice(2)}${program.slice(2)}`
}

/** Calldata for {@link PROBE}. */
export function probeInput(target: Address, gas: bigint, input: string): Hex {
  return `0x${target.slice(2).padStart(64, '0')}${toWord(gas).slice(2)}${input}`
}

/** Calldata for {@link STORE}. */
export function storeInput(writes: Iterable<readonly [bigint, bigint]>): Hex {
  return `0x${[...writes].map(([slot, value]) => toWord(slot).slice(2) + toWord(value).slice(2)).join('')}`
}

function slots(count: number, seed: number): Record<Hash, Hash> {
  const pairs = Array.from({ length: count }, (_, i): [Hash, Hash] => {
    const slot = toWord(BigInt(i + 1))
    const value = keccak256(hexToBytes(toWord(BigInt(seed * 1000 + i))))
    return [slot, toWord(BigInt(value[0] ?? 0) + 1n)]
  })
  return Object.fromEntries(pairs)
}

/** Genesis accounts of a chain that random blocks run on. */
export function scenery(): GenesisAlloc {
  const contract = (code: Code, more: GenesisAccount = {}): GenesisAccount => ({
    balance: '0x0',
    nonce: '0x1',
    code: asHex(code),
    ...more,
  })
  const taken = factoryAddress(TAKEN_SALT, FACTORY_PROGRAMS[1] as Hex)
  return {
    [STORE]: contract(STORE_CODE, {
      storage: Object.fromEntries(
        Array.from({ length: STORE_SLOTS }, (_, i) => [toWord(BigInt(i + 1)), toWord(BigInt(i + 1))]),
      ),
    }),
    ...Object.fromEntries(
      DESTROYABLE.map((at, i) => [
        at,
        contract(DESTROYABLE_CODE, { balance: toQuantity(BigInt(i) * 10n ** 15n), storage: slots(i * 3, i) }),
      ]),
    ),
    [FACTORY]: contract(FACTORY_CODE),
    [SPAWNER]: contract(SPAWNER_CODE),
    [PROBE]: contract(PROBE_CODE),
    ...Object.fromEntries(EMPTY_ACCOUNTS.map((at) => [at, { balance: '0x0' as Hex }])),
    [taken]: { balance: '0x1', storage: { [toWord(3n)]: toWord(4n) } },
  }
}
