import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frontierOracle } from '../../test/support/frontier-oracle.ts'
import {
  MESSAGE_GENESIS,
  MESSAGE_WINDOW,
  type MessageChain,
  type MessageLog,
  messageLogs,
  messageRules,
  messageTime,
} from '../../test/support/message-chains.ts'
import { crossFrontier, type Frontier } from './cross-frontier.ts'

type Limits = ReadonlyMap<bigint, bigint>

function frontierOf(chains: readonly MessageChain[], limits: Limits, from: Limits = new Map()): Frontier {
  return crossFrontier(
    messageRules(chains),
    new Map(
      chains.map((chain) => {
        const { chainId, blocks } = chain
        const last = BigInt(blocks.length) - 1n
        const limit = limits.get(chainId) ?? last
        return [
          chainId,
          { logs: messageLogs(chain), from: from.get(chainId) ?? 0n, limit: limit < last ? limit : last },
        ]
      }),
    ),
  )
}

const chainIdsOf = (stopped: Frontier['invalid']) => stopped.map(({ chainId }) => chainId)
/** Chains with blocks of 2 seconds; block 0 has nothing. */
const chainsOf = (...all: readonly (readonly (readonly MessageLog[])[])[]): readonly MessageChain[] =>
  all.map((blocks, index) => ({ chainId: BigInt(index + 1), blockTime: 2n, blocks: [[], ...blocks] }))
const LOG: MessageLog = {}
/** Executes a log of a chain whose blocks are of 2 seconds. */
const executes = (chainId: bigint, blockNumber: bigint, logIndex: number, more: object = {}): MessageLog => ({
  executes: { chainId, blockNumber, logIndex, timestamp: MESSAGE_GENESIS + 2n * blockNumber, ...more },
})

