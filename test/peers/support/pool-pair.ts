import { isDeepStrictEqual } from 'node:util'
import { privateKeyToAccount } from 'viem/accounts'
import { expect } from 'vitest'
import { type Hash, type Hex, toWord } from '../../../src/primitives/hex.ts'
import { type DevAccount, devAccounts } from './dev-accounts.ts'
import { type JsonRpc, JsonRpcError } from './json-rpc.ts'
import type { Sealed } from './op-sequencer.ts'
import { CANARY, type PoolStep, SENDERS, type SendPlan } from './pool-stream.ts'
import type { RpcBlock } from './rpc-types.ts'
import { waitFor } from './wait-for.ts'

type Pooled = Readonly<Record<'hash' | 'gasPrice' | 'from' | 'nonce', Hex>> & {
  readonly maxFeePerGas?: Hex
  readonly maxPriorityFeePerGas?: Hex
}
interface Contents {
  readonly pending?: Readonly<Record<string, Pooled>>
}
type Content = Readonly<Record<'pending' | 'queued', Readonly<Record<string, Readonly<Record<string, Pooled>>>>>>

/** A chain whose blocks the service makes, with its pool and that of the node. */
export interface PairedChain {
  readonly theirs: JsonRpc
  readonly ours: JsonRpc
  readonly chainId: number
  /** Done before each block. */
  readonly beforeBlock: () => Promise<unknown>
  /** Ends both and starts them on what they have written down. */
  readonly restart: () => Promise<void>
}

const GWEI = 10n ** 9n

function account(index: number): DevAccount {
  return devAccounts[index] as DevAccount
}

async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return { code: error.code, message: error.text }
  }
}

function flat(content: Content): Pooled[] {
  return Object.values(content).flatMap((bySender) => Object.values(bySender).flatMap((list) => Object.values(list)))
}

/** geth 1.16 does not know of a transaction's block's time, which is null in a pool. */
function withoutTime(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (key, value: unknown) => (key === 'blockTimestamp' ? undefined : value))
}

/** Does the same to both pools, and looks whether they are the same after it. */
export class PoolPair {
  readonly #chain: PairedChain
  readonly #sent: Hex[] = []
  #unique = 0n
  #balances: readonly bigint[] = []
  /** What has been done, for who looks into a failure. */
  readonly counts: Record<string, number> = {}

  constructor(chain: PairedChain) {
    this.#chain = chain
  }

  async run(step: PoolStep, what: string): Promise<void> {
    this.#count(step.kind)
    switch (step.kind) {
      case 'send':
        return this.#send(await this.#sign(step), what)
      case 'bump':
        return this.#bump(step, what)
      case 'resend':
        if (this.#sent.length === 0) return
        return this.#send(this.#sent[step.which % this.#sent.length] as Hex, what)
      case 'block':
        return this.#block({}, step.includes, true, what)
      case 'reorg':
        return this.#reorg(step, what)
      case 'restart':
        await this.#chain.restart()
        return this.#settled(what)
    }
  }

  #count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1
  }

