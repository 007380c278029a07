import { setTimeout as delay } from 'node:timers/promises'
import { type Address, type Hash, type Hex, toQuantity, toWord, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { type ForkSchedule, isActive } from './fork-schedule.ts'
import type { GethProcess } from './geth-process.ts'
import { type L1Info, type L1InfoScalars, l1InfoDeposit } from './l1-info.ts'
import type { ExecutionPayload, ForkchoiceResult, PayloadStatus, RpcBlock } from './rpc-types.ts'

/** OP-Stack payload attributes as they travel. */
export interface OpPayloadAttributes {
  readonly timestamp: Hex
  readonly prevRandao: Hash
  readonly suggestedFeeRecipient: Address
  readonly withdrawals?: readonly unknown[]
  readonly parentBeaconBlockRoot?: Hash
  readonly transactions: readonly Hex[]
  readonly noTxPool: boolean
  readonly gasLimit: Hex
  readonly eip1559Params?: Hex
  /** A JSON number: op-geth refuses hex here. */
  readonly minBaseFee?: number
}

/** A payload that op-geth built, not yet inserted. */
export interface BuiltPayload {
  readonly executionPayload: ExecutionPayload
  readonly parentBeaconBlockRoot?: Hash
}

/** What {@link EngineDriver.attributes} may be told. */
export interface AttributesOptions {
  /** Transactions behind the L1-info deposit. */
  readonly transactions?: readonly Hex[]
  /** Seconds; the parent's plus {@link EngineDriver.blockTime} when left out. */
  readonly timestamp?: number
  readonly l1?: L1Info
  /** The block's place within its epoch; its number when left out. */
  readonly sequence?: bigint
  readonly scalars?: L1InfoScalars
  readonly overrides?: Partial<OpPayloadAttributes>
}

/** An L1 origin that no L1 has: op-geth does not look. */
export const FAKE_L1: L1Info = {
  number: 7n,
  timestamp: 1_700_000_000n,
  baseFee: 1_000_000_000n,
  blobBaseFee: 1n,
  hash: toWord(0xabcdefn),
  prevRandao: toWord(0x1234n),
  parentBeaconBlockRoot: toWord(0x5678n),
}

/** Makes op-geth's own builder build and insert blocks through the Engine API: the oracle that other blocks must match. */
export class EngineDriver {
  readonly el: GethProcess
  readonly forks: ForkSchedule
  /** Seconds between two blocks. */
  readonly blockTime: number

  constructor(el: GethProcess, forks: ForkSchedule, blockTime = 2) {
    this.el = el
    this.forks = forks
    this.blockTime = blockTime
  }

  /** Attributes as op-node would send them for the block behind `parent`. */
  attributes(parent: RpcBlock, options: AttributesOptions = {}): OpPayloadAttributes {
    const { l1 = FAKE_L1, sequence = BigInt(parent.number) + 1n, scalars = {} } = options
    const parentTimestamp = Number(parent.timestamp)
    const timestamp = options.timestamp ?? parentTimestamp + this.blockTime
    const active = (fork: keyof ForkSchedule): boolean => isActive(this.forks, fork, timestamp)
    const info = l1InfoDeposit(this.forks, parentTimestamp, timestamp, l1, sequence, scalars)
    return {
      timestamp: toQuantity(timestamp),
      prevRandao: l1.prevRandao,
      suggestedFeeRecipient: '0x4200000000000000000000000000000000000011',
      transactions: [info, ...(options.transactions ?? [])],
      noTxPool: true,
      gasLimit: parent.gasLimit,
      ...(active('canyon') ? { withdrawals: [] } : {}),
      ...(active('ecotone') ? { parentBeaconBlockRoot: l1.parentBeaconBlockRoot } : {}),
      ...(active('holocene') ? { eip1559Params: '0x0000000000000000' } : {}),
      ...(active('jovian') ? { minBaseFee: 0 } : {}),
      ...options.overrides,
    }
  }

  /**
   * Has op-geth build a payload on `parent`. The head stays where it is, unless the parent is a side block.
   * @param poolTime milliseconds that the builder gets to take transactions from its pool
   * @throws JsonRpcError when the attributes are refused
   */
  async build(parent: Hash, attributes: OpPayloadAttributes, poolTime = 0): Promise<BuiltPayload> {
    const timestamp = Number(attributes.timestamp)
    const active = (fork: keyof ForkSchedule): boolean => isActive(this.forks, fork, timestamp)
    const forkchoice = { headBlockHash: parent, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
    const version = active('ecotone') ? 3 : active('canyon') ? 2 : 1
    const { payloadStatus, payloadId } = await this.el.engine.call<ForkchoiceResult>(
      `engine_forkchoiceUpdatedV${version}`,
      [forkchoice, attributes],
    )
    if (payloadId === null) throw new Error(`op-geth does not build on ${parent}: ${JSON.stringify(payloadStatus)}`)
    if (poolTime > 0) await delay(poolTime)
    const get = active('isthmus') ? 4 : active('ecotone') ? 3 : 2
    return this.el.engine.call<BuiltPayload>(`engine_getPayloadV${get}`, [payloadId])
  }

  /** Hands a payload to op-geth, which executes it; the head does not move. */
  async insert({ executionPayload, parentBeaconBlockRoot }: BuiltPayload): Promise<PayloadStatus> {
    const timestamp = Number(executionPayload.timestamp)
    if (isActive(this.forks, 'isthmus', timestamp)) {
      return this.el.engine.call('engine_newPayloadV4', [executionPayload, [], parentBeaconBlockRoot, []])
    }
    if (isActive(this.forks, 'ecotone', timestamp)) {
      return this.el.engine.call('engine_newPayloadV3', [executionPayload, [], parentBeaconBlockRoot])
    }
    return this.el.engine.call('engine_newPayloadV2', [executionPayload])
  }

  /** Moves the heads. */
  async setHead(head: Hash, safe: Hash = ZERO_HASH, finalized: Hash = ZERO_HASH): Promise<PayloadStatus> {
    const { payloadStatus } = await this.el.engine.call<ForkchoiceResult>('engine_forkchoiceUpdatedV3', [
      { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized },
      null,
    ])
    return payloadStatus
  }

  /**
   * Builds a block on `parent`, inserts it and makes it the head.
   * @param poolTime as in {@link build}
   * @returns the block as op-geth serves it
   */
  async extend(parent: RpcBlock, attributes: OpPayloadAttributes, poolTime = 0): Promise<RpcBlock> {
    const built = await this.build(parent.hash, attributes, poolTime)
    const status = await this.insert(built)
    if (status.status !== 'VALID') throw new Error(`op-geth refuses its own payload: ${JSON.stringify(status)}`)
    await this.setHead(built.executionPayload.blockHash)
    return this.el.block(built.executionPayload.blockHash)
  }

  /** Builds a block with these transactions behind the L1-info deposit on the head, and makes it the head. */
  async extendHead(options: AttributesOptions = {}): Promise<RpcBlock> {
    const parent = await this.el.block('latest')
    return this.extend(parent, this.attributes(parent, options))
  }
}