describe('how far messages hold', () => {
  it('is as far as there are blocks, without messages', () => {
    const frontier = frontierOf(chainsOf([[], [LOG]], [[]]), new Map())
    expect(frontier).toEqual({ valid: new Map([[1n, 2n], [2n, 1n]]), invalid: [], waiting: [], more: false }) // biome-ignore format: a table
  })

  it('is as far as the limits', () => {
    expect(frontierOf(chainsOf([[], []], [[]]), new Map([[1n, 1n]])).valid.get(1n)).toBe(1n)
  })

  it('takes messages of earlier blocks, of the same time, and of the block itself', () => {
    const earlier = chainsOf([[LOG], []], [[], [executes(1n, 1n, 0)]])
    const same = chainsOf([[LOG]], [[executes(1n, 1n, 0)]])
    const own = chainsOf([[LOG, executes(1n, 1n, 0)]])
    for (const chains of [earlier, same, own]) {
      const { invalid, waiting, valid } = frontierOf(chains, new Map())
      expect([...invalid, ...waiting]).toEqual([])
      for (const { chainId, blocks } of chains) expect(valid.get(chainId)).toBe(BigInt(blocks.length) - 1n)
    }
  })

  it('takes messages forth and back at one time', () => {
    const chains = chainsOf([[LOG, executes(2n, 1n, 1)]], [[executes(1n, 1n, 0), LOG]])
    expect(frontierOf(chains, new Map()).valid).toEqual(new Map([[1n, 1n], [2n, 1n]])) // biome-ignore format: a table
  })

  it.each<readonly [string, readonly MessageChain[], readonly bigint[], readonly bigint[]]>([
    ['a log that is not in its block', chainsOf([[LOG]], [[executes(1n, 1n, 1)]]), [2n], []],
    ['a log of another content', chainsOf([[LOG]], [[executes(1n, 1n, 0, { forged: true })]]), [2n], []],
    ['a message of a later block', chainsOf([[], [LOG]], [[executes(1n, 2n, 0)]]), [2n], []],
    ['a time that is not the block\'s', chainsOf([[LOG], []], [[], [executes(1n, 1n, 0, { timestamp: 1001n })]]), [2n], []], // biome-ignore format: a table
    ['a block that is not of its time', chainsOf([[LOG], []], [[], [executes(1n, 9n, 0, { timestamp: 1002n })]]), [2n], []], // biome-ignore format: a table
    ['an unknown chain', chainsOf([[LOG]], [[executes(7n, 1n, 0)]]), [2n], []],
    ['a message of a later log of its own block', chainsOf([[executes(1n, 1n, 1), LOG]]), [1n], []],
    ['itself', chainsOf([[executes(1n, 1n, 0)]]), [1n], []],
    ['two blocks that wait for each other', chainsOf([[executes(2n, 1n, 0)]], [[executes(1n, 1n, 0)]]), [1n, 2n], []],
    ['logs that wait for each other', chainsOf([[executes(2n, 1n, 1), LOG]], [[executes(1n, 1n, 1), LOG]]), [1n, 2n], []], // biome-ignore format: a table
    ['a cycle of three, and what hangs on it', chainsOf([[executes(2n, 1n, 0)]], [[executes(3n, 1n, 0)]], [[executes(1n, 1n, 0)]], [[executes(1n, 1n, 0)]]), [1n, 2n, 3n], [4n]], // biome-ignore format: a table
    ['an invalid block, and what depends on it', chainsOf([[LOG, executes(2n, 1n, 7)]], [[executes(1n, 1n, 0)]]), [1n], [2n]], // biome-ignore format: a table
    ['an invalid block, and what depends on it through another one', chainsOf([[LOG, executes(3n, 1n, 7)]], [[LOG, executes(1n, 1n, 0)]], [[executes(2n, 1n, 0)]]), [1n], [2n, 3n]], // biome-ignore format: a table
  ])('ends at %s', (_name, chains, invalid, waiting) => {
    const frontier = frontierOf(chains, new Map())
    expect(chainIdsOf(frontier.invalid)).toEqual(invalid)
    expect(chainIdsOf(frontier.waiting)).toEqual(waiting)
  })

  it('ends where a message has expired', () => {
    const blocks = (executesAt: number) =>
      Array.from({ length: executesAt }, (_, index) => (index === executesAt - 1 ? [executes(1n, 1n, 0)] : []))
    const last = Number(MESSAGE_WINDOW / 2n) + 1
    const chains = (executesAt: number) => chainsOf([[LOG], ...blocks(executesAt).slice(1)], blocks(executesAt))
    expect(frontierOf(chains(last), new Map()).invalid).toEqual([])
    expect(frontierOf(chains(last + 1), new Map()).invalid[0]?.reason).toMatch(/expired/)
  })

  it('waits for blocks that are not there, however much is known beyond the limit', () => {
    const chains = chainsOf([[LOG], []], [[executes(1n, 1n, 7)], []])
    const frontier = frontierOf(chains, new Map([[1n, 0n]]))
    expect(frontier.invalid).toEqual([])
    expect(frontier.waiting).toMatchObject([{ chainId: 2n, block: { number: 1n } }])
  })

  it('waits for what becomes of a block whose parents are not valid yet', () => {
    // Block 2 of chain 1 is another one if block 1 falls.
    const chains = chainsOf([[executes(3n, 1n, 0)], [LOG]], [[], [], [executes(1n, 2n, 5)]], [])
    const frontier = frontierOf(chains, new Map())
    expect(frontier.invalid).toEqual([])
    expect(chainIdsOf(frontier.waiting)).toEqual([1n, 2n])
  })

  it('is found in parts as at once', () => {
    const chains = chainsOf([[LOG], [], []], [[executes(1n, 1n, 0)], [], [executes(2n, 1n, 9)]])
    const rules = messageRules(chains)
    const valid = new Map(chains.map(({ chainId }) => [chainId, 0n]))
    for (let more = true; more; ) {
      const parts = new Map(
        chains.map((chain) => {
          const from = valid.get(chain.chainId) ?? 0n
          return [chain.chainId, { logs: messageLogs(chain), from, limit: BigInt(chain.blocks.length) - 1n }]
        }),
      )
      const part = crossFrontier(rules, parts, 1)
      for (const [chainId, number] of part.valid) valid.set(chainId, number)
      more = part.more
    }
    expect(valid).toEqual(frontierOf(chains, new Map()).valid)
  })
})

