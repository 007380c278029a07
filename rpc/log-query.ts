import { z } from 'zod'
import type { LogQuery, RangeEnd } from '../src/embedded/log-queries.ts'
import type { BlockId } from '../src/protocol/block-id.ts'
import { address, blockNumber, hash, optional } from './schema.ts'

/** A log has at most so many topics. */
const MAX_TOPICS = 4
/** As many choices for one topic as geth reads. */
const MAX_TOPIC_CHOICES = 1000

/** One topic, or choices; a null among them takes every topic, as null itself does. */
const topicChoices = z
  .union([hash, z.array(hash.nullable())])
  .nullable()
  .transform((given, context) => {
    if (given === null) return []
    const choices = [given].flat()
    if (choices.length > MAX_TOPIC_CHOICES) context.addIssue('exceed max topics')
    const only = choices.filter((choice) => choice !== null)
    return only.length < choices.length ? [] : only
  })

/** `blockNumber` names no block by hash. */
function rangeEnd(id: BlockId | undefined): RangeEnd | undefined {
  return id?.tag === 'hash' ? undefined : id
}

/** What `eth_getLogs`, `eth_newFilter` and `eth_subscribe` look for. */
export const logQuery = z
  .object({
    blockHash: optional(hash),
    fromBlock: optional(blockNumber),
    toBlock: optional(blockNumber),
    address: optional(z.union([address, z.array(address)])),
    topics: optional(z.array(topicChoices).max(MAX_TOPICS, 'exceed max topics')),
  })
  .transform(({ blockHash, fromBlock, toBlock, address: given, topics }, context): LogQuery => {
    if (blockHash !== undefined && (fromBlock !== undefined || toBlock !== undefined)) {
      context.addIssue('cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other')
      return z.NEVER
    }
    return {
      addresses: given === undefined ? [] : [given].flat(),
      topics: topics ?? [],
      blockHash,
      from: rangeEnd(fromBlock),
      to: rangeEnd(toBlock),
    }
  })
