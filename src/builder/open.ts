import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import {
  type AttributesInput,
  type L1OriginBlock,
  type PayloadAttributes,
  type PreparedAttributes,
  prepareAttributes,
} from '../protocol/attributes.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { l2BlockRef, systemConfigOfBlock } from '../protocol/l2-block.ts'
import { nextOrigin } from '../protocol/origin-selection.ts'
import { blockRef, type L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { decodeForInclusion } from './decode.ts'
import { opOpening } from './opening.ts'
import type { ChainBlock, ChainReader, L1Block, L1Reader, RootOracle } from './ports.ts'
import type { Draft } from './rules.ts'
import type { BuilderErrorCode, OpenOptions, OpenPreferences, OriginSelector, ParentSelector } from './service.ts'
import { STANDING_WANTS } from './standing-wants.ts'

/** What choosing a block's attributes needs of its surroundings. */
export interface AttributesContext {
  readonly config: RollupConfig
  readonly l1Chain: L1ChainConfig
  readonly chain: ChainReader
  readonly l1: L1Reader
  readonly preferences?: OpenPreferences | undefined
}

/** What opening a block needs of its surroundings. */
export interface OpenContext extends AttributesContext {
  readonly constants: Eip1559Constants
  /** Undefined where no node can be asked. */
  readonly rootOracle?: RootOracle | undefined
}

/** An error that says why a parent or an origin cannot be built on. `rule` is stable. */
export function unusable(rule: string, message: string, data: Readonly<Record<string, unknown>> = {}): AppError {
  return new AppError<BuilderErrorCode>('PARENT_UNUSABLE', { message, data: { rule, ...data } })
}

async function resolveParent(context: AttributesContext, selector: ParentSelector, io: IoOptions): Promise<ChainBlock> {
  const block = await context.chain.block(selector, io, STANDING_WANTS)
  if (block === undefined) throw unusable('unknownParent', `unknown parent ${selector}`, { parent: String(selector) })
  return block
}

async function childOf(context: AttributesContext, current: L1Block, io: IoOptions): Promise<L1Block | undefined> {
  return context.l1.block(current.header.number + 1n, io)
}

async function currentOrigin(context: AttributesContext, parent: L2BlockRef, io: IoOptions): Promise<L1Block> {
  const current = await context.l1.block(parent.l1Origin.hash, io)
  if (current !== undefined) return current
  throw unusable('unknownOrigin', `unknown L1 origin ${parent.l1Origin.hash} of the parent`, {
    l1Origin: parent.l1Origin.hash,
  })
}

/** What origin selection gives, as a sequencer without confirmation depth would choose. */
async function selectOrigin(context: AttributesContext, parent: L2BlockRef, io: IoOptions): Promise<L1Block> {
  const current = await currentOrigin(context, parent, io)
  const next = await childOf(context, current, io)
  const choice = nextOrigin({
    config: context.config,
    parent,
    current: blockRef(current),
    next: next === undefined ? undefined : blockRef(next),
  })
  // Past the drift a sequencer waits for the next origin; a test that opens a block by hand gets the one there is.
  if (choice.tag === 'needNext' || next === undefined) return current
  return choice.origin.hash === next.hash ? next : current
}

async function resolveOrigin(
  context: AttributesContext,
  parent: L2BlockRef,
  selector: OriginSelector | undefined,
  io: IoOptions,
): Promise<L1Block> {
  if (selector === undefined) return selectOrigin(context, parent, io)
  if (selector === 'same') return currentOrigin(context, parent, io)
  const wanted = selector === 'next' ? parent.l1Origin.number + 1n : selector
  const origin = await context.l1.block(wanted, io)
  if (origin === undefined) throw unusable('unknownOrigin', `unknown L1 origin ${wanted}`, { l1Origin: String(wanted) })
  return origin
}

/** Receipts of an origin that advances; also of a forced one, so that its deposits are in the block. */
async function withReceipts(
  context: AttributesContext,
  parent: L2BlockRef,
  origin: L1Block,
  deposits: boolean,
  io: IoOptions,
): Promise<L1OriginBlock> {
  if (origin.hash === parent.l1Origin.hash) return origin
  const receipts = await context.l1.receipts(origin.hash, io)
  if (receipts === undefined) {
    throw unusable('unknownOrigin', `the receipts of L1 origin ${origin.hash} are not available`, {
      l1Origin: origin.hash,
    })
  }
  if (deposits) return { ...origin, receipts }
  const portal = context.config.depositContractAddress
  const kept = receipts.map((receipt) => ({
    status: receipt.status,
    logs: receipt.logs.filter((log) => log.address !== portal),
  }))
  return { ...origin, receipts: kept }
}

/** Codes of deriving attributes from an origin, and the rule that each stands for. */
const ORIGIN_RULES: Readonly<Record<string, string>> = {
  ATTRIBUTES_ORIGIN_INVALID: 'originMismatch',
  DEPOSIT_INVALID: 'invalidDeposit',
  BLOB_SCHEDULE_UNKNOWN: 'unknownBlobSchedule',
  UPGRADE_UNKNOWN: 'unknownUpgrade',
}

function attributesOf(input: AttributesInput): PreparedAttributes {
  try {
    return prepareAttributes(input)
  } catch (error) {
    const rule = isAppError(error) ? ORIGIN_RULES[error.code] : undefined
    if (rule === undefined) throw error
    throw new AppError<BuilderErrorCode>('PARENT_UNUSABLE', {
      message: errorMessage(error),
      data: { rule, l1Origin: input.origin.hash },
      cause: error,
    })
  }
}

/** What a block is made from, by whomever it is. */
export interface ChosenAttributes {
  readonly parent: ChainBlock
  /** Deposits only; `noTxPool` is true. */
  readonly attributes: PayloadAttributes
  /** The attributes' transactions. */
  readonly deposits: PreparedAttributes['deposits']
}

/**
 * The attributes of a block: what op-node would derive, and what the caller wants otherwise.
 * @throws AppError PARENT_UNUSABLE, and what reading the chains throws
 */
export async function chooseAttributes(
  context: AttributesContext,
  given: Omit<OpenOptions, 'transactions' | 'extraData'>,
  io: IoOptions,
): Promise<ChosenAttributes> {
  const { config } = context
  const parent = await resolveParent(context, given.l2Parent ?? 'latest', io)
  const options = { ...context.preferences?.(parent.header), ...given }
  const facts = {
    hash: parent.hash,
    header: parent.header,
    transactions: parent.firstTransaction === undefined ? [] : [parent.firstTransaction],
  }
  const parentRef = l2BlockRef(config, facts)
  const origin = await resolveOrigin(context, parentRef, options.l1Origin, io)
  const timestamp = options.timestamp ?? parentRef.timestamp + config.blockTime
  if (timestamp <= parentRef.timestamp && options.force !== true) {
    throw unusable('timestamp', `invalid timestamp, parent ${parentRef.timestamp} given ${timestamp}`, {
      parentTimestamp: `0x${parentRef.timestamp.toString(16)}`,
    })
  }
  const { attributes, deposits } = attributesOf({
    config,
    l1Chain: context.l1Chain,
    parent: parentRef,
    systemConfig: systemConfigOfBlock(config, facts),
    origin: await withReceipts(context, parentRef, origin, options.deposits ?? true, io),
    timestamp,
    skipOriginCheck: options.force === true,
  })
  const { gasLimit = attributes.gasLimit, prevRandao = attributes.prevRandao } = options
  const suggestedFeeRecipient = options.feeRecipient ?? attributes.suggestedFeeRecipient
  return { parent, attributes: { ...attributes, gasLimit, prevRandao, suggestedFeeRecipient }, deposits }
}

/**
 * Settles everything about a block that is known before its first transaction runs.
 * @throws AppError PARENT_UNUSABLE, TX_INVALID, and what reading the chains throws
 */
export async function draftBlock(context: OpenContext, options: OpenOptions, io: IoOptions): Promise<Draft> {
  const { config, constants } = context
  const { parent, attributes, deposits } = await chooseAttributes(context, options, io)
  const forced = (options.transactions ?? []).map(decodeForInclusion)
  const { env, extraData } = opOpening({ forks: config.forks, constants }, parent, attributes)
  const transactions = [...deposits, ...forced]
  return {
    parent,
    env,
    extraData: options.extraData ?? extraData,
    transactions,
    // All that the L1-attributes transaction reads is a standing want.
    unforeseen: transactions.slice(1),
  }
}
