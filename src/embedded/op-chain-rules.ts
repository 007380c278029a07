import type { OpChain } from '../evm/op-executor.ts'
import { OpExecutor } from '../evm/op-executor.ts'
import { isAppError } from '../primitives/errors.ts'
import { nextOpBaseFee } from '../protocol/base-fee.ts'
import type { Block } from '../protocol/block.ts'
import { decodeExtraData, type Eip1559Constants } from '../protocol/extra-data.ts'
import { EMPTY_REQUESTS_HASH, type Header } from '../protocol/header.ts'
import {
  baseFeeFault,
  type ChainRules,
  commonHeaderFault,
  digits,
  type ExecutedBlock,
  upgradeFieldFault,
} from './chain-rules.ts'

/** {@link ChainRules} of an OP-Stack chain. @see op-geth, eth/catalyst checkOptimismPayload, core/block_validator.go */
export class OpChainRules implements ChainRules {
  readonly executor: OpExecutor
  readonly #chain: OpChain & { readonly constants: Eip1559Constants }

  constructor(chain: OpChain & { readonly constants: Eip1559Constants }) {
    this.executor = new OpExecutor(chain)
    this.#chain = chain
  }

  payloadFault({ header: { timestamp, extraData }, withdrawals, transactions }: Block): string | undefined {
    if (withdrawals !== undefined && withdrawals.length > 0) return 'non-empty withdrawals post-Canyon'
    if (transactions.some(({ type }) => type === 3)) return 'data blobs present in block body'
    try {
      decodeExtraData(this.#chain.forks, timestamp, extraData)
      return undefined
    } catch (error) {
      if (isAppError(error, 'EXTRA_DATA_INVALID')) return error.message
      throw error
    }
  }

  headerFault(parent: Header, header: Header): string | undefined {
    const { forks, constants } = this.#chain
    const { timestamp, excessBlobGas } = header
    const fault =
      commonHeaderFault(parent, header) ??
      baseFeeFault(parent, header, nextOpBaseFee(forks, constants, parent, timestamp)) ??
      upgradeFieldFault(header, {
        shanghai: forks.isActive('canyon', timestamp),
        cancun: forks.isActive('ecotone', timestamp),
        prague: forks.isActive('isthmus', timestamp),
      })
    if (fault !== undefined) return fault
    return (excessBlobGas ?? 0n) === 0n ? undefined : `invalid excessBlobGas: have ${excessBlobGas}, want 0`
  }

  executionFault(header: Header, { execution, messagePasserRoot }: ExecutedBlock): string | undefined {
    const { forks } = this.#chain
    const { timestamp, blobGasUsed, requestsHash, withdrawalsRoot } = header
    const { daFootprint } = execution
    if (forks.isActive('jovian', timestamp) && blobGasUsed !== daFootprint) {
      return `invalid DA footprint in blobGasUsed field (remote: ${blobGasUsed} local: ${daFootprint})`
    }
    if (!forks.isActive('isthmus', timestamp)) return undefined
    if (requestsHash !== undefined && requestsHash !== EMPTY_REQUESTS_HASH) {
      return `invalid requests hash (remote: ${digits(requestsHash)} local: ${digits(EMPTY_REQUESTS_HASH)})`
    }
    const root = messagePasserRoot()
    if (withdrawalsRoot === root) return undefined
    return `invalid withdrawals hash (remote: ${withdrawalsRoot} local: ${root}) dberr: %!w(<nil>)`
  }
}
