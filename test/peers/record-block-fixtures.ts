/**
 * Records blocks that op-geth's own builder makes, of every fork from Bedrock to Jovian, with the state that they were
 * made on: `test/vectors/blocks/<fork>.json.gz`. The chain is the same each time. Run it by hand after the pinned op-geth
 * has changed: `node test/peers/record-block-fixtures.ts`.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { remoteStates } from '../../src/builder/remote-pinned-state.ts'
import { RpcStateSource } from '../../src/clients/state-rpc.ts'
import { RpcTransport } from '../../src/clients/transport.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes, toQuantity } from '../../src/primitives/hex.ts'
import { hashHeader } from '../../src/protocol/header.ts'
import { reExecute } from '../../src/replay/re-execute.ts'
import { differencesOf } from '../../src/replay/replay-block.ts'
import { NodeStore } from '../../src/state/node-store.ts'
import type { ProofSource } from '../../src/state/source.ts'
import {
  BLOCK_FIXTURES,
  type BlockFixture,
  type BlockFixtures,
  chainOfFixtures,
  decodeFixture,
} from '../support/block-fixture.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { extendByPlan, FIXTURE_FORKS, fixtureForkTimes, planFixtureChain } from './support/fixture-chain.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { LOAD_ALLOC } from './support/load-contracts.ts'
import { startOpGeth } from './support/op-geth.ts'
import { scenery } from './support/scenery.ts'
import { TempFolder } from './support/temp-folder.ts'

const GENESIS_TIME = 1_750_000_000
const BLOCK_TIME = 2

interface Witness {
  readonly state: readonly Hex[]
  readonly codes: readonly Hex[]
}

const plan = planFixtureChain()
const forks = fixtureForkTimes(plan, GENESIS_TIME, BLOCK_TIME)
await using folder = new TempFolder()
const genesis = await l2Genesis({ timestamp: GENESIS_TIME, forks, alloc: { ...scenery(), ...LOAD_ALLOC } })
await using el = await startOpGeth({ folder, genesis })
const driver = new EngineDriver(el, forks, BLOCK_TIME)
const { config } = genesis
const chain = chainOfFixtures({ config })
const rpc = new RpcTransport({ endpoint: 'op-geth', url: el.url })
const remote = new RpcStateSource(rpc)

/** Reads what a witness leaves out from the node, and notes it. */
function noting(added: Set<Hex>): ProofSource {
  return {
    supports: (kind) => kind === 'proof' || kind === 'code' || kind === 'node',
    async read(blockHash, queries, options) {
      const answers = await remote.read(blockHash, queries, options)
      for (const answer of answers) {
        if (answer.kind === 'code') added.add(bytesToHex(answer.code))
        else if (answer.kind === 'node') for (const node of answer.candidates) added.add(bytesToHex(node))
        else if (answer.kind === 'proof') {
          for (const node of [...answer.accountProof, ...answer.storageProofs.flat()]) added.add(node)
        } else if (answer.kind === 'failed') throw answer.error
      }
      return answers
    },
  }
}

/** Executes the block over op-geth's witness. @returns the fixture, and every node and code that it needs */
async function record(name: string, hash: Hash, parentHash: Hash): Promise<{ fixture: BlockFixture; state: Set<Hex> }> {
  const call = <T>(method: string, ...params: unknown[]): Promise<T> => el.rpc.call<T>(method, params)
  const { transactions: _, ...header } = await call<Record<string, unknown>>('eth_getBlockByHash', hash, false)
  const ancestors: Record<string, Hash> = {}
  const fixture: BlockFixture = {
    name,
    parent: await call('debug_getRawHeader', parentHash),
    block: await call('debug_getRawBlock', hash),
    ancestors,
    header: { ...header, hash },
    receipts: await call('eth_getBlockReceipts', hash),
  }
  const witness = await call<Witness>('debug_executionWitness', hash)
  const state = new Set([...witness.state, ...witness.codes])
  const store = new NodeStore()
  for (const entry of state) {
    store.addNode(hexToBytes(entry))
    store.addCode(hexToBytes(entry))
  }
  const { parent, block } = decodeFixture(fixture)
  const added = new Set<Hex>()
  const pinned = remoteStates(store, noting(added))({ hash: parentHash, stateRoot: parent.stateRoot })
  const ancestorHash = async (number: bigint): Promise<Hash> => {
    const ancestor = await el.block(Number(number))
    ancestors[number.toString()] = ancestor.hash
    return ancestor.hash
  }
  const tip = { hash: hashHeader(parent), header: parent }
  const execution = await reExecute(chain, { ...block, parent: tip, ancestorHash }, pinned)
  const differences = differencesOf(block, execution)
  if (differences.length > 0)
    throw new Error(
      `${name}: ${JSON.stringify(differences[0], (_key, value) => (typeof value === 'bigint' ? toQuantity(value) : value))}`,
    )
  const missing = [...added].filter((entry) => !state.has(entry))
  process.stdout.write(
    `${name}: ${block.transactions.length} transactions, ${block.header.gasUsed} gas, witness ${state.size} + ${missing.length}\n`,
  )
  return { fixture, state: new Set([...state, ...missing]) }
}

const byFork = new Map<string, { blocks: BlockFixture[]; state: Set<Hex> }>(
  FIXTURE_FORKS.map((fork) => [fork, { blocks: [], state: new Set() }]),
)
let parent = await el.block(0)
for (const planned of plan) {
  const block = await extendByPlan(driver, parent, planned)
  const { fixture, state } = await record(`${planned.fork}: ${planned.name}`, block.hash, parent.hash)
  const own = byFork.get(planned.fork)
  own?.blocks.push(fixture)
  for (const entry of state) own?.state.add(entry)
  parent = block
}
await rpc.close()

rmSync(BLOCK_FIXTURES, { recursive: true, force: true })
mkdirSync(BLOCK_FIXTURES, { recursive: true })
let total = 0
for (const [fork, { blocks, state }] of byFork) {
  const fixtures: BlockFixtures = { config, blocks, state: [...state].sort() }
  const packed = gzipSync(JSON.stringify(fixtures), { level: 9 })
  total += packed.length
  writeFileSync(join(BLOCK_FIXTURES, `${fork}.json.gz`), packed)
  process.stdout.write(`${fork}: ${blocks.length} blocks, ${state.size} nodes and codes, ${packed.length} bytes\n`)
}
process.stdout.write(`${plan.length} blocks, ${total} bytes\n`)
