import { setTimeout as delay } from 'node:timers/promises'
import type { Hex } from '../../../src/primitives/hex.ts'
import type { DevAccount } from './dev-accounts.ts'
import type { JsonRpc } from './json-rpc.ts'
import { L2_CHAIN_ID } from './l2-genesis.ts'

/**
 * Sends an account's transfers to a pool, a few a second, until it is disposed: blocks that are built in its presence are like no
 * others. Whatever goes wrong is tried again: the pool's process may be killed meanwhile.
 */
export function startTrickle(rpc: JsonRpc, { account, address }: DevAccount): AsyncDisposable {
  const stop = new AbortController()
  const send = async (): Promise<void> => {
    const nonce = Number(await rpc.call<Hex>('eth_getTransactionCount', [address, 'pending']))
    const fees = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 6n }
    const transaction = { to: address, nonce, gas: 21_000n, chainId: L2_CHAIN_ID, ...fees }
    await rpc.call('eth_sendRawTransaction', [await account.signTransaction(transaction)])
  }
  const work = (async () => {
    while (!stop.signal.aborted) {
      await send().catch(() => undefined)
      await delay(200)
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await work
    },
  }
}
