import { AppError } from '../primitives/errors.ts'
import { type Address, concatBytes, EMPTY_BYTES, type Hash } from '../primitives/hex.ts'
import type { Log } from '../protocol/receipt.ts'
import type { ExecutionErrorCode } from './executor.ts'
import { systemCall } from './system-calls.ts'
import type { TransactionContext } from './transaction-context.ts'

/** EIP-7002's contract: validators' exits and withdrawals. */
export const WITHDRAWAL_QUEUE_ADDRESS: Address = '0x00000961ef480eb55e80d19ad83579a64c007002'
/** EIP-7251's contract: consolidations of validators. */
export const CONSOLIDATION_QUEUE_ADDRESS: Address = '0x0000bbddc7ce488642fb579f8b00f3a590007251'

const DEPOSIT_REQUEST = 0
const WITHDRAWAL_REQUEST = 1
const CONSOLIDATION_REQUEST = 2

/** DepositEvent(bytes,bytes,bytes,bytes,bytes) */
const DEPOSIT_TOPIC: Hash = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5'
const DEPOSIT_EVENT_SIZE = 576
/** Where the event's data holds public key, withdrawal credentials, amount, signature and index, in bytes. */
const DEPOSIT_PARTS = [
  [192, 48],
  [288, 32],
  [352, 8],
  [416, 96],
  [544, 8],
] as const

function invalid(message: string): AppError<ExecutionErrorCode> {
  return new AppError<ExecutionErrorCode>('BLOCK_INVALID', { message })
}

/**
 * The deposits that a block's logs hold, as request data one after the other.
 * @throws AppError BLOCK_INVALID when an event of the contract is not as long as it must be
 * @see EIP-6110
 */
export function depositRequests(logs: Iterable<Log>, depositContract: Address): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { address, topics, data } of logs) {
    if (address !== depositContract || topics[0] !== DEPOSIT_TOPIC) continue
    if (data.length !== DEPOSIT_EVENT_SIZE) {
      throw invalid(
        `failed to parse deposit logs: unable to parse deposit data: deposit wrong length: want ${DEPOSIT_EVENT_SIZE}, have ${data.length}`,
      )
    }
    for (const [at, size] of DEPOSIT_PARTS) parts.push(data.subarray(at, at + size))
  }
  return concatBytes(...parts)
}

async function queue(context: TransactionContext, address: Address, what: string): Promise<Uint8Array> {
  const { evm, block, overlay } = context
  const data = await systemCall(evm, block, overlay, address, EMPTY_BYTES)
  if (data === undefined) throw invalid(`failed to process ${what} queue: system call failed to execute`)
  return data
}

/**
 * What a block asks of consensus: deposits, withdrawals and consolidations, each type byte first, those without data left
 * out. Takes them out of their queues.
 * @param depositContract absent on a chain that has none
 * @throws AppError BLOCK_INVALID
 * @see EIP-7685, EIP-6110, EIP-7002, EIP-7251
 */
export async function blockRequests(
  context: TransactionContext,
  logs: Iterable<Log>,
  depositContract: Address | undefined,
): Promise<Uint8Array[]> {
  const deposits = depositContract === undefined ? EMPTY_BYTES : depositRequests(logs, depositContract)
  const typed = [
    [DEPOSIT_REQUEST, deposits],
    [WITHDRAWAL_REQUEST, await queue(context, WITHDRAWAL_QUEUE_ADDRESS, 'withdrawal')],
    [CONSOLIDATION_REQUEST, await queue(context, CONSOLIDATION_QUEUE_ADDRESS, 'consolidation')],
  ] as const
  return typed.filter(([, data]) => data.length > 0).map(([type, data]) => concatBytes(Uint8Array.of(type), data))
}
