import { z } from 'zod'
import { defineMethod, type Method } from '../method.ts'

/** Service-wide methods, served on every route. `rpc_modules` and `rpc.discover` come with each route's own table. */
export function serviceMethods(version: string): readonly Method[] {
  return [
    defineMethod({
      name: 'health_status',
      summary: 'The version of this service',
      params: z.tuple([]),
      paramNames: [],
      result: z.string(),
      handler: () => version,
    }),
  ]
}
