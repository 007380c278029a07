import { encodeFunctionData, getContractAddress, parseAbi } from 'viem'
import type { BatchActions } from '../../src/client/batch.ts'
import { createDevnet, type DevnetL2, type DevnetOptions, type InProcessChain } from '../../src/client/devnet.ts'
import {
  type Address,
  concatBytes,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { type DevAccount, devAccounts } from '../peers/support/dev-accounts.ts'
import { type InitiatingMessage, messageEntries } from '../peers/support/interop-message.ts'
import { waitFor } from '../peers/support/wait-for.ts'
import { type EmittedLog, type MessageStep, messageScript, SCRIPTED_CONTRACT } from './message-script.ts'

const PORTAL = parseAbi(['function depositTransaction(address, uint256, uint64, bool, bytes)'])
const INBOX: Address = '0x4200000000000000000000000000000000000022'

/** The account that deposits. */
const DEPOSITOR = 9
/** Seconds. */
const BLOCK_TIME = 2n

interface ReceiptJson {
  readonly status: Hex
  readonly contractAddress: Address | null
  readonly logs: readonly {
    readonly address: Address
    readonly topics: readonly Hash[]
    readonly data: Hex
    readonly logIndex: Hex
  }[]
}

/** A block that was made. */
export interface MadeBlock {
  readonly hash: Hash
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly receipts: readonly ReceiptJson[]
  /** Every log, as a message that others may execute. */
  readonly messages: readonly InitiatingMessage[]
}

/** How a block is made. */
export interface BlockOptions {
  /** Latest, where left out. */
  readonly parent?: Hash
  readonly l1Origin?: 'same' | 'next'
  readonly timestamp?: bigint
}

/** Waits for what a devnet comes to; given up where nobody is there any more. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<NonNullable<T>> {
  let gone: TypeError | undefined
  const probe = async () => {
    try {
      return await look()
    } catch (error) {
      // Of `fetch`; or the test is wrong.
      if (error instanceof TypeError) gone = error
      throw error
    }
  }
  const check = (): void => {
    if (gone !== undefined) throw gone
  }
  return waitFor(what, probe, { interval: 20, check })
}

/** A chain that is called, in this process or another. */
export type CalledChain = Pick<InProcessChain, 'chainId' | 'request'>

/** An L2 chain of a devnet, likewise. */
export type CalledL2 = CalledChain & Pick<DevnetL2, 'batcher' | 'rollup'>

/** The first contract of the first account, which is who deploys it. */
const CONTRACT = getContractAddress({
  from: (devAccounts[0] as DevAccount).address,
  nonce: 0n,
}).toLowerCase() as Address

/** An L2 chain whose blocks do what scripts say. */
export class ScriptedChain {
  readonly chain: CalledL2
  readonly chainId: bigint
  readonly #accounts: readonly DevAccount[]

  constructor(chain: CalledL2, accounts: readonly DevAccount[]) {
    this.chain = chain
    this.chainId = BigInt(chain.chainId)
    this.#accounts = accounts
  }

  get batcher(): BatchActions {
    return this.chain.batcher
  }

  call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return this.chain.request<T>({ method, params })
  }

  /** Puts the contract there that goes through scripts. */
  async deploy(): Promise<void> {
    const { receipts } = await this.#seal([await this.#sign(0, 0, undefined, SCRIPTED_CONTRACT, [])], {})
    if (receipts.at(-1)?.contractAddress !== CONTRACT) throw new Error('the contract is not where it belongs')
  }

  /** Makes a block with a transaction for each script, each of another sender. */
  async block(scripts: readonly (readonly MessageStep[])[] = [], options: BlockOptions = {}): Promise<MadeBlock> {
    // Where L1 has left blocks behind, the engine's head is not what is built on.
    const parent = options.parent ?? (await this.#head())
    const raws = await Promise.all(
      scripts.map(async (steps, index) => {
        const { address } = this.#account(index)
        const nonce = Number(await this.call<Hex>('eth_getTransactionCount', address, { blockHash: parent }))
        return this.transaction(steps, index, nonce)
      }),
    )
    return this.#seal(raws, options)
  }

  /** What is built on: not the engine's head, where L1 has left blocks behind. */
  async #head(): Promise<Hash> {
    return eventually('the chain has its heads', async () => {
      const { unsafe_l2: unsafe } = await this.call<{ unsafe_l2: { hash: Hash } }>('optimism_syncStatus')
      return unsafe.hash === ZERO_HASH ? undefined : unsafe.hash
    })
  }

  /** Makes a block of what the pool has. */
  poolBlock(): Promise<MadeBlock> {
    return this.#seal('pool', {})
  }

  /** A transaction that goes through steps; what they execute stands in its access list. */
  transaction(steps: readonly MessageStep[], account: number, nonce: number): Promise<Hex> {
    const messages = steps.flatMap((step) => ('execute' in step ? [step.execute] : []))
    return this.#sign(account, nonce, CONTRACT, messageScript(steps), messages)
  }

  #account(index: number): DevAccount {
    return this.#accounts[index] as DevAccount
  }

  #sign(
    account: number,
    nonce: number,
    to: Address | undefined,
    data: Hex,
    messages: readonly InitiatingMessage[],
  ): Promise<Hex> {
    const storageKeys = messages.flatMap((message) => messageEntries(message))
    return this.#account(account).account.signTransaction({
      chainId: Number(this.chainId),
      nonce,
      ...(to !== undefined && { to }),
      data,
      gas: 1_000_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
      accessList: storageKeys.length === 0 ? [] : [{ address: INBOX, storageKeys }],
    })
  }

  async #seal(raws: readonly Hex[] | 'pool', { parent, l1Origin, timestamp }: BlockOptions): Promise<MadeBlock> {
    const options = {
      ...(parent !== undefined && { l2Parent: parent }),
      ...(l1Origin !== undefined && { l1Origin }),
      ...(timestamp !== undefined && { timestamp: toQuantity(timestamp) }),
    }
    const job = await this.call<string>('test_open', options)
    if (raws === 'pool') while ((await this.call('test_includeBest', job)) !== null);
    else for (const raw of raws) await this.call('test_includeRaw', job, raw)
    const sealed = await this.call<{ hash: Hash; number: Hex; block: { timestamp: Hex }; receipts: ReceiptJson[] }>(
      'test_seal',
      job,
    )
    const [number, time] = [BigInt(sealed.number), BigInt(sealed.block.timestamp)]
    const messages = sealed.receipts.flatMap(({ logs }) =>
      logs.map(({ address, topics, data, logIndex }) => ({
        chainId: this.chainId,
        blockNumber: number,
        timestamp: time,
        logIndex: BigInt(logIndex),
        origin: address,
        payload: concatBytes(...topics.map(hexToBytes), hexToBytes(data)),
      })),
    )
    return { hash: sealed.hash, number, timestamp: time, receipts: sealed.receipts, messages }
  }

  /** Sends to L1's pool what deposits a call of the contract. */
  async sendDeposit(l1: CalledChain, steps: readonly MessageStep[]): Promise<void> {
    // Of L2 it takes a nonce, too: nobody else's there.
    const { account, address } = this.#account(DEPOSITOR)
    const nonce = await l1.request<Hex>({ method: 'eth_getTransactionCount', params: [address, 'pending'] })
    const raw = await account.signTransaction({
      chainId: l1.chainId,
      nonce: Number(nonce),
      to: this.chain.rollup.deposit_contract_address as Address,
      data: encodeFunctionData({
        abi: PORTAL,
        args: [CONTRACT, 0n, 500_000n, false, messageScript(steps)],
      }),
      gas: 1_000_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 1n,
    })
    await l1.request({ method: 'eth_sendRawTransaction', params: [raw] })
  }

  /** Where the next block will be. */
  async next(): Promise<{ readonly blockNumber: bigint; readonly timestamp: bigint }> {
    const { number, timestamp } = await this.call<{ number: Hex; timestamp: Hex }>(
      'eth_getBlockByNumber',
      'latest',
      false,
    )
    return { blockNumber: BigInt(number) + 1n, timestamp: BigInt(timestamp) + BLOCK_TIME }
  }

  /** A message of a log that the contract is to emit, or that nobody ever emits. */
  message(
    place: { readonly blockNumber: bigint; readonly timestamp: bigint },
    logIndex: bigint | number,
    log: EmittedLog,
  ): InitiatingMessage {
    const payload = concatBytes(...log.topics.map(hexToBytes), hexToBytes(log.data))
    const origin = CONTRACT
    return { ...place, chainId: this.chainId, logIndex: BigInt(logIndex), origin, payload }
  }

  /** The canonical block of a number or label. */
  async canonical(id: bigint | 'latest' | 'safe' | 'finalized'): Promise<{ hash: Hash; number: bigint } | undefined> {
    const tag = typeof id === 'bigint' ? toQuantity(id) : id
    const block = await this.call<{ hash: Hash; number: Hex } | null>('eth_getBlockByNumber', tag, false).catch(
      () => null,
    )
    return block === null ? undefined : { hash: block.hash, number: BigInt(block.number) }
  }

  /** Batches blocks, for the next L1 block. */
  async batch(from: bigint, to: bigint, type?: 'singular' | 'span'): Promise<void> {
    // Not random: L1 blocks that hold the same are the same.
    const channelId = `0x${from.toString(16).padStart(32, '0')}` as const
    await this.batcher.submitBlocks({ blocks: { from, to }, type, channelId })
  }
}

