import { type Address, bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import type { Block } from '../protocol/block.ts'
import type { OpForks } from '../protocol/forks.ts'
import { rollupCostData } from '../protocol/l1-fee.ts'
import { l1FeeInfo } from '../protocol/l1-fee-info.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { ReceiptSubject } from '../protocol/receipt-json.ts'
import { effectiveGasPrice, isDeposit, type Transaction } from '../protocol/transaction.ts'

/** The address of what a transaction created; undefined when it called something. */
function createdAddress({ sender, to }: Transaction, nonce: bigint): Address | undefined {
  if (to !== undefined) return undefined
  return bytesToHex(keccak256(encodeRlp([hexToBytes(sender), nonce])).subarray(12))
}

/**
 * What receipts in JSON say beyond their consensus part, out of the block that they are of.
 * @param forks of an OP-Stack chain, whose receipts tell the L1 fee; undefined on L1
 */
export function receiptSubjects(
  { header, transactions }: Pick<Block, 'header' | 'transactions'>,
  receipts: readonly Receipt[],
  forks: OpForks | undefined,
): ReceiptSubject[] {
  const [first] = transactions
  const attributes = first !== undefined && isDeposit(first) ? first.data : undefined
  const l1Fee = forks && attributes && l1FeeInfo(forks, header.timestamp, attributes)
  let gasBefore = 0n
  let firstLogIndex = 0
  return receipts.map((receipt, index) => {
    const transaction = transactions[index] as Transaction
    const deposit = isDeposit(transaction)
    const contractAddress = createdAddress(transaction, deposit ? (receipt.depositNonce ?? 0n) : transaction.nonce)
    const subject: ReceiptSubject = {
      transaction,
      receipt,
      index,
      firstLogIndex,
      gasUsed: receipt.cumulativeGasUsed - gasBefore,
      effectiveGasPrice: deposit ? 0n : effectiveGasPrice(transaction, header.baseFeePerGas ?? 0n),
      ...(contractAddress !== undefined && { contractAddress }),
      ...(l1Fee !== undefined && !deposit && { l1Fee: l1Fee(rollupCostData(transaction.raw)) }),
    }
    gasBefore = receipt.cumulativeGasUsed
    firstLogIndex += receipt.logs.length
    return subject
  })
}
