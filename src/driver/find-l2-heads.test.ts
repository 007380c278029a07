import { describe, expect, test } from 'vitest'
import { type Hash, toWord, ZERO_HASH } from '../primitives/hex.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import { findL2Heads, type HeadSources } from './find-l2-heads.ts'

/** A block is a letter, and its hash that letter's. */
const hashOf = (letter: string): Hash => toWord(BigInt(letter.charCodeAt(0)))
const letterOf = ({ hash }: { readonly hash: Hash }): string => String.fromCharCode(Number(hash))

function l1Chain(letters: string): L1BlockRef[] {
  return [...letters].map((letter, at) => ({
    hash: hashOf(letter),
    number: BigInt(at),
    parentHash: at === 0 ? ZERO_HASH : hashOf(letters[at - 1] as string),
    timestamp: BigInt(at) * 12n,
  }))
}

/** @param epochs the L1 origin of each block */
function l2Chain(letters: string, epochs: readonly L1BlockRef[]): L2BlockRef[] {
  const chain: L2BlockRef[] = []
  for (const [at, letter] of [...letters].entries()) {
    const { hash, number } = epochs[at] as L1BlockRef
    const parent = chain.at(-1)
    const sameEpoch = parent !== undefined && parent.l1Origin.hash === hash
    chain.push({
      hash: hashOf(letter),
      number: BigInt(at),
      parentHash: parent?.hash ?? ZERO_HASH,
      timestamp: BigInt(at) * 2n,
      l1Origin: { hash, number },
      sequenceNumber: sameEpoch ? parent.sequenceNumber + 1n : 0n,
    })
  }
  return chain
}

interface Labels {
  readonly finalized?: string | undefined
  readonly safe?: string | undefined
}

function sources(
  l1: readonly L1BlockRef[],
  l2: readonly L2BlockRef[],
  { finalized, safe }: Labels,
  { seqWindowSize, genesis }: { seqWindowSize: bigint; genesis: { l1: { hash: Hash; number: bigint }; l2: Hash } },
) {
  const l1Reads: (Hash | bigint)[] = []
  const find = <T extends L1BlockRef>(chain: readonly T[], id: Hash | bigint): T | undefined =>
    chain.find(({ hash, number }) => hash === id || number === id)
  const parts: HeadSources = {
    config: {
      seqWindowSize,
      genesis: { l1: genesis.l1, l2: { hash: genesis.l2, number: 0n } } as HeadSources['config']['genesis'],
    },
    l1: {
      async ref(id) {
        l1Reads.push(id)
        return find(l1, id)
      },
    },
    l2: {
      ref: async (id) => find(l2, id),
      async labelled(label) {
        const letter = { latest: letterOf(l2.at(-1) as L2BlockRef), safe, finalized }[label]
        return letter === undefined ? undefined : find(l2, hashOf(letter))
      },
    },
  }
  return { parts, l1Reads }
}

interface Scenario {
  /** As it was when the L2 was made of it, and as it is now. */
  readonly l1: string
  readonly newL1: string
  readonly l2: string
  readonly finalized: string
  readonly safe: string
  readonly window: bigint
  readonly genesis?: { readonly l1?: string; readonly l1Number?: number; readonly l2?: string }
}

/** Each L2 block is the only one of its epoch, as in op-node's own tests. */
async function search({ l1, newL1, l2, finalized, safe, window, genesis = {} }: Scenario) {
  const { l1Number = 0 } = genesis
  const epochs = l1Chain(l1).slice(l1Number)
  const { parts } = sources(
    l1Chain(newL1),
    l2Chain(l2, epochs),
    { finalized, safe },
    {
      seqWindowSize: window,
      genesis: {
        l1: { hash: hashOf(genesis.l1 ?? (l1[l1Number] as string)), number: BigInt(l1Number) },
        l2: hashOf(genesis.l2 ?? (l2[0] as string)),
      },
    },
  )
  const heads = await findL2Heads(parts, {})
  return { unsafe: letterOf(heads.unsafe), safe: letterOf(heads.safe), finalized: letterOf(heads.finalized) }
}

