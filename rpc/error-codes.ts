import type { BatcherErrorCode } from '../src/batcher/ports.ts'
import type { BuilderErrorCode } from '../src/builder/service.ts'
import type { TransportErrorCode } from '../src/clients/transport.ts'
import type { DeliveryErrorCode } from '../src/delivery/delivery.ts'
import type { DeriveErrorCode } from '../src/derive/ports.ts'
import type { DriverErrorCode } from '../src/driver/ports.ts'
import type { RollupNodeErrorCode } from '../src/driver/rollup-node.ts'
import type { SafeHeadsErrorCode } from '../src/driver/safe-head-db.ts'
import type { LookupErrorCode } from '../src/embedded/block-lookup.ts'
import type { EmbeddedErrorCode } from '../src/embedded/chain-store.ts'
import type { EngineErrorCode } from '../src/embedded/engine-errors.ts'
import type { ReadErrorCode } from '../src/embedded/read-errors.ts'
import type { SimulationErrorCode } from '../src/embedded/simulated-chain.ts'
import type { EngineErrorCode as DrivenEngineErrorCode } from '../src/engine/engine-api.ts'
import type { EnsembleErrorCode } from '../src/ensemble/errors.ts'
import type { ExecutionErrorCode } from '../src/evm/executor.ts'
import type { PeerControlErrorCode } from '../src/p2p/peer-service.ts'
import type { RlpErrorCode } from '../src/primitives/rlp.ts'
import type { SignatureErrorCode } from '../src/primitives/secp256k1.ts'
import type { AttributesErrorCode } from '../src/protocol/attributes.ts'
import type { BaseFeeErrorCode } from '../src/protocol/base-fee.ts'
import type { BatchErrorCode } from '../src/protocol/batch-error.ts'
import type { BlobDataErrorCode } from '../src/protocol/blob-data.ts'
import type { BlobFeeErrorCode } from '../src/protocol/blob-fee.ts'
import type { DaFootprintErrorCode } from '../src/protocol/da-footprint.ts'
import type { EnodeErrorCode } from '../src/protocol/enode.ts'
import type { ExecutingMessageErrorCode } from '../src/protocol/executing-message.ts'
import type { ExtraDataErrorCode } from '../src/protocol/extra-data.ts'
import type { HeaderErrorCode } from '../src/protocol/header.ts'
import type { JsonValueErrorCode } from '../src/protocol/json-value.ts'
import type { L1InfoErrorCode } from '../src/protocol/l1-info.ts'
import type { L2BlockErrorCode } from '../src/protocol/l2-block.ts'
import type { OriginErrorCode } from '../src/protocol/origin-selection.ts'
import type { PayloadErrorCode } from '../src/protocol/payload.ts'
import type { SystemConfigErrorCode } from '../src/protocol/system-config.ts'
import type { TransactionErrorCode } from '../src/protocol/transaction.ts'
import type { UpgradeErrorCode } from '../src/protocol/upgrade-txs.ts'
import type { DepositErrorCode } from '../src/protocol/user-deposits.ts'
import type { BlockTimesErrorCode } from '../src/sequencer/block-times.ts'
import type { SequencerErrorCode } from '../src/sequencer/errors.ts'
import type { PayloadEngineErrorCode } from '../src/sequencer/payload-engine.ts'
import type { StateErrorCode } from '../src/state/source.ts'
import type { TrieNodeErrorCode } from '../src/state/trie-node.ts'
import type { SupervisorDbErrorCode } from '../src/supervisor/db/errors.ts'
import type { SupervisorErrorCode } from '../src/supervisor/errors.ts'
import type { ManagedNodeErrorCode } from '../src/supervisor/ports.ts'
import type { SupervisorQueryErrorCode } from '../src/supervisor/query-errors.ts'
import type { WalletErrorCode } from '../src/wallet/wallet-errors.ts'
import type { ConditionalErrorCode } from '../txpool/conditional-pool.ts'
import type { PoolErrorCode } from '../txpool/validate.ts'

/**
 * Codes of the JSON-RPC layer itself. `UPSTREAM_ERROR` carries a node's own `{code, message, data}` unchanged,
 * `EXECUTION_REVERTED` what a call reverted with. `TX_NOT_INCLUDED`: a transaction was sent, and the caller's patience ended
 * before it was in a block; `data.hash` is its.
 */