/** How an L1 block is made. */
export interface MineOptions {
  /** Latest, where left out. A sibling of what is on it becomes the head. */
  readonly parent?: Hash
  /** Nothing of the pool. */
  readonly empty?: boolean
  /** Makes the block another one than it would be. */
  readonly salt?: number
}

/** An L1 and L2 chains that execute each other's messages, with a block only where a test makes one. */
export class InteropWorld implements AsyncDisposable {
  readonly chains: readonly ScriptedChain[]
  readonly l1: CalledChain
  /** What serves the whole process. */
  readonly url: string
  readonly #close: () => Promise<void>

  /** @param close ends the devnet */
  constructor(l1: CalledChain, chains: readonly CalledL2[], url: string, close: () => Promise<void>) {
    this.l1 = l1
    this.chains = chains.map((chain) => new ScriptedChain(chain, devAccounts))
    this.url = url
    this.#close = close
  }

  /** A devnet in this process. */
  static async start(options: DevnetOptions = {}): Promise<InteropWorld> {
    const { l1, chains, close } = await createDevnet({
      chains: [901, 902],
      fork: 'interop',
      manual: true,
      derive: true,
      // L2 may take any L1 block as origin at once.
      l1BlockTime: 1,
      ...options,
    })
    const world = new InteropWorld(l1, chains, l1.url.slice(0, l1.url.lastIndexOf('/')), close)
    try {
      for (const chain of world.chains) await chain.deploy()
    } catch (error) {
      await close()
      throw error
    }
    return world
  }

