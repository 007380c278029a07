import type { Account, Chain, Client, Transport } from 'viem'
import { typedError } from './rpc-errors.ts'

/** Any client of viem. */
export type AnyClient<chain extends Chain | undefined = Chain | undefined> = Client<
  Transport,
  chain,
  Account | undefined
>

type Request = (
  call: { readonly method: string; readonly params: readonly unknown[] },
  options?: { readonly retryCount?: number },
) => Promise<unknown>

/** Calls a method that changes something: once, since an answer that got lost does not tell whether it happened. */
export async function callOnce<T>(client: AnyClient, method: string, ...params: readonly unknown[]): Promise<T> {
  try {
    return (await (client.request as Request)({ method, params }, { retryCount: 0 })) as T
  } catch (error) {
    throw typedError(error)
  }
}

/** Calls a method that only looks, as often as the client's transport tries. */
export async function look<T>(client: AnyClient, method: string, ...params: readonly unknown[]): Promise<T> {
  try {
    return (await (client.request as Request)({ method, params })) as T
  } catch (error) {
    throw typedError(error)
  }
}
