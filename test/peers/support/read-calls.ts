import { type Address, type Hash, type Hex, toQuantity, toWord } from '../../../src/primitives/hex.ts'
import type { JsonRpcCall } from './json-rpc.ts'
import type { RpcBlock } from './rpc-types.ts'

/** What of a chain is asked for. */
export interface ReadSubjects {
  /** Canonical ones, genesis first. */
  readonly blocks: readonly RpcBlock[]
  /** Hashes of blocks of side branches. */
  readonly sides: readonly Hash[]
  readonly accounts: readonly Address[]
  /** Of the accounts with storage. */
  readonly slots: readonly string[]
}

const NOBODY = `0x${'ab'.repeat(32)}`
const LABELS = ['latest', 'earliest', 'safe', 'finalized']
const PERCENTILES = [0, 10.5, 50, 99, 100]

function call(method: string, ...params: readonly unknown[]): JsonRpcCall {
  return { method, params }
}

/** Methods that take a block by number or label. */
function byNumber(block: string): JsonRpcCall[] {
  return [
    call('eth_getBlockByNumber', block, false),
    call('eth_getBlockByNumber', block, true),
    call('eth_getHeaderByNumber', block),
    call('eth_getBlockReceipts', block),
    call('eth_getBlockTransactionCountByNumber', block),
    call('eth_getUncleCountByBlockNumber', block),
    call('eth_getUncleByBlockNumberAndIndex', block, '0x0'),
    call('eth_getTransactionByBlockNumberAndIndex', block, '0x0'),
    call('eth_getTransactionByBlockNumberAndIndex', block, '0x1000'),
    call('eth_getRawTransactionByBlockNumberAndIndex', block, '0x1'),
    call('debug_getRawBlock', block),
    call('debug_getRawHeader', block),
    call('debug_getRawReceipts', block),
  ]
}

/** Methods that take a block by hash. */
function byHash(hash: string): JsonRpcCall[] {
  return [
    call('eth_getBlockByHash', hash, false),
    call('eth_getBlockByHash', hash, true),
    call('eth_getHeaderByHash', hash),
    call('eth_getBlockReceipts', hash),
    call('eth_getBlockReceipts', { blockHash: hash }),
    call('eth_getBlockReceipts', { blockHash: hash, requireCanonical: true }),
    call('eth_getBlockTransactionCountByHash', hash),
    call('eth_getUncleCountByBlockHash', hash),
    call('eth_getUncleByBlockHashAndIndex', hash, '0x0'),
    call('eth_getTransactionByBlockHashAndIndex', hash, '0x0'),
    call('eth_getTransactionByBlockHashAndIndex', hash, '0x1000'),
    call('eth_getRawTransactionByBlockHashAndIndex', hash, '0x0'),
    call('debug_getRawBlock', hash),
    call('debug_getRawHeader', hash),
    call('debug_getRawReceipts', hash),
    call('eth_getLogs', { blockHash: hash }),
  ]
}

/** Methods that name a transaction by its hash. */
export function ofTransaction(hash: string): JsonRpcCall[] {
  return [
    call('eth_getTransactionByHash', hash),
    call('eth_getTransactionReceipt', hash),
    call('eth_getRawTransactionByHash', hash),
    call('debug_getRawTransaction', hash),
  ]
}

function ofAccount(account: Address, block: unknown, slots: readonly string[]): JsonRpcCall[] {
  return [
    call('eth_getBalance', account, block),
    call('eth_getTransactionCount', account, block),
    call('eth_getCode', account, block),
    call('eth_getProof', account, slots, block),
    ...slots.map((slot) => call('eth_getStorageAt', account, slot, block)),
  ]
}

/** What a log query may look for, over real addresses and topics of the chain. */
export function logFilters(logs: readonly { readonly address: Hex; readonly topics: readonly Hex[] }[]): object[] {
  const picked = logs.filter((_log, index) => index % Math.ceil(logs.length / 12) === 0)
  const of = ({ address, topics }: (typeof logs)[number]): object[] => [
    { address },
    { address: [address, `0x${'77'.repeat(20)}`] },
    { topics: topics.slice(0, 1) },
    { address, topics: topics.map((topic, index) => (index % 2 === 0 ? [topic, NOBODY] : null)) },
    { topics: [null, ...topics.slice(1)] },
    { topics: [[]] },
    { topics: [[null, NOBODY]] },
  ]
  return [{}, { topics: [null, null, null, null] }, { topics: [NOBODY] }, ...picked.flatMap(of)]
}

/** Log queries that no chain can serve, or that need labels. */
function oddLogQueries(head: number): object[] {
  return [
    { fromBlock: toQuantity(head), toBlock: toQuantity(1) },
    { fromBlock: 'latest', toBlock: toQuantity(head) },
    { fromBlock: '0x1', toBlock: toQuantity(head + 5) },
    { fromBlock: toQuantity(head + 1), toBlock: 'latest' },
    { fromBlock: 'pending' },
    { toBlock: 'pending' },
    { blockHash: NOBODY },
    { blockHash: NOBODY, fromBlock: '0x0' },
    { address: Array.from({ length: 1001 }, (_, index) => `0x${toWord(BigInt(index)).slice(26)}`) },
    { topics: [Array.from({ length: 1001 }, () => NOBODY)] },
    { topics: [null, null, null, null, null] },
    { fromBlock: 'safe' },
    { fromBlock: 'finalized', toBlock: 'safe' },
    { fromBlock: 'earliest', toBlock: 'earliest' },
    { fromBlock: 'earliest', toBlock: 'finalized' },
  ]
}

