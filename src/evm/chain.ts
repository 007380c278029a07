import { Common, type CustomCrypto, Hardfork, Mainnet, type ParamsDict } from '@ethereumjs/common'
import type { CustomPrecompile, EVMMockBlockchainInterface } from '@ethereumjs/evm'
import { concatBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { recoverPublicKey } from '../primitives/secp256k1.ts'
import type { OpForks } from '../protocol/forks.ts'
import { isL1ForkActive, type L1ChainConfig } from '../protocol/l1-chain.ts'
import { BlockEvm } from './block-evm.ts'
import { bls, bn254, verifyKzgProof } from './curves.ts'
import type { StateAdapter } from './state-adapter.ts'

const customCrypto: CustomCrypto = {
  keccak256,
  // The library's elliptic-curve hook takes v as it stands in the signature: 27 or 28 in the precompile, its only caller.
  ecrecover: (hash, v, r, s) => recoverPublicKey(hash, concatBytes(r, s), Number(v) - 27).subarray(1),
  kzg: {
    verifyProof: verifyKzgProof,
  } as NonNullable<CustomCrypto['kzg']>,
}

/** Which instruction set and which gas rules a block has. */
export interface EvmRules {
  readonly shanghai: boolean
  readonly cancun: boolean
  readonly prague: boolean
  readonly osaka: boolean
}

/** What the EVM sees of the chain of blocks: ancestors' hashes, for BLOCKHASH. */
export type AncestorHash = (number: bigint) => Promise<Uint8Array>

/** The L1 rules that an OP-Stack block is built on. Each upgrade brings the L1 fork of its time. */
export function opEvmRules(forks: OpForks, timestamp: bigint): EvmRules {
  return {
    shanghai: forks.isActive('canyon', timestamp),
    cancun: forks.isActive('ecotone', timestamp),
    prague: forks.isActive('isthmus', timestamp),
    osaka: forks.isActive('karst', timestamp),
  }
}

function hardforkOf(rules: EvmRules): Hardfork {
  if (rules.osaka) return Hardfork.Osaka
  if (rules.prague) return Hardfork.Prague
  if (rules.cancun) return Hardfork.Cancun
  return rules.shanghai ? Hardfork.Shanghai : Hardfork.Paris
}

/** The rules of an L1 block. Upgrades that change only the number of blobs share those of Osaka. */
export function l1EvmRules(config: L1ChainConfig, timestamp: bigint): EvmRules {
  return {
    shanghai: isL1ForkActive(config, 'shanghai', timestamp),
    cancun: isL1ForkActive(config, 'cancun', timestamp),
    prague: isL1ForkActive(config, 'prague', timestamp),
    osaka: isL1ForkActive(config, 'osaka', timestamp),
  }
}

/** The library's table of rules, which every EVM would fill with the same parameters anew. */
class SharedRules extends Common {
  #params: ParamsDict | undefined

  override updateParams(params: ParamsDict): void {
    if (params === this.#params) return
    super.updateParams(params)
    this.#params = params
  }
}

/** By chain and hardfork. Nothing in them changes once an EVM was made of them. */
const sharedRules = new Map<string, SharedRules>()

function rulesOf(chainId: bigint, hardfork: Hardfork): SharedRules {
  const key = `${chainId} ${hardfork}`
  const known = sharedRules.get(key)
  if (known !== undefined) return known
  const made = new SharedRules({ chain: { ...Mainnet, chainId: Number(chainId) }, hardfork, customCrypto })
  sharedRules.set(key, made)
  return made
}

/** Makes the EVM of one block. Cheap: what EVMs of the same rules have in common is shared. */
export function createEvm(options: {
  readonly chainId: bigint
  readonly rules: EvmRules
  readonly state: StateAdapter
  readonly ancestorHash: AncestorHash
  /** Precompiles that replace or join those of the rules. */
  readonly precompiles?: (common: Common) => CustomPrecompile[]
}): BlockEvm {
  const common = rulesOf(options.chainId, hardforkOf(options.rules))
  const evm = new BlockEvm({
    common,
    stateManager: options.state,
    blockchain: blockchainOf(options.ancestorHash),
    customPrecompiles: options.precompiles?.(common) ?? [],
    bls,
    bn254,
  })
  // Each EVM waits for a change of hardfork, which never comes here, and would stay in memory for that.
  common.events.removeAllListeners()
  return evm
}

function blockchainOf(ancestorHash: AncestorHash): EVMMockBlockchainInterface {
  const blockchain: EVMMockBlockchainInterface = {
    async getBlock(number) {
      const hash = await ancestorHash(BigInt(number))
      return { hash: () => hash }
    },
    async putBlock() {
      // The EVM never writes blocks; its interface asks for the method.
    },
    shallowCopy: () => blockchain,
  }
  return blockchain
}
