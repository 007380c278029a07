import { l1EvmRules } from '../evm/chain.ts'
import { bigIntToPadded, concatBytes, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { keccakHash } from '../primitives/keccak.ts'
import type { Header } from '../protocol/header.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { unusable } from './open.ts'
import { l1Env } from './opening.ts'
import type { ChainBlock, ChainReader } from './ports.ts'
import type { Draft } from './rules.ts'
import type { L1OpenOptions, OpenPreferences } from './service.ts'
import { l1StandingWants } from './standing-wants.ts'

/** What opening an L1 block needs of its surroundings. */
export interface L1OpenContext {
  readonly config: L1ChainConfig
  /** Seconds from a parent to its child. */
  readonly blockTime: bigint
  readonly chain: ChainReader
  readonly preferences?: OpenPreferences | undefined
}

const MAX_EXTRA_DATA = 32
const MIN_GAS_LIMIT = 5_000n
const GAS_LIMIT_BOUND_DIVISOR = 1_024n

/** An L1 draft; transactions that the caller forces are still bytes. */
export type L1Draft = Omit<Draft, 'transactions' | 'unforeseen'>

async function resolveParent({ chain, config }: L1OpenContext, options: L1OpenOptions, io: IoOptions) {
  const selector = options.parent ?? 'latest'
  const block: ChainBlock | undefined = await chain.block(selector, io, l1StandingWants(config))
  if (block === undefined) throw unusable('unknownParent', `unknown parent ${selector}`, { parent: String(selector) })
  return block
}

/** @see geth: VerifyGaslimit */
function checkGasLimit(parent: bigint, limit: bigint): void {
  const diff = limit > parent ? limit - parent : parent - limit
  const bound = parent / GAS_LIMIT_BOUND_DIVISOR
  if (diff >= bound) {
    throw unusable('gasLimit', `invalid gas limit: have ${limit}, want ${parent} +/- ${bound - 1n}`)
  }
  if (limit < MIN_GAS_LIMIT) throw unusable('gasLimit', `invalid gas limit below ${MIN_GAS_LIMIT}`)
}

function check(parent: Header, timestamp: bigint, options: L1OpenOptions): void {
  if (timestamp <= parent.timestamp) {
    throw unusable('timestamp', `invalid timestamp, parent ${parent.timestamp} given ${timestamp}`, {
      parentTimestamp: `0x${parent.timestamp.toString(16)}`,
    })
  }
  if (options.gasLimit !== undefined) checkGasLimit(parent.gasLimit, options.gasLimit)
  const { extraData } = options
  if (extraData !== undefined && extraData.length > MAX_EXTRA_DATA) {
    throw unusable('extraData', `extra-data too long: ${extraData.length} > ${MAX_EXTRA_DATA}`)
  }
}

/** The beacon block that a mock L1 claims to stand behind a block: made of the parent's time. */
function mockBeaconRoot(parent: Header): Hash {
  return keccakHash(bigIntToPadded(parent.timestamp, 8).reverse())
}

/** Differs from block to block, and is the same whenever the same block is made again. */
function mockRandao({ hash }: ChainBlock, timestamp: bigint): Hash {
  return keccakHash(concatBytes(hexToBytes(hash), bigIntToPadded(timestamp, 8)))
}

/**
 * Settles everything about an L1 block that is known before its first transaction runs. What the caller leaves open is made
 * of the parent, so that the same call gives the same block.
 * @throws AppError PARENT_UNUSABLE, BLOB_SCHEDULE_UNKNOWN, BASE_FEE_UNKNOWN, and what reading the chain throws
 */
export async function draftL1Block(context: L1OpenContext, given: L1OpenOptions, io: IoOptions): Promise<L1Draft> {
  const { config } = context
  const parent = await resolveParent(context, given, io)
  const { header } = parent
  const options: L1OpenOptions = { ...context.preferences?.(header), ...given }
  const timestamp = options.timestamp ?? header.timestamp + context.blockTime
  if (options.force !== true) check(header, timestamp, options)
  const rules = l1EvmRules(config, timestamp)
  if (options.withdrawals !== undefined && !rules.shanghai) {
    throw unusable('withdrawals', 'withdrawals before shanghai')
  }
  const env = l1Env(config, parent, {
    timestamp,
    gasLimit: options.gasLimit ?? header.gasLimit,
    prevRandao: options.prevRandao ?? mockRandao(parent, timestamp),
    suggestedFeeRecipient: options.feeRecipient ?? header.beneficiary,
    withdrawals: options.withdrawals ?? [],
    parentBeaconBlockRoot: options.parentBeaconBlockRoot ?? mockBeaconRoot(header),
  })
  return { parent, env, extraData: options.extraData ?? new Uint8Array(0) }
}
