import fc from 'fast-check'
import { privateKeyToAccount } from 'viem/accounts'
import { expect } from 'vitest'
import { assembleL1Header } from '../../../src/builder/assemble-l1.ts'
import type { BlockEnv, BlockExecution } from '../../../src/evm/executor.ts'
import { L1Executor } from '../../../src/evm/l1-executor.ts'
import { errorMessage, isAppError } from '../../../src/primitives/errors.ts'
import {
  type Address,
  bytesToHex,
  concatBytes,
  type Hash,
  type Hex,
  hexToBytes,
  toWord,
} from '../../../src/primitives/hex.ts'
import { keccak256, keccakHash } from '../../../src/primitives/keccak.ts'
import { nextL1BaseFee } from '../../../src/protocol/base-fee.ts'
import { blobBaseFee, GAS_PER_BLOB, nextExcessBlobGas } from '../../../src/protocol/blob-fee.ts'
import { encodeBlock, transactionsRoot } from '../../../src/protocol/block.ts'
import { l1EngineVersions, PLAIN_FORKCHOICE_UPDATED } from '../../../src/protocol/engine-versions.ts'
import { type Header, hashHeader } from '../../../src/protocol/header.ts'
import { blobParamsAt, isL1ForkActive, type L1ChainConfig, type L1TimeFork } from '../../../src/protocol/l1-chain.ts'
import { newPayloadParams } from '../../../src/protocol/payload.ts'
import { decodeTransaction, type Transaction } from '../../../src/protocol/transaction.ts'
import type { Withdrawal } from '../../../src/protocol/withdrawal.ts'
import type { L1Import } from '../../support/l1-import.ts'
import { blobTransaction } from './blob-transaction.ts'
import { blockPlan, type Event, type Nuisance, VARIED } from './block-plan.ts'
import type { GethProcess } from './geth-process.ts'
import { FUNDS, type GenesisAlloc, L1_CHAIN_CONFIG, L1_CHAIN_ID } from './l1-genesis.ts'
import type { PayloadStatus } from './rpc-types.ts'
import { scenery } from './scenery.ts'
import { type MakerContext, SIGNERS, type Signer, TxMaker } from './tx-maker.ts'

const DEPOSIT_CONTRACT = L1_CHAIN_CONFIG.depositContractAddress as Address
const DEPOSIT_TOPIC = '649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5'
/** Emits calldata as the deposit contract's event: CALLDATACOPY(0, 0, CALLDATASIZE), LOG1. */
const DEPOSIT_CODE: Hex = `0x3660006000377f${DEPOSIT_TOPIC}366000a1`
const WITHDRAWAL_QUEUE: Address = '0x00000961ef480eb55e80d19ad83579a64c007002'
const CONSOLIDATION_QUEUE: Address = '0x0000bbddc7ce488642fb579f8b00f3a590007251'
/** Signs what must not fail: nobody delegates or drains this account. */
const BANKER: Signer = (() => {
  const account = privateKeyToAccount(keccakHash(new TextEncoder().encode('banker')))
  return { account, address: account.address.toLowerCase() as Address }
})()
/** What geth says of the block where we speak of the transaction that does not fit any more. */
const OF_THE_BLOCK = new Set(['blobLimitReached', 'blockSizeReached'])

/** Genesis accounts that {@link RandomL1Chain} counts on, beside the system contracts. */
export const RANDOM_L1_ALLOC: GenesisAlloc = {
  ...scenery(),
  [DEPOSIT_CONTRACT]: { balance: '0x1', code: DEPOSIT_CODE },
  [BANKER.address]: { balance: FUNDS },
}

interface Sealed {
  readonly header: Header
  readonly transactions: readonly Transaction[]
  readonly withdrawals: readonly Withdrawal[] | undefined
  readonly requests: readonly Uint8Array[]
}

/** Random L1 blocks that we execute and geth judges. */
export class RandomL1Chain {
  readonly geth: GethProcess
  readonly chain: L1Import
  readonly executor: L1Executor
  readonly config: L1ChainConfig
  readonly maker = new TxMaker()
  readonly counts: Record<string, number> = {}
  head: Hash
  readonly #seed: number
  /** Blocks that geth has refused: it gives no reason a second time. */
  readonly #rejected = new Set<Hash>()
  #draws = 0

