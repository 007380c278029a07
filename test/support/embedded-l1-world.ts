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
import { parseGenesis } from '../../src/protocol/genesis.ts'
import type { Header } from '../../src/protocol/header.ts'
import type { L1ChainConfig } from '../../src/protocol/l1-chain.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A builder of L1 blocks on an embedded chain, with no node at all. */
export async function embeddedL1World(file: unknown) {
  const genesis = parseGenesis(file)
  return l1WorldOn(await ChainStore.open(new MemoryStore(), genesisState(genesis), {}), genesis.config.l1)
}

/** A builder of blocks on a chain that is open. */
export function l1WorldOn(chain: ChainStore, config: L1ChainConfig) {
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
      new TrailingLabels(sealedBlocks, reader, { safe: 1, finalized: 2 }, chain.firstNumber),
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
  return { chain, engine, jobs, seal }
}
