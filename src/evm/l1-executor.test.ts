import { describe, expect, it } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import { type Address, bytesToHex, concatBytes, type Hash, hexToBytes, toWord, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccakHash } from '../primitives/keccak.ts'
import { GAS_PER_BLOB } from '../protocol/blob-fee.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import type { StateReader } from '../state/diff.ts'
import { CONSOLIDATION_QUEUE_ADDRESS, depositRequests, WITHDRAWAL_QUEUE_ADDRESS } from './block-requests.ts'
import type { BlockEnv, BlockExecution } from './executor.ts'
import { L1Executor, MAX_BLOCK_SIZE } from './l1-executor.ts'

const SENDER: Address = `0x${'a1'.repeat(20)}`
const TARGET: Address = `0x${'b2'.repeat(20)}`
const RECIPIENT: Address = `0x${'c3'.repeat(20)}`
const ETHER = 10n ** 18n

/** Counts its calls in slot 0 and returns the count as one byte. */
const COUNTER = hexToBytes('0x5f54600101805f555f5360015ff3')
/** Fails. */
const BROKEN = hexToBytes('0xfe')

const config: L1ChainConfig = {
  chainId: 1n,
  blockForks: {},
  timeForks: { shanghai: 0n, cancun: 0n, prague: 0n, osaka: 1000n },
  blobSchedule: { cancun: { target: 1, max: 2, updateFraction: 3_338_477n } },
}

const env: BlockEnv = {
  number: 7n,
  timestamp: 100n,
  gasLimit: 30_000_000n,
  baseFeePerGas: 10n,
  prevRandao: ZERO_HASH,
  feeRecipient: RECIPIENT,
  parentHash: ZERO_HASH,
  excessBlobGas: 10_000_000n,
  ancestorHash: async () => undefined,
}

interface State extends StateReader {
  /** What the next reading of code throws. */
  failure: AppError | undefined
}

function stateWith(queues: Uint8Array): State {
  const hash = keccakHash(queues)
  return {
    failure: undefined,
    account(address) {
      if (address === SENDER) {
        return { nonce: 0n, balance: ETHER, codeHash: KECCAK_EMPTY, storageRoot: EMPTY_TRIE_ROOT }
      }
      const isQueue = address === WITHDRAWAL_QUEUE_ADDRESS || address === CONSOLIDATION_QUEUE_ADDRESS
      return isQueue ? { nonce: 1n, balance: 0n, codeHash: hash, storageRoot: EMPTY_TRIE_ROOT } : undefined
    },
    slot: () => 0n,
    async code() {
      const { failure } = this
      this.failure = undefined
      if (failure !== undefined) throw failure
      return queues
    },
  }
}

const blob = (fill: string): Hash => `0x01${fill.repeat(31)}`

function transaction(fields: Partial<SignedTransaction> & { blobVersionedHashes?: readonly Hash[] } = {}) {
  return {
    type: 2,
    hash: ZERO_HASH,
    raw: Uint8Array.of(2),
    sender: SENDER,
    to: TARGET,
    value: 5n,
    gasLimit: 30_000n,
    data: new Uint8Array(0),
    nonce: 0n,
    chainId: 1n,
    maxFeePerGas: 15n,
    maxPriorityFeePerGas: 3n,
    accessList: [],
    v: 0n,
    r: 1n,
    s: 1n,
    maxFeePerBlobGas: 100n,
    ...fields,
  } as SignedTransaction
}

function balance(execution: BlockExecution, address: Address): bigint | undefined {
  return execution.diff().accounts.get(address)?.account?.balance
}

describe('transactions', () => {
  it('pay tip to the fee recipient; base fee and blob fee are burnt', async () => {
    const execution = await new L1Executor(config).begin(stateWith(COUNTER), env)
    const result = await execution.run(transaction({ type: 3, blobVersionedHashes: [blob('00')] }))
    const blobPrice = 19n // e ** (10,000,000 / 3,338,477)
    expect(result).toMatchObject({ gasUsed: 21_000n, effectiveGasPrice: 13n })
    expect(balance(execution, RECIPIENT)).toBe(21_000n * 3n)
    expect(balance(execution, SENDER)).toBe(ETHER - 5n - 21_000n * 13n - GAS_PER_BLOB * blobPrice)
    expect(execution.blobGasUsed).toBe(GAS_PER_BLOB)
  })

  it('with more blobs than the block takes are refused, until there is room again', async () => {
    const execution = await new L1Executor(config).begin(stateWith(COUNTER), env)
    await execution.run(transaction({ type: 3, blobVersionedHashes: [blob('00'), blob('01')] }))
    const another = transaction({ type: 3, nonce: 1n, blobVersionedHashes: [blob('02')] })
    await expect(execution.run(another)).rejects.toMatchObject({ data: { reason: 'blobLimitReached' } })
    execution.undo(1)
    expect(execution.blobGasUsed).toBe(0n)
    await execution.run({ ...another, nonce: 0n })
    expect(execution.blobGasUsed).toBe(GAS_PER_BLOB)
  })

  it('do not fill a block beyond its largest size from Osaka', async () => {
    const begin = (timestamp: bigint): Promise<BlockExecution> =>
      new L1Executor(config).begin(stateWith(COUNTER), { ...env, timestamp })
    const large = { raw: new Uint8Array(MAX_BLOCK_SIZE / 2) }
    const prague = await begin(999n)
    await prague.run(transaction(large))
    await prague.run(transaction({ ...large, nonce: 1n }))
    const osaka = await begin(1000n)
    await osaka.run(transaction(large))
    await expect(osaka.run(transaction({ ...large, nonce: 1n }))).rejects.toMatchObject({
      message: 'block RLP-encoded size exceeds maximum',
    })
  })
})