// Those of op-node's rollup/sync/start_test.go.
describe('finding where to begin, as op-node does', () => {
  test.each<[string, Scenario, { unsafe: string; safe: string }]>([
    [
      'already synced',
      { l1: 'ab', newL1: 'ab', l2: 'AB', finalized: 'A', safe: 'A', window: 2n },
      { unsafe: 'B', safe: 'A' },
    ],
    [
      'already synced with safe head after genesis: one step back at least, for it to be recorded again',
      { l1: 'abcdefghijkl', newL1: 'abcdefghijkl', l2: 'ABCDEFGHIJKL', finalized: 'B', safe: 'D', window: 2n },
      { unsafe: 'L', safe: 'C' },
    ],
    [
      'small reorg long chain',
      { l1: 'abcdefgh', newL1: 'abcdefgx', l2: 'ABCDEFGH', finalized: 'B', safe: 'H', window: 2n },
      { unsafe: 'G', safe: 'C' },
    ],
    [
      'L1 chain ahead',
      { l1: 'abcdef', newL1: 'abcdef', l2: 'ABCDE', finalized: 'A', safe: 'D', window: 2n },
      { unsafe: 'E', safe: 'A' },
    ],
    [
      'L2 chain ahead after reorg',
      { l1: 'abcxyz', newL1: 'abcx', l2: 'ABCXYZ', finalized: 'B', safe: 'X', window: 2n },
      { unsafe: 'Z', safe: 'B' },
    ],
    ['genesis', { l1: 'a', newL1: 'a', l2: 'A', finalized: 'A', safe: 'A', window: 2n }, { unsafe: 'A', safe: 'A' }],
    [
      'reorg one step back',
      { l1: 'abcdefg', newL1: 'abcdefx', l2: 'ABCDEFG', finalized: 'A', safe: 'E', window: 3n },
      { unsafe: 'F', safe: 'A' },
    ],
    [
      'reorg two steps back, clip genesis and finalized',
      { l1: 'abc', newL1: 'axy', l2: 'ABC', finalized: 'A', safe: 'B', window: 2n },
      { unsafe: 'A', safe: 'A' },
    ],
    [
      'reorg three steps back',
      { l1: 'abcdefgh', newL1: 'abcdexyz', l2: 'ABCDEFGH', finalized: 'A', safe: 'D', window: 2n },
      { unsafe: 'E', safe: 'A' },
    ],
    [
      'offset L2 genesis',
      {
        l1: 'abcdefghi',
        newL1: 'abcdefghi',
        l2: 'DEFGHI',
        finalized: 'E',
        safe: 'H',
        window: 2n,
        genesis: { l1Number: 3 },
      },
      { unsafe: 'I', safe: 'E' },
    ],
    [
      'offset L2 genesis reorg',
      {
        l1: 'abcdefgh',
        newL1: 'abcdxyzw',
        l2: 'DEFGH',
        finalized: 'D',
        safe: 'D',
        window: 2n,
        genesis: { l1Number: 3 },
      },
      { unsafe: 'D', safe: 'D' },
    ],
    [
      'long traverse to safe head',
      { l1: 'abcdefgh', newL1: 'abcdefgx', l2: 'ABCDEFGH', finalized: 'B', safe: 'B', window: 1n },
      { unsafe: 'G', safe: 'B' },
    ],
  ])('%s', async (_, scenario, heads) => {
    expect(await search(scenario)).toEqual({ ...heads, finalized: scenario.finalized })
  })

  test.each<[string, Scenario, string, RegExp]>([
    [
      'unexpected L1 chain',
      { l1: 'abcdef', newL1: 'xyzwio', l2: 'ABCDEF', finalized: 'A', safe: 'B', window: 2n },
      'CHAIN_MISMATCH',
      /^wrong chain L1: genesis/,
    ],
    [
      'unexpected L2 chain',
      { l1: 'abcdef', newL1: 'abcdef', l2: 'ABCDEF', finalized: 'A', safe: 'B', window: 9n, genesis: { l2: 'X' } },
      'CHAIN_MISMATCH',
      /^wrong chain L2: genesis/,
    ],
    [
      'reorg past offset genesis',
      {
        l1: 'abcdefgh',
        newL1: 'abxyzwio',
        l2: 'DEFGH',
        finalized: 'D',
        safe: 'D',
        window: 2n,
        genesis: { l1Number: 3 },
      },
      'CHAIN_MISMATCH',
      /^wrong chain L1: genesis/,
    ],
    [
      'reorg too deep',
      { l1: 'abcdefgh', newL1: 'abijklmn', l2: 'ABCDEFGH', finalized: 'B', safe: 'B', window: 1n },
      'HEADS_NOT_FOUND',
      /^reorg is too deep/,
    ],
    [
      'L1 reorged below what is final',
      { l1: 'abcdef', newL1: 'abxyzw', l2: 'ABCDEF', finalized: 'C', safe: 'D', window: 2n },
      'HEADS_NOT_FOUND',
      /^L1 does not have the origin of finalized block/,
    ],
  ])('%s', async (_, scenario, code, message) => {
    const severity = code === 'CHAIN_MISMATCH' ? 'critical' : 'reset'
    await expect(search(scenario)).rejects.toMatchObject({ code, severity, message: expect.stringMatching(message) })
  })
})

