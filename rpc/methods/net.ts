import { z } from 'zod'
import type { Address } from '../../src/primitives/hex.ts'
import { bytesToHex, toQuantity } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import { defineMethod, type Method } from '../method.ts'
import { data } from '../schema.ts'

/** What a chain without a network says of itself. */
export interface NodeIdentity {
  readonly chainId: bigint
  /** As `web3_clientVersion` tells, e.g. `op-sequencer/v1.2.3`. */
  readonly clientVersion: string
  /** Accounts that it signs for. */
  readonly accounts: readonly Address[]
}

/** `net_*`, `web3_*`, and the methods of `eth_*` that ask about the node. */
export function netMethods({ chainId, clientVersion, accounts }: NodeIdentity): readonly Method[] {
  const constant = <T extends z.ZodType>(name: string, summary: string, result: T, value: z.input<T>): Method =>
    defineMethod({ name, summary, params: z.tuple([]), paramNames: [], result, handler: () => value })
  return [
    constant('net_version', 'The network id, in decimal: the chain id', z.string(), chainId.toString()),
    constant('net_listening', 'Always true, as with geth', z.boolean(), true),
    constant('net_peerCount', 'No peers', z.string(), toQuantity(0)),
    constant('web3_clientVersion', 'The name and version of this program', z.string(), clientVersion),
    constant('eth_syncing', 'False: there is nobody to sync with', z.boolean(), false),
    constant('eth_accounts', 'The accounts that this node signs for', z.array(z.string()), [...accounts]),
    defineMethod({
      name: 'web3_sha3',
      summary: 'keccak-256',
      params: z.tuple([data]),
      paramNames: ['data'],
      result: z.string().meta({ description: '32 bytes' }),
      handler: ([bytes]) => bytesToHex(keccak256(bytes)),
    }),
  ]
}