export type RpcErrorCode =
  | 'PARSE_ERROR'
  | 'INVALID_REQUEST'
  | 'METHOD_NOT_FOUND'
  | 'INVALID_PARAMS'
  | 'INTERNAL_ERROR'
  | 'RESPONSE_TOO_LARGE'
  | 'UPSTREAM_ERROR'
  | 'NOTIFICATIONS_UNSUPPORTED'
  | 'SUBSCRIPTION_UNKNOWN'
  | 'SUBSCRIPTION_NOT_FOUND'
  | 'TOO_MANY_SUBSCRIPTIONS'
  | 'TX_NOT_INCLUDED'
  | 'DEPENDENCY_SET_UNKNOWN'
  | 'SUPERVISOR_QUERY_FAILED'
  | 'EXECUTION_REVERTED'

/** What derivation of a block's frame from its parent and L1 origin throws. */
type FrameErrorCode =
  | AttributesErrorCode
  | BaseFeeErrorCode
  | BlobFeeErrorCode
  | DaFootprintErrorCode
  | DepositErrorCode
  | ExtraDataErrorCode
  | L1InfoErrorCode
  | L2BlockErrorCode
  | OriginErrorCode
  | SystemConfigErrorCode
  | UpgradeErrorCode

/** What stands in the way of a rollup node. */
type DerivationErrorCode =
  | DeriveErrorCode
  | DrivenEngineErrorCode
  | DriverErrorCode
  | RollupNodeErrorCode
  | SafeHeadsErrorCode

/** What a node's answer can be refused for. */
type NodeErrorCode = TransportErrorCode | JsonValueErrorCode | StateErrorCode | TrieNodeErrorCode

/** What encoded data can be refused for. */
type DecodingErrorCode = HeaderErrorCode | PayloadErrorCode | RlpErrorCode | SignatureErrorCode | TransactionErrorCode

/**
 * Every code that may reach a caller. A folder that owns codes is joined here, or its errors are «internal». Those of
 * configuration and command line never get that far.
 */
export type Code =
  | RpcErrorCode
  | BuilderErrorCode
  | DeliveryErrorCode
  | ExecutionErrorCode
  | PoolErrorCode
  | ConditionalErrorCode
  | FrameErrorCode
  | DerivationErrorCode
  | NodeErrorCode
  | DecodingErrorCode
  | BatcherErrorCode
  | BatchErrorCode
  | BlobDataErrorCode
  | BlockTimesErrorCode
  | PayloadEngineErrorCode
  | SequencerErrorCode
  | WalletErrorCode
  | EmbeddedErrorCode
  | EnodeErrorCode
  | PeerControlErrorCode
  | EngineErrorCode
  | EnsembleErrorCode
  | LookupErrorCode
  | ReadErrorCode
  | SimulationErrorCode
  | SupervisorDbErrorCode
  | SupervisorErrorCode
  | SupervisorQueryErrorCode
  | ManagedNodeErrorCode
  | ExecutingMessageErrorCode

