import { beforeEach, describe, expect, it } from 'vitest'
import { BlobStore } from '../../src/builder/blob-store.ts'
import { Jobs } from '../../src/builder/jobs.ts'
import { L1Rules } from '../../src/builder/l1-rules.ts'
import { SealedBlocks } from '../../src/builder/sealed-blocks.ts'
import type { L1OpenOptions, SealedBlock } from '../../src/builder/service.ts'
import { EngineCommitter } from '../../src/delivery/committers/engine.ts'
import { TrailingLabels } from '../../src/delivery/trailing-labels.ts'
import { EmbeddedEnginePort, EmbeddedReader, storedStates } from '../../src/embedded/builder-ports.ts'
import { ChainStore } from '../../src/embedded/chain-store.ts'
import { EmbeddedEngine } from '../../src/embedded/engine.ts'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { L1ChainRules } from '../../src/embedded/l1-chain-rules.ts'
import { StoredState } from '../../src/embedded/stored-state.ts'
import { hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import type { Header } from '../../src/protocol/header.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { L1_CHAIN_ID, l1Genesis } from '../peers/support/l1-genesis.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const GENESIS_TIME = 1_000
const CANCUN = GENESIS_TIME + 12
const PRAGUE = GENESIS_TIME + 24
const WITHDRAWN = `0x${'88'.repeat(20)}` as const
const [alice] = devAccounts as [(typeof devAccounts)[0]]

/** A builder of L1 blocks on an embedded chain that begins at Shanghai. */
async function world() {
  const times = { cancunTime: CANCUN, pragueTime: PRAGUE }
  const genesis = parseGenesis(l1Genesis({ timestamp: GENESIS_TIME, config: times }))
  const config = genesis.config.l1
  const chain = await ChainStore.open(new MemoryStore(), genesisState(genesis), {})
  const rules = new L1ChainRules(config)
  const engine = new EmbeddedEngine(chain, rules)
  const reader = new EmbeddedReader(chain)
  const sealedBlocks = new SealedBlocks()
  const jobs = new Jobs<L1OpenOptions>({
    rules: new L1Rules({ config, blockTime: 12n, chain: reader }, new BlobStore(async () => true)),
    chain: reader,
    executor: rules.executor,
    state: storedStates(chain),
    pool: {
      best: () => ({ next: () => ({ done: true, value: undefined }) }),
      ofSender: () => [],
      get: () => undefined,
    },
    committer: new EngineCommitter(
      new EmbeddedEnginePort(engine),
      sealedBlocks,
      () => ({ calls: [], arrived: () => undefined }),
      new TrailingLabels(sealedBlocks, reader, { safe: 1, finalized: 2 }),
    ),
    publisher: undefined,
    auto: { set: () => false },
    sealedBlocks,
    clock: new VirtualClock(1_000_000),
  })
  const seal = async (
    options: L1OpenOptions,
    header?: Partial<Header>,
    ...raws: Uint8Array[]
  ): Promise<SealedBlock> => {
    const job = await jobs.open(options, {})
    for (const raw of raws) await jobs.includeRaw(job, raw, {})
    return jobs.seal(job, { commit: true, publish: false, ...(header && { header }) }, {})
  }
  return { chain, jobs, seal }
}

let w: Awaited<ReturnType<typeof world>>
beforeEach(async () => {
  w = await world()
})

async function transfer(nonce: number): Promise<Uint8Array> {
  const price = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n }
  const to = `0x${'77'.repeat(20)}` as const
  return hexToBytes(
    await alice.account.signTransaction({ chainId: L1_CHAIN_ID, nonce, gas: 30_000n, to, value: 1n, ...price }),
  )
}

describe('L1 jobs on an embedded chain', () => {
  it('build through the upgrades, with withdrawals and trailing labels', async () => {
    const withdrawal = { index: 0n, validatorIndex: 1n, address: WITHDRAWN, amount: 3n }
    const shanghai = await w.seal({ timestamp: BigInt(GENESIS_TIME + 6), withdrawals: [withdrawal] })
    const cancun = await w.seal({ timestamp: BigInt(CANCUN) }, undefined, await transfer(0))
    const prague = await w.seal({}, undefined, await transfer(1))
    const last = await w.seal({})
    expect([shanghai, cancun, prague].map(({ header }) => Object.keys(header).length)).toEqual([17, 20, 21])
    expect(w.chain.labels).toEqual({ head: last.hash, safe: prague.hash, finalized: cancun.hash })
    expect(w.chain.block(shanghai.hash)?.withdrawals).toEqual([withdrawal])
    const state = new StoredState(w.chain.nodes, last.header.stateRoot)
    expect(state.account(WITHDRAWN)?.balance).toBe(3n * 10n ** 9n)
    expect(state.account(alice.address)?.nonce).toBe(2n)
  })

  it('make siblings of any block', async () => {
    const first = await w.seal({})
    const left = await w.seal({}, undefined, await transfer(0))
    const right = await w.seal({ parent: first.hash, extraData: Uint8Array.of(1) })
    expect(w.chain.labels).toMatchObject({ head: right.hash, safe: first.hash })
    await w.jobs.setForkchoice({ head: left.hash }, {})
    expect(w.chain.labels.head).toBe(left.hash)
  })

  it('are told why a block is invalid, in geth’s words', async () => {
    const faults: [Partial<Header>, RegExp][] = [
      [{ gasLimit: 70_000_000n }, /^invalid gas limit: have 70000000, want 60000000 \+\/- 58592$/],
      [{ withdrawalsRoot: ZERO_HASH }, /^withdrawals root hash mismatch \(header value 0{64}, calculated 56e8/],
      [{ excessBlobGas: 1n }, /^invalid excessBlobGas: have 1, want 0$/],
      [{ blobGasUsed: 131_072n }, /^blob gas used mismatch \(header 131072, calculated 0\)$/],
      [{ blobGasUsed: 5n }, /^blob gas used 5 not a multiple of blob gas per blob 131072$/],
      [{ blobGasUsed: 1n << 40n }, /^blob gas used 1099511627776 exceeds maximum allowance 1179648$/],
      [{ requestsHash: ZERO_HASH }, /^invalid requests hash \(remote: 0{64} local: e3b0/],
      [{ extraData: new Uint8Array(33) }, /^extra-data longer than 32 bytes \(33\)$/],
      [{ stateRoot: ZERO_HASH }, /^invalid merkle root \(remote: 0{64} local: /],
    ]
    for (const [header, validationError] of faults) {
      await expect(w.seal({ timestamp: BigInt(PRAGUE) }, header), validationError.source).rejects.toMatchObject({
        data: { status: 'INVALID', validationError: expect.stringMatching(validationError) },
      })
    }
    expect(w.chain.labels.head).toBe(w.chain.genesis)
  })
})
