import { describe, expect, it } from 'vitest'
import { executeBlock } from '../../src/embedded/execute-block.ts'
import { OpChainRules } from '../../src/embedded/op-chain-rules.ts'
import { decodeStoredReceipts, encodeStoredReceipts } from '../../src/embedded/receipt-storage.ts'
import { receiptSubjects } from '../../src/embedded/receipt-subjects.ts'
import { StoredNodes } from '../../src/embedded/stored-nodes.ts'
import { StoredState } from '../../src/embedded/stored-state.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { type Block, decodeBlock } from '../../src/protocol/block.ts'
import { decodeHeader } from '../../src/protocol/header.ts'
import { receiptToJson } from '../../src/protocol/receipt-json.ts'
import type { StoredNode } from '../../src/state/node-store.ts'
import { decodeNode } from '../../src/state/trie-node.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { type BlockFixture, chainOfFixtures, fixtureForks, readBlockFixtures } from '../support/block-fixture.ts'

/** The recorded trie nodes and codes, which come in no order. */
function nodesOf(entries: readonly Uint8Array[]): StoredNodes {
  const nodes = new Map<Hash, StoredNode>()
  const codes = new Map<Hash, Uint8Array>()
  for (const raw of entries) {
    codes.set(keccakHash(raw), raw)
    try {
      nodes.set(keccakHash(raw), { raw, node: decodeNode(raw) })
    } catch {
      // Code only.
    }
  }
  const stored = new StoredNodes(new MemoryStore(), { maxBytes: 2 ** 31 })
  stored.keep(nodes, codes)
  return stored
}

describe.each(fixtureForks())('blocks of op-geth at %s, imported and told of', (fork) => {
  const fixtures = readBlockFixtures(fork)
  const rules = new OpChainRules(chainOfFixtures(fixtures))
  const nodes = nodesOf(fixtures.state.map(hexToBytes))

  function verdict(fixture: BlockFixture, block: Block) {
    const state = new StoredState(nodes, decodeHeader(hexToBytes(fixture.parent)).stateRoot)
    return executeBlock(rules, block, state, async (number) => fixture.ancestors[number.toString()], {})
  }

  it.each(fixtures.blocks.map((fixture) => [fixture.name, fixture] as const))('%s', async (_name, fixture) => {
    const parent = decodeHeader(hexToBytes(fixture.parent))
    const block = decodeBlock(hexToBytes(fixture.block))
    expect(block.hash).toBe(fixture.header.hash)
    expect(rules.payloadFault(block)).toBeUndefined()
    expect(rules.headerFault(parent, block.header)).toBeUndefined()
    const imported = await verdict(fixture, block)
    expect(imported).toMatchObject({ tag: 'valid' })
    const receipts = decodeStoredReceipts(encodeStoredReceipts(imported.tag === 'valid' ? imported.receipts : []))
    const place = { hash: block.hash, number: block.header.number, timestamp: block.header.timestamp }
    const subjects = receiptSubjects(block, receipts, chainOfFixtures(fixtures).forks)
    expect(subjects.map((subject) => receiptToJson(subject, place))).toEqual(fixture.receipts)
    const header = { ...block.header, stateRoot: block.hash }
    expect(await verdict(fixture, { ...block, header })).toMatchObject({
      tag: 'invalid',
      reason: expect.stringContaining(`local: ${block.header.stateRoot.slice(2)}`),
    })
    const fewer = await verdict(fixture, { ...block, transactions: block.transactions.slice(0, -1) })
    expect(fewer).toMatchObject({ reason: expect.stringMatching(/^transaction root hash mismatch/) })
  })
})
