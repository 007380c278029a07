import type { ScratchExecutor } from '../evm/scratch-block.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { Block } from '../protocol/block.ts'
import { type Header, POST_MERGE_CONSTANTS } from '../protocol/header.ts'

/** What makes a block valid on one chain, beside what L1 and OP Stack have in common. Faults are in geth's words. */
export interface ChainRules {
  readonly executor: ScratchExecutor
  /** Whether a head that is an ancestor of the current one sets the labels, and can be built on: op-geth's way, not geth's. */
  readonly ancestorHeads: boolean
  /** Why a payload is not one of this chain's, whatever its parent is. */
  payloadFault(block: Block): string | undefined
  /** Why a header cannot stand on its parent. @throws AppError when the parent's own fields do not allow a child */
  headerFault(parent: Header, header: Header): string | undefined
  /** Why a block's body is not the one that its header states, as far as that is seen without running it. */
  bodyFault(block: Block): string | undefined
  /** Why a header does not state what the state after the block holds. @param storageRoot of an account after the block */
  stateFault(header: Header, storageRoot: (address: Address) => Promise<Hash>): Promise<string | undefined>
}

const MAX_GAS_LIMIT = (1n << 63n) - 1n

/** Hex as geth's `%x` prints it. */
export function digits(hash: Hash): string {
  return hash.slice(2)
}

/** What holds for every header since the merge; time and extraData are checked before. @see geth, consensus/beacon verifyHeader */
export function commonHeaderFault(parent: Header, header: Header): string | undefined {
  const { gasLimit, gasUsed } = header
  if (header.nonce.some((byte) => byte !== 0)) return 'invalid nonce'
  if (header.ommersHash !== POST_MERGE_CONSTANTS.ommersHash) return 'invalid uncle hash'
  if (header.difficulty !== 0n) return `invalid difficulty: have ${header.difficulty}, want 0`
  if (gasLimit > MAX_GAS_LIMIT) return `invalid gasLimit: have ${gasLimit}, max ${MAX_GAS_LIMIT}`
  if (gasUsed > gasLimit) return `invalid gasUsed: have ${gasUsed}, gasLimit ${gasLimit}`
  if (header.number !== parent.number + 1n) return 'invalid block number'
  return undefined
}

/** @see geth, consensus/misc/eip1559 VerifyEIP1559Header */
export function baseFeeFault(parent: Header, header: Header, expected: bigint): string | undefined {
  const { baseFeePerGas } = header
  if (baseFeePerGas === undefined) return 'header is missing baseFee'
  if (baseFeePerGas === expected) return undefined
  const before = parent.baseFeePerGas ?? '<nil>'
  return `invalid baseFee: have ${baseFeePerGas}, want ${expected}, parentBaseFee ${before}, parentGasUsed ${parent.gasUsed}`
}

/** Whether the fields that came with upgrades are there exactly where they must be. */
export function upgradeFieldFault(
  header: Header,
  active: { readonly shanghai: boolean; readonly cancun: boolean; readonly prague: boolean },
): string | undefined {
  const { withdrawalsRoot, excessBlobGas, blobGasUsed, parentBeaconBlockRoot, requestsHash } = header
  if (active.shanghai && withdrawalsRoot === undefined) return 'missing withdrawalsHash'
  if (!active.shanghai && withdrawalsRoot !== undefined) {
    return `invalid withdrawalsHash: have ${digits(withdrawalsRoot)}, expected nil`
  }
  if (active.cancun) {
    if (parentBeaconBlockRoot === undefined) return 'header is missing beaconRoot'
    if (excessBlobGas === undefined) return 'header is missing excessBlobGas'
    if (blobGasUsed === undefined) return 'header is missing blobGasUsed'
  } else {
    if (excessBlobGas !== undefined) return `invalid excessBlobGas: have ${excessBlobGas}, expected nil`
    if (blobGasUsed !== undefined) return `invalid blobGasUsed: have ${blobGasUsed}, expected nil`
    if (parentBeaconBlockRoot !== undefined) {
      return `invalid parentBeaconRoot, have ${parentBeaconBlockRoot}, expected nil`
    }
  }
  if (active.prague && requestsHash === undefined) return 'header is missing requestsHash'
  if (!active.prague && requestsHash !== undefined) {
    return `invalid requestsHash: have ${digits(requestsHash)}, expected nil`
  }
  return undefined
}
