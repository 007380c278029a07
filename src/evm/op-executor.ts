import { daFootprint, daFootprintGasScalar } from '../protocol/da-footprint.ts'
import type { OpForks } from '../protocol/forks.ts'
import { type RollupCostData, rollupCostData } from '../protocol/l1-fee.ts'
import { type L1FeeInfo, l1FeeInfo } from '../protocol/l1-fee-info.ts'
import {
  type DepositTransaction,
  effectiveGasPrice,
  isDeposit,
  type SignedTransaction,
  type Transaction,
} from '../protocol/transaction.ts'
import type { StateReader } from '../state/diff.ts'
import { blobCharges } from './blob-charges.ts'
import type { BlockEvm } from './block-evm.ts'
import { BlockRun, type RunResult } from './block-run.ts'
import { type AncestorHash, createEvm, opEvmRules } from './chain.ts'
import { ensureCreate2Deployer } from './create2-deployer.ts'
import { executeDeposit } from './execute-deposit.ts'
import { executeSigned } from './execute-tx.ts'
import type { BlockEnd, BlockEnv, BlockExecution } from './executor.ts'
import { type FeeRules, readFeeRules } from './fees.ts'
import type { Message } from './message.ts'
import { opCharges, opSettlement } from './op-charges.ts'
import { opPrecompiles } from './precompiles.ts'
import { refusal } from './refusal.ts'
import type { ScratchBlock, ScratchExecutor, ScratchOptions } from './scratch-block.ts'
import type { StateAdapter } from './state-adapter.ts'
import { storeBeaconRoot, storeParentHash } from './system-calls.ts'
import type { TransactionCharges } from './transaction-charges.ts'
import type { TransactionContext } from './transaction-context.ts'
import { payWithdrawals } from './withdrawals.ts'

/** wei per blob gas on OP-Stack chains, where there are no blobs: EIP-4844's minimum. */
const BLOB_BASE_FEE = 1n
const DEPOSIT_RECEIPT_VERSION = 1n

/** What the executor must know of its chain. */
export interface OpChain {
  readonly chainId: bigint
  readonly forks: OpForks
}

/** The default {@link ScratchExecutor}: OP-Stack rules around ethereumjs' EVM. */
export class OpExecutor implements ScratchExecutor {
  readonly #chain: OpChain

  constructor(chain: OpChain) {
    this.#chain = chain
  }

