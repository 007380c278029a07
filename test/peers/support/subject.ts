import { expect } from 'vitest'
import type { Hex } from '../../../src/primitives/hex.ts'
import { expectHead, expectSameOnNode } from './block-checks.ts'
import { user } from './dev-accounts.ts'
import { JsonRpcError } from './json-rpc.ts'
import type { Sealed, SequencedChain, TxResult } from './op-sequencer.ts'

/** Has neither code nor key. */
export const RECIPIENT: Hex = `0x${'c0'.repeat(20)}`

interface TxFields {
  readonly nonce?: number
  readonly gas?: bigint
  readonly to?: Hex | null
  readonly value?: bigint
  readonly data?: Hex
  readonly maxFeePerGas?: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly chainId?: number
}

/** A chain and the calls that these tests make of it. */
export class Subject {
  readonly chain: SequencedChain

  constructor(chain: SequencedChain) {
    this.chain = chain
  }

  call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return this.chain.sequencer.rpc.call<T>(method, params)
  }

  open(options: object = {}): Promise<string> {
    return this.call('test_open', options)
  }

  nonce(address: Hex): Promise<number> {
    return this.chain.el.rpc.call<Hex>('eth_getTransactionCount', [address, 'latest']).then(Number)
  }

  /** A transaction of the user that can be included on the head, but for what is changed. */
  async sign(fields: TxFields = {}, signer: Pick<typeof user.account, 'address' | 'signTransaction'> = user.account) {
    return signer.signTransaction({
      type: 'eip1559',
      chainId: this.chain.chainId,
      nonce: await this.nonce(signer.address.toLowerCase() as Hex),
      gas: 21_000n,
      to: RECIPIENT,
      value: 1n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 0n,
      ...fields,
    })
  }

  include(job: string, raw: Hex): Promise<TxResult> {
    return this.call('test_includeRaw', job, raw)
  }

  /** The job is none the worse: it takes a transaction, and its block becomes op-geth's head. */
  async finish(job: string, transactions: readonly Hex[] = []): Promise<Sealed> {
    const taken = transactions.length > 0 ? transactions : [await this.sign()]
    for (const raw of taken) expect((await this.include(job, raw)).status).toBe('0x1')
    const sealed = await this.call<Sealed>('test_seal', job)
    await expectHead(this.chain.el, sealed.hash)
    await expectSameOnNode(this.chain.el, sealed)
    return sealed
  }
}

/** The error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<JsonRpcError> {
  const error = await call.then(
    (result) => new Error(`no error, but ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  )
  if (error instanceof JsonRpcError) return error
  throw error
}
