import { type Hex, RpcRequestError } from 'viem'
import { getHttpRpcClient } from 'viem/utils'
import { type AnyClient, callOnce } from './call.ts'
import { IncludeError, typedError } from './rpc-errors.ts'

/** What became of one of many transactions: its `TxResult`, or why it was refused. */
export type Outcome<T> =
  | { readonly status: 'success'; readonly result: T; readonly error?: undefined }
  | { readonly status: 'failure'; readonly result?: undefined; readonly error: IncludeError }

/** How many transactions are included with one request. */
const BATCH = 1000
const METHOD = 'test_includeRaw'

type Json = Readonly<Record<string, unknown>>

function refused(error: unknown): Outcome<Json> {
  if (error instanceof IncludeError) return { status: 'failure', error }
  throw error
}

/** Where requests of the client go, if one of them can hold many calls. */
function batchUrl({ transport }: AnyClient): string | undefined {
  return transport.type === 'http' && typeof transport.url === 'string' ? transport.url : undefined
}

async function includeBatch(client: AnyClient, url: string, job: string, raws: readonly Hex[]) {
  const { timeout, fetchOptions } = client.transport
  const rpc = getHttpRpcClient(url, { timeout, fetchOptions, maxResponseBodySize: false })
  const body = raws.map((raw) => ({ method: METHOD, params: [job, raw] }))
  const answers = await rpc.request({ body })
  // A single error instead of a list: the batch as a whole was refused.
  const list = Array.isArray(answers) ? answers : body.map(() => answers)
  const sorted = [...list].sort((a, b) => a.id - b.id)
  return sorted.map((answer, index): Outcome<Json> => {
    const { error, result } = answer
    if (error === undefined) return { status: 'success', result: result as Json }
    return refused(typedError(new RpcRequestError({ body: body[index] ?? {}, error, url })))
  })
}

async function includeOne(client: AnyClient, job: string, raw: Hex): Promise<Outcome<Json>> {
  try {
    return { status: 'success', result: await callOnce<Json>(client, METHOD, job, raw) }
  } catch (error) {
    return refused(error)
  }
}

/**
 * Includes transactions in their order, each as if it were alone: with an HTTP transport as JSON-RPC batches, which take the
 * transport's URL, `fetchOptions` and timeout; with any other one after the other.
 * @param batch `false`: one after the other anyway
 * @throws whatever ends a call but a refusal
 */
export async function includeMany(
  client: AnyClient,
  job: string,
  raws: readonly Hex[],
  batch: boolean,
): Promise<readonly Outcome<Json>[]> {
  const url = batch ? batchUrl(client) : undefined
  const outcomes: Outcome<Json>[] = []
  if (url === undefined) for (const raw of raws) outcomes.push(await includeOne(client, job, raw))
  else {
    for (let start = 0; start < raws.length; start += BATCH) {
      outcomes.push(...(await includeBatch(client, url, job, raws.slice(start, start + BATCH))))
    }
  }
  return outcomes
}
