import { blobBaseFee, GAS_PER_BLOB } from '../protocol/blob-fee.ts'
import { type BlobParams, blobParamsAt, type L1ChainConfig } from '../protocol/l1-chain.ts'
import type { Log } from '../protocol/receipt.ts'
import { effectiveGasPrice, isDeposit, type SignedTransaction, type Transaction } from '../protocol/transaction.ts'
import type { StateReader } from '../state/diff.ts'
import { blobCharges, blobGas, MAX_BLOBS_PER_TRANSACTION } from './blob-charges.ts'
import type { BlockEvm } from './block-evm.ts'
import { blockRequests } from './block-requests.ts'
import { BlockRun, type RunResult } from './block-run.ts'
import { type AncestorHash, createEvm, type EvmRules, l1EvmRules } from './chain.ts'
import { executeSigned } from './execute-tx.ts'
import type { BlockEnd, BlockEnv, BlockExecution } from './executor.ts'
import type { Message } from './message.ts'
import { refusal } from './refusal.ts'
import type { ScratchBlock, ScratchExecutor, ScratchOptions } from './scratch-block.ts'
import type { StateAdapter } from './state-adapter.ts'
import { storeBeaconRoot, storeParentHash } from './system-calls.ts'
import type { TransactionCharges } from './transaction-charges.ts'
import type { TransactionContext } from './transaction-context.ts'
import { payWithdrawals } from './withdrawals.ts'

/** The largest block in RLP, in bytes, from Osaka. @see EIP-7934 */
export const MAX_BLOCK_SIZE = 8_388_608
/** More than the header, the frames of the lists and the withdrawals of a block take. */
const BLOCK_OVERHEAD = 4_096
/** More than RLP puts around a typed transaction. */
const TRANSACTION_OVERHEAD = 5

/** {@link ScratchExecutor} of L1 after the merge, by geth's rules. */
export class L1Executor implements ScratchExecutor {
  readonly #config: L1ChainConfig

  constructor(config: L1ChainConfig) {
    this.#config = config
  }

  async begin(state: StateReader, env: BlockEnv): Promise<BlockExecution> {
    return new L1BlockRun(this.#config, state, env).begin()
  }

  open(state: StateReader, env: BlockEnv, options: ScratchOptions): ScratchBlock {
    return new L1BlockRun(this.#config, state, env, options)
  }
}

/** How many blobs an L1 block takes, and what they cost. */
interface BlockBlobs {
  readonly params: BlobParams
  /** wei per blob gas */
  readonly baseFee: bigint
}

function blobsOf(config: L1ChainConfig, rules: EvmRules, env: BlockEnv): BlockBlobs | undefined {
  const params = rules.cancun ? blobParamsAt(config, env.timestamp) : undefined
  return params && { params, baseFee: blobBaseFee(env.excessBlobGas ?? 0n, params.updateFraction) }
}

class L1BlockRun extends BlockRun {
  readonly #config: L1ChainConfig
  readonly #blobs: BlockBlobs | undefined

  constructor(config: L1ChainConfig, state: StateReader, env: BlockEnv, scratch?: ScratchOptions) {
    const rules = l1EvmRules(config, env.timestamp)
    const blobs = blobsOf(config, rules, env)
    const maxPerTransaction = rules.osaka ? MAX_BLOBS_PER_TRANSACTION : undefined
    super({
      chainId: config.chainId,
      rules,
      state,
      env,
      blobBaseFee: blobs?.baseFee ?? 1n,
      blobs: blobs && { baseFee: blobs.baseFee, maxPerTransaction },
      scratch,
    })
    this.#config = config
    this.#blobs = blobs
  }

  get daFootprint(): bigint {
    return 0n
  }

  get blobGasUsed(): bigint {
    return this.blobGas
  }

  protected newEvm(state: StateAdapter, ancestorHash: AncestorHash): BlockEvm {
    return createEvm({ chainId: this.#config.chainId, rules: this.rules, state, ancestorHash })
  }

  protected async prepare({ evm, block, overlay, env, rules }: TransactionContext): Promise<void> {
    if (rules.cancun) await storeBeaconRoot(evm, block, overlay, env)
    if (rules.prague) await storeParentHash(evm, block, overlay, env)
  }

  protected async execute(context: TransactionContext, transaction: Transaction): Promise<RunResult> {
    if (isDeposit(transaction)) throw refusal('typeNotSupported', 'transaction type not supported')
    this.#checkRoom(transaction)
    const outcome = await executeSigned(context, transaction, blobCharges(context.blobs, transaction))
    return {
      outcome,
      effectiveGasPrice: effectiveGasPrice(transaction, this.env.baseFeePerGas),
      nonce: transaction.nonce,
      blobGas: blobGas(transaction),
    }
  }

  protected async callCharges(context: TransactionContext, message: Message): Promise<TransactionCharges> {
    return blobCharges(context.blobs, message)
  }

  /** What geth checks of a block as a whole and its builder when it picks transactions. */
  #checkRoom(transaction: SignedTransaction): void {
    if (this.#blobs !== undefined) {
      const max = BigInt(this.#blobs.params.max) * GAS_PER_BLOB
      if (this.blobGas + blobGas(transaction) > max) throw refusal('blobLimitReached', 'max data blobs reached')
    }
    if (!this.rules.osaka) return
    const sizes = [...this.transactions.map((executed) => executed.transaction), transaction].map(
      ({ raw }) => raw.length + TRANSACTION_OVERHEAD,
    )
    if (sizes.reduce((sum, size) => sum + size, BLOCK_OVERHEAD) > MAX_BLOCK_SIZE) {
      throw refusal('blockSizeReached', 'block RLP-encoded size exceeds maximum')
    }
  }

  protected async conclude(context: TransactionContext, logs: Iterable<Log>): Promise<BlockEnd> {
    const requests = this.rules.prague ? await blockRequests(context, logs, this.#config.depositContractAddress) : []
    await payWithdrawals(this.overlay, this.env)
    return { requests }
  }
}