  async begin(state: StateReader, env: BlockEnv): Promise<BlockExecution> {
    return new OpBlockRun(this.#chain, state, env).begin()
  }

  open(state: StateReader, env: BlockEnv, options: ScratchOptions): ScratchBlock {
    return new OpBlockRun(this.#chain, state, env, options)
  }
}

class OpBlockRun extends BlockRun {
  readonly #chain: OpChain
  readonly #forks: OpForks
  #fees: FeeRules | undefined
  #feeInfo: ((data: RollupCostData) => L1FeeInfo) | undefined

  constructor(chain: OpChain, state: StateReader, env: BlockEnv, scratch?: ScratchOptions) {
    const rules = opEvmRules(chain.forks, env.timestamp)
    super({ chainId: chain.chainId, rules, state, env, blobBaseFee: BLOB_BASE_FEE, blobs: undefined, scratch })
    this.#chain = chain
    this.#forks = chain.forks
  }

  get daFootprint(): bigint {
    return this.blobGas
  }

  get blobGasUsed(): bigint {
    return 0n
  }

  protected newEvm(state: StateAdapter, ancestorHash: AncestorHash): BlockEvm {
    return createEvm({
      chainId: this.#chain.chainId,
      rules: this.rules,
      state,
      ancestorHash,
      precompiles: (common) => opPrecompiles(common, this.#forks, this.env.timestamp),
    })
  }

  protected async prepare({ evm, block, overlay, env, rules }: TransactionContext): Promise<void> {
    await ensureCreate2Deployer(overlay, this.#forks, env.timestamp)
    if (rules.cancun) await storeBeaconRoot(evm, block, overlay, env)
    if (rules.prague) await storeParentHash(evm, block, overlay, env)
  }

  protected execute(context: TransactionContext, transaction: Transaction): Promise<RunResult> {
    return isDeposit(transaction) ? this.#deposit(context, transaction) : this.#signed(context, transaction)
  }

  /** Withdrawals from L2 and requests are contract state; only a block that is simulated has withdrawals of L1's kind. */
  protected async conclude(): Promise<BlockEnd> {
    await payWithdrawals(this.overlay, this.env)
    return { requests: [] }
  }

  override undo(count: number): void {
    super.undo(count)
    // The fee parameters are fixed by the first user transaction that stays.
    if (this.transactions.every(({ transaction }) => isDeposit(transaction))) this.#fees = undefined
    if (this.first === undefined) this.#feeInfo = undefined
  }

  async #deposit(context: TransactionContext, transaction: DepositTransaction): Promise<RunResult> {
    const { timestamp } = this.env
    const regolith = this.#forks.isActive('regolith', timestamp)
    const outcome = await executeDeposit(context, transaction, regolith)
    return {
      outcome,
      effectiveGasPrice: 0n,
      // Before Regolith the execution layer took the transaction's own nonce, which for a deposit is always zero.
      nonce: regolith ? outcome.nonceBefore : 0n,
      blobGas: 0n,
      deposit: {
        ...(regolith ? { depositNonce: outcome.nonceBefore } : {}),
        ...(this.#forks.isActive('canyon', timestamp) ? { depositReceiptVersion: DEPOSIT_RECEIPT_VERSION } : {}),
      },
    }
  }

  async #signed(context: TransactionContext, transaction: SignedTransaction): Promise<RunResult> {
    const { timestamp, baseFeePerGas } = this.env
    const cost = rollupCostData(transaction.raw)
    const blobGas = this.#footprint(cost)
    const fees = this.#fees ?? (await readFeeRules(this.overlay, this.#forks, timestamp))
    const charges = opCharges(fees, transaction, cost, baseFeePerGas, this.rules.prague)
    const outcome = await executeSigned(context, transaction, charges)
    this.#fees = fees
    return {
      outcome,
      effectiveGasPrice: effectiveGasPrice(transaction, baseFeePerGas),
      nonce: transaction.nonce,
      blobGas,
      l1Fee: this.#l1Fee(cost),
    }
  }

  /**
   * No data of a call goes to L1, and it is not asked for an operator fee in advance; op-geth settles both as if it had been.
   */
  protected async callCharges(context: TransactionContext, message: Message): Promise<TransactionCharges> {
    const { blobs, rules, env } = context
    return {
      ...blobCharges(blobs, message),
      settle: async (overlay, sender, gasUsed) => {
        this.#fees ??= await readFeeRules(overlay, this.#forks, env.timestamp)
        const settle = opSettlement(this.#fees, message.gasLimit, 0n, env.baseFeePerGas, rules.prague)
        await settle(overlay, sender, gasUsed)
      },
    }
  }

  /** The calldata of the block's L1-attributes transaction; undefined in a block that has none. */
  #l1Attributes(): Uint8Array | undefined {
    const { first } = this
    return first !== undefined && isDeposit(first) ? first.data : undefined
  }

  #l1Fee(cost: RollupCostData): L1FeeInfo | undefined {
    const attributes = this.#l1Attributes()
    if (attributes === undefined) return undefined
    this.#feeInfo ??= l1FeeInfo(this.#forks, this.env.timestamp, attributes)
    return this.#feeInfo(cost)
  }

  /** What a user transaction adds to the block's DA footprint. @see OP specs: Jovian, "DA footprint block limit" */
  #footprint(cost: RollupCostData): bigint {
    if (!this.#forks.isActive('jovian', this.env.timestamp)) return 0n
    const attributes = this.#l1Attributes()
    if (attributes === undefined) throw refusal('activationBlock', 'missing deposit transaction')
    const scalar = daFootprintGasScalar(attributes)
    if (scalar === undefined) {
      throw refusal('activationBlock', 'unexpected non-deposit transactions in Jovian activation block')
    }
    const footprint = daFootprint(cost, scalar)
    const total = this.daFootprint + footprint
    if (total > this.env.gasLimit) {
      throw refusal('daFootprintReached', `DA footprint ${total} exceeds block gas limit ${this.env.gasLimit}`)
    }
    return footprint
  }
}
