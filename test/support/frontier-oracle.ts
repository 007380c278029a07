import { linkFault } from '../../src/supervisor/link-rule.ts'
import { type MessageChain, type MessageLog, messageRules, messageTime } from './message-chains.ts'

type Executes = NonNullable<MessageLog['executes']>

/** What is to come out of chains whose blocks count up to limits. */
export interface OracleFrontier {
  readonly valid: ReadonlyMap<bigint, bigint>
  readonly invalid: ReadonlySet<bigint>
}

/**
 * The same question answered from scratch, without any order: every block up to the limits is taken for valid, and whatever does not
 * hold is taken back, with all that comes after it, until nothing changes any more.
 */
export function frontierOracle(
  chains: readonly MessageChain[],
  from: ReadonlyMap<bigint, bigint>,
  limits: ReadonlyMap<bigint, bigint>,
): OracleFrontier {
  const rules = messageRules(chains)
  const chain = (chainId: bigint): MessageChain => chains.find((each) => each.chainId === chainId) as MessageChain
  const limit = (chainId: bigint): bigint => {
    const last = BigInt(chain(chainId).blocks.length) - 1n
    const set = limits.get(chainId) ?? 0n
    return set < last ? set : last
  }
  const claimed = new Map(chains.map(({ chainId }) => [chainId, limit(chainId)]))
  const logs = (chainId: bigint, number: bigint): readonly MessageLog[] => chain(chainId).blocks[Number(number)] ?? []
  const executed = (chainId: bigint, number: bigint) =>
    logs(chainId, number).flatMap(({ executes }, at) => (executes === undefined ? [] : [{ at, ...executes }]))
  const links = (chainId: bigint, number: bigint, message: Executes): boolean =>
    linkFault(rules, { chainId, timestamp: messageTime(chain(chainId), number) }, message) === undefined
  const timed = (message: Executes): boolean =>
    messageTime(chain(message.chainId), message.blockNumber) === message.timestamp
  const logThere = (message: Executes): boolean =>
    message.forged !== true && message.logIndex < logs(message.chainId, message.blockNumber).length

  /** Whether a log comes before itself, among the blocks of its time that `has` lets pass. */
  const cyclic = (chainId: bigint, number: bigint, has: (chainId: bigint, number: bigint) => boolean): boolean => {
    const time = messageTime(chain(chainId), number)
    const before = (c: bigint, n: bigint, index: number): readonly (readonly [bigint, bigint, number])[] => {
      const message = logs(c, n)[index]?.executes
      const own: readonly (readonly [bigint, bigint, number])[] = index > 0 ? [[c, n, index - 1]] : []
      const there = message !== undefined && links(c, n, message) && timed(message) && logThere(message)
      return there && message.timestamp === time && has(message.chainId, message.blockNumber)
        ? [...own, [message.chainId, message.blockNumber, message.logIndex]]
        : own
    }
    return logs(chainId, number).some((_, start) => {
      const seen = new Set<string>()
      const todo = [...before(chainId, number, start)]
      for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
        const [c, n, index] = next
        if (c === chainId && n === number && index === start) return true
        if (seen.has(`${c}:${n}:${index}`)) continue
        seen.add(`${c}:${n}:${index}`)
        todo.push(...before(c, n, index))
      }
      return false
    })
  }

  const isClaimed = (chainId: bigint, number: bigint): boolean => number <= (claimed.get(chainId) ?? -1n)
  const holds = (chainId: bigint, number: bigint): boolean =>
    executed(chainId, number).every(
      (message) =>
        links(chainId, number, message) &&
        timed(message) &&
        logThere(message) &&
        isClaimed(message.chainId, message.blockNumber),
    ) && !cyclic(chainId, number, isClaimed)
  for (let changed = true; changed; ) {
    changed = false
    for (const { chainId } of chains)
      for (let number = (from.get(chainId) ?? 0n) + 1n; number <= (claimed.get(chainId) as bigint); number++)
        if (!holds(chainId, number)) {
          claimed.set(chainId, number - 1n)
          changed = true
        }
  }

  /** Whether what is in a block is certain at a time: it holds, or its parent does and it is judged now. */
  const certainAt = (time: bigint) => (chainId: bigint, number: bigint) =>
    isClaimed(chainId, number) ||
    (number === (claimed.get(chainId) as bigint) + 1n &&
      number <= limit(chainId) &&
      messageTime(chain(chainId), number) === time)
  const disproved = (chainId: bigint, number: bigint): boolean => {
    const certain = certainAt(messageTime(chain(chainId), number))
    const contradicted = executed(chainId, number).some((message) => {
      if (!links(chainId, number, message)) return true
      const last = messageTime(chain(message.chainId), limit(message.chainId))
      const known = message.blockNumber <= limit(message.chainId) || message.timestamp <= last
      if (!timed(message)) return known
      return certain(message.chainId, message.blockNumber) && !logThere(message)
    })
    return contradicted || cyclic(chainId, number, certain)
  }
  const invalid = chains
    .map(({ chainId }) => ({ chainId, next: (claimed.get(chainId) as bigint) + 1n }))
    .filter(({ chainId, next }) => next <= limit(chainId) && disproved(chainId, next))
  return { valid: claimed, invalid: new Set(invalid.map(({ chainId }) => chainId)) }
}
