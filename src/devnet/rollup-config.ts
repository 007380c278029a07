import type { BlockId } from '../protocol/refs.ts'
import { parseRollupConfig, type RollupConfig, rollupConfigToJson } from '../protocol/rollup-config.ts'
import {
  blockTimeOf,
  DEVNET_L1_CHAIN_ID,
  type DevnetChain,
  devnetL1Addresses,
  forksOf,
  systemConfigOf,
} from './devnet-chain.ts'
import { DEVNET_EIP1559 } from './l2-genesis.ts'

/** What the rollup configuration of an L2 chain is made of. */
export interface DevnetRollupOptions {
  readonly chain: DevnetChain
  /** 900 when left out. */
  readonly l1ChainId?: bigint
  /** The genesis blocks: see `devnetL1Genesis` and `devnetL2Genesis`. */
  readonly l1: BlockId
  readonly l2: BlockId & { readonly timestamp: bigint }
}

/** L1 blocks. */
const SEQ_WINDOW_SIZE = 3600n
const CHANNEL_TIMEOUT = 300n
/** Seconds. */
const MAX_SEQUENCER_DRIFT = 600n

/**
 * The rollup configuration of an L2 chain. `rollupConfigToJson` makes it into op-node's rollup.json.
 * @throws AppError ROLLUP_CONFIG_INVALID where the chain's own settings contradict themselves, upgrades out of order say
 */
export function devnetRollupConfig({ chain, l1ChainId, l1, l2 }: DevnetRollupOptions): RollupConfig {
  const { optimismPortal, systemConfig, batchInbox } = devnetL1Addresses(chain.chainId)
  const config: RollupConfig = {
    genesis: {
      l1,
      l2: { hash: l2.hash, number: l2.number },
      l2Time: l2.timestamp,
      systemConfig: systemConfigOf(chain),
    },
    blockTime: blockTimeOf(chain),
    maxSequencerDrift: MAX_SEQUENCER_DRIFT,
    seqWindowSize: chain.sequencingWindow ?? SEQ_WINDOW_SIZE,
    channelTimeout: CHANNEL_TIMEOUT,
    l1ChainId: l1ChainId ?? DEVNET_L1_CHAIN_ID,
    l2ChainId: chain.chainId,
    forks: forksOf(chain, l2.timestamp),
    batchInboxAddress: batchInbox,
    depositContractAddress: optimismPortal,
    l1SystemConfigAddress: systemConfig,
    chainOpConfig: DEVNET_EIP1559,
    keepKarstUpgradeGas: false,
  }
  return parseRollupConfig(rollupConfigToJson(config))
}