describe('the end of a block', () => {
  const withdrawals = [{ index: 0n, validatorIndex: 0n, address: TARGET, amount: 3n }]

  it('adds withdrawals and collects requests, once', async () => {
    const execution = await new L1Executor(config).begin(stateWith(COUNTER), { ...env, withdrawals })
    const end = await execution.finish()
    expect(end.requests).toEqual([Uint8Array.of(1, 1), Uint8Array.of(2, 1)])
    expect(await execution.finish()).toEqual(end)
    expect(balance(execution, TARGET)).toBe(3_000_000_000n)
    expect(execution.diff().accounts.get(WITHDRAWAL_QUEUE_ADDRESS)?.storage.get(toWord(0n))).toBe(1n)
  })

  it('is taken back by whatever comes next', async () => {
    const execution = await new L1Executor(config).begin(stateWith(COUNTER), { ...env, withdrawals })
    await execution.run(transaction())
    const open = execution.diff()
    await execution.finish()
    const finished = execution.diff()
    await execution.run(transaction({ nonce: 1n }))
    expect(balance(execution, TARGET)).toBe(10n)
    await execution.finish()
    execution.undo(1)
    expect(execution.diff()).toEqual(open)
    await execution.finish()
    expect(execution.diff()).toEqual(finished)
  })

  it('can be tried again when the state could not be read', async () => {
    const state = stateWith(COUNTER)
    const execution = await new L1Executor(config).begin(state, { ...env, withdrawals })
    await execution.run(transaction())
    const open = execution.diff()
    state.failure = new AppError('STATE_UNAVAILABLE', { severity: 'temporary' })
    await expect(execution.finish()).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' })
    expect(execution.diff()).toEqual(open)
    expect((await execution.finish()).requests).toHaveLength(2)
  })

  it('fails with a queue that fails', async () => {
    const execution = await new L1Executor(config).begin(stateWith(BROKEN), env)
    await expect(execution.finish()).rejects.toMatchObject({
      code: 'BLOCK_INVALID',
      message: 'failed to process withdrawal queue: system call failed to execute',
    })
  })
})

describe('deposit requests', () => {
  const topic = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5' as const
  const part = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill)
  /** ABI encoding of five byte strings. */
  const event = (values: readonly Uint8Array[]): Uint8Array => {
    const padded = values.map((value) => concatBytes(value, new Uint8Array((32 - (value.length % 32)) % 32)))
    let offset = 32n * 5n
    const heads = padded.map((value) => {
      const head = hexToBytes(toWord(offset))
      offset += 32n + BigInt(value.length)
      return head
    })
    const tails = padded.flatMap((value, i) => [hexToBytes(toWord(BigInt(values[i]?.length ?? 0))), value])
    return concatBytes(...heads, ...tails)
  }
  const values = [part(48, 1), part(32, 2), part(8, 3), part(96, 4), part(8, 5)]

  it('are what the contract’s events hold', () => {
    const log = { address: TARGET, topics: [topic], data: event(values) }
    const elsewhere = { ...log, address: SENDER }
    const otherEvent = { ...log, topics: [ZERO_HASH] }
    const request = bytesToHex(concatBytes(...values))
    expect(bytesToHex(depositRequests([log, elsewhere, otherEvent, log], TARGET))).toBe(`${request}${request.slice(2)}`)
  })

  it('of the wrong length make the block invalid', () => {
    const log = { address: TARGET, topics: [topic], data: event(values).subarray(1) }
    expect(() => depositRequests([log], TARGET)).toThrow('deposit wrong length: want 576, have 575')
  })
})
