import { describe, expect, it } from 'vitest'
import { chainsInCycles } from './message-cycles.ts'

const edge = (chain: bigint, at: number, from: bigint, logIndex: number) => ({
  executing: { chainId: chain, logIndex: at },
  initiating: { chainId: from, logIndex },
})

describe('blocks whose logs come before themselves', () => {
  it.each([
    ['nothing', [], []],
    ['an earlier log of the block', [edge(1n, 1, 1n, 0)], []],
    ['a later log of the block', [edge(1n, 0, 1n, 1)], [1n]],
    ['the log itself', [edge(1n, 3, 1n, 3)], [1n]],
    ['forth and back', [edge(2n, 0, 1n, 0), edge(1n, 1, 2n, 1)], []],
    ['each other', [edge(2n, 0, 1n, 1), edge(1n, 0, 2n, 1)], [1n, 2n]],
    ['three in a ring', [edge(1n, 0, 2n, 0), edge(2n, 0, 3n, 0), edge(3n, 0, 1n, 0)], [1n, 2n, 3n]],
    ['what hangs on a ring', [edge(1n, 0, 2n, 0), edge(2n, 0, 1n, 0), edge(3n, 0, 1n, 0)], [1n, 2n]],
    ['two rings apart', [edge(1n, 0, 2n, 0), edge(2n, 0, 1n, 0), edge(3n, 0, 3n, 0)], [1n, 2n, 3n]],
  ] as const)('%s', (_name, edges, chains) => {
    expect([...chainsInCycles(edges)].sort((a, b) => Number(a - b))).toEqual(chains)
  })

  it('are found among many logs', () => {
    const forth = Array.from({ length: 20_000 }, (_, index) => edge(2n, index, 1n, index))
    expect(chainsInCycles(forth).size).toBe(0)
    expect(chainsInCycles([...forth, edge(1n, 0, 2n, 19_999)]).size).toBe(2)
  })
})
