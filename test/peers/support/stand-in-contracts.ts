import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'

const digest = (text: string): Hash => keccakHash(new TextEncoder().encode(text))

/** Where the test L1 has its OptimismPortal stand-in. */
export const PORTAL: Address = `0x${'11'.repeat(20)}`
/** Where the test L1 has its SystemConfig stand-in. */
export const SYSTEM_CONFIG: Address = `0x${'22'.repeat(20)}`
/** The storage slot from which op-node reads who may sign unsafe blocks. */
export const UNSAFE_BLOCK_SIGNER_SLOT: Hash = digest('systemconfig.unsafeblocksigner')
/** `TransactionDeposited(address indexed from, address indexed to, uint256 indexed version, bytes opaqueData)` */
const TRANSACTION_DEPOSITED: Hash = digest('TransactionDeposited(address,address,uint256,bytes)')
/** `ConfigUpdate(uint256 indexed version, uint8 indexed updateType, bytes data)` */
const CONFIG_UPDATE: Hash = digest('ConfigUpdate(uint256,uint8,bytes)')

/** Copies calldata from 0x40 on to memory, leaving its length and offset 0 on the stack, as LOG takes them. */
const DATA_FROM_0X40 = [
  '6040', // PUSH1 0x40
  '36', // CALLDATASIZE
  '03', // SUB: length
  '80', // DUP1
  '6040', // PUSH1 0x40
  '6000', // PUSH1 0
  '37', // CALLDATACOPY(0, 0x40, length)
  '6000', // PUSH1 0
]

/** Emits TransactionDeposited(from = calldata[0:32], to = calldata[32:64], version = 0, data = calldata[64:]). */
export const PORTAL_CODE: Hex = `0x${[
  '6000', // topic 3: version
  '602035', // topic 2: CALLDATALOAD(0x20)
  '600035', // topic 1: CALLDATALOAD(0)
  `7f${TRANSACTION_DEPOSITED.slice(2)}`, // topic 0
  ...DATA_FROM_0X40,
  'a4', // LOG4
  '00', // STOP
].join('')}`

/** Emits ConfigUpdate(version = calldata[0:32], updateType = calldata[32:64], data = calldata[64:]). */
export const SYSTEM_CONFIG_CODE: Hex = `0x${[
  '602035', // topic 2
  '600035', // topic 1
  `7f${CONFIG_UPDATE.slice(2)}`, // topic 0
  ...DATA_FROM_0X40,
  'a3', // LOG3
  '00', // STOP
].join('')}`

/** The fields of a user deposit. @see OP specs: deposits, "Deposit Contract" */
export interface UserDeposit {
  readonly from: Address
  /** Absent: a contract creation. */
  readonly to?: Address
  /** wei created on L2 */
  readonly mint?: bigint
  /** wei sent along */
  readonly value?: bigint
  readonly gasLimit?: bigint
  readonly data?: Hex
}

const word = (value: bigint | number): string => value.toString(16).padStart(64, '0')

/** ABI-encodes `bytes` behind its offset, as event data holds it. */
function abiBytes(hex: string): string {
  return word(0x20) + word(hex.length / 2) + hex.padEnd(Math.ceil(hex.length / 64) * 64, '0')
}

/** Calldata for {@link PORTAL} that makes one deposit. */
export function depositCalldata(deposit: UserDeposit): Hex {
  const { from, to, mint = 0n, value = 0n, gasLimit = 100_000n, data = '0x' } = deposit
  const opaque =
    word(mint) +
    word(value) +
    gasLimit.toString(16).padStart(16, '0') +
    (to === undefined ? '01' : '00') +
    data.slice(2)
  return `0x${word(BigInt(from))}${word(BigInt(to ?? 0))}${abiBytes(opaque)}`
}

/** Calldata for {@link SYSTEM_CONFIG} that emits one version-0 update; `payload` is what the event's bytes hold. */
export function configUpdateCalldata(updateType: number, payload: Hex): Hex {
  return `0x${word(0)}${word(updateType)}${abiBytes(payload.slice(2))}`
}
