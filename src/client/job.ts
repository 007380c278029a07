import type { Address, Chain, Hash, Hex } from 'viem'
import { type AnyClient, callOnce, look } from './call.ts'
import { includeMany, type Outcome } from './include-many.ts'
import {
  formatInclusion,
  formatJobView,
  formatSealed,
  type Inclusion,
  type JobView,
  type SealedJob,
} from './job-formats.ts'
import { encodeOptions, type SealJobOptions } from './job-options.ts'

/** How {@link Job.includeRawMany} goes about it. */
export interface IncludeManyOptions<allowFailure extends boolean = boolean> {
  /** `true`: tells of every transaction what became of it; otherwise the first refusal is thrown once all were tried. */
  readonly allowFailure?: allowFailure | undefined
  /** `false`: a request for each transaction, in place of JSON-RPC batches. */
  readonly batch?: boolean | undefined
}

/** A block in the making. Calls on it are served in the order in which they arrive; one that fails changes nothing. */
export interface Job<chain extends Chain | undefined = Chain | undefined> {
  readonly id: string
  /** Includes a signed transaction. @throws IncludeError, JobStateError, JobUnknownError */
  includeRaw(raw: Hex): Promise<Inclusion<chain>>
  /**
   * Includes signed transactions in this order, as {@link includeRaw} would; what was included stays. Over HTTP they travel
   * as one JSON-RPC batch for a thousand, with the URL, `fetchOptions` and timeout of the client's transport.
   * @throws IncludeError of the first that was refused, unless `allowFailure` is set; JobStateError, JobUnknownError
   */
  includeRawMany<const allowFailure extends boolean = false>(
    raws: readonly Hex[],
    options?: IncludeManyOptions<allowFailure>,
  ): Promise<allowFailure extends true ? readonly Outcome<Inclusion<chain>>[] : readonly Inclusion<chain>[]>
  /** Includes the best transaction of the pool; null when it has none that can be. */
  includeBest(): Promise<Inclusion<chain> | null>
  /** Includes the next one of a sender; null when the pool has none. @throws IncludeError */
  includeFirst(sender: Address): Promise<Inclusion<chain> | null>
  /** Includes one of the pool. @throws IncludeError */
  includeByHash(hash: Hash): Promise<Inclusion<chain>>
  /** Takes the last ones back. @param count 1 when left out @returns how many are left, deposits included */
  undo(count?: number): Promise<number>
  inspect(): Promise<JobView<chain>>
  /** Makes the block; when it resolves, the node's head is this block. @throws CommitRefusedError, PublishRefusedError */
  seal(options?: SealJobOptions): Promise<SealedJob<chain>>
  cancel(): Promise<void>
}

type Json = Readonly<Record<string, unknown>>

/** A job that is there, by its id. */
export function jobOf<chain extends Chain | undefined>(client: AnyClient<chain>, id: string): Job<chain> {
  const maybe = (json: Json | null) => (json === null ? null : formatInclusion(client, json))
  async function includeRawMany(raws: readonly Hex[], options: IncludeManyOptions = {}) {
    const { allowFailure = false, batch = true } = options
    const outcomes = await includeMany(client, id, raws, batch)
    const formatted = outcomes.map((outcome): Outcome<Inclusion<chain>> => {
      return outcome.status === 'failure' ? outcome : { ...outcome, result: formatInclusion(client, outcome.result) }
    })
    if (allowFailure) return formatted
    return formatted.map((outcome) => {
      if (outcome.status === 'failure') throw outcome.error
      return outcome.result
    })
  }
  return {
    id,
    includeRaw: async (raw) => formatInclusion(client, await callOnce<Json>(client, 'test_includeRaw', id, raw)),
    // The condition of its type is what `allowFailure` decides above.
    includeRawMany: includeRawMany as Job<chain>['includeRawMany'],
    includeBest: async () => maybe(await callOnce(client, 'test_includeBest', id)),
    includeFirst: async (sender) => maybe(await callOnce(client, 'test_includeFirst', id, sender)),
    includeByHash: async (hash) =>
      formatInclusion(client, await callOnce<Json>(client, 'test_includeByHash', id, hash)),
    undo: (count = 1) => callOnce<number>(client, 'test_undo', id, count),
    inspect: async () => formatJobView(client, await look<Json>(client, 'test_inspect', id)),
    seal: async (options = {}) =>
      formatSealed(client, await callOnce<Json>(client, 'test_seal', id, encodeOptions(options))),
    async cancel() {
      await callOnce(client, 'test_cancel', id)
    },
  }
}
