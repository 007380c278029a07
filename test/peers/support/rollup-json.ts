import { toWord } from '../../../src/primitives/hex.ts'
import { batcher } from './dev-accounts.ts'
import type { ForkSchedule } from './fork-schedule.ts'
import { L1_CHAIN_ID } from './l1-genesis.ts'
import { EIP1559, L2_CHAIN_ID } from './l2-genesis.ts'
import type { RpcBlock } from './rpc-types.ts'
import { PORTAL, SYSTEM_CONFIG } from './stand-in-contracts.ts'

/** The block that a chain starts from, or starts with. */
export type StartBlock = Pick<RpcBlock, 'hash' | 'number' | 'timestamp' | 'gasLimit'>

/** What a rollup configuration is made of. */
export interface RollupOptions {
  readonly chainId?: number
  /** The L1 block that the chain starts from. */
  readonly l1: StartBlock
  readonly l2Genesis: StartBlock
  readonly forks: ForkSchedule
  /** Seconds between L2 blocks. */
  readonly blockTime: number
  readonly seqWindowSize?: number
  readonly maxSequencerDrift?: number
  readonly channelTimeout?: number
}

/** op-node's rollup.json for a test chain. */
export function rollupJson(options: RollupOptions): Record<string, unknown> {
  const { chainId = L2_CHAIN_ID, l1, l2Genesis, forks, blockTime } = options
  return {
    genesis: {
      l1: { hash: l1.hash, number: Number(l1.number) },
      l2: { hash: l2Genesis.hash, number: Number(l2Genesis.number) },
      l2_time: Number(l2Genesis.timestamp),
      system_config: {
        batcherAddr: batcher.address,
        overhead: toWord(188n),
        // A version-0 word is valid before and after Ecotone. A version-1 word, read by Bedrock's rules, is a scalar so
        // large that nobody can pay a transaction.
        scalar: toWord(684_000n),
        gasLimit: Number(l2Genesis.gasLimit),
      },
    },
    block_time: blockTime,
    max_sequencer_drift: options.maxSequencerDrift ?? 600,
    seq_window_size: options.seqWindowSize ?? 3600,
    channel_timeout: options.channelTimeout ?? 300,
    l1_chain_id: L1_CHAIN_ID,
    l2_chain_id: chainId,
    batch_inbox_address: `0xff${String(chainId).padStart(38, '0')}`,
    deposit_contract_address: PORTAL,
    l1_system_config_address: SYSTEM_CONFIG,
    protocol_versions_address: `0x${'00'.repeat(20)}`,
    chain_op_config: {
      eip1559Elasticity: EIP1559.elasticity,
      eip1559Denominator: EIP1559.denominator,
      eip1559DenominatorCanyon: EIP1559.denominatorCanyon,
    },
    ...Object.fromEntries(Object.entries(forks).map(([fork, time]) => [`${fork}_time`, time])),
  }
}
