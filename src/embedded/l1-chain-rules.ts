import { L1Executor } from '../evm/l1-executor.ts'
import { nextL1BaseFee } from '../protocol/base-fee.ts'
import { GAS_PER_BLOB, nextExcessBlobGas } from '../protocol/blob-fee.ts'
import type { Block } from '../protocol/block.ts'
import { withdrawalsRoot } from '../protocol/block.ts'
import { requestsHash } from '../protocol/execution-requests.ts'
import type { Header } from '../protocol/header.ts'
import { blobParamsAt, isL1ForkActive, type L1ChainConfig } from '../protocol/l1-chain.ts'
import {
  baseFeeFault,
  type ChainRules,
  commonHeaderFault,
  digits,
  type ExecutedBlock,
  upgradeFieldFault,
} from './chain-rules.ts'

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
  readonly #config: L1ChainConfig

  constructor(config: L1ChainConfig) {
    this.executor = new L1Executor(config)
    this.#config = config
  }

  payloadFault({ header, withdrawals }: Block): string | undefined {
    if (header.withdrawalsRoot === undefined) return undefined
    if (withdrawals === undefined) return 'missing withdrawals in block body'
    const root = withdrawalsRoot(withdrawals)
    if (root === header.withdrawalsRoot) return undefined
    return `withdrawals root hash mismatch (header value ${digits(header.withdrawalsRoot)}, calculated ${digits(root)})`
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

  executionFault(header: Header, { execution, end }: ExecutedBlock): string | undefined {
    if (header.blobGasUsed !== undefined && header.blobGasUsed !== execution.blobGasUsed) {
      return `blob gas used mismatch (header ${header.blobGasUsed}, calculated ${execution.blobGasUsed})`
    }
    if (header.requestsHash === undefined) return undefined
    const hash = requestsHash(end.requests)
    if (hash === header.requestsHash) return undefined
    return `invalid requests hash (remote: ${digits(header.requestsHash)} local: ${digits(hash)})`
  }
}
