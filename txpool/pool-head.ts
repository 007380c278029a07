import { l1EvmRules, opEvmRules } from '../src/evm/chain.ts'
import { nextL1BaseFee, nextOpBaseFee } from '../src/protocol/base-fee.ts'
import { blobBaseFee } from '../src/protocol/blob-fee.ts'
import type { Eip1559Constants } from '../src/protocol/extra-data.ts'
import type { OpForks } from '../src/protocol/forks.ts'
import type { HeadAccounts, OpHeadAccounts } from '../src/protocol/head-accounts.ts'
import { blobParamsAt, type L1ChainConfig } from '../src/protocol/l1-chain.ts'
import { opRollupFee } from './rollup-fee.ts'
import type { PoolHead } from './validate.ts'

/** What op-geth's pool leaves of a block to the L1-attributes transaction. */
const L1_ATTRIBUTES_GAS = 70_000n

/** The head of an OP-Stack chain as its pool looks at it: by the rules of the head, with the base fee of the block after it. */
export function opPoolHead(
  chain: { readonly chainId: bigint; readonly forks: OpForks; readonly constants: Eip1559Constants },
  { hash, header, stateRoot, accounts, feeSlots }: OpHeadAccounts,
): PoolHead {
  const { chainId, forks, constants } = chain
  const { gasLimit, timestamp } = header
  const forUsers = gasLimit > L1_ATTRIBUTES_GAS ? gasLimit - L1_ATTRIBUTES_GAS : 0n
  return {
    hash,
    stateRoot,
    rules: { chainId, ...opEvmRules(forks, timestamp), gasLimit: forUsers },
    // The time decides of the constants only: geth takes the next second.
    baseFee: nextOpBaseFee(forks, constants, header, timestamp + 1n),
    rollupFee: opRollupFee(forks, timestamp, feeSlots),
    accounts,
  }
}

/**
 * The head of an L1 as its pool looks at it: by the rules of the head, with the base fee of the block after it.
 * @param chain.finalizedDistance how far the final block is behind the head where nobody tells which it is
 */
export function l1PoolHead(
  chain: { readonly chainId: bigint; readonly config: L1ChainConfig; readonly finalizedDistance: number },
  { hash, header, stateRoot, accounts, finalNumber }: HeadAccounts,
): PoolHead {
  const { chainId, config, finalizedDistance } = chain
  const { number, timestamp, gasLimit, excessBlobGas } = header
  const rules = { chainId, ...l1EvmRules(config, timestamp), gasLimit }
  const params = excessBlobGas === undefined ? undefined : blobParamsAt(config, timestamp)
  const blobFee = params === undefined ? 1n : blobBaseFee(excessBlobGas ?? 0n, params.updateFraction)
  const blobs = { rules, number, final: finalNumber ?? number - BigInt(finalizedDistance), blobFee }
  return { hash, stateRoot, rules, baseFee: nextL1BaseFee(header), blobs, accounts }
}