/** A chain of letters with so many L2 blocks an epoch. */
function chains(options: { l1: string; newL1?: string; perEpoch: number; length: number; window?: bigint } & Labels) {
  const { l1, newL1 = l1, perEpoch, length, window = 2n } = options
  const l1Blocks = l1Chain(l1)
  const letters = Array.from({ length }, (_, at) => String.fromCharCode(0x100 + at)).join('')
  const epochs = Array.from({ length }, (_, at) => l1Blocks[Math.floor(at / perEpoch)] as L1BlockRef)
  const at = (label: string | undefined): string | undefined => (label === undefined ? label : letters[Number(label)])
  const l2 = l2Chain(letters, epochs)
  const genesis = { l1: l1Blocks[0] as L1BlockRef, l2: (l2[0] as L2BlockRef).hash }
  const labels = { safe: at(options.safe), finalized: at(options.finalized) }
  return { l2, genesis, ...sources(l1Chain(newL1), l2, labels, { seqWindowSize: window, genesis }) }
}
async function numbers(parts: HeadSources) {
  const { unsafe, safe, finalized } = await findL2Heads(parts, {})
  return { unsafe: unsafe.number, safe: safe.number, finalized: finalized.number }
}

describe('chains with several blocks an epoch', () => {
  test('safe is the last block of the epoch before a whole window', async () => {
    // The head's origin is 6; 3 is the newest that is more than a window below.
    const { parts } = chains({ l1: 'abcdefg', perEpoch: 3, length: 21, safe: '17', finalized: '1' })
    expect(await numbers(parts)).toEqual({ unsafe: 20n, safe: 8n, finalized: 1n })
  })

  test('L1 is asked once for each of its blocks', async () => {
    const { parts, l1Reads } = chains({ l1: 'abcdefg', newL1: 'abcdefx', perEpoch: 3, length: 21, safe: '9' })
    expect(await numbers(parts)).toEqual({ unsafe: 17n, safe: 5n, finalized: 0n })
    expect(l1Reads).toEqual([6n, ...[...'fedc'].map(hashOf)])
  })

  test('a head that L1 has not come to stays', async () => {
    const { parts } = chains({ l1: 'abcdefg', newL1: 'abcd', perEpoch: 3, length: 21, safe: '9' })
    expect(await numbers(parts)).toEqual({ unsafe: 20n, safe: 0n, finalized: 0n })
  })

  test('labels that were never set are those of genesis', async () => {
    const { parts } = chains({ l1: 'abc', perEpoch: 3, length: 5 })
    expect(await numbers(parts)).toEqual({ unsafe: 4n, safe: 0n, finalized: 0n })
  })

  test('safe falls back to finalized', async () => {
    const { parts } = chains({ l1: 'abcdefg', perEpoch: 1, length: 7, window: 1n, finalized: '3' })
    expect(await numbers(parts)).toEqual({ unsafe: 6n, safe: 3n, finalized: 3n })
  })

  test('an engine that synced without labels: all of it', async () => {
    const l1 = Array.from({ length: 20 }, (_, at) => String.fromCharCode(97 + at)).join('')
    const far = chains({ l1, perEpoch: 1, length: 16, window: 1n })
    expect(await numbers(far.parts)).toEqual({ unsafe: 15n, safe: 15n, finalized: 15n })
    const near = chains({ l1, perEpoch: 1, length: 15, window: 1n })
    expect(await numbers(near.parts)).toEqual({ unsafe: 14n, safe: 0n, finalized: 0n })
  })

  test.each([{ finalized: '1', safe: '5' }, { finalized: '5' }])(
    'an engine that lost blocks below %j',
    async (labels) => {
      const { parts, l2 } = chains({ l1: 'abcdefg', perEpoch: 1, length: 7, ...labels })
      const labelled: HeadSources['l2']['labelled'] = async (label, io) =>
        label === 'latest' ? l2[4] : parts.l2.labelled(label, io)
      expect(await numbers({ ...parts, l2: { ...parts.l2, labelled } })).toEqual({
        unsafe: 4n,
        safe: 4n,
        finalized: 4n,
      })
    },
  )
})

