import {
  type Block,
  type Chain,
  type FormattedTransactionReceipt,
  formatBlock,
  formatTransaction,
  formatTransactionReceipt,
  type Hash,
  type Hex,
  hexToBigInt,
  type Log,
  type Transaction,
} from 'viem'
import type { AnyClient } from './call.ts'

type PendingLog = Omit<Log<bigint, number, false>, 'blockHash'> & { readonly blockHash: null }

/**
 * The receipt of a transaction in a block that is not sealed yet: as `getTransactionReceipt` of the same client gives it,
 * without the block's hash.
 */
export type Inclusion<chain extends Chain | undefined = Chain | undefined> = Omit<
  FormattedTransactionReceipt<chain>,
  'blockHash' | 'logs'
> & {
  readonly logs: readonly PendingLog[]
  /** What a reverted call returned. */
  readonly revertData?: Hex
}

/** A job as it stands. */
export interface JobView<chain extends Chain | undefined = Chain | undefined> {
  readonly jobId: string
  readonly state: JobState
  /** What is known of it so far. */
  readonly header: JobHeader
  readonly transactions: readonly Transaction<bigint, number, boolean>[]
  readonly receipts: readonly Inclusion<chain>[]
  readonly gasLeft: bigint
  /** After the transactions so far. */
  readonly stateRoot: Hash
}

/** Where a job stands. */
export type JobState = 'open' | 'sealed' | 'cancelled'

/** The header of a block in the making. */
export type JobHeader = Pick<
  Block<bigint, true, 'latest'>,
  'number' | 'parentHash' | 'timestamp' | 'gasLimit' | 'gasUsed'
> & {
  readonly baseFeePerGas: bigint
} & Partial<Omit<Block<bigint, true, 'latest'>, 'hash' | 'transactions' | 'uncles' | 'size' | 'sealFields'>>

/** A job in a list. */
export interface JobSummary {
  readonly jobId: string
  readonly state: JobState
  readonly number: bigint
  readonly parentHash: Hash
  /** How many it holds, deposits included. */
  readonly transactions: number
}

/** A sealed block, and what became of it. */
export interface SealedJob<chain extends Chain | undefined = Chain | undefined> {
  readonly hash: Hash
  readonly number: bigint
  /** As `getBlock` with transactions gives it. */
  readonly block: Block<bigint, true, 'latest'>
  readonly receipts: readonly SealedReceipt<chain>[]
  /** As the Engine API takes it. */
  readonly payload: {
    readonly executionPayload: Readonly<Record<string, unknown>>
    readonly parentBeaconBlockRoot?: Hash
    readonly executionRequests?: readonly Hex[]
  }
  /** Whether it is the head. */
  readonly committed: boolean
  readonly published: boolean
}

/** A receipt of a sealed block. */
export type SealedReceipt<chain extends Chain | undefined = Chain | undefined> = FormattedTransactionReceipt<chain> & {
  /** What a reverted call returned. */
  readonly revertData?: Hex
}

type Json = Readonly<Record<string, unknown>>

/** Formats as the client's chain says, which may know more fields than viem itself. */
function format<T>(client: AnyClient, kind: 'block' | 'transaction' | 'transactionReceipt', json: Json): T {
  const formatters = client.chain?.formatters as Record<string, { format(json: unknown): unknown }> | undefined
  const own = { block: formatBlock, transaction: formatTransaction, transactionReceipt: formatTransactionReceipt }
  const of = formatters?.[kind]?.format ?? (own[kind] as (json: unknown) => unknown)
  return of(json) as T
}

/** A `TxResult`. */
export function formatInclusion<chain extends Chain | undefined>(
  client: AnyClient<chain>,
  json: Json,
): Inclusion<chain> {
  return format(client, 'transactionReceipt', json)
}

/** A `Partial`. */
export function formatJobView<chain extends Chain | undefined>(client: AnyClient<chain>, json: Json): JobView<chain> {
  const { header, transactions, receipts, gasLeft, ...rest } = json as {
    readonly header: Json
    readonly transactions: readonly Json[]
    readonly receipts: readonly Json[]
    readonly gasLeft: Hex
  }
  const known = format<Json>(client, 'block', header)
  return {
    ...(rest as Pick<JobView, 'jobId' | 'state' | 'stateRoot'>),
    // The formatter makes something of every field that a block has.
    header: Object.fromEntries(Object.keys(header).map((key) => [key, known[key]])) as unknown as JobHeader,
    transactions: transactions.map((tx) => format(client, 'transaction', tx)),
    receipts: receipts.map((receipt) => formatInclusion(client, receipt)),
    gasLeft: hexToBigInt(gasLeft),
  }
}

/** A `Sealed`. */
export function formatSealed<chain extends Chain | undefined>(client: AnyClient<chain>, json: Json): SealedJob<chain> {
  const { number, block, receipts, ...rest } = json as {
    readonly number: Hex
    readonly block: Json
    readonly receipts: readonly Json[]
  }
  return {
    ...(rest as Pick<SealedJob, 'hash' | 'payload' | 'committed' | 'published'>),
    number: hexToBigInt(number),
    block: format(client, 'block', block),
    receipts: receipts.map((receipt) => format(client, 'transactionReceipt', receipt)),
  }
}

/** An entry of `test_jobs`. */
export function formatJobSummary(json: Json): JobSummary {
  return { ...(json as unknown as JobSummary), number: hexToBigInt(json.number as Hex) }
}
