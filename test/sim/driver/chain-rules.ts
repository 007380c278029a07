import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import { OP_FORKS, type OpFork, OpForks } from '../../../src/protocol/forks.ts'
import type { L1ChainConfig } from '../../../src/protocol/l1-chain.ts'
import type { BlockId } from '../../../src/protocol/refs.ts'
import { parseRollupConfig, type RollupConfig } from '../../../src/protocol/rollup-config.ts'
import type { Random } from './random.ts'

/** Unix seconds of the first block of either chain. */
export const GENESIS_TIME = 1_000_000n
/** Seconds between L2 blocks. */
export const L2_BLOCK_TIME = 2n
/** The accounts that may be the batcher: the first one is, until the L1 contract says otherwise. */
export const BATCHERS = [`0x${'ba'.repeat(20)}`, `0x${'bb'.repeat(20)}`] as const
/** Where batches go. */
export const INBOX = `0x${'1b'.repeat(20)}` as const
/** Emits deposits. */
export const PORTAL = `0x${'44'.repeat(20)}` as const
/** Emits what changes the system configuration. */
export const SYSTEM_CONFIG = `0x${'55'.repeat(20)}` as const

/** The L1 chain's own configuration. */
export const L1_CHAIN: L1ChainConfig = {
  chainId: 900n,
  blockForks: {},
  timeForks: { cancun: 0n },
  blobSchedule: { cancun: { target: 3, max: 6, updateFraction: 3_338_477n } },
}

/** What differs between the chains of two seeds. */
export interface ChainRules {
  /** Active from genesis, with all before it. */
  readonly fork: OpFork
  /** Later ones, with the seconds after genesis. */
  readonly later: readonly (readonly [OpFork, number])[]
  /** L1 blocks. */
  readonly seqWindowSize: number
  /** L1 blocks, before Granite. */
  readonly channelTimeout: number
  /** Seconds, before Fjord. */
  readonly maxSequencerDrift: number
  /** Seconds between L1 blocks. */
  readonly l1BlockTime: number
}

const FIRST_FORKS = ['canyon', 'delta', 'ecotone', 'fjord', 'granite', 'holocene', 'isthmus', 'jovian'] as const

/** Rules of a chain. */
export function randomRules(random: Random): ChainRules {
  // Most of what a driver does has two forms, one on either side of Holocene.
  const fork = random.pick([...FIRST_FORKS, 'delta', 'granite', 'holocene', 'jovian', 'jovian'] as const)
  const rest = FIRST_FORKS.slice(FIRST_FORKS.indexOf(fork) + 1)
  const later: [OpFork, number][] = []
  let at = 0
  if (random.chance(0.4)) {
    for (const next of rest.slice(0, random.between(1, 3))) {
      at += random.between(0, 12) * 2
      later.push([next, at])
    }
  }
  return {
    ...{ fork, later },
    seqWindowSize: random.between(4, 12),
    channelTimeout: random.between(3, 8),
    maxSequencerDrift: random.between(8, 40),
    l1BlockTime: random.pick([4, 6, 6, 12]),
  }
}

/** The rollup's configuration. */
export function rollupConfig(rules: ChainRules, l1: BlockId, l2: BlockId): RollupConfig {
  const upTo = OP_FORKS.slice(0, OP_FORKS.indexOf(rules.fork) + 1)
  const parsed = parseRollupConfig({
    genesis: {
      l1: { hash: l1.hash, number: Number(l1.number) },
      l2: { hash: l2.hash, number: Number(l2.number) },
      l2_time: Number(GENESIS_TIME),
      system_config: {
        ...{ batcherAddr: BATCHERS[0], overhead: ZERO_HASH },
        ...{ scalar: `0x01${'00'.repeat(30)}07`, gasLimit: 30_000_000 },
      },
    },
    ...{ block_time: Number(L2_BLOCK_TIME), l1_chain_id: 900, l2_chain_id: 901 },
    max_sequencer_drift: rules.maxSequencerDrift,
    seq_window_size: rules.seqWindowSize,
    channel_timeout: rules.channelTimeout,
    batch_inbox_address: INBOX,
    deposit_contract_address: PORTAL,
    l1_system_config_address: SYSTEM_CONFIG,
    chain_op_config: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
  })
  const forks = new OpForks({
    ...Object.fromEntries(upTo.map((fork) => [fork, 0n])),
    ...Object.fromEntries(rules.later.map(([fork, after]) => [fork, GENESIS_TIME + BigInt(after)])),
  })
  return { ...parsed, forks }
}
