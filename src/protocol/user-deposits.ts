import { AppError } from '../primitives/errors.ts'
import {
  type Address,
  bigIntToPadded,
  bytesToBigInt,
  concatBytes,
  type Hash,
  hexToBytes,
  ZERO_HASH,
} from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { Log, Receipt } from './receipt.ts'
import { createDeposit, type DepositTransaction, sourceHash } from './transaction.ts'

/** Codes of deposit derivation. */
export type DepositErrorCode = 'DEPOSIT_INVALID'

/** keccak of `TransactionDeposited(address,address,uint256,bytes)`. */
export const TRANSACTION_DEPOSITED_TOPIC: Hash = '0xb3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32'

const MINT = 0
const VALUE = 32
const GAS = 64
const IS_CREATION = 72
const DATA = 73

function invalid(message: string): never {
  // A deposit may never be left out, so there is no way past one that cannot be read.
  throw new AppError<DepositErrorCode>('DEPOSIT_INVALID', {
    message: `invalid deposit: ${message}`,
    severity: 'critical',
  })
}

function topicAddress(topic: Hash): Address {
  return `0x${topic.slice(26)}`
}

/** The event's only argument, ABI-encoded bytes with no more padding than needed. */
function opaqueData(data: Uint8Array): Uint8Array {
  if (data.length < 64) invalid(`incomplete opaqueData slice header (${data.length} bytes)`)
  if (data.length % 32 !== 0) invalid(`expected log data to be multiple of 32 bytes: got ${data.length} bytes`)
  const offset = bytesToBigInt(data.subarray(0, 32))
  if (offset !== 32n) invalid(`opaqueData slice header offset: ${offset}`)
  const length = bytesToBigInt(data.subarray(32, 64))
  const room = BigInt(data.length - 64)
  if (length > room || length + 32n <= room) invalid(`opaqueData slice header length: ${length}`)
  return data.subarray(64, 64 + Number(length))
}

/**
 * The deposit that a TransactionDeposited event stands for.
 * @param logIndex position of the log in its L1 block
 * @throws AppError DEPOSIT_INVALID, critical
 * @see OP specs: deposits, "Deposit Contract"
 */
export function depositFromLog(
  log: Pick<Log, 'topics' | 'data'>,
  l1BlockHash: Hash,
  logIndex: number,
): DepositTransaction {
  const [topic, from, to, version] = log.topics
  if (log.topics.length !== 4 || from === undefined || to === undefined) {
    return invalid(`expected 4 event topics, got ${log.topics.length}`)
  }
  if (topic !== TRANSACTION_DEPOSITED_TOPIC) invalid(`event selector ${topic}`)
  const opaque = opaqueData(log.data)
  if (version !== ZERO_HASH) invalid(`deposit version ${version}`)
  if (opaque.length < DATA) invalid(`unexpected opaqueData length: ${opaque.length}`)
  const origin = keccak256(concatBytes(hexToBytes(l1BlockHash), bigIntToPadded(BigInt(logIndex), 32)))
  return createDeposit({
    sourceHash: sourceHash('user', origin),
    from: topicAddress(from),
    to: opaque[IS_CREATION] === 0 ? topicAddress(to) : undefined,
    mint: bytesToBigInt(opaque.subarray(MINT, VALUE)),
    value: bytesToBigInt(opaque.subarray(VALUE, GAS)),
    gasLimit: bytesToBigInt(opaque.subarray(GAS, IS_CREATION)),
    isSystemTx: false,
    data: opaque.slice(DATA),
  })
}

/**
 * The user deposits of an L1 block, in log order.
 * @param receipts all of the block's, in order: log indexes are counted over them
 * @param address the deposit contract
 * @throws AppError DEPOSIT_INVALID, critical
 */
export function userDeposits(
  receipts: readonly Pick<Receipt, 'status' | 'logs'>[],
  address: Address,
  l1BlockHash: Hash,
): DepositTransaction[] {
  const deposits: DepositTransaction[] = []
  let logIndex = 0
  for (const receipt of receipts) {
    for (const log of receipt.logs) {
      const wanted = log.address === address && log.topics[0] === TRANSACTION_DEPOSITED_TOPIC
      if (receipt.status === 1 && wanted) deposits.push(depositFromLog(log, l1BlockHash, logIndex))
      logIndex++
    }
  }
  return deposits
}
