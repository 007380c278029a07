import { EVMError, type ExecResult } from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import { type Address, bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { Log } from '../protocol/receipt.ts'
import type { AccessListEntry } from '../protocol/transaction.ts'
import type { BlockEvm } from './block-evm.ts'
import type { BlockEnv } from './executor.ts'

/** A transaction's outermost call or creation. The sender's nonce has been raised already. */
export interface TopMessage {
  readonly from: Address
  readonly to: Address | undefined
  readonly value: bigint
  readonly data: Uint8Array
  /** Gas after the intrinsic part. */
  readonly gas: bigint
  readonly gasPrice: bigint
  readonly accessList: readonly AccessListEntry[]
  /** Accounts that are warm beside those of the access list: EIP-7702 authorities. */
  readonly warm: readonly Address[]
  readonly blobVersionedHashes: readonly string[]
  /** Gas that will be refunded, whatever comes. */
  readonly refund: bigint
}

/** What became of a {@link TopMessage}. */
export interface MessageResult {
  readonly success: boolean
  readonly gasUsed: bigint
  /** Refund counter at the end, before the cap. */
  readonly refund: bigint
  readonly returnValue: Uint8Array
  /** Whether it ended in REVERT, so that the return value is the revert's data. */
  readonly reverted: boolean
  /** What stopped it, unless it ended by itself. */
  readonly fault: EVMError | undefined
  readonly logs: readonly Log[]
  /** Accounts that SELFDESTRUCT removes at the end of the transaction. */
  readonly destroyed: readonly Address[]
}

type EvmBlock = NonNullable<Parameters<BlockEvm['runCall']>[0]['block']>

/** The block as opcodes see it. @param blobBaseFee wei per blob gas */
export function evmBlock(env: BlockEnv, blobBaseFee: bigint): EvmBlock {
  return {
    header: {
      number: env.number,
      coinbase: createAddressFromString(env.feeRecipient),
      timestamp: env.timestamp,
      difficulty: 0n,
      prevRandao: hexToBytes(env.prevRandao),
      gasLimit: env.gasLimit,
      baseFeePerGas: env.baseFeePerGas,
      getBlobGasPrice: () => blobBaseFee,
    },
  } as EvmBlock
}

/** Makes warm what is warm before the first instruction. @see EIP-2929, EIP-2930, EIP-3651 */
function prepareAccessList(evm: BlockEvm, block: EvmBlock, message: TopMessage): void {
  const { journal } = evm
  journal.addAlwaysWarmAddress(message.from)
  if (message.to !== undefined) journal.addAlwaysWarmAddress(message.to)
  for (const precompile of evm.warmPrecompiles) journal.addAlwaysWarmAddress(precompile)
  if (evm.common.isActivatedEIP(3651)) journal.addAlwaysWarmAddress(block.header.coinbase.toString())
  for (const { address, storageKeys } of message.accessList) {
    journal.addAlwaysWarmAddress(address)
    for (const key of storageKeys) journal.addAlwaysWarmSlot(address, key)
  }
  for (const address of message.warm) journal.addAlwaysWarmAddress(address)
}

function logsOf(result: ExecResult): Log[] {
  return (result.logs ?? []).map(([address, topics, data]) => ({
    address: bytesToHex(address),
    topics: topics.map(bytesToHex),
    data,
  }))
}

function destroyedBy(evm: BlockEvm, result: ExecResult): Address[] {
  const marked = [...(result.selfdestruct?.keys() ?? [])] as Address[]
  // From Cancun only what this very transaction created goes away. @see EIP-6780
  return evm.common.isActivatedEIP(6780) ? marked.filter((address) => result.createdAddresses?.has(address)) : marked
}

/**
 * Runs a transaction's outermost message. State changes of a failed message are undone by the EVM itself.
 * @throws whatever reading the state threw; the EVM must not be used again after that
 */
export async function runTopMessage(evm: BlockEvm, block: EvmBlock, message: TopMessage): Promise<MessageResult> {
  prepareAccessList(evm, block, message)
  evm.refundBefore = message.refund
  const from = createAddressFromString(message.from)
  const { execResult } = await evm.runCall({
    block,
    caller: from,
    origin: from,
    ...(message.to === undefined ? {} : { to: createAddressFromString(message.to) }),
    value: message.value,
    data: message.data,
    gasLimit: message.gas,
    gasPrice: message.gasPrice,
    skipNonceIncrement: true,
    blobVersionedHashes: message.blobVersionedHashes as `0x${string}`[],
  })
  evm.journal.cleanJournal()
  evm.transientStorage.clear()
  const error = execResult.exceptionError
  return {
    success: error === undefined,
    fault: error,
    gasUsed: execResult.executionGasUsed,
    refund: execResult.gasRefund ?? 0n,
    returnValue: execResult.returnValue,
    reverted: error?.error === EVMError.errorMessages.REVERT,
    logs: logsOf(execResult),
    destroyed: error === undefined ? destroyedBy(evm, execResult) : [],
  }
}
