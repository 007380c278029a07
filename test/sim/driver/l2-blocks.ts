import { concatBytes, EMPTY_BYTES, type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccakHash } from '../../../src/primitives/keccak.ts'
import type { PayloadAttributes } from '../../../src/protocol/attributes.ts'
import { transactionsRoot } from '../../../src/protocol/block.ts'
import { extraDataFromAttributes } from '../../../src/protocol/extra-data.ts'
import { EMPTY_HEADER, EMPTY_REQUESTS_HASH, type Header, hashHeader } from '../../../src/protocol/header.ts'
import { l2BlockRef, systemConfigOfBlock } from '../../../src/protocol/l2-block.ts'
import type { Payload } from '../../../src/protocol/payload.ts'
import type { L2BlockRef } from '../../../src/protocol/refs.ts'
import type { RollupConfig } from '../../../src/protocol/rollup-config.ts'
import type { SystemConfig } from '../../../src/protocol/system-config.ts'
import { decodeTransaction } from '../../../src/protocol/transaction.ts'
import { GENESIS_TIME } from './chain-rules.ts'

/** A transaction with these bytes in it makes its block invalid: what stands for all that execution may find wrong. */
export const INVALID_MARK: Uint8Array = Buffer.from('«invalid»')

/** A block of L2. */
export interface L2Block {
  readonly payload: Payload
  readonly ref: L2BlockRef
  /** As it stands after it. */
  readonly systemConfig: SystemConfig
  /** Why no engine takes it. */
  readonly invalid: string | undefined
}

/** The header of the first block, which has to be known before the configuration is. */
export const L2_GENESIS_HEADER: Header = {
  ...EMPTY_HEADER,
  ...{ timestamp: GENESIS_TIME, gasLimit: 30_000_000n, baseFeePerGas: 7n },
  stateRoot: keccakHash(Uint8Array.of(1)),
}

/** Whether a transaction of a block holds the mark. */
function markedInvalid(transactions: readonly Uint8Array[]): boolean {
  return transactions.some((raw) =>
    Buffer.from(raw.buffer, raw.byteOffset, raw.length).includes(Buffer.from(INVALID_MARK)),
  )
}

/** Every block of L2 that was ever made, by any node: a block is what it was made of, so that all make the same ones. */
export class L2Blocks {
  readonly config: RollupConfig
  readonly genesis: L2Block
  readonly #blocks = new Map<Hash, L2Block>()

  constructor(config: RollupConfig) {
    this.config = config
    const header = L2_GENESIS_HEADER
    this.genesis = this.#add({ hash: hashHeader(header), header, transactions: [] }, undefined)
  }

  get(hash: Hash): L2Block | undefined {
    return this.#blocks.get(hash)
  }

  /** Whether a block is one of another's ancestors, or the same. */
  isAncestor(ancestor: L2BlockRef, of: L2BlockRef): boolean {
    let ref: L2BlockRef | undefined = of
    while (ref !== undefined && ref.number > ancestor.number) ref = this.get(ref.parentHash)?.ref
    return ref?.hash === ancestor.hash
  }

  /** The block that attributes make on a parent. */
  build(parent: L2Block, attributes: PayloadAttributes): L2Block {
    const { timestamp, transactions, withdrawals } = attributes
    const { forks, chainOpConfig } = this.config
    const txRoot = transactionsRoot(transactions)
    const stateRoot = keccakHash(concatBytes(hexToBytes(parent.payload.header.stateRoot), hexToBytes(txRoot)))
    if (chainOpConfig === undefined) throw new Error('the chain has no EIP-1559 constants')
    const { eip1559Params, minBaseFee } = attributes
    const isthmus = forks.isActive('isthmus', timestamp)
    const header: Header = {
      ...EMPTY_HEADER,
      ...{ parentHash: parent.ref.hash, number: parent.ref.number + 1n, timestamp },
      ...{ beneficiary: attributes.suggestedFeeRecipient, mixHash: attributes.prevRandao },
      ...{ gasLimit: attributes.gasLimit, gasUsed: 21_000n, baseFeePerGas: 7n },
      ...{ stateRoot, transactionsRoot: txRoot, receiptsRoot: EMPTY_TRIE_ROOT },
      extraData: extraDataFromAttributes(forks, chainOpConfig, timestamp, eip1559Params, minBaseFee),
      ...(withdrawals !== undefined && { withdrawalsRoot: isthmus ? stateRoot : EMPTY_TRIE_ROOT }),
      ...(forks.isActive('ecotone', timestamp) && {
        ...{ blobGasUsed: 0n, excessBlobGas: 0n },
        parentBeaconBlockRoot: attributes.parentBeaconBlockRoot ?? ZERO_HASH,
      }),
      ...(isthmus && { requestsHash: EMPTY_REQUESTS_HASH }),
    }
    const hash = hashHeader(header)
    const known = this.#blocks.get(hash)
    if (known !== undefined) return known
    const marked = markedInvalid(transactions)
    return this.#add(
      { hash, header, transactions, ...(withdrawals !== undefined && { withdrawals }) },
      marked ? 'a transaction cannot be executed' : undefined,
    )
  }

  #add(payload: Payload, invalid: string | undefined): L2Block {
    const { hash, header } = payload
    const first = payload.transactions[0] ?? EMPTY_BYTES
    const facts = { hash, header, transactions: first.length === 0 ? [] : [decodeTransaction(first)] }
    const systemConfig = systemConfigOfBlock(this.config, facts)
    const block: L2Block = { payload, ref: l2BlockRef(this.config, facts), systemConfig, invalid }
    this.#blocks.set(hash, block)
    return block
  }
}
