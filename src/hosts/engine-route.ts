import { engineMethods } from '../../rpc/methods/engine.ts'
import type { ChainRoute } from '../../rpc/routes.ts'
import { VERSION } from '../cli/version.ts'
import type { EngineApi } from '../embedded/engine-api.ts'
import type { HostContext } from './hosted-chain.ts'

/**
 * The part of a chain's route that is its Engine API, where it has one and there is a secret to guard it.
 * @param op whether it is an OP-Stack chain
 */
export function engineRoute(
  service: EngineApi | undefined,
  op: boolean,
  { engineJwtSecret: jwtSecret }: HostContext,
): Pick<ChainRoute, 'engine'> {
  if (service === undefined || jwtSecret === undefined) return {}
  return { engine: { methods: engineMethods({ service, op, version: VERSION }), jwtSecret } }
}
