import { z } from 'zod'
import type { LogQuery } from '../../src/embedded/log-queries.ts'
import type { PlacedLog } from '../../src/embedded/log-search.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { placedLogToJson } from '../log-json.ts'
import { logQuery } from '../log-query.ts'
import { defineMethod, described, type Method } from '../method.ts'

/** Finds logs of stored blocks. */
export interface LogReads {
  /** Oldest first. @throws AppError LOG_QUERY_INVALID, LOG_QUERY_TOO_LARGE, BLOCK_NOT_FOUND in geth's words */
  find(query: LogQuery, io: IoOptions): Promise<readonly PlacedLog[]>
}

/** `eth_getLogs`. */
export function ethLogMethods(logs: LogReads): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_getLogs',
      summary: 'The logs of a block, or of a range of canonical blocks, that a filter takes',
      params: z.tuple([logQuery]),
      paramNames: ['filter'],
      result: described('list of logs'),
      handler: async ([query], io) => (await logs.find(query, io)).map((log) => placedLogToJson(log)),
    }),
  ]
}
