import type {
  IncludedTransaction,
  JobSummary,
  PartialBlock,
  PartialHeader,
  SealedBlock,
} from '../src/builder/service.ts'
import type { ExecutedTransaction } from '../src/evm/executor.ts'
import { bytesToHex, toQuantity, ZERO_HASH } from '../src/primitives/hex.ts'
import { blockToJson } from '../src/protocol/block-json.ts'
import { payloadToJson } from '../src/protocol/payload.ts'
import { type ReceiptBlock, receiptToJson } from '../src/protocol/receipt-json.ts'
import { transactionToJson } from '../src/protocol/transaction-json.ts'

/** A JSON object. */
export type Json = Record<string, unknown>

/** `TxResult` of the contract: the receipt of a block that has no hash yet, and what a revert returned. */
export function encodeInclusion(included: IncludedTransaction): Json {
  return txResult(included, included.block)
}

function txResult(executed: ExecutedTransaction, block: ReceiptBlock): Json {
  const { revertData } = executed
  const receipt = receiptToJson(executed, block)
  return revertData === undefined ? receipt : { ...receipt, revertData: bytesToHex(revertData) }
}

/** An entry of `test_jobs`. */
export function encodeJob(job: JobSummary): Json {
  return { ...job, number: toQuantity(job.number) }
}

/** The names that headers have in `eth_getBlockByHash`, where they differ. */
const HEADER_NAMES: Readonly<Partial<Record<keyof PartialHeader, string>>> = {
  ommersHash: 'sha3Uncles',
  beneficiary: 'miner',
}

function encodePartialHeader(header: PartialHeader): Json {
  const json: Json = {}
  for (const [key, value] of Object.entries(header)) {
    if (value === undefined) continue
    const name = HEADER_NAMES[key as keyof PartialHeader] ?? key
    if (typeof value === 'bigint') json[name] = toQuantity(value)
    else json[name] = typeof value === 'string' ? value : bytesToHex(value)
  }
  return json
}

/** `Partial` of the contract. Its transactions are as in a block, but for the hash that the block has not got yet. */
export function encodePartial(partial: PartialBlock): Json {
  const { header, transactions, blobBaseFee } = partial
  const { number, timestamp, baseFeePerGas } = header
  const block: ReceiptBlock = { number, timestamp, ...(blobBaseFee === undefined ? {} : { blobBaseFee }) }
  return {
    jobId: partial.jobId,
    state: partial.state,
    header: encodePartialHeader(header),
    transactions: transactions.map(({ transaction, receipt, index }) => ({
      ...transactionToJson(transaction, {
        blockHash: ZERO_HASH,
        blockNumber: number,
        blockTimestamp: timestamp,
        index,
        baseFeePerGas,
        receipt,
      }),
      blockHash: null,
    })),
    receipts: transactions.map((executed) => txResult(executed, block)),
    gasLeft: toQuantity(partial.gasLeft),
    stateRoot: partial.stateRoot,
  }
}

/**
 * `Sealed` of the contract.
 * @param op whether it is an OP-Stack block: its payload has a `withdrawalsRoot` from Isthmus on
 */
export function encodeSealed(sealed: SealedBlock, op: boolean): Json {
  const { hash, header, transactions, withdrawals, executionRequests, blobBaseFee } = sealed
  const list = withdrawals === undefined ? {} : { withdrawals }
  const block: ReceiptBlock = {
    hash,
    number: header.number,
    timestamp: header.timestamp,
    ...(blobBaseFee === undefined ? {} : { blobBaseFee }),
  }
  return {
    hash,
    number: toQuantity(header.number),
    block: blockToJson(
      { hash, header, transactions: transactions.map(({ transaction }) => transaction), ...list },
      { full: true, receipts: transactions.map(({ receipt }) => receipt) },
    ),
    receipts: transactions.map((executed) => txResult(executed, block)),
    payload: {
      executionPayload: payloadToJson(
        { hash, header, transactions: transactions.map(({ transaction }) => transaction.raw), ...list },
        op,
      ),
      ...(header.parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
      ...(header.requestsHash === undefined ? {} : { executionRequests: (executionRequests ?? []).map(bytesToHex) }),
    },
    committed: sealed.committed,
    published: sealed.published,
  }
}
