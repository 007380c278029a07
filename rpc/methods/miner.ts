import { z } from 'zod'
import { defineMethod, type Method } from '../method.ts'
import { quantity } from '../schema.ts'

/** Takes the limits that a batcher asks for. */
export interface DaThrottleService {
  /** @param limits bytes; 0 is no limit */
  set(limits: { readonly transaction: bigint; readonly block: bigint }): void
}

/** `miner_*` of an L2 chain whose blocks are built here. */
export function minerMethods(throttle: DaThrottleService): readonly Method[] {
  return [
    defineMethod({
      name: 'miner_setMaxDASize',
      summary: 'Limits how many bytes pooled transactions may take on L1, each and in a block together; 0 is no limit',
      params: z.tuple([quantity, quantity]),
      paramNames: ['maxTransactionSize', 'maxBlockSize'],
      result: z.boolean().meta({ description: 'always true' }),
      handler([transaction, block]) {
        throttle.set({ transaction, block })
        return true
      },
    }),
  ]
}
