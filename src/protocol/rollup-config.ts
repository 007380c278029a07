import { z } from 'zod'
import { AppError } from '../primitives/errors.ts'
import { type Address, bytesToHex, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import { addressText, bytes8Text, hashText, schemaErrors, uintNumber } from './config-schema.ts'
import type { Eip1559Constants } from './extra-data.ts'
import { OP_FORKS, type OpFork, OpForks } from './forks.ts'
import type { BlockId } from './refs.ts'
import type { SystemConfig } from './system-config.ts'

/** Codes of the rollup configuration. `data.errors` holds one line for each problem. */
export type RollupConfigErrorCode = 'ROLLUP_CONFIG_INVALID'

/** Alternative data availability, as the file states it. Nothing here acts on it. */
export interface AltDaConfig {
  readonly challengeContractAddress: Address
  readonly commitmentType: string
  readonly challengeWindow: bigint
  readonly resolveWindow: bigint
}

/** op-node's rollup.json. */
export interface RollupConfig {
  readonly genesis: {
    readonly l1: BlockId
    readonly l2: BlockId
    /** Unix seconds. */
    readonly l2Time: bigint
    readonly systemConfig: SystemConfig
  }
  /** Seconds between L2 blocks. */
  readonly blockTime: bigint
  /** Seconds; before Fjord. */
  readonly maxSequencerDrift: bigint
  /** L1 blocks. */
  readonly seqWindowSize: bigint
  /** L1 blocks; before Granite. */
  readonly channelTimeout: bigint
  readonly l1ChainId: bigint
  readonly l2ChainId: bigint
  readonly forks: OpForks
  readonly batchInboxAddress: Address
  readonly depositContractAddress: Address
  readonly l1SystemConfigAddress: Address
  /** op-node knows it by itself for chains of the registry, so the file may leave it out. */
  readonly chainOpConfig?: Eip1559Constants
  /** Until this L1 time the L1-attributes transaction prices blobs by Cancun's parameters. Unix seconds. */
  readonly pectraBlobScheduleTime?: bigint
  /** Blocks after the Karst activation block keep its raised gas limit: chains that did so before the rule was mended. */
  readonly keepKarstUpgradeGas: boolean
  readonly altDa?: AltDaConfig
}

const blockIdSchema = z.object({ hash: hashText, number: uintNumber })

const systemConfigSchema = z
  .object({
    batcherAddr: addressText,
    overhead: hashText,
    scalar: hashText,
    gasLimit: uintNumber,
    eip1559Params: bytes8Text.nullish(),
    operatorFeeParams: hashText.nullish(),
    minBaseFee: uintNumber.nullish(),
    daFootprintGasScalar: z.int().min(0).max(0xffff).nullish(),
  })
  .transform(
    (raw): SystemConfig => ({
      batcherAddress: raw.batcherAddr,
      overhead: raw.overhead,
      scalar: raw.scalar,
      gasLimit: raw.gasLimit,
      eip1559Params: raw.eip1559Params ?? new Uint8Array(8),
      operatorFeeParams: raw.operatorFeeParams ?? ZERO_HASH,
      minBaseFee: raw.minBaseFee ?? 0n,
      daFootprintGasScalar: raw.daFootprintGasScalar ?? 0,
    }),
  )

const time = uintNumber.nullish()

const schema = z.object({
  genesis: z.object({
    l1: blockIdSchema,
    l2: blockIdSchema,
    l2_time: uintNumber,
    system_config: systemConfigSchema,
  }),
  block_time: uintNumber,
  max_sequencer_drift: uintNumber.nullish(),
  seq_window_size: uintNumber,
  channel_timeout: uintNumber,
  l1_chain_id: uintNumber,
  l2_chain_id: uintNumber,
  regolith_time: time,
  canyon_time: time,
  delta_time: time,
  ecotone_time: time,
  fjord_time: time,
  granite_time: time,
  holocene_time: time,
  isthmus_time: time,
  jovian_time: time,
  karst_time: time,
  interop_time: time,
  lagoon_time: time,
  batch_inbox_address: addressText,
  deposit_contract_address: addressText,
  l1_system_config_address: addressText,
  chain_op_config: z
    .object({
      eip1559Elasticity: uintNumber,
      eip1559Denominator: uintNumber,
      eip1559DenominatorCanyon: uintNumber.nullish(),
    })
    .nullish(),
  pectra_blob_schedule_time: time,
  keep_karst_upgrade_gas: z.boolean().nullish(),
  alt_da: z
    .object({
      da_challenge_contract_address: addressText.nullish(),
      da_commitment_type: z.string(),
      da_challenge_window: uintNumber,
      da_resolve_window: uintNumber,
    })
    .nullish(),
})

type Raw = z.infer<typeof schema>

/** Before Jovian every upgrade needs the one before it; op-node does not ask for more. */
const ORDERED_FORKS = OP_FORKS.slice(OP_FORKS.indexOf('regolith'), OP_FORKS.indexOf('isthmus') + 1)

function forkTimes(raw: Raw): Partial<Record<OpFork, bigint>> {
  const times: Partial<Record<OpFork, bigint>> = {}
  for (const fork of OP_FORKS) {
    if (fork === 'bedrock') continue
    const at = raw[`${fork}_time`] ?? (fork === 'interop' ? raw.lagoon_time : undefined)
    if (at !== undefined && at !== null) times[fork] = at
  }
  return times
}

/** The rules that hold between fields, as op-node checks them. */
function contradictions(config: RollupConfig): string[] {
  const errors: string[] = []
  const check = (ok: boolean, message: string): void => {
    if (!ok) errors.push(message)
  }
  const { genesis, forks } = config
  check(config.blockTime > 0n, 'block_time: must not be 0')
  check(config.channelTimeout > 0n, 'channel_timeout: must not be 0')
  check(config.seqWindowSize >= 2n, 'seq_window_size: must be at least 2')
  const fjordAtGenesis = forks.isActive('fjord', genesis.l2Time)
  check(config.maxSequencerDrift > 0n || fjordAtGenesis, 'max_sequencer_drift: must be set unless Fjord is at genesis')
  check(genesis.l1.hash !== ZERO_HASH, 'genesis.l1.hash: must not be zero')
  check(genesis.l2.hash !== ZERO_HASH, 'genesis.l2.hash: must not be zero')
  check(genesis.l1.hash !== genesis.l2.hash, 'genesis: L1 and L2 genesis must not be the same block')
  check(genesis.l2Time > 0n, 'genesis.l2_time: must not be 0')
  check(genesis.systemConfig.batcherAddress !== ZERO_ADDRESS, 'genesis.system_config.batcherAddr: must not be zero')
  check(genesis.systemConfig.scalar !== ZERO_HASH, 'genesis.system_config.scalar: must not be zero')
  check(genesis.systemConfig.gasLimit > 0n, 'genesis.system_config.gasLimit: must not be 0')
  check(config.batchInboxAddress !== ZERO_ADDRESS, 'batch_inbox_address: must not be zero')
  check(config.depositContractAddress !== ZERO_ADDRESS, 'deposit_contract_address: must not be zero')
  check(config.l1ChainId > 0n, 'l1_chain_id: must be positive')
  check(config.l2ChainId > 0n, 'l2_chain_id: must be positive')
  check(config.l1ChainId !== config.l2ChainId, 'l2_chain_id: must differ from l1_chain_id')
  ORDERED_FORKS.forEach((fork, index) => {
    const prior = ORDERED_FORKS[index - 1]
    const at = forks.times[fork]
    if (prior === undefined || at === undefined) return
    const before = forks.times[prior]
    if (before === undefined) errors.push(`${fork}_time: set to ${at}, but ${prior}_time is missing`)
    else if (before > at) errors.push(`${fork}_time: set to ${at}, but ${prior}_time is later (${before})`)
  })
  const constants = config.chainOpConfig
  if (constants !== undefined) {
    check(constants.elasticity > 0n, 'chain_op_config.eip1559Elasticity: must not be 0')
    check(constants.denominator > 0n, 'chain_op_config.eip1559Denominator: must not be 0')
    const canyon = forks.times.canyon !== undefined
    check(constants.denominatorCanyon > 0n || !canyon, 'chain_op_config.eip1559DenominatorCanyon: must not be 0')
  }
  return errors
}

function fromRaw(raw: Raw): RollupConfig {
  const altDa = raw.alt_da
  const constants = raw.chain_op_config
  const pectra = raw.pectra_blob_schedule_time
  return {
    genesis: {
      l1: raw.genesis.l1,
      l2: raw.genesis.l2,
      l2Time: raw.genesis.l2_time,
      systemConfig: raw.genesis.system_config,
    },
    blockTime: raw.block_time,
    maxSequencerDrift: raw.max_sequencer_drift ?? 0n,
    seqWindowSize: raw.seq_window_size,
    channelTimeout: raw.channel_timeout,
    l1ChainId: raw.l1_chain_id,
    l2ChainId: raw.l2_chain_id,
    forks: new OpForks(forkTimes(raw)),
    batchInboxAddress: raw.batch_inbox_address,
    depositContractAddress: raw.deposit_contract_address,
    l1SystemConfigAddress: raw.l1_system_config_address,
    keepKarstUpgradeGas: raw.keep_karst_upgrade_gas ?? false,
    ...(constants && {
      chainOpConfig: {
        elasticity: constants.eip1559Elasticity,
        denominator: constants.eip1559Denominator,
        denominatorCanyon: constants.eip1559DenominatorCanyon ?? 0n,
      },
    }),
    ...(pectra !== undefined && pectra !== null && { pectraBlobScheduleTime: pectra }),
    ...(altDa && {
      altDa: {
        challengeContractAddress: altDa.da_challenge_contract_address ?? ZERO_ADDRESS,
        commitmentType: altDa.da_commitment_type,
        challengeWindow: altDa.da_challenge_window,
        resolveWindow: altDa.da_resolve_window,
      },
    }),
  }
}

/**
 * Reads op-node's rollup.json. Keys that are not known are passed over: op-node's releases add some.
 * @param json the parsed file
 * @throws AppError ROLLUP_CONFIG_INVALID with every problem in `data.errors`
 */
export function parseRollupConfig(json: unknown): RollupConfig {
  const refuse = (errors: readonly string[]): never => {
    throw new AppError<RollupConfigErrorCode>('ROLLUP_CONFIG_INVALID', { message: errors.join('; '), data: { errors } })
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) return refuse(schemaErrors(parsed.error))
  const config = fromRaw(parsed.data)
  const errors = contradictions(config)
  return errors.length > 0 ? refuse(errors) : config
}

/** The JSON of a system configuration, as rollup.json and `optimism_rollupConfig` hold it. */
function systemConfigToJson(config: SystemConfig): Record<string, unknown> {
  return {
    batcherAddr: config.batcherAddress,
    overhead: config.overhead,
    scalar: config.scalar,
    gasLimit: Number(config.gasLimit),
    eip1559Params: bytesToHex(config.eip1559Params),
    operatorFeeParams: config.operatorFeeParams,
    minBaseFee: Number(config.minBaseFee),
    daFootprintGasScalar: config.daFootprintGasScalar,
  }
}

/** The JSON that `optimism_rollupConfig` answers with: rollup.json's shape. */
export function rollupConfigToJson(config: RollupConfig): Record<string, unknown> {
  const id = (block: BlockId): unknown => ({ hash: block.hash, number: Number(block.number) })
  const json: Record<string, unknown> = {
    genesis: {
      l1: id(config.genesis.l1),
      l2: id(config.genesis.l2),
      l2_time: Number(config.genesis.l2Time),
      system_config: systemConfigToJson(config.genesis.systemConfig),
    },
    block_time: Number(config.blockTime),
    seq_window_size: Number(config.seqWindowSize),
    channel_timeout: Number(config.channelTimeout),
    l1_chain_id: Number(config.l1ChainId),
    l2_chain_id: Number(config.l2ChainId),
    batch_inbox_address: config.batchInboxAddress,
    deposit_contract_address: config.depositContractAddress,
    l1_system_config_address: config.l1SystemConfigAddress,
  }
  if (config.maxSequencerDrift > 0n) json.max_sequencer_drift = Number(config.maxSequencerDrift)
  for (const fork of OP_FORKS) {
    const at = config.forks.times[fork]
    if (fork !== 'bedrock' && at !== undefined) json[`${fork}_time`] = Number(at)
  }
  if (config.chainOpConfig !== undefined) {
    const { elasticity, denominator, denominatorCanyon } = config.chainOpConfig
    json.chain_op_config = {
      eip1559Elasticity: Number(elasticity),
      eip1559Denominator: Number(denominator),
      ...(denominatorCanyon > 0n && { eip1559DenominatorCanyon: Number(denominatorCanyon) }),
    }
  }
  if (config.pectraBlobScheduleTime !== undefined) {
    json.pectra_blob_schedule_time = Number(config.pectraBlobScheduleTime)
  }
  if (config.keepKarstUpgradeGas) json.keep_karst_upgrade_gas = true
  if (config.altDa !== undefined) {
    json.alt_da = {
      da_challenge_contract_address: config.altDa.challengeContractAddress,
      da_commitment_type: config.altDa.commitmentType,
      da_challenge_window: Number(config.altDa.challengeWindow),
      da_resolve_window: Number(config.altDa.resolveWindow),
    }
  }
  return json
}
