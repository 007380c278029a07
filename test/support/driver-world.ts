import type { DriverState, Heads, PendingAttributes } from '../../src/driver/driver-state.ts'
import { INITIAL_STATE } from '../../src/driver/driver-state.ts'
import { bigIntToPadded, concatBytes, type Hash, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccakHash } from '../../src/primitives/keccak.ts'
import { type PayloadAttributes, SEQUENCER_FEE_VAULT } from '../../src/protocol/attributes.ts'
import { encodeExtraData } from '../../src/protocol/extra-data.ts'
import { OP_FORKS, type OpFork, OpForks } from '../../src/protocol/forks.ts'
import { EMPTY_HEADER, EMPTY_REQUESTS_HASH, hashHeader } from '../../src/protocol/header.ts'
import { createL1InfoDeposit } from '../../src/protocol/l1-info.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import type { L1BlockRef, L2BlockRef } from '../../src/protocol/refs.ts'
import { parseRollupConfig, type RollupConfig } from '../../src/protocol/rollup-config.ts'

const GENESIS_TIME = 1_000n
const L1_BLOCK_TIME = 12n
const GAS_LIMIT = 30_000_000n
const EIP1559 = { denominator: 250n, elasticity: 6n }

/** An L1 block. @param branch another one of the same height */
export function l1Ref(number: bigint, branch = 0n): L1BlockRef {
  const hashOf = (at: bigint): Hash =>
    at < 0n ? ZERO_HASH : keccakHash(concatBytes(bigIntToPadded(at, 8), bigIntToPadded(branch, 8)))
  return {
    hash: hashOf(number),
    number,
    parentHash: hashOf(number - 1n),
    timestamp: GENESIS_TIME + number * L1_BLOCK_TIME,
  }
}

const L2_GENESIS: L2BlockRef = {
  hash: toWord(0xabcden),
  number: 0n,
  parentHash: ZERO_HASH,
  timestamp: GENESIS_TIME,
  l1Origin: { hash: l1Ref(0n).hash, number: 0n },
  sequenceNumber: 0n,
}

/** A rollup whose forks are all active from genesis, up to one. */
function rollupConfig(fork: OpFork = 'isthmus'): RollupConfig {
  const parsed = parseRollupConfig({
    genesis: {
      l1: { hash: l1Ref(0n).hash, number: 0 },
      l2: { hash: L2_GENESIS.hash, number: 0 },
      l2_time: Number(GENESIS_TIME),
      system_config: {
        batcherAddr: `0x${'ba'.repeat(20)}`,
        overhead: ZERO_HASH,
        scalar: `0x01${'00'.repeat(31)}`,
        gasLimit: Number(GAS_LIMIT),
      },
    },
    block_time: 2,
    max_sequencer_drift: 600,
    seq_window_size: 20,
    channel_timeout: 10,
    l1_chain_id: 900,
    l2_chain_id: 901,
    batch_inbox_address: `0x${'1b'.repeat(20)}`,
    deposit_contract_address: `0x${'44'.repeat(20)}`,
    l1_system_config_address: `0x${'55'.repeat(20)}`,
  })
  const upTo = OP_FORKS.slice(0, OP_FORKS.indexOf(fork) + 1)
  return { ...parsed, forks: new OpForks(Object.fromEntries(upTo.map((each) => [each, 0n]))) }
}

/** A block in all the shapes that effects handle. Its state root is made up. */
export interface WorldBlock {
  readonly ref: L2BlockRef
  readonly payload: Payload
  /** What derives to it. */
  readonly attributes: PayloadAttributes
}

/** How a block differs from others of its height. */
export interface BlockOptions {
  /** Defaults to the parent's. */
  readonly origin?: L1BlockRef
  /** Behind the L1-attributes transaction. */
  readonly transactions?: readonly Uint8Array[]
}

/** L2 blocks with all that is looked at outside of execution: attributes, headers, L1 origins. */
export class L2Blocks {
  readonly config: RollupConfig
  readonly genesis: L2BlockRef = L2_GENESIS

  constructor(fork: OpFork = 'isthmus') {
    this.config = rollupConfig(fork)
  }

