import { L1Executor } from '../evm/l1-executor.ts'
import { nextL1BaseFee } from '../protocol/base-fee.ts'
import { GAS_PER_BLOB, nextExcessBlobGas } from '../protocol/blob-fee.ts'
import type { Block } from '../protocol/block.ts'
import { withdrawalsRoot } from '../protocol/block.ts'
import type { Header } from '../protocol/header.ts'
import { blobParamsAt, isL1ForkActive, type L1ChainConfig } from '../protocol/l1-chain.ts'
import { baseFeeFault, type ChainRules, commonHeaderFault, digits, upgradeFieldFault } from './chain-rules.ts'

const MAX_EXTRA_DATA = 32
const GAS_LIMIT_BOUND_DIVISOR = 1024n
const MIN_GAS_LIMIT = 5000n

/** @see geth, consensus/misc VerifyGaslimit */
function gasLimitFault(parent: bigint, limit: bigint): string | undefined {
  const bound = parent / GAS_LIMIT_BOUND_DIVISOR
  const difference = limit > parent ? limit - parent : parent - limit
  if (difference >= bound) return `invalid gas limit: have ${limit}, want ${parent} +/- ${bound - 1n}`
  return limit < MIN_GAS_LIMIT ? `invalid gas limit below ${MIN_GAS_LIMIT}` : undefined
}

/** {@link ChainRules} of L1 after the merge. @see geth, consensus/beacon, core/block_validator.go */
export class L1ChainRules implements ChainRules {
  readonly executor: L1Executor
  readonly ancestorHeads = false
  readonly #config: L1ChainConfig

  constructor(config: L1ChainConfig) {
    this.executor = new L1Executor(config)
    this.#config = config
  }

  payloadFault({ header: { extraData } }: Block): string | undefined {
    return extraData.length > MAX_EXTRA_DATA ? `invalid extradata length: ${extraData.length}` : undefined
  }

  headerFault(parent: Header, header: Header): string | undefined {
    const { timestamp } = header
    const cancun = isL1ForkActive(this.#config, 'cancun', timestamp)
    return (
      commonHeaderFault(parent, header) ??
      gasLimitFault(parent.gasLimit, header.gasLimit) ??
      baseFeeFault(parent, header, nextL1BaseFee(parent)) ??
      upgradeFieldFault(header, {
        shanghai: isL1ForkActive(this.#config, 'shanghai', timestamp),
        cancun,
        prague: isL1ForkActive(this.#config, 'prague', timestamp),
      }) ??
      (cancun ? this.#blobFault(parent, header) : undefined)
    )
  }

  /** @see geth, consensus/misc/eip4844 VerifyEIP4844Header */
  #blobFault(parent: Header, { timestamp, excessBlobGas, blobGasUsed = 0n }: Header): string | undefined {
    const max = BigInt(blobParamsAt(this.#config, timestamp)?.max ?? 0) * GAS_PER_BLOB
    if (blobGasUsed > max) return `blob gas used ${blobGasUsed} exceeds maximum allowance ${max}`
    if (blobGasUsed % GAS_PER_BLOB !== 0n) {
      return `blob gas used ${blobGasUsed} not a multiple of blob gas per blob ${GAS_PER_BLOB}`
    }
    const expected = nextExcessBlobGas(this.#config, parent, timestamp)
    return excessBlobGas === expected ? undefined : `invalid excessBlobGas: have ${excessBlobGas}, want ${expected}`
  }

  bodyFault({ header, transactions, withdrawals }: Block): string | undefined {
    if (header.withdrawalsRoot !== undefined) {
      if (withdrawals === undefined) return 'missing withdrawals in block body'
      const root = digits(withdrawalsRoot(withdrawals))
      const stated = digits(header.withdrawalsRoot)
      if (root !== stated) return `withdrawals root hash mismatch (header value ${stated}, calculated ${root})`
    } else if (withdrawals !== undefined) return 'withdrawals present in block body'
    const blobs = transactions.reduce((sum, tx) => sum + (tx.type === 3 ? tx.blobVersionedHashes.length : 0), 0)
    const blobGas = BigInt(blobs) * GAS_PER_BLOB
    if (header.blobGasUsed === undefined) return blobs > 0 ? 'data blobs present in block body' : undefined
    if (blobGas === header.blobGasUsed) return undefined
    return `blob gas used mismatch (header ${header.blobGasUsed}, calculated ${blobGas})`
  }

  /** All that an L1 header says of the state is its root. */
  stateFault(): Promise<undefined> {
    return Promise.resolve(undefined)
  }
}
