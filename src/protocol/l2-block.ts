import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import { decodeExtraData, encodeEip1559Params } from './extra-data.ts'
import type { Header } from './header.ts'
import { decodeL1Info, type L1Info, l1InfoFormat } from './l1-info.ts'
import type { Payload } from './payload.ts'
import { blockRef, type L2BlockRef } from './refs.ts'
import type { RollupConfig } from './rollup-config.ts'
import { encodeEcotoneScalar, encodeOperatorFeeParams, type SystemConfig } from './system-config.ts'
import { decodeTransaction, type Transaction } from './transaction.ts'
import { karstUpgradeGas } from './upgrade-txs.ts'

/** Codes of reading L2 blocks. */
export type L2BlockErrorCode = 'L2_BLOCK_INVALID'

/** What of an L2 block tells its place in the rollup. */
export interface L2BlockFacts {
  readonly hash: Hash
  readonly header: Pick<Header, 'number' | 'parentHash' | 'timestamp' | 'gasLimit' | 'extraData'>
  /** The first transaction is enough; a genesis block has none. */
  readonly transactions: readonly Pick<Transaction, 'type' | 'data'>[]
}

/** What reading an L2 block needs of the rollup's configuration. */
export type L2BlockConfig = Pick<RollupConfig, 'genesis' | 'forks' | 'blockTime' | 'keepKarstUpgradeGas'>

/** What of a payload tells its place: no more of it is decoded. @throws AppError TX_INVALID, TX_TYPE_UNSUPPORTED or RLP_INVALID */
export function payloadFacts({ hash, header, transactions }: Payload): L2BlockFacts {
  return { hash, header, transactions: transactions.slice(0, 1).map((raw) => decodeTransaction(raw)) }
}

function invalid(message: string): never {
  throw new AppError<L2BlockErrorCode>('L2_BLOCK_INVALID', { message })
}

/** Whether it is the rollup's genesis block. @throws AppError L2_BLOCK_INVALID when only its number is */
function isGenesis(config: L2BlockConfig, block: L2BlockFacts): boolean {
  const { l2 } = config.genesis
  if (block.header.number !== l2.number) return false
  if (block.hash !== l2.hash) invalid(`expected L2 genesis hash ${l2.hash} at block ${l2.number}, got ${block.hash}`)
  return true
}

/**
 * What the L1-attributes transaction of an L2 block says.
 * @throws AppError L2_BLOCK_INVALID, L1_INFO_INVALID
 */
function l1InfoOfBlock(config: Pick<L2BlockConfig, 'forks' | 'blockTime'>, block: L2BlockFacts): L1Info {
  const first = block.transactions[0]
  if (first === undefined) invalid(`l2 block is missing L1 info deposit tx, block hash: ${block.hash}`)
  if (first.type !== 0x7e) invalid(`first payload tx has unexpected tx type: ${first.type}`)
  return decodeL1Info(first.data, l1InfoFormat(config.forks, block.header.timestamp, config.blockTime))
}

/**
 * The reference of an L2 block: its L1 origin stands in its first transaction.
 * @throws AppError L2_BLOCK_INVALID, L1_INFO_INVALID
 */
export function l2BlockRef(config: L2BlockConfig, block: L2BlockFacts): L2BlockRef {
  const base = blockRef(block)
  if (isGenesis(config, block)) return { ...base, l1Origin: config.genesis.l1, sequenceNumber: 0n }
  const info = l1InfoOfBlock(config, block)
  return { ...base, l1Origin: { hash: info.hash, number: info.number }, sequenceNumber: info.sequenceNumber }
}

/**
 * The system configuration as it stands after an L2 block, read back from that block: what its child starts from.
 * @throws AppError L2_BLOCK_INVALID, L1_INFO_INVALID, EXTRA_DATA_INVALID
 * @see OP specs: derivation, "System Config" of the L2 parent
 */
export function systemConfigOfBlock(config: L2BlockConfig, block: L2BlockFacts): SystemConfig {
  if (isGenesis(config, block)) return config.genesis.systemConfig
  const info = l1InfoOfBlock(config, block)
  const { forks, blockTime } = config
  const { timestamp, gasLimit, extraData } = block.header
  const extra = decodeExtraData(forks, timestamp, extraData)
  // The activation block's limit holds the gas of its upgrade transactions, which is not part of the configuration.
  const raised = forks.isActivationBlock('karst', timestamp, blockTime) && !config.keepKarstUpgradeGas
  return {
    batcherAddress: info.batcherAddress,
    // The versioned scalar of two halves is as good as whichever encoding L1 sent: both have the same effect.
    overhead: info.format === 'bedrock' ? info.overhead : ZERO_HASH,
    scalar: info.format === 'bedrock' ? info.scalar : encodeEcotoneScalar(info),
    gasLimit: raised ? gasLimit - karstUpgradeGas() : gasLimit,
    eip1559Params: extra === undefined ? new Uint8Array(8) : encodeEip1559Params(extra),
    operatorFeeParams:
      info.format === 'bedrock'
        ? ZERO_HASH
        : encodeOperatorFeeParams({ scalar: info.operatorFeeScalar, constant: info.operatorFeeConstant }),
    minBaseFee: extra?.minBaseFee ?? 0n,
    daFootprintGasScalar: info.format === 'bedrock' ? 0 : Number(info.daFootprintGasScalar),
  }
}