function feeCalls(blocks: readonly RpcBlock[]): JsonRpcCall[] {
  const head = blocks.length - 1
  return [
    ...blocks.map(({ number }) => call('eth_feeHistory', '0x1', number, PERCENTILES)),
    call('eth_feeHistory', toQuantity(head + 9), 'latest', []),
    call('eth_feeHistory', 2, 'latest', null),
    call('eth_feeHistory', '5', 'latest', []),
    call('eth_feeHistory', '0x400', toQuantity(head), PERCENTILES),
    call('eth_feeHistory', '0x0', 'latest', []),
    call('eth_feeHistory', '0x1', toQuantity(head + 1), []),
    call('eth_feeHistory', '0x1', 'latest', [101]),
    call('eth_feeHistory', '0x1', 'latest', [-1]),
    call('eth_feeHistory', '0x1', 'latest', [50, 50]),
    call('eth_feeHistory', '0x1', 'latest', [10, 5.25]),
    call(
      'eth_feeHistory',
      '0x1',
      'latest',
      Array.from({ length: 101 }, (_, index) => index / 2),
    ),
    call('eth_gasPrice'),
    call('eth_maxPriorityFeePerGas'),
    call('eth_blobBaseFee'),
  ]
}

/** What asks for blocks by labels. */
export function labelCalls(...labels: readonly string[]): JsonRpcCall[] {
  const account = `0x${'cc'.repeat(20)}` as const
  return labels.flatMap((label) => [
    ...byNumber(label),
    ...ofAccount(account, label, []),
    call('eth_feeHistory', '0x3', label, [20, 80]),
    call('eth_getLogs', { fromBlock: label }),
    call('eth_getLogs', { toBlock: label }),
  ])
}

/** What geth reads otherwise from 1.17 on: limits, and the order in which it looks at what is wrong. */
export function newerCalls(account: Address): JsonRpcCall[] {
  const keys = Array.from({ length: 1025 }, () => '0x1')
  return [
    call('eth_getProof', account, keys, 'latest'),
    call('eth_getProof', account, keys, NOBODY),
    call('eth_getProof', account, ['0xzz'], NOBODY),
    call('eth_getStorageAt', account, '0xzz', NOBODY),
  ]
}

/** Every read of every subject, and of what does not exist. */
export function readCalls(subjects: ReadSubjects, filters: readonly object[]): JsonRpcCall[] {
  const { blocks, sides, accounts, slots } = subjects
  const head = blocks.length - 1
  const every = (step: number): readonly RpcBlock[] =>
    blocks.filter((_block, index) => index % step === 0 || index === head)
  const ranges = [
    { fromBlock: 'earliest' },
    { fromBlock: '0x0', toBlock: toQuantity(head) },
    { fromBlock: toQuantity(Math.floor(head / 3)), toBlock: toQuantity(Math.floor(head / 2)) },
    {},
  ]
  return [
    call('eth_blockNumber'),
    call('eth_syncing'),
    call('eth_accounts'),
    call('eth_protocolVersion'),
    call('net_version'),
    call('net_listening'),
    call('net_peerCount'),
    call('web3_sha3', '0x68656c6c6f'),
    ...blocks.flatMap(({ number, hash }) => [...byNumber(number), ...byHash(hash)]),
    ...sides.flatMap(byHash),
    ...byHash(NOBODY),
    ...labelCalls(...LABELS),
    ...[toQuantity(head + 1), '0x7fffffffffffffff'].flatMap(byNumber),
    ...blocks.flatMap(({ transactions }) => transactions.flatMap((hash) => ofTransaction(hash))),
    ...ofTransaction(NOBODY),
    ...every(Math.ceil(head / 6)).flatMap(({ hash }) =>
      accounts.flatMap((account) => ofAccount(account, { blockHash: hash }, slots)),
    ),
    ...accounts.flatMap((account) => ofAccount(account, 'latest', [])),
    ...[...LABELS, toQuantity(head + 1), NOBODY, { blockHash: NOBODY }, { blockNumber: '0x1' }].flatMap((block) =>
      ofAccount(accounts[0] as Address, block, ['0x', '0x01', '1', toWord(7n)]),
    ),
    ...ofAccount(accounts[0] as Address, 'latest', ['0xzz']),
    ...ofAccount(accounts[0] as Address, 'latest', [`0x1${toWord(7n).slice(2)}`]),
    ...sides.flatMap((blockHash) => [
      ...ofAccount(accounts[0] as Address, { blockHash }, []),
      call('eth_getBalance', accounts[0], { blockHash, requireCanonical: true }),
    ]),
    ...ranges.flatMap((range) => filters.map((filter) => call('eth_getLogs', { ...filter, ...range }))),
    ...oddLogQueries(head).map((query) => call('eth_getLogs', query)),
    ...feeCalls(blocks),
  ]
}
