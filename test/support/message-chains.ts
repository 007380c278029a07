import { toWord } from '../../src/primitives/hex.ts'
import type { ExecutingMessage } from '../../src/protocol/executing-message.ts'
import { OpForks } from '../../src/protocol/forks.ts'
import type { JudgedLogs } from '../../src/supervisor/judge-blocks.ts'
import type { LinkRules } from '../../src/supervisor/link-rule.ts'

/** A log of a {@link MessageChain}: what it executes, where it does. */
export interface MessageLog {
  readonly executes?: Omit<ExecutingMessage, 'checksum'> & { readonly forged?: boolean }
}

/** Blocks with their logs, from number 0 on. */
export interface MessageChain {
  readonly chainId: bigint
  /** Unix seconds between blocks. */
  readonly blockTime: bigint
  readonly blocks: readonly (readonly MessageLog[])[]
}

/** Unix seconds of every chain's block 0. */
export const MESSAGE_GENESIS = 1000n
/** Seconds for which messages hold. */
export const MESSAGE_WINDOW = 12n

/** Unix seconds of a block. */
export function messageTime({ blockTime }: MessageChain, number: bigint): bigint {
  return MESSAGE_GENESIS + number * blockTime
}

/** What a log is known by. */
function checksumOf(chainId: bigint, blockNumber: bigint, logIndex: number): `0x${string}` {
  return `0x03${toWord((chainId << 128n) | (blockNumber << 64n) | BigInt(logIndex)).slice(4)}`
}

/** The logs of a chain as a log database gives them. */
export function messageLogs(chain: MessageChain): JudgedLogs {
  const { chainId, blocks } = chain
  const block = (number: bigint) =>
    number < 0n || number >= BigInt(blocks.length)
      ? undefined
      : { number, hash: toWord((chainId << 64n) | number), timestamp: messageTime(chain, number) }
  return {
    first: block(0n),
    block,
    find: ({ blockNumber, timestamp, logIndex, checksum }) => {
      const found = block(blockNumber)
      if (found === undefined) return { tag: 'future' }
      if (found.timestamp !== timestamp) return { tag: 'conflict', reason: 'time' }
      const logs = blocks[Number(blockNumber)] ?? []
      return logIndex < logs.length && checksum === checksumOf(chainId, blockNumber, logIndex)
        ? { tag: 'found', block: found }
        : { tag: 'conflict', reason: 'log' }
    },
    executing: (number) =>
      (blocks[Number(number)] ?? []).flatMap(({ executes }, at) => {
        if (executes === undefined) return []
        const { chainId: from, blockNumber, logIndex, forged } = executes
        const checksum = forged === true ? checksumOf(0n, 0n, 0) : checksumOf(from, blockNumber, logIndex)
        return [{ ...executes, at, checksum }]
      }),
  }
}

/** Rules for chains whose messages are active from genesis on. */
export function messageRules(chains: readonly MessageChain[]): LinkRules {
  const forks = new OpForks({ interop: MESSAGE_GENESIS })
  return {
    dependencySet: { chainIds: chains.map(({ chainId }) => chainId), messageExpiryWindow: MESSAGE_WINDOW },
    chains: new Map(chains.map(({ chainId, blockTime }) => [chainId, { rollup: { forks, blockTime } }])),
  }
}