describe('whatever the messages are', () => {
  const message = fc.record({
    back: fc.integer({ min: -1, max: 8 }),
    chain: fc.integer({ min: 1, max: 4 }),
    logIndex: fc.integer({ min: 0, max: 3 }),
    fault: fc.constantFrom('none', 'none', 'none', 'none', 'forged', 'time', 'number'),
  })
  const log = fc.option(message, { freq: 2 })
  const chain = fc.record({
    blockTime: fc.constantFrom(1n, 2n, 2n, 3n),
    blocks: fc.array(fc.array(log, { maxLength: 3 }), { minLength: 1, maxLength: 8 }),
    limit: fc.integer({ min: 0, max: 9 }),
  })
  const world = fc.array(chain, { minLength: 1, maxLength: 3 }).map((specs) => {
    const chains = specs.map(({ blockTime, blocks }, index): MessageChain => {
      const own = { chainId: BigInt(index + 1), blockTime, blocks: [] }
      return {
        ...own,
        blocks: [
          [],
          ...blocks.map((logs, at) =>
            logs.map((each): MessageLog => {
              if (each === null) return {}
              const from = specs[each.chain - 1]
              const time = messageTime(own, BigInt(at + 1)) - BigInt(each.back)
              const chainTime = from?.blockTime ?? 2n
              const passed = time > MESSAGE_GENESIS ? (time - MESSAGE_GENESIS) / chainTime : 1n
              const blockNumber = (passed === 0n ? 1n : passed) + (each.fault === 'number' ? 3n : 0n)
              const number = each.fault === 'number' ? blockNumber - 3n : blockNumber
              const timestamp = MESSAGE_GENESIS + number * chainTime + (each.fault === 'time' ? 1n : 0n)
              const { logIndex } = each
              return {
                executes: {
                  chainId: BigInt(each.chain),
                  blockNumber,
                  logIndex,
                  timestamp,
                  forged: each.fault === 'forged',
                },
              }
            }),
          ),
        ],
      }
    })
    return { chains, limits: new Map(specs.map(({ limit }, index) => [BigInt(index + 1), BigInt(limit)])) }
  })
  const RUNS = Number(process.env.OP_SEQUENCER_RUNS ?? 2000)

  it('is what is found without any order, from scratch', () => {
    let invalid = 0
    fc.assert(
      fc.property(world, ({ chains, limits }) => {
        const frontier = frontierOf(chains, limits)
        const oracle = frontierOracle(chains, new Map(), limits)
        expect(frontier.valid).toEqual(oracle.valid)
        expect(new Set(chainIdsOf(frontier.invalid))).toEqual(oracle.invalid)
        invalid += frontier.invalid.length
      }),
      { numRuns: RUNS, seed: 8 },
    )
    expect(invalid).toBeGreaterThan(RUNS / 20)
  })

  it('only grows with the limits, and what is invalid stays so until it is replaced', () => {
    fc.assert(
      fc.property(world, ({ chains, limits }) => {
        const low = frontierOf(chains, limits)
        const high = frontierOf(chains, new Map([...limits].map(([chainId, limit]) => [chainId, limit + 2n])))
        const goneOn = frontierOf(chains, new Map([...limits].map(([id, limit]) => [id, limit + 2n])), low.valid)
        for (const [chainId, number] of low.valid) expect(high.valid.get(chainId)).toBeGreaterThanOrEqual(number)
        expect(goneOn.valid).toEqual(high.valid)
        for (const { chainId } of low.invalid) {
          expect(high.valid.get(chainId)).toBe(low.valid.get(chainId))
          expect(chainIdsOf(high.invalid)).toContain(chainId)
        }
      }),
      { numRuns: RUNS / 2, seed: 9 },
    )
  })
})
