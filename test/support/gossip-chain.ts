import type { Hash } from '../../src/primitives/hex.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import { parseRollupConfig, type RollupConfig } from '../../src/protocol/rollup-config.ts'
import { rollupJson } from '../peers/support/rollup-json.ts'
import { gossipPayload } from './gossip-blocks.ts'

/** Blocks that build on each other, one a second up to now, the newest encoding throughout. */
export interface GossipChain {
  readonly config: RollupConfig
  readonly blocks: readonly Payload[]
}

/** Makes a chain. @param size bytes of each block's one transaction, of which no two are alike */
export function gossipChain(length: number, size = 200): GossipChain {
  const now = BigInt(Math.floor(Date.now() / 1000))
  const start = now - BigInt(length)
  const forks = { canyon: 0, delta: 0, ecotone: 0, fjord: 0, granite: 0, holocene: 0, isthmus: 0, regolith: 0 }
  const block = (hash: Hash, timestamp: bigint) =>
    ({ hash, number: '0x0', timestamp: `0x${timestamp.toString(16)}`, gasLimit: '0x1c9c380' }) as const
  const blocks: Payload[] = []
  for (let number = 0; number < length; number++) {
    const transaction = new Uint8Array(size)
    for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(transaction.subarray(at, at + 65_536))
    const parentHash: Hash = blocks.at(-1)?.hash ?? `0x${'00'.repeat(32)}`
    const timestamp = start + BigInt(number)
    const [version, header] = ['isthmus' as const, { parentHash }]
    blocks.push(gossipPayload({ version, timestamp, number: BigInt(number), header, transactions: [transaction] }))
  }
  const l1 = block(`0x${'aa'.repeat(32)}`, start)
  const l2Genesis = block((blocks[0] as Payload).hash, start)
  return { blocks, config: parseRollupConfig(rollupJson({ l1, l2Genesis, forks, blockTime: 1 })) }
}
