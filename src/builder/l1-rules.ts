import { l1EvmRules } from '../evm/chain.ts'
import type { BlockEnv } from '../evm/executor.ts'
import type { IoOptions } from '../primitives/io.ts'
import { blobBaseFee } from '../protocol/blob-fee.ts'
import { decodeNetworkTransaction } from '../protocol/blob-sidecar.ts'
import { blobParamsAt } from '../protocol/l1-chain.ts'
import { decodeTransaction, type Transaction } from '../protocol/transaction.ts'
import { assembleL1Header } from './assemble-l1.ts'
import type { BlobStore } from './blob-store.ts'
import { refusing } from './decode.ts'
import { draftL1Block, type L1OpenContext } from './l1-open.ts'
import type { StateWant } from './ports.ts'
import type { BlockRules, CompletedBlock, Draft, OpenBlock } from './rules.ts'
import type { L1OpenOptions } from './service.ts'
import { l1StandingWants } from './standing-wants.ts'

/** {@link BlockRules} of L1 after the merge. */
export class L1Rules implements BlockRules<L1OpenOptions> {
  readonly wants: readonly StateWant[]
  readonly #context: L1OpenContext
  readonly #blobs: BlobStore

  constructor(context: L1OpenContext, blobs: BlobStore) {
    this.wants = l1StandingWants(context.config)
    this.#context = context
    this.#blobs = blobs
  }

  async draft(options: L1OpenOptions, io: IoOptions): Promise<Draft> {
    const draft = await draftL1Block(this.#context, options, io)
    const transactions: Transaction[] = []
    for (const raw of options.transactions ?? []) {
      const transaction = this.decode(raw)
      await this.admit(transaction, raw, draft.env.timestamp)
      transactions.push(transaction)
    }
    return { ...draft, transactions, unforeseen: transactions }
  }

  /** Blob transactions come in their network form. */
  decode(raw: Uint8Array): Transaction {
    return refusing(() => decodeTransaction(decodeNetworkTransaction(raw)?.raw ?? raw))
  }

  async admit(transaction: Transaction, raw: Uint8Array, timestamp: bigint): Promise<void> {
    if (transaction.type !== 3) return
    const network = refusing(() => decodeNetworkTransaction(raw))
    const version = l1EvmRules(this.#context.config, timestamp).osaka ? 1 : 0
    await this.#blobs.admit(transaction, network?.sidecar, version)
  }

  async complete({ env, extraData, execution, state }: OpenBlock, io: IoOptions): Promise<CompletedBlock> {
    const end = await execution.finish()
    const { stateRoot, keep } = await state.root(execution.diff(), io)
    const header = assembleL1Header({ config: this.#context.config, env, extraData, execution, end, stateRoot })
    return {
      header,
      ...(header.withdrawalsRoot === undefined ? {} : { withdrawals: env.withdrawals ?? [] }),
      ...(header.requestsHash === undefined ? {} : { executionRequests: end.requests }),
      keep,
    }
  }

  blobBaseFee({ timestamp, excessBlobGas }: Pick<BlockEnv, 'timestamp' | 'excessBlobGas'>): bigint | undefined {
    const params = excessBlobGas === undefined ? undefined : blobParamsAt(this.#context.config, timestamp)
    return params && blobBaseFee(excessBlobGas ?? 0n, params.updateFraction)
  }
}