/** The JSON-RPC number of every code. Total: a new code without a number does not compile. */
export const ERROR_NUMBERS: Readonly<Record<Code, number>> = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  NOTIFICATIONS_UNSUPPORTED: -32601,
  SUBSCRIPTION_UNKNOWN: -32601,
  INVALID_PARAMS: -32602,
  TIME_INVALID: -32602,
  LOG_QUERY_INVALID: -32602,
  INTERNAL_ERROR: -32603,
  DERIVATION_FAILED: -32603,
  DEPOSITS_REFUSED: -32603,
  RESPONSE_TOO_LARGE: -32003,
  // op-geth's, for transactions with conditions.
  CONDITIONAL_REJECTED: -32003,
  CONDITIONAL_COST: -32005,
  // EIP-7966
  TX_NOT_INCLUDED: 4,
  // EIP-1474, "limit exceeded".
  TOO_MANY_JOBS: -32005,
  TOO_MANY_FILTERS: -32005,
  TOO_MANY_SUBSCRIPTIONS: -32005,

  // What geth answers for any refused or undecodable transaction.
  TX_REJECTED: -32000,
  TX_INVALID: -32000,
  TX_TYPE_UNSUPPORTED: -32000,
  RLP_INVALID: -32000,
  HEADER_INVALID: -32000,
  SIGNATURE_INVALID: -32000,
  PAYLOAD_HASH_MISMATCH: -32000,
  ACCOUNT_UNKNOWN: -32000,
  ENODE_INVALID: -32000,
  PEER_ADDRESS_INVALID: -32000,
  PEER_UNREACHABLE: -32000,
  TRANSACTION_ARGUMENTS: -32000,
  TYPED_DATA_INVALID: -32602,
  BLOCK_NOT_FOUND: -32000,
  CALL_INVALID: -32000,
  CALL_ABORTED: -32000,
  BLOCK_UNKNOWN: -32000,
  CHAIN_MISMATCH: -32000,
  FORK_UNUSABLE: -32000,
  DB_KEY_NOT_FOUND: -32000,
  FILTER_NOT_FOUND: -32000,
  SUBSCRIPTION_NOT_FOUND: -32000,
  REWIND_REFUSED: -32000,
  // As op-node answers them.
  SEQUENCER_DISABLED: -32000,
  SEQUENCER_NOT_LEADER: -32000,
  SEQUENCER_HEAD_MISMATCH: -32000,
  SAFE_HEADS_DISABLED: -32000,
  SAFE_HEAD_UNKNOWN: -32000,
  OUTPUT_UNKNOWN: -32000,
  DEPENDENCY_SET_UNKNOWN: -32000,
  LOG_QUERY_TOO_LARGE: -32000,
  FEE_HISTORY_INVALID: -32000,
  // geth's, for calls.
  EXECUTION_REVERTED: 3,
  // geth's, for simulated blocks.
  SIMULATION_EMPTY: -32602,
  SIMULATION_FEES: -32602,
  SIMULATION_REFUSED: -32603,
  SIMULATION_NONCE_TOO_LOW: -38010,
  SIMULATION_NONCE_TOO_HIGH: -38011,
  SIMULATION_INTRINSIC_GAS: -38013,
  SIMULATION_FUNDS: -38014,
  SIMULATION_GAS_LIMIT: -38015,
  SIMULATION_NUMBER: -38020,
  SIMULATION_TIME: -38021,
  SIMULATION_INIT_CODE: -38025,
  SIMULATION_TOO_LARGE: -38026,
  // The Engine API's own.
  ENGINE_PARAMS_INVALID: -32602,
  PAYLOAD_UNKNOWN: -38001,
  FORKCHOICE_INVALID: -38002,
  ATTRIBUTES_INVALID: -38003,
  REQUEST_TOO_LARGE: -38004,
  FORK_UNSUPPORTED: -38005,
  // Only for one whose data does not hold the node's own error.
  UPSTREAM_ERROR: -32000,

  JOB_UNKNOWN: -38510,
  JOB_STATE: -38511,
  TX_REFUSED: -38512,
  BLOCK_INVALID: -38513,
  BUILD_REFUSED: -38513,
  PARENT_UNUSABLE: -38513,
  ATTRIBUTES_INPUT_INVALID: -38513,
  ATTRIBUTES_ORIGIN_INVALID: -38513,
  BASE_FEE_UNKNOWN: -38513,
  BLOB_SCHEDULE_UNKNOWN: -38513,
  DA_FOOTPRINT_UNKNOWN: -38513,
  DEPOSIT_INVALID: -38513,
  EIP1559_PARAMS_INVALID: -38513,
  EXTRA_DATA_INVALID: -38513,
  L1_INFO_INVALID: -38513,
  L2_BLOCK_INVALID: -38513,
  ORIGIN_MISMATCH: -38513,
  ORIGIN_ORPHANED: -38513,
  SYSTEM_CONFIG_INVALID: -38513,
  UPGRADE_UNKNOWN: -38513,
  // op-test-sequencer's, and those of op-node that it hands on.
  NEW_FAILED: -32000,
  STEP_FAILED: -38501,
  BUILDER_UNKNOWN: -38502,
  JOB_CONFLICT: -38511,
  NOT_SEALED: -38520,
  ALREADY_SEALED: -38521,
  UNSIGNED: -38530,
  ALREADY_SIGNED: -38531,
  UNCOMMITTED: -38540,
  ALREADY_COMMITTED: -38541,
  INCLUSION_REFUSED: -40101,
  BLOCK_REFUSED: -40110,
  BUILD_NOT_OPEN: -40199,
  COMMIT_REFUSED: -38530,
  CONDUCTOR_REFUSED: -38530,
  DELIVERY_CONFLICT: -38530,
  PUBLISH_REFUSED: -38540,
  UNSAFE_REFUSED: -38530,
  SEQUENCER_INACTIVE: -38550,
  SEQUENCER_ACTIVE: -38551,
  BATCH_INPUT_INVALID: -38560,
  BATCH_BLOCK_UNKNOWN: -38560,
  BATCH_INVALID: -38560,
  BLOB_DATA_INVALID: -38560,
  BATCH_REFUSED: -38561,
  BATCH_NOT_INCLUDED: -38562,
  // op-node's, of managed mode.
  MANAGED_TARGET_UNKNOWN: -39001,
  MANAGED_NO_EVENT: -39001,
  MANAGED_TARGET_CONFLICTS: -39002,
  MANAGED_NO_ANCHOR: -39003,
  MANAGED_RESET_REFUSED: -32000,
  MANAGED_BLOCK_UNKNOWN: -32000,
  MANAGED_NODE_GONE: -38590,
  // op-supervisor's.
  SUPERVISOR_SKIPPED: -320500,
  SUPERVISOR_UNKNOWN_CHAIN: -320501,
  SUPERVISOR_CONFLICT: -320600,
  SUPERVISOR_DB_CONFLICT: -320600,
  EXECUTING_MESSAGE_MALFORMED: -320600,
  SUPERVISOR_OUT_OF_ORDER: -320900,
  SUPERVISOR_DB_OUT_OF_ORDER: -320900,
  SUPERVISOR_FUTURE: -321401,
  SUPERVISOR_DB_CORRUPT: -321501,
  SUPERVISOR_DB_BROKEN: -321501,
  SUPERVISOR_FAILSAFE: -32602,
  SUPERVISOR_ACCESS_LIST_INVALID: -32602,
  SUPERVISOR_READ_INVALIDATED: -32602,
  SUPERVISOR_NO_NODE: -32602,
  SUPERVISOR_NOT_FOUND: -32000,
  SUPERVISOR_NOT_READY: -32000,
  SUPERVISOR_RUNNING: -32000,
  SUPERVISOR_STOPPED: -32000,
  SUPERVISOR_QUERY_FAILED: -32000,
  // Of whoever derives the chain: passes by itself, or with a reset.
  DRIVER_NOT_READY: -38590,
  FINALIZED_L1_REORGED: -38590,
  EFFECT_TIMEOUT: -38590,
  L1_BEHIND: -38590,
  PAYLOAD_NOT_FOUND: -38590,
  HEADS_NOT_FOUND: -38590,
  L1_REORGED: -38590,
  L1_DATA_MISSING: -38590,
  L2_DATA_MISSING: -38590,
  SAFE_HEAD_MISMATCH: -38590,
  PIPELINE_NOT_READY: -38590,
  SAFE_HEADS_UNWRITTEN: -38590,
  FORKCHOICE_REFUSED: -38590,
  ENGINE_SYNCING: -38590,
  NODE_UNAVAILABLE: -38590,
  ENGINE_REFUSED: -38590,
  ENGINE_NOT_READY: -38590,
  PAYLOAD_LOST: -38590,
  PAYLOAD_UNFIT: -38590,
  RPC_UNAVAILABLE: -38590,
  RPC_ERROR: -38590,
  JSON_VALUE_INVALID: -38590,
  STATE_UNAVAILABLE: -38590,
  STATE_MISMATCH: -38590,
  ROOT_UNAVAILABLE: -38590,
  TRIE_NODE_INVALID: -38590,
}

/** The number of a code; undefined for one that no folder has joined here. */
export function errorNumber(code: string): number | undefined {
  return Object.hasOwn(ERROR_NUMBERS, code) ? ERROR_NUMBERS[code as Code] : undefined
}
