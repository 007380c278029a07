import { z } from 'zod'
import type { TraceRecord } from '../../src/driver/trace.ts'
import { rpcError } from '../errors.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { unsubscribeMethod } from './eth-subscribe.ts'

/** What a driver did. */
export interface TraceService {
  /** The newest records, oldest first. */
  last(count: number): readonly TraceRecord[]
  /** @returns ends it */
  onRecord(listener: (record: TraceRecord) => void): () => void
}

const DEFAULT_COUNT = 100
const record = 'time, effect, why it was run, what has become of it, and the heads that it has moved'

/** `driver_*`: why the driver does what it does. */
export function driverMethods(trace: TraceService): readonly Method[] {
  return [
    defineMethod({
      name: 'driver_trace',
      summary: 'The effects that were run last, oldest first',
      params: z.tuple([z.int().positive().max(1000).optional()]),
      paramNames: ['count'],
      result: described(`a list of records: ${record}`),
      handler: ([count]) => trace.last(count ?? DEFAULT_COUNT),
    }),
    defineMethod({
      name: 'driver_subscribe',
      summary: 'Sends a `driver_subscription` notification for each effect that was run, over a WebSocket',
      params: z.tuple([z.literal('trace')]),
      paramNames: ['kind'],
      result: z.string().meta({ description: "the subscription's id" }),
      handler(_, { connection }) {
        if (connection === undefined) throw rpcError('NOTIFICATIONS_UNSUPPORTED', 'notifications not supported')
        return connection.subscribe('driver', (notify) => trace.onRecord(notify))
      },
    }),
    unsubscribeMethod('driver'),
  ]
}