  on(parent: L2BlockRef, { origin, transactions = [] }: BlockOptions = {}): WorldBlock {
    const { forks } = this.config
    const l1 = origin ?? l1Ref(parent.l1Origin.number)
    const timestamp = parent.timestamp + this.config.blockTime
    const sequenceNumber = l1.hash === parent.l1Origin.hash ? parent.sequenceNumber + 1n : 0n
    const { systemConfig } = this.config.genesis
    const info = createL1InfoDeposit(
      { ...l1, baseFeePerGas: 7n, blobBaseFee: 1n },
      { forks, timestamp, blockTime: this.config.blockTime, systemConfig, sequenceNumber },
    )
    const since = (fork: OpFork): boolean => forks.isActive(fork, timestamp)
    const beaconRoot = since('ecotone') ? ZERO_HASH : undefined
    const eip1559Params = since('holocene')
      ? concatBytes(bigIntToPadded(EIP1559.denominator, 4), bigIntToPadded(EIP1559.elasticity, 4))
      : undefined
    const attributes: PayloadAttributes = {
      timestamp,
      prevRandao: l1.hash,
      suggestedFeeRecipient: SEQUENCER_FEE_VAULT,
      transactions: [info.raw, ...transactions],
      noTxPool: true,
      gasLimit: GAS_LIMIT,
      ...(since('canyon') && { withdrawals: [] }),
      ...(beaconRoot !== undefined && { parentBeaconBlockRoot: beaconRoot }),
      ...(eip1559Params !== undefined && { eip1559Params }),
      ...(since('jovian') && { minBaseFee: 0n }),
    }
    const header = {
      ...EMPTY_HEADER,
      parentHash: parent.hash,
      number: parent.number + 1n,
      timestamp,
      gasLimit: GAS_LIMIT,
      baseFeePerGas: 1n,
      mixHash: l1.hash,
      beneficiary: SEQUENCER_FEE_VAULT,
      // Stands for what the transactions change.
      stateRoot: keccakHash(concatBytes(...attributes.transactions)),
      extraData: since('holocene') ? encodeExtraData(forks, timestamp, EIP1559, 0n) : EMPTY_HEADER.extraData,
      ...(since('canyon') && { withdrawalsRoot: EMPTY_TRIE_ROOT }),
      ...(beaconRoot !== undefined && { parentBeaconBlockRoot: beaconRoot, blobGasUsed: 0n, excessBlobGas: 0n }),
      ...(since('isthmus') && { requestsHash: EMPTY_REQUESTS_HASH }),
    }
    const hash = hashHeader(header)
    return {
      ref: {
        hash,
        number: header.number,
        parentHash: parent.hash,
        timestamp,
        l1Origin: { hash: l1.hash, number: l1.number },
        sequenceNumber,
      },
      payload: {
        hash,
        header,
        transactions: attributes.transactions,
        ...(since('canyon') && { withdrawals: [] }),
      },
      attributes,
    }
  }

  /** One on the other. */
  chain(parent: L2BlockRef, count: number, options: BlockOptions = {}): WorldBlock[] {
    const blocks: WorldBlock[] = []
    while (blocks.length < count) blocks.push(this.on(blocks.at(-1)?.ref ?? parent, options))
    return blocks
  }
}

/** Heads, each as far as the one after it where it is left out; `safe` stands for all that are safe. */
export function headsAt(
  unsafe: L2BlockRef,
  { safe, finalized, ...others }: Partial<Heads> & { readonly safe?: L2BlockRef } = {},
): Heads {
  const crossSafe = others.crossSafe ?? safe ?? unsafe
  const localSafe = others.localSafe ?? safe ?? crossSafe
  return {
    unsafe,
    crossUnsafe: others.crossUnsafe ?? unsafe,
    pendingSafe: others.pendingSafe ?? localSafe,
    localSafe,
    crossSafe,
    finalized: finalized ?? crossSafe,
  }
}

/** A driver that is at work: its heads have been found, and the engine was told of them. */
export function stateWith(heads: Heads, patch: Partial<DriverState> = {}): DriverState & { readonly heads: Heads } {
  return {
    ...INITIAL_STATE,
    derivation: { tag: 'ready', origin: l1Ref(10n) },
    reset: undefined,
    engine: { ...INITIAL_STATE.engine, toldSafe: heads.crossSafe },
    ...patch,
    heads,
  }
}

/** Attributes that wait, derived from L1's block 10. */
export function pending(
  { attributes }: Pick<WorldBlock, 'attributes'>,
  parent: L2BlockRef,
  patch: Partial<PendingAttributes> = {},
): PendingAttributes {
  return {
    attributes,
    parent,
    derivedFrom: l1Ref(10n),
    concluding: true,
    mismatch: undefined,
    depositsOnly: false,
    ...patch,
  }
}