  async #send(raw: Hex, what: string): Promise<void> {
    const { theirs, ours } = this.#chain
    const [other, own] = await Promise.all(
      [theirs, ours].map((rpc) => outcome(rpc.call('eth_sendRawTransaction', [raw]))),
    )
    expect(own, what).toEqual(other)
    if (typeof own === 'object') this.#count((own as { message: string }).message.replaceAll(/\d+/g, '#'))
    else this.#sent.push(raw)
    // The node moves between queued and pending in the background: the next step waits until that is done.
    await this.#same('txpool_status', what)
  }

  async #same(method: string, what: string): Promise<unknown> {
    const { theirs, ours } = this.#chain
    const read = () => Promise.all([theirs, ours].map(async (rpc) => withoutTime(await rpc.call(method))))
    const equal = async (): Promise<boolean> => {
      const [a, b] = await read()
      return isDeepStrictEqual(a, b)
    }
    await waitFor(`${method} is equal`, equal, { interval: 2, timeout: 4_000 }).catch(() => undefined)
    const [other, own] = await read()
    expect(own, what).toEqual(other)
    return own
  }

  /** Both pools, when the node's has caught up with the head. */
  async #settled(what: string): Promise<void> {
    await this.#same('txpool_content', what)
    await this.#same('txpool_inspect', what)
    const { ours } = this.#chain
    const addresses = devAccounts.slice(0, SENDERS).map(({ address }) => address)
    const answers = await ours.batch(
      addresses.map((address) => ({ method: 'eth_getBalance', params: [address, 'latest'] })),
    )
    this.#balances = answers.map((answer) => BigInt(answer as Hex))
  }

  async #nonce(from: number, tag = 'pending'): Promise<number> {
    return Number(await this.#chain.theirs.call('eth_getTransactionCount', [account(from).address, tag]))
  }

  async #sign(plan: SendPlan): Promise<Hex> {
    const { from, type, gas, data } = plan
    const { chainId } = this.#chain
    const nonce = Math.max(0, (await this.#nonce(from)) + plan.ahead)
    const own = ++this.#unique
    const tip = BigInt(plan.tip) * GWEI + own
    const cap = BigInt(Math.max(plan.cap, plan.tip)) * GWEI + own
    const value = ((this.#balances[from] ?? 0n) * plan.share) / 100n
    // Floor data gas would refuse most of what has much data.
    const spacious = data === 0 ? gas : gas + BigInt(data) * 16n + 30_000n
    const common = {
      chainId,
      nonce,
      value,
      to: `0x${'77'.repeat(20)}` as const,
      data: `0x${'00'.repeat(data)}` as const,
    }
    const signer = account(from).account
    if (type === 'legacy' || type === 'eip2930') {
      return signer.signTransaction({ ...common, type, gas: spacious, gasPrice: cap })
    }
    const prices = { maxFeePerGas: cap, maxPriorityFeePerGas: tip }
    if (type === 'eip1559') return signer.signTransaction({ ...common, ...prices, gas: spacious })
    const authorizationList = await Promise.all(
      plan.authorities.map(async (index) =>
        privateKeyToAccount(account(index).privateKey).signAuthorization({
          contractAddress: `0x${(plan.clears ? '00' : '77').repeat(20)}`,
          chainId,
          nonce: (await this.#nonce(index, 'latest')) + (index === from ? 1 : 0),
        }),
      ),
    )
    const forAuthorities = spacious + 25_000n * BigInt(authorizationList.length)
    return signer.signTransaction({ ...common, ...prices, gas: forAuthorities, type, authorizationList })
  }

  async #bump({ which, short, lowTip }: Extract<PoolStep, { kind: 'bump' }>, what: string): Promise<void> {
    const { ours, chainId } = this.#chain
    const content = await ours.call<Content>('txpool_content')
    const pooled = flat(content).filter(({ from }) => from !== account(CANARY).address)
    const chosen = pooled[which % pooled.length]
    if (chosen === undefined) return
    const { from, nonce, gasPrice, maxFeePerGas = gasPrice, maxPriorityFeePerGas = gasPrice } = chosen
    const more = (value: Hex): bigint => (BigInt(value) * 110n) / 100n
    const signer = devAccounts.find(({ address }) => address === from.toLowerCase()) as DevAccount
    const cap = more(maxFeePerGas) - (short && !lowTip ? 1n : 0n)
    const tip = more(maxPriorityFeePerGas) - (short && lowTip ? 1n : 0n)
    const raw = await signer.account.signTransaction({
      chainId,
      nonce: Number(nonce),
      gas: 21_000n,
      to: `0x${'78'.repeat(20)}`,
      maxFeePerGas: cap,
      maxPriorityFeePerGas: tip < cap ? tip : cap,
    })
    await this.#send(raw, what)
  }

  /** The next transaction of the canary: the pool of a node that has seen a head shows it by what that has. */
  async #canary(what: string): Promise<Hash | undefined> {
    const { address, account: signer } = account(CANARY)
    const nonce = await this.#nonce(CANARY)
    const price = 10n ** 13n + ++this.#unique
    const raw = await signer.signTransaction({
      chainId: this.#chain.chainId,
      nonce,
      gas: 21_000n,
      to: `0x${'79'.repeat(20)}`,
      maxFeePerGas: price,
      maxPriorityFeePerGas: price,
    })
    await this.#send(raw, what)
    const { pending = {} } = await this.#chain.ours.call<Contents>('txpool_contentFrom', [address])
    return Object.values(pending).sort((a, b) => Number(a.nonce) - Number(b.nonce))[0]?.hash
  }

  async #block(
    options: Readonly<Record<string, unknown>>,
    includes: number,
    marked: boolean,
    what: string,
  ): Promise<void> {
    const { ours, beforeBlock } = this.#chain
    await beforeBlock()
    const mark = marked ? await this.#canary(what) : undefined
    const job = await ours.call<string>('test_open', [options])
    if (mark !== undefined) await ours.call('test_includeByHash', [job, mark])
    for (let i = 0; i < includes; i++) {
      if ((await ours.call('test_includeBest', [job])) !== null) this.#count('included')
    }
    const sealed = await ours.call<Sealed>('test_seal', [job])
    expect(sealed.committed, what).toBe(true)
    await this.#settled(what)
  }

  async #reorg({ depth, length, includes }: Extract<PoolStep, { kind: 'reorg' }>, what: string): Promise<void> {
    const { theirs } = this.#chain
    const head = Number(await theirs.call<Hex>('eth_blockNumber'))
    if (head < depth) return
    const at = `0x${(head - depth).toString(16)}`
    const { hash } = await theirs.call<RpcBlock>('eth_getBlockByNumber', [at, false])
    for (let i = 0; i < length; i++)
      await this.#block(
        i === 0 ? { parent: hash, prevRandao: toWord(++this.#unique) } : {},
        includes,
        i > 0,
        `${what}, ${i}`,
      )
  }
}
