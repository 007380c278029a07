/**
 * geth's methods that read and nothing else: what is passed on to the execution layer, whatever waits in the pool here. Everything that a namespace may
 * grow later, and all of `engine_*`, `admin_*`, `personal_*` and `miner_*`, stays out because it is not named here.
 */
export const PASSED_ON_METHODS: readonly string[] = [
  'eth_accounts',
  'eth_blobBaseFee',
  'eth_blockNumber',
  'eth_call',
  'eth_config',
  'eth_createAccessList',
  'eth_estimateGas',
  'eth_feeHistory',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getBlockReceipts',
  'eth_getBlockTransactionCountByHash',
  'eth_getBlockTransactionCountByNumber',
  'eth_getCode',
  'eth_getHeaderByHash',
  'eth_getHeaderByNumber',
  'eth_getLogs',
  'eth_getProof',
  'eth_getRawTransactionByBlockHashAndIndex',
  'eth_getRawTransactionByBlockNumberAndIndex',
  'eth_getStorageAt',
  'eth_getTransactionByBlockHashAndIndex',
  'eth_getTransactionByBlockNumberAndIndex',
  'eth_getTransactionReceipt',
  'eth_getUncleByBlockHashAndIndex',
  'eth_getUncleByBlockNumberAndIndex',
  'eth_getUncleCountByBlockHash',
  'eth_getUncleCountByBlockNumber',
  'eth_maxPriorityFeePerGas',
  'eth_protocolVersion',
  'eth_simulateV1',
  'eth_syncing',
  'net_listening',
  'net_peerCount',
  'net_version',
  'web3_clientVersion',
  'web3_sha3',
]

/** geth's methods that read and nothing else, those that also look into the pool among them. */
export const READ_METHODS: readonly string[] = [
  ...PASSED_ON_METHODS,
  'eth_getRawTransactionByHash',
  'eth_getTransactionByHash',
  'eth_getTransactionCount',
]

/** Reading methods of `debug_*`. They can cost a node much, so they are passed on only where the configuration allows. */
export const DEBUG_READ_METHODS: readonly string[] = [
  'debug_accountRange',
  'debug_dbGet',
  'debug_executionWitness',
  'debug_executionWitnessByHash',
  'debug_getBadBlocks',
  'debug_getModifiedAccountsByHash',
  'debug_getModifiedAccountsByNumber',
  'debug_getRawBlock',
  'debug_getRawHeader',
  'debug_getRawReceipts',
  'debug_getRawTransaction',
  'debug_preimage',
  'debug_storageRangeAt',
  'debug_traceBlockByHash',
  'debug_traceBlockByNumber',
  'debug_traceCall',
  'debug_traceTransaction',
]
