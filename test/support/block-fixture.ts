import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { decodeBlock } from '../../src/protocol/block.ts'
import { parseChainConfig } from '../../src/protocol/genesis.ts'
import { decodeHeader, type Header } from '../../src/protocol/header.ts'
import { chainOfConfig, type ReplayChain } from '../../src/replay/chain.ts'
import type { NodeBlock } from '../../src/replay/node-blocks.ts'

/** Blocks that op-geth's own builder has made, with all that it takes to make them again. */
export interface BlockFixtures {
  /** geth's chain configuration: chain id, fork times, EIP-1559 constants. */
  readonly config: Readonly<Record<string, unknown>>
  readonly blocks: readonly BlockFixture[]
  /** Trie nodes and contract code of the states before the blocks, in no order. */
  readonly state: readonly Hex[]
}

/** One block. */
export interface BlockFixture {
  readonly name: string
  /** RLP of the header before it. */
  readonly parent: Hex
  /** `debug_getRawBlock` */
  readonly block: Hex
  /** Hashes of ancestors that BLOCKHASH asks for, by number. */
  readonly ancestors: Readonly<Record<string, Hash>>
  /** `eth_getBlockByHash`, without its transactions. */
  readonly header: Readonly<Record<string, unknown>> & { readonly hash: Hash }
  /** `eth_getBlockReceipts` */
  readonly receipts: readonly unknown[]
}

/** Where the fixtures lie, one file a fork. */
export const BLOCK_FIXTURES = fileURLToPath(new URL('../vectors/blocks/', import.meta.url))

/** The forks that there are fixtures for. */
export function fixtureForks(): readonly string[] {
  return readdirSync(BLOCK_FIXTURES).map((name) => name.replace(/\.json\.gz$/, ''))
}

/** The fixtures of a fork. */
export function readBlockFixtures(fork: string): BlockFixtures {
  return JSON.parse(gunzipSync(readFileSync(join(BLOCK_FIXTURES, `${fork}.json.gz`))).toString()) as BlockFixtures
}

/** The chain that the fixtures are of. */
export function chainOfFixtures({ config }: Pick<BlockFixtures, 'config'>): ReplayChain {
  return chainOfConfig(parseChainConfig(config))
}

/** The typed form of a fixture. */
export function decodeFixture(fixture: BlockFixture): { readonly parent: Header; readonly block: NodeBlock } {
  const { header, transactions } = decodeBlock(hexToBytes(fixture.block))
  const { header: json, receipts } = fixture
  return {
    parent: decodeHeader(hexToBytes(fixture.parent)),
    block: { hash: json.hash, header, transactions, json, receipts },
  }
}
