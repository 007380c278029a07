import type { OpChain } from '../evm/op-executor.ts'
import { OpExecutor } from '../evm/op-executor.ts'
import { isAppError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { nextOpBaseFee } from '../protocol/base-fee.ts'
import type { Block } from '../protocol/block.ts'
import { daFootprint, daFootprintGasScalar } from '../protocol/da-footprint.ts'
import { decodeExtraData, type Eip1559Constants } from '../protocol/extra-data.ts'
import type { Header } from '../protocol/header.ts'
import { rollupCostData } from '../protocol/l1-fee.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import { isDeposit, type Transaction } from '../protocol/transaction.ts'
import { baseFeeFault, type ChainRules, commonHeaderFault, upgradeFieldFault } from './chain-rules.ts'

/** The DA footprint of a Jovian block in gas, or why it has none. @see op-geth, core/types CalcDAFootprint */
export function blockFootprint(transactions: readonly Transaction[]): bigint | string {
  const [first] = transactions
  if (first === undefined || !isDeposit(first)) return 'missing deposit transaction'
  const users = transactions.filter((transaction) => !isDeposit(transaction))
  try {
    const scalar = daFootprintGasScalar(first.data)
    if (scalar !== undefined) return users.reduce((sum, { raw }) => sum + daFootprint(rollupCostData(raw), scalar), 0n)
  } catch (error) {
    if (isAppError(error, 'DA_FOOTPRINT_UNKNOWN')) return error.message
    throw error
  }
  return users.length === 0 ? 0n : 'unexpected non-deposit transactions in Jovian activation block'
}

/** {@link ChainRules} of an OP-Stack chain. @see op-geth, eth/catalyst checkOptimismPayload, core/block_validator.go */
export class OpChainRules implements ChainRules {
  readonly executor: OpExecutor
  readonly ancestorHeads = true
  readonly #chain: OpChain & { readonly constants: Eip1559Constants }

  constructor(chain: OpChain & { readonly constants: Eip1559Constants }) {
    this.executor = new OpExecutor(chain)
    this.#chain = chain
  }

  payloadFault({ header: { timestamp, extraData }, withdrawals }: Block): string | undefined {
    if (withdrawals !== undefined && withdrawals.length > 0) return 'non-empty withdrawals post-Canyon'
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

  bodyFault({ header, transactions }: Block): string | undefined {
    const { forks } = this.#chain
    const { timestamp, blobGasUsed, gasLimit } = header
    if (transactions.some(({ type }) => type === 3)) return 'data blobs present in block body'
    if (!forks.isActive('jovian', timestamp)) return undefined
    const footprint = blockFootprint(transactions)
    if (typeof footprint === 'string') return `failed to calculate DA footprint: ${footprint}`
    if (blobGasUsed !== footprint) {
      return `invalid DA footprint in blobGasUsed field (remote: ${blobGasUsed} local: ${footprint})`
    }
    return footprint > gasLimit ? `DA footprint ${footprint} exceeds block gas limit ${gasLimit}` : undefined
  }

  async stateFault(header: Header, storageRoot: (address: Address) => Promise<Hash>): Promise<string | undefined> {
    if (!this.#chain.forks.isActive('isthmus', header.timestamp)) return undefined
    const root = await storageRoot(MESSAGE_PASSER_ADDRESS)
    if (header.withdrawalsRoot === root) return undefined
    return `invalid withdrawals hash (remote: ${header.withdrawalsRoot} local: ${root}) dberr: %!w(<nil>)`
  }
}