  constructor(geth: GethProcess, config: L1ChainConfig, chain: L1Import, head: Hash, seed: number) {
    this.geth = geth
    this.config = config
    this.chain = chain
    this.head = head
    this.#seed = seed
    this.executor = new L1Executor(config)
  }

  draw<T>(arbitrary: fc.Arbitrary<T>): T {
    const [value] = fc.sample(fc.noBias(arbitrary), { seed: this.#seed + this.#draws++ * 7919, numRuns: 1 })
    return value as T
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  env(timestamp: bigint): BlockEnv {
    const parent = this.chain.header(this.head)
    const active = (fork: L1TimeFork): boolean => isL1ForkActive(this.config, fork, timestamp)
    return {
      number: parent.number + 1n,
      timestamp,
      gasLimit: parent.gasLimit,
      baseFeePerGas: nextL1BaseFee(parent),
      prevRandao: keccakHash(hexToBytes(toWord(timestamp))),
      feeRecipient: this.draw(
        fc.constantFrom<Address>(`0x${'fe'.repeat(20)}`, `0x${'0'.repeat(39)}2`, this.maker.target(3)),
      ),
      parentHash: this.head,
      ...(active('shanghai') && { withdrawals: this.#withdrawals() }),
      ...(active('cancun') && {
        parentBeaconBlockRoot: keccakHash(hexToBytes(toWord(timestamp + 1n))),
        excessBlobGas: nextExcessBlobGas(this.config, parent, timestamp),
      }),
      ancestorHash: async (number) => this.chain.ancestorHash(this.head, number),
    }
  }

  #withdrawals(): Withdrawal[] {
    const plan = fc.record({
      target: fc.nat({ max: 999 }),
      amount: fc.constantFrom(0n, 1n, 32_000_000_000n, 2n ** 60n),
    })
    return this.draw(fc.array(plan, { maxLength: 5 })).map(({ target, amount }, index) => ({
      index: BigInt(index),
      validatorIndex: BigInt(target),
      address: this.maker.target(target),
      amount,
    }))
  }

  async seal(env: BlockEnv, execution: BlockExecution): Promise<Sealed> {
    const end = await execution.finish()
    const stateRoot = await this.chain.stateRoot(env.parentHash, execution.diff())
    const header = assembleL1Header({
      config: this.config,
      env,
      extraData: Uint8Array.of(1),
      execution,
      end,
      stateRoot,
    })
    const transactions = execution.transactions.map(({ transaction }) => transaction)
    return { header, transactions, withdrawals: env.withdrawals, requests: end.requests }
  }

  /** What geth says of a block. */
  judge(block: Sealed): Promise<PayloadStatus> {
    const { header, transactions, withdrawals, requests } = block
    const payload = {
      hash: hashHeader(header),
      header,
      transactions: transactions.map(({ raw }) => raw),
      ...(withdrawals && { withdrawals }),
    }
    const { newPayload } = l1EngineVersions(this.config, header.timestamp)
    return this.geth.engine.call<PayloadStatus>(newPayload, newPayloadParams(payload, false, requests))
  }

  /** Builds one block at random, has geth judge it, and makes it the head. */
  async block(timestamp: bigint): Promise<Sealed> {
    const env = this.env(timestamp)
    const execution = await this.executor.begin(this.chain.state(this.head), env)
    for (const event of this.draw(blockPlan(VARIED, 16))) await this.happen(env, execution, event)
    await this.#requests(env, execution)
    await this.#blobs(env, execution)
    // Ended and open again: nothing of the first ending must stay.
    await execution.finish()
    await this.#transfer(env, execution)
    const sealed = await this.seal(env, execution)
    const status = await this.judge(sealed)
    expect(status, JSON.stringify(status)).toMatchObject({ status: 'VALID' })
    const raw = encodeBlock({ ...sealed, ...(sealed.withdrawals && { withdrawals: sealed.withdrawals }) } as never)
    this.head = await this.chain.importBlock(raw)
    for (const { contractAddress, receipt } of execution.transactions) {
      this.count(`type ${receipt.type} ${receipt.status === 1 ? 'ok' : 'failed'}`)
      if (contractAddress !== undefined && receipt.status === 1) this.maker.deployed.push(contractAddress)
    }
    for (const request of sealed.requests) this.count(`request ${request[0]}`)
    const state = { headBlockHash: this.head, safeBlockHash: this.head, finalizedBlockHash: this.head }
    await this.geth.engine.call(PLAIN_FORKCHOICE_UPDATED, [state, null])
    return sealed
  }

  async context(env: BlockEnv, execution: BlockExecution): Promise<MakerContext> {
    const diff = execution.diff()
    const state = this.chain.state(this.head)
    const nonces = new Map<Address, bigint>()
    for (const { address } of [...SIGNERS, BANKER]) {
      const nonce = diff.accounts.get(address)?.account?.nonce ?? (await state.account(address))?.nonce ?? 0n
      nonces.set(address, nonce)
    }
    return {
      chainId: L1_CHAIN_ID,
      baseFee: env.baseFeePerGas,
      cancun: isL1ForkActive(this.config, 'cancun', env.timestamp),
      prague: isL1ForkActive(this.config, 'prague', env.timestamp),
      nonceOf: (address) => nonces.get(address) ?? 0n,
    }
  }

  async happen(env: BlockEnv, execution: BlockExecution, event: Event): Promise<void> {
    const context = await this.context(env, execution)
    switch (event.kind) {
      case 'include':
        await this.include(env, execution, (await this.maker.make(event.action, event.envelope, context)).raw)
        return
      case 'undo':
        execution.undo(event.count)
        this.count('undone')
        return
      case 'refused': {
        const raw = await this.#nuisance(event.nuisance, SIGNERS[event.sender % 10] as Signer, context)
        if (raw !== undefined) await this.include(env, execution, raw)
        return
      }
      case 'inspect':
        await execution.finish()
    }
  }

  /** Includes a transaction; when we refuse it, geth must refuse a block with it, in the same words. */
  async include(env: BlockEnv, execution: BlockExecution, raw: Hex): Promise<boolean> {
    const transaction = decodeTransaction(hexToBytes(raw))
    await execution.finish()
    const before = execution.diff()
    try {
      await execution.run(transaction)
      return true
    } catch (error) {
      if (!isAppError(error, 'TX_REFUSED')) throw error
      const reason = String(error.data?.reason)
      this.count(`refused ${reason}`)
      await execution.finish()
      expect(execution.diff()).toEqual(before)
      if (OF_THE_BLOCK.has(reason)) return false
      const sealed = await this.seal(env, execution)
      const transactions = [...sealed.transactions, transaction]
      const blobs = transaction.type === 3 ? BigInt(transaction.blobVersionedHashes.length) : 0n
      const { blobGasUsed } = sealed.header
      const header = {
        ...sealed.header,
        transactionsRoot: transactionsRoot(transactions.map((each) => each.raw)),
        ...(blobGasUsed !== undefined && { blobGasUsed: blobGasUsed + blobs * GAS_PER_BLOB }),
      }
      const hash = hashHeader(header)
      if (this.#rejected.has(hash)) return false
      this.#rejected.add(hash)
      const status = await this.judge({ ...sealed, transactions, header })
      expect(status.status, `${reason}: ${JSON.stringify(status)}`).toBe('INVALID')
      // Before Cancun the Engine API itself has no place for blob hashes.
      if (transaction.type === 3 && blobGasUsed === undefined) return false
      expect(status.validationError).toContain(errorMessage(error))
      return false
    }
  }

  #nuisance(kind: Nuisance, signer: Signer, context: MakerContext): Promise<Hex> | undefined {
    const nonce = Number(context.nonceOf(signer.address))
    const changes: Partial<Record<Nuisance, object>> = {
      nonceTooLow: { nonce: Math.max(0, nonce - 1) },
      nonceTooHigh: { nonce: nonce + 50 },
      insufficientFunds: { value: 10n ** 30n },
      intrinsicGasTooLow: { gas: 20_999n },
      feeCapTooLow: { maxFeePerGas: context.baseFee - 1n },
      invalidChainId: { chainId: 1 },
      gasLimitReached: { gas: 59_999_999n },
      // Too much for one transaction from Osaka.
      garbage: { gas: (1n << 24n) + 1n },
      deposit: { data: `0x${'ff'.repeat(100)}`, gas: 23_000n },
    }
    const change = changes[kind]
    if (change === undefined) return undefined
    return this.#sign(signer, context, change)
  }

  async #sign(signer: Signer, context: MakerContext, fields: object): Promise<Hex> {
    return signer.account.signTransaction({
      type: 'eip1559',
      chainId: L1_CHAIN_ID,
      nonce: Number(context.nonceOf(signer.address)),
      to: signer.address,
      gas: 21_000n,
      maxFeePerGas: context.baseFee * 2n,
      maxPriorityFeePerGas: 0n,
      ...fields,
    } as never)
  }

  /** A deposit event of the wrong length makes every block with it invalid, until its transaction is taken back. */
  async spoilByDeposit(timestamp: bigint): Promise<void> {
    const env = this.env(timestamp)
    const execution = await this.executor.begin(this.chain.state(this.head), env)
    await this.#transfer(env, execution)
    const good = await this.seal(env, execution)
    const context = await this.context(env, execution)
    const fields = { to: DEPOSIT_CONTRACT, data: '0x1234' as Hex, gas: 100_000n }
    expect(await this.include(env, execution, await this.#sign(BANKER, context, fields))).toBe(true)
    const error: unknown = await execution.finish().catch((thrown: unknown) => thrown)
    expect(isAppError(error, 'BLOCK_INVALID')).toBe(true)
    const transactions = execution.transactions.map(({ transaction }) => transaction)
    const header = { ...good.header, transactionsRoot: transactionsRoot(transactions.map(({ raw }) => raw)) }
    const status = await this.judge({ ...good, transactions, header })
    expect(status.status).toBe('INVALID')
    expect(status.validationError).toContain(errorMessage(error))
    execution.undo(1)
    expect(await this.seal(env, execution)).toEqual(good)
  }

  async #transfer(env: BlockEnv, execution: BlockExecution): Promise<void> {
    const context = await this.context(env, execution)
    await this.include(env, execution, await this.#sign(BANKER, context, { value: 1n }))
  }

  /** Deposits, exits and consolidations: also before Prague, when nobody collects them. */
  async #requests(env: BlockEnv, execution: BlockExecution): Promise<void> {
    const calls = this.draw(
      fc.array(
        fc.record({
          queue: fc.nat({ max: 2 }),
          seed: fc.nat(),
          short: fc.nat({ max: 9 }),
          value: fc.constantFrom(0n, 1n, 500n),
        }),
        {
          maxLength: 6,
        },
      ),
    )
    for (const { queue, seed, short, value } of calls) {
      const [to, size] = [
        [DEPOSIT_CONTRACT, 576],
        [WITHDRAWAL_QUEUE, 56],
        [CONSOLIDATION_QUEUE, 96],
      ][queue] as [Address, number]
      const noise = Array.from({ length: 18 }, (_, i) => keccak256(hexToBytes(toWord(BigInt(seed + i)))))
      const data = bytesToHex(concatBytes(...noise).subarray(0, size - (queue > 0 && short === 0 ? 1 : 0)))
      const context = await this.context(env, execution)
      await this.include(
        env,
        execution,
        await this.#sign(SIGNERS[4] as Signer, context, { to, data, value, gas: 400_000n }),
      )
    }
  }

  async #blobs(env: BlockEnv, execution: BlockExecution): Promise<void> {
    const plans = this.draw(
      fc.array(
        fc.record({
          count: fc.integer({ min: 0, max: 8 }),
          version: fc.constantFrom('01', '01', '01', '01', '01', '01', '02'),
          cap: fc.constantFrom('enough', 'enough', 'enough', 'enough', 'low', 'huge', 'tip'),
          target: fc.nat({ max: 999 }),
        }),
        { maxLength: 8 },
      ),
    )
    const params = blobParamsAt(this.config, env.timestamp)
    const price = params === undefined ? 1n : blobBaseFee(env.excessBlobGas ?? 0n, params.updateFraction)
    const caps: Readonly<Record<string, bigint>> = { enough: price * 2n, low: price - 1n, huge: 10n ** 25n }
    for (const { count, version, cap, target } of plans) {
      const context = await this.context(env, execution)
      const raw = await blobTransaction(SIGNERS[6] as Signer, context, {
        to: this.maker.target(target),
        tip: cap === 'tip' ? env.baseFeePerGas * 9n : 1n,
        maxFeePerBlobGas: caps[cap] ?? price,
        hashes: Array.from({ length: count }, (_, i) => `0x${version}${toWord(BigInt(i)).slice(4)}` as const),
      })
      await this.include(env, execution, raw)
    }
  }
}