describe('what does not fit together', () => {
  const world = () => chains({ l1: 'abcdefg', perEpoch: 3, length: 21, safe: '17', finalized: '1' })
  /** With one block that is another one than it should be. */
  function changed(at: number, change: (block: L2BlockRef) => Partial<L2BlockRef>): HeadSources {
    const { parts, l2 } = world()
    const block = l2[at] as L2BlockRef
    const ref: HeadSources['l2']['ref'] = async (id, io) =>
      id === block.hash ? { ...block, ...change(block) } : parts.l2.ref(id, io)
    return { ...parts, l2: { ...parts.l2, ref } }
  }

  test.each<[string, HeadSources, string, RegExp]>([
    [
      'a sequence number',
      changed(13, () => ({ sequenceNumber: 0n })),
      'HEADS_NOT_FOUND',
      /sequence number inconsistency/,
    ],
    [
      'an epoch that begins late',
      changed(15, () => ({ sequenceNumber: 1n })),
      'HEADS_NOT_FOUND',
      /sequence number inconsistency|non-zero sequence number/,
    ],
    [
      'an epoch that is left out',
      changed(14, ({ l1Origin }) => ({ l1Origin: { ...l1Origin, number: 3n } })),
      'HEADS_NOT_FOUND',
      /that is not before it/,
    ],
    [
      'an origin that is not the one before',
      changed(14, ({ l1Origin }) => ({ l1Origin: { ...l1Origin, hash: hashOf('x') } })),
      'HEADS_NOT_FOUND',
      /but the one before it is/,
    ],
    [
      'another finalized block at its height',
      (() => {
        const { parts, l2 } = world()
        const labelled: HeadSources['l2']['labelled'] = async (label, io) =>
          label === 'finalized' ? { ...(l2[12] as L2BlockRef), hash: hashOf('?') } : parts.l2.labelled(label, io)
        return { ...parts, l2: { ...parts.l2, labelled } }
      })(),
      'HEADS_NOT_FOUND',
      /^cannot reorg finalized block/,
    ],
    [
      'a parent that the engine does not have',
      (() => {
        const { parts, l2 } = world()
        const ref: HeadSources['l2']['ref'] = async (id, io) => (id === l2[12]?.hash ? undefined : parts.l2.ref(id, io))
        return { ...parts, l2: { ...parts.l2, ref } }
      })(),
      'HEADS_NOT_FOUND',
      /the engine does not have block/,
    ],
    [
      'an L1 block that went away',
      (() => {
        const { parts } = world()
        const ref: HeadSources['l1']['ref'] = async (id, io) => (id === hashOf('d') ? undefined : parts.l1.ref(id, io))
        return { ...parts, l1: { ref } }
      })(),
      'HEADS_NOT_FOUND',
      /is not there any more/,
    ],
    [
      'an engine without the genesis block',
      (() => {
        const { parts } = chains({ l1: 'abc', perEpoch: 3, length: 5 })
        return { ...parts, l2: { ...parts.l2, ref: async () => undefined } }
      })(),
      'CHAIN_MISMATCH',
      /does not have the genesis block/,
    ],
    [
      'a chain on another genesis block',
      (() => {
        const { parts } = chains({ l1: 'abc', perEpoch: 3, length: 5 })
        const config = { ...parts.config, genesis: { ...parts.config.genesis, l2: { hash: hashOf('?'), number: 0n } } }
        const ref: HeadSources['l2']['ref'] = async (id, io) =>
          parts.l2.ref(id === hashOf('?') ? 0n : id, io).then((block) => block && { ...block, hash: hashOf('?') })
        return { ...parts, config, l2: { ...parts.l2, ref } }
      })(),
      'CHAIN_MISMATCH',
      /^wrong chain L2/,
    ],
    [
      'an engine without a head',
      (() => {
        const { parts } = chains({ l1: 'abc', perEpoch: 3, length: 5 })
        return { ...parts, l2: { ...parts.l2, labelled: async () => undefined } }
      })(),
      'HEADS_NOT_FOUND',
      /no head/,
    ],
  ])('%s', async (_, parts, code, message) => {
    await expect(findL2Heads(parts, {})).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('what a source throws passes', async () => {
    const { parts } = world()
    const cut = new Error('connection reset')
    const ref = async (): Promise<never> => {
      throw cut
    }
    await expect(findL2Heads({ ...parts, l1: { ref } }, {})).rejects.toBe(cut)
    await expect(findL2Heads({ ...parts, l2: { ...parts.l2, ref } }, {})).rejects.toBe(cut)
  })
})