  /** Makes an L1 block of what waits there. @param parent a sibling of what is on it becomes the head */
  async mineL1(options: MineOptions = {}): Promise<{ hash: Hash; number: bigint }> {
    const { parent, empty = false, salt } = options
    const open = { ...(parent && { parent }), ...(salt !== undefined && { extraData: toQuantity(salt + 16) }) }
    const job = await this.l1.request<string>({ method: 'test_open', params: [open] })
    const best = () => this.l1.request({ method: 'test_includeBest', params: [job] })
    while (!empty && (await best()) !== null);
    const { hash, number } = await this.l1.request<{ hash: Hash; number: Hex }>({ method: 'test_seal', params: [job] })
    return { hash, number: BigInt(number) }
  }

  /** Has a chain's contract go through steps in the first block of the L1 block that is made here: a deposit. */
  async deposit(chain: ScriptedChain, steps: readonly MessageStep[]): Promise<void> {
    await chain.sendDeposit(this.l1, steps)
    await this.mineL1()
  }

  /** Whether no message is to be executed. */
  async setFailsafe(enabled: boolean): Promise<void> {
    await this.service('admin_setFailsafeEnabled', enabled)
  }

  /** Asks what serves the whole process. */
  async service<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(this.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const { result, error } = (await response.json()) as { result: T; error?: { code: number; message: string } }
    if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message}`)
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }
}
