import type { Hash } from '../primitives/hex.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'
import { type Header, hashHeader, headerFromRlp, headerToRlp } from './header.ts'
import { orderedTrieRoot } from './ordered-trie-root.ts'
import { encodeReceipt, type Receipt } from './receipt.ts'
import { type DecodeOptions, decodeTransaction, type Transaction } from './transaction.ts'
import { encodeWithdrawal, type Withdrawal } from './withdrawal.ts'

/** A block with its transactions decoded. */
export interface Block {
  readonly hash: Hash
  readonly header: Header
  readonly transactions: readonly Transaction[]
  /** From Shanghai / Canyon. */
  readonly withdrawals?: readonly Withdrawal[]
}

/** A transaction as it stands in a block that was built or is delivered, beside whatever else is known of it. */
interface BlockEntry {
  readonly transaction: Transaction
}

/** A block as it is delivered. */
export function deliverable<B extends Pick<Block, 'transactions'>>({ transactions, ...block }: B) {
  return { ...block, transactions: transactions.map((transaction): BlockEntry => ({ transaction })) }
}

/** The transactions of a block that was built or is delivered. */
export function transactionsOf({ transactions }: { readonly transactions: readonly BlockEntry[] }): Transaction[] {
  return transactions.map(({ transaction }) => transaction)
}

/** The root over a block's transactions, from their EIP-2718 bytes. */
export function transactionsRoot(transactions: readonly Uint8Array[]): Hash {
  return orderedTrieRoot(transactions)
}

/** The root over a block's receipts. */
export function receiptsRoot(receipts: readonly Receipt[]): Hash {
  return orderedTrieRoot(receipts.map(encodeReceipt))
}

/** The root over an L1 block's withdrawals. On OP from Isthmus the header field means something else. */
export function withdrawalsRoot(withdrawals: readonly Withdrawal[]): Hash {
  return withdrawals.length === 0 ? EMPTY_TRIE_ROOT : orderedTrieRoot(withdrawals.map(encodeWithdrawal))
}

/** The block as devp2p and `debug_getRawBlock` carry it. */
export function encodeBlock(block: Pick<Block, 'header' | 'transactions' | 'withdrawals'>): Uint8Array {
  // A legacy transaction stands in the list as it is, a typed one as a byte string.
  const transactions = block.transactions.map(({ type, raw }) => (type === 0 ? decodeRlp(raw) : raw))
  const fields: RlpInput[] = [headerToRlp(block.header), transactions as RlpInput[], []]
  if (block.withdrawals !== undefined) {
    fields.push(
      block.withdrawals.map((withdrawal) => [
        withdrawal.index,
        withdrawal.validatorIndex,
        hexToBytes(withdrawal.address),
        withdrawal.amount,
      ]),
    )
  }
  return encodeRlp(fields)
}

function withdrawalFromRlp(item: RlpItem): Withdrawal {
  const [index, validatorIndex, address, amount] = rlpList(item)
  return {
    index: rlpUint(index),
    validatorIndex: rlpUint(validatorIndex),
    address: bytesToHex(rlpBytes(address)),
    amount: rlpUint(amount),
  }
}

/**
 * Reads a block that {@link encodeBlock} or a node has written. Its roots are not checked.
 * @throws AppError RLP_INVALID, HEADER_INVALID, TX_INVALID, TX_TYPE_UNSUPPORTED
 */
export function decodeBlock(bytes: Uint8Array, options: DecodeOptions = {}): Block {
  const [headerItem, transactionItems, , withdrawalItems] = rlpList(decodeRlp(bytes))
  const header = headerFromRlp(headerItem ?? [])
  const transactions = rlpList(transactionItems).map((item) =>
    decodeTransaction(item instanceof Uint8Array ? item : encodeRlp(item), options),
  )
  const withdrawals = withdrawalItems && rlpList(withdrawalItems).map(withdrawalFromRlp)
  return { hash: hashHeader(header), header, transactions, ...(withdrawals && { withdrawals }) }
}
