import type { EVM } from '@ethereumjs/evm'
import { isAppError } from '../primitives/errors.ts'
import { type Address, bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { daFootprint, daFootprintGasScalar } from '../protocol/da-footprint.ts'
import type { OpForks } from '../protocol/forks.ts'
import { type RollupCostData, rollupCostData } from '../protocol/l1-fee.ts'
import { type L1FeeInfo, l1FeeInfo } from '../protocol/l1-fee-info.ts'
import { logsBloom, type Receipt } from '../protocol/receipt.ts'
import { effectiveGasPrice, isDeposit, type Transaction } from '../protocol/transaction.ts'
import type { StateDiff, StateReader } from '../state/diff.ts'
import { Overlay } from '../state/overlay.ts'
import { createOpEvm, type EvmRules, opEvmRules } from './chain.ts'
import { ensureCreate2Deployer } from './create2-deployer.ts'
import { executeDeposit } from './execute-deposit.ts'
import { executeSigned, type Outcome } from './execute-tx.ts'
import type { BlockEnv, BlockExecution, ExecutedTransaction, Executor } from './executor.ts'
import { type FeeRules, readFeeRules } from './fees.ts'
import { evmBlock } from './message-call.ts'
import { refusal } from './refusal.ts'
import { StateAdapter } from './state-adapter.ts'
import { storeBeaconRoot, storeParentHash } from './system-calls.ts'
import type { TransactionContext } from './transaction-context.ts'

/** wei per blob gas on OP-Stack chains, where there are no blobs: EIP-4844's minimum. */
const BLOB_BASE_FEE = 1n
const DEPOSIT_RECEIPT_VERSION = 1n

/** What the executor must know of its chain. */
export interface OpChain {
  readonly chainId: bigint
  readonly forks: OpForks
}

/** A transaction in the block, with what it takes to take it back. */
interface Entry {
  readonly executed: ExecutedTransaction
  /** Mark in the overlay before it ran. */
  readonly mark: number
  /** The block's DA footprint with this transaction in it. */
  readonly footprint: bigint
}

/** The default {@link Executor}: OP-Stack rules around ethereumjs' EVM. */
export class OpExecutor implements Executor {
  readonly #chain: OpChain

  constructor(chain: OpChain) {
    this.#chain = chain
  }

  async begin(state: StateReader, env: BlockEnv): Promise<BlockExecution> {
    const execution = new OpBlockExecution(this.#chain, new Overlay(state), env)
    await execution.begin()
    return execution
  }
}

class OpBlockExecution implements BlockExecution {
  readonly #chain: OpChain
  readonly #forks: OpForks
  readonly #overlay: Overlay
  readonly #env: BlockEnv
  readonly #rules: EvmRules
  readonly #adapter: StateAdapter
  readonly #block: ReturnType<typeof evmBlock>
  #evm: EVM
  #entries: Entry[] = []
  #fees: FeeRules | undefined
  #feeInfo: ((data: RollupCostData) => L1FeeInfo) | undefined

  constructor(chain: OpChain, overlay: Overlay, env: BlockEnv) {
    this.#chain = chain
    this.#forks = chain.forks
    this.#overlay = overlay
    this.#env = env
    this.#rules = opEvmRules(chain.forks, env.timestamp)
    this.#adapter = new StateAdapter(overlay)
    this.#block = evmBlock(env, BLOB_BASE_FEE)
    this.#evm = this.#newEvm()
  }

  #newEvm(): EVM {
    return createOpEvm({
      chainId: this.#chain.chainId,
      forks: this.#forks,
      timestamp: this.#env.timestamp,
      state: this.#adapter,
      ancestorHash: async (number) => {
        const hash = await this.#env.ancestorHash(number)
        return hash === undefined ? new Uint8Array(32) : hexToBytes(hash)
      },
    })
  }

  /** What op-geth does before the first transaction. */
  async begin(): Promise<void> {
    await ensureCreate2Deployer(this.#overlay, this.#forks, this.#env.timestamp)
    if (this.#rules.cancun) await storeBeaconRoot(this.#evm, this.#block, this.#overlay, this.#env)
    if (this.#rules.prague) await storeParentHash(this.#evm, this.#block, this.#overlay, this.#env)
  }

  get transactions(): readonly ExecutedTransaction[] {
    return this.#entries.map((entry) => entry.executed)
  }

  get gasLeft(): bigint {
    return this.#env.gasLimit - this.#gasUsed()
  }

  get daFootprint(): bigint {
    return this.#entries.at(-1)?.footprint ?? 0n
  }

  #gasUsed(): bigint {
    return this.#entries.at(-1)?.executed.receipt.cumulativeGasUsed ?? 0n
  }

  async run(transaction: Transaction): Promise<ExecutedTransaction> {
    const mark = this.#overlay.mark()
    try {
      const entry = isDeposit(transaction)
        ? await this.#runDeposit(transaction, mark)
        : await this.#runSigned(transaction, mark)
      this.#entries.push(entry)
      return entry.executed
    } catch (error) {
      this.#overlay.revertTo(mark)
      if (!isAppError(error, 'TX_REFUSED')) {
        // Reading the state failed in the middle of a call: the EVM's own bookkeeping is in pieces.
        this.#adapter.reset()
        this.#evm = this.#newEvm()
      }
      throw error
    }
  }

  #context(): TransactionContext {
    return {
      evm: this.#evm,
      block: this.#block,
      overlay: this.#overlay,
      env: this.#env,
      rules: this.#rules,
      forks: this.#forks,
      chainId: this.#chain.chainId,
      gasLeft: this.gasLeft,
    }
  }

  async #runDeposit(transaction: Transaction & { type: 0x7e }, mark: number): Promise<Entry> {
    const outcome = await executeDeposit(this.#context(), transaction)
    const { timestamp } = this.#env
    const regolith = this.#forks.isActive('regolith', timestamp)
    const extra = {
      ...(regolith ? { depositNonce: outcome.nonceBefore } : {}),
      ...(this.#forks.isActive('canyon', timestamp) ? { depositReceiptVersion: DEPOSIT_RECEIPT_VERSION } : {}),
    }
    // Before Regolith the execution layer took the transaction's own nonce, which for a deposit is always zero.
    const nonce = regolith ? outcome.nonceBefore : 0n
    const executed = this.#place(transaction, outcome, 0n, nonce, extra)
    return { executed, mark, footprint: this.daFootprint }
  }

  async #runSigned(transaction: Exclude<Transaction, { type: 0x7e }>, mark: number): Promise<Entry> {
    const cost = rollupCostData(transaction.raw)
    const footprint = this.#checkFootprint(cost)
    const fees = this.#fees ?? (await readFeeRules(this.#overlay, this.#forks, this.#env.timestamp))
    const outcome = await executeSigned(this.#context(), transaction, fees, cost)
    this.#fees = fees
    const price = effectiveGasPrice(transaction, this.#env.baseFeePerGas)
    const executed = this.#place(transaction, outcome, price, transaction.nonce, {}, this.#l1Fee(cost))
    return { executed, mark, footprint }
  }

  /** The calldata of the block's L1-attributes transaction; undefined in a block that has none. */
  #l1Attributes(): Uint8Array | undefined {
    const first = this.#entries[0]?.executed.transaction
    return first !== undefined && isDeposit(first) ? first.data : undefined
  }

  #l1Fee(cost: RollupCostData): L1FeeInfo | undefined {
    const attributes = this.#l1Attributes()
    if (attributes === undefined) return undefined
    this.#feeInfo ??= l1FeeInfo(this.#forks, this.#env.timestamp, attributes)
    return this.#feeInfo(cost)
  }

  /** The block's DA footprint with one more user transaction. @see OP specs: Jovian, "DA footprint block limit" */
  #checkFootprint(cost: RollupCostData): bigint {
    if (!this.#forks.isActive('jovian', this.#env.timestamp)) return 0n
    const attributes = this.#l1Attributes()
    if (attributes === undefined) throw refusal('activationBlock', 'missing deposit transaction')
    const scalar = daFootprintGasScalar(attributes)
    if (scalar === undefined) {
      throw refusal('activationBlock', 'unexpected non-deposit transactions in Jovian activation block')
    }
    const total = this.daFootprint + daFootprint(cost, scalar)
    if (total > this.#env.gasLimit) {
      throw refusal('daFootprintReached', `DA footprint ${total} exceeds block gas limit ${this.#env.gasLimit}`)
    }
    return total
  }

  #place(
    transaction: Transaction,
    outcome: Outcome,
    price: bigint,
    nonce: bigint,
    extra: Pick<Receipt, 'depositNonce' | 'depositReceiptVersion'>,
    l1Fee?: L1FeeInfo,
  ): ExecutedTransaction {
    const last = this.#entries.at(-1)?.executed
    const receipt: Receipt = {
      type: transaction.type,
      status: outcome.status,
      cumulativeGasUsed: this.#gasUsed() + outcome.gasUsed,
      logsBloom: logsBloom(outcome.logs),
      logs: outcome.logs,
      ...extra,
    }
    return {
      transaction,
      receipt,
      index: this.#entries.length,
      firstLogIndex: last === undefined ? 0 : last.firstLogIndex + last.receipt.logs.length,
      gasUsed: outcome.gasUsed,
      effectiveGasPrice: price,
      ...(transaction.to === undefined ? { contractAddress: createdAddress(transaction.sender, nonce) } : {}),
      ...(l1Fee === undefined ? {} : { l1Fee }),
      ...(outcome.revertData === undefined ? {} : { revertData: outcome.revertData }),
    }
  }

  undo(count: number): void {
    if (count <= 0) return
    const from = Math.max(0, this.#entries.length - count)
    const first = this.#entries[from]
    if (first === undefined) return
    this.#overlay.revertTo(first.mark)
    this.#entries.length = from
    // The fee parameters are fixed by the first user transaction that stays.
    if (!this.#entries.some((entry) => !isDeposit(entry.executed.transaction))) this.#fees = undefined
    if (from === 0) this.#feeInfo = undefined
  }

  diff(): StateDiff {
    return this.#overlay.diff()
  }
}

/** The address of a contract that `sender` creates with `nonce`. */
export function createdAddress(sender: Address, nonce: bigint): Address {
  return bytesToHex(keccak256(encodeRlp([hexToBytes(sender), nonce])).subarray(12))
}
