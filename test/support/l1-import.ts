import { assembleL1Header } from '../../src/builder/assemble-l1.ts'
import type { BlockExecution } from '../../src/evm/executor.ts'
import { L1Executor } from '../../src/evm/l1-executor.ts'
import { AppError, isAppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import { EMPTY_LIST_HASH, EMPTY_TRIE_ROOT, keccakHash } from '../../src/primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpInput, rlpBytes, rlpList, rlpUint } from '../../src/primitives/rlp.ts'
import { nextL1BaseFee } from '../../src/protocol/base-fee.ts'
import { nextExcessBlobGas } from '../../src/protocol/blob-fee.ts'
import type { GenesisAccount } from '../../src/protocol/genesis.ts'
import { type Header, hashHeader, headerFromRlp } from '../../src/protocol/header.ts'
import { isL1ForkActive, type L1ChainConfig } from '../../src/protocol/l1-chain.ts'
import { decodeTransaction, type Transaction } from '../../src/protocol/transaction.ts'
import type { Withdrawal } from '../../src/protocol/withdrawal.ts'
import { encodeAccount, encodeSlot } from '../../src/state/account.ts'
import type { StateDiff } from '../../src/state/diff.ts'
import { NodeStore } from '../../src/state/node-store.ts'
import type { RemoteState } from '../../src/state/remote.ts'
import { computeStateRoot } from '../../src/state/root.ts'
import { updateTrie } from '../../src/state/trie.ts'
import { storedState } from './witness-state.ts'

/** Why an importer refuses a block; `data` of a mismatch names the header's `fields` that are not what execution gives. */
export type ImportErrorCode = 'BLOCK_FORMAT' | 'HEADER_RULE' | 'HEADER_MISMATCH'

interface DecodedBlock {
  readonly header: Header
  readonly transactions: readonly Transaction[]
  readonly withdrawals: readonly Withdrawal[] | undefined
}

function decodeBlock(raw: Uint8Array): DecodedBlock {
  const [head, transactions, ommers, withdrawals, ...rest] = rlpList(decodeRlp(raw))
  if (head === undefined || rest.length > 0) throw new AppError<ImportErrorCode>('BLOCK_FORMAT')
  if (rlpList(ommers).length > 0) throw new AppError<ImportErrorCode>('BLOCK_FORMAT', { message: 'uncles' })
  return {
    header: headerFromRlp(head),
    transactions: rlpList(transactions).map((item) =>
      decodeTransaction(item instanceof Uint8Array ? item : encodeRlp(item as RlpInput)),
    ),
    withdrawals:
      withdrawals &&
      rlpList(withdrawals).map((item) => {
        const [index, validatorIndex, address, amount] = rlpList(item)
        return {
          index: rlpUint(index, 8),
          validatorIndex: rlpUint(validatorIndex, 8),
          address: bytesToHex(rlpBytes(address)),
          amount: rlpUint(amount, 8),
        }
      }),
  }
}

function rule(holds: boolean, message: string): void {
  if (!holds) throw new AppError<ImportErrorCode>('HEADER_RULE', { message })
}

/** What a client checks of a header before it executes the block. */
function checkHeader(config: L1ChainConfig, header: Header, parent: Header, withdrawals: boolean): void {
  const bound = parent.gasLimit / 1024n
  const step = header.gasLimit - parent.gasLimit
  rule(header.number === parent.number + 1n, 'number')
  rule(header.timestamp > parent.timestamp, 'timestamp')
  rule(header.extraData.length <= 32, 'extraData')
  rule(header.gasLimit >= 5000n && step < bound && -step < bound, 'gasLimit')
  rule(header.ommersHash === EMPTY_LIST_HASH, 'ommersHash')
  rule(withdrawals === isL1ForkActive(config, 'shanghai', header.timestamp), 'withdrawals')
  rule(isL1ForkActive(config, 'cancun', header.timestamp) === (header.parentBeaconBlockRoot !== undefined), 'beacon')
}

function differences(have: Header, want: Header): string[] {
  const plain = (value: unknown): unknown => (value instanceof Uint8Array ? bytesToHex(value) : value)
  const keys = new Set([...Object.keys(have), ...Object.keys(want)]) as Set<keyof Header>
  return [...keys].filter((key) => plain(have[key]) !== plain(want[key]))
}

/** A chain of L1 blocks over states that are held whole, as a client imports it. */
export class L1Import {
  readonly #config: L1ChainConfig
  readonly #store = new NodeStore({ maxBytes: 2 ** 31 })
  readonly #executor: L1Executor
  readonly #headers = new Map<Hash, Header>()
  /** Called with a block that ran to its end and its transactions, before its state root is computed. */
  onExecuted: ((execution: BlockExecution, transactions: readonly Transaction[]) => Promise<void>) | undefined
  /** Called with an execution that refused `transactions[at]`. */
  onRefused:
    | ((execution: BlockExecution, fresh: BlockExecution, ran: readonly Transaction[]) => Promise<void>)
    | undefined

  constructor(config: L1ChainConfig) {
    this.#config = config
    this.#executor = new L1Executor(config)
  }

  /** Stores a state. @returns its root */
  importState(alloc: ReadonlyMap<Hash, GenesisAccount>): Hash {
    const leaves = [...alloc].map(([address, { nonce, balance, code, storage }]) => {
      const slots = [...storage].map(([slot, value]) => [slot, encodeSlot(value)] as const)
      const account = { nonce, balance, codeHash: this.#store.addCode(code), storageRoot: this.#build(slots) }
      return [address, encodeAccount(account)] as const
    })
    return this.#build(leaves)
  }

  #build(leaves: readonly (readonly [Hash, Uint8Array])[]): Hash {
    const changes = new Map(leaves.map(([key, value]) => [this.#store.keys.hash(key), value]))
    const update = updateTrie(this.#store, EMPTY_TRIE_ROOT, changes)
    if (update.tag === 'missing') throw new Error('a trie built from nothing misses nothing')
    this.#store.merge(update.newNodes)
    return update.root
  }

  /** Makes a header known, as a block to build on. */
  addHeader(header: Header): Hash {
    const hash = hashHeader(header)
    this.#headers.set(hash, header)
    return hash
  }

  /** The state after a known block. */
  state(hash: Hash): RemoteState {
    return storedState(this.header(hash).stateRoot, this.#store)
  }

  /** What executing a block changes, as the root of the state after it. The block stays unknown. */
  async stateRoot(parent: Hash, diff: StateDiff): Promise<Hash> {
    const { pin, source } = this.state(parent)
    return (await computeStateRoot(pin, diff, this.#store, source)).stateRoot
  }

  /** A header that is known by its hash. */
  header(hash: Hash): Header {
    const header = this.#headers.get(hash)
    if (header === undefined) throw new Error(`no block ${hash}`)
    return header
  }

  /** The hash of the block with that number below a known block, itself included. */
  ancestorHash(parentHash: Hash, number: bigint): Hash | undefined {
    for (let hash = parentHash; ; ) {
      const header = this.#headers.get(hash)
      if (header === undefined || header.number < number) return undefined
      if (header.number === number) return hash
      hash = header.parentHash
    }
  }

  /**
   * Imports a block.
   * @returns its hash
   * @throws AppError with an {@link ImportErrorCode}, or with what decoding and execution throw
   */
  async importBlock(raw: Uint8Array): Promise<Hash> {
    const config = this.#config
    const { header, transactions, withdrawals } = decodeBlock(raw)
    const parent = this.#headers.get(header.parentHash)
    if (parent === undefined) throw new AppError<ImportErrorCode>('HEADER_RULE', { message: 'parent' })
    checkHeader(config, header, parent, withdrawals !== undefined)
    const env = {
      number: parent.number + 1n,
      timestamp: header.timestamp,
      gasLimit: header.gasLimit,
      baseFeePerGas: nextL1BaseFee(parent),
      prevRandao: header.mixHash,
      feeRecipient: header.beneficiary,
      parentHash: header.parentHash,
      ...(header.parentBeaconBlockRoot && { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
      ...(withdrawals && { withdrawals }),
      ...(isL1ForkActive(config, 'cancun', header.timestamp) && {
        excessBlobGas: nextExcessBlobGas(config, parent, header.timestamp),
      }),
      ancestorHash: async (number: bigint) => this.ancestorHash(header.parentHash, number),
    }
    const state = storedState(parent.stateRoot, this.#store)
    const execution = await this.#executor.begin(state, env)
    for (const [at, transaction] of transactions.entries()) {
      try {
        await execution.run(transaction)
      } catch (error) {
        if (isAppError(error, 'TX_REFUSED')) {
          await this.onRefused?.(execution, await this.#executor.begin(state, env), transactions.slice(0, at))
        }
        throw error
      }
    }
    await execution.finish()
    await this.onExecuted?.(execution, transactions)
    const end = await execution.finish()
    const diff: StateDiff = execution.diff()
    const post = await computeStateRoot(state.pin, diff, this.#store, state.source)
    const assembled = assembleL1Header({
      config,
      env,
      extraData: header.extraData,
      execution,
      end,
      stateRoot: post.stateRoot,
    })
    const head = rlpList(decodeRlp(raw))[0]
    if (hashHeader(assembled) !== keccakHash(encodeRlp(head as RlpInput))) {
      const fields = differences(header, assembled)
      const message = fields
        .map((field) => `${field}: header ${show(header, field)}, execution ${show(assembled, field)}`)
        .join('; ')
      throw new AppError<ImportErrorCode>('HEADER_MISMATCH', { message, data: { fields } })
    }
    this.#store.merge(post.newNodes)
    for (const code of diff.codes.values()) this.#store.addCode(code)
    return this.addHeader(header)
  }
}

function show(header: Header, field: string): string {
  const value = header[field as keyof Header]
  return value instanceof Uint8Array ? bytesToHex(value) : String(value)
}
