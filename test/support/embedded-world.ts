import { Jobs } from '../../src/builder/jobs.ts'
import { OpRules } from '../../src/builder/op-rules.ts'
import type { PoolReader } from '../../src/builder/ports.ts'
import { SealedBlocks } from '../../src/builder/sealed-blocks.ts'
import type { SealedBlock } from '../../src/builder/service.ts'
import { EngineCommitter } from '../../src/delivery/committers/engine.ts'
import { EmbeddedEnginePort, EmbeddedReader, storedStates } from '../../src/embedded/builder-ports.ts'
import { ChainStore } from '../../src/embedded/chain-store.ts'
import { EmbeddedEngine } from '../../src/embedded/engine.ts'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { OpChainRules } from '../../src/embedded/op-chain-rules.ts'
import { type Hash, hexToBytes, toQuantity } from '../../src/primitives/hex.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import type { DecodeOptions } from '../../src/protocol/transaction.ts'
import type { KeyValueStore } from '../../src/storage/key-value-store.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { MemoryChain } from './memory-chain.ts'
import { VirtualClock } from './virtual-clock.ts'

const [alice] = devAccounts as [(typeof devAccounts)[0]]

const FORKS = ['regolith', 'canyon', 'ecotone', 'fjord', 'granite', 'holocene', 'isthmus', 'jovian']

/** A genesis file with every upgrade to Jovian at genesis. */
export const EMBEDDED_GENESIS: Readonly<Record<string, unknown>> = {
  config: {
    chainId: 901,
    londonBlock: 0,
    bedrockBlock: 0,
    shanghaiTime: 0,
    cancunTime: 0,
    pragueTime: 0,
    ...Object.fromEntries(FORKS.map((fork) => [`${fork}Time`, 0])),
    optimism: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
  },
  timestamp: toQuantity(1_000n),
  gasLimit: toQuantity(30_000_000n),
  extraData: '0x01000000fa000000060000000000000000',
  baseFeePerGas: toQuantity(10n ** 9n),
  alloc: Object.fromEntries(devAccounts.map(({ address }) => [address, { balance: toQuantity(10n ** 20n) }])),
}

const NOTHING = { calls: [], arrived: () => undefined }

/**
 * A builder on an embedded L2, with no node at all.
 * @param file a genesis file; its time is that of the L1 block, 1000
 * @param parts where they differ: an empty pool, and a chain that takes only what somebody signed
 */
export async function embeddedWorld(
  store: KeyValueStore,
  file: unknown = EMBEDDED_GENESIS,
  parts: { readonly pool?: PoolReader; readonly decoding?: DecodeOptions } = {},
) {
  const genesis = parseGenesis(file)
  const { l1, config: base } = new MemoryChain(new Map())
  const { chainId } = genesis.config
  const { forks, eip1559: constants } = genesis.config.op as NonNullable<typeof genesis.config.op>
  const chain = await ChainStore.open(store, genesisState(genesis), {})
  const engine = new EmbeddedEngine(chain, new OpChainRules({ chainId, forks, constants }), parts.decoding)
  const reader = new EmbeddedReader(chain)
  const sealedBlocks = new SealedBlocks()
  const config = { ...base, forks, genesis: { ...base.genesis, l2: { hash: chain.genesis, number: 0n } } }
  const jobs = new Jobs({
    rules: new OpRules({
      config,
      constants,
      l1Chain: { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} },
      chain: reader,
      l1,
    }),
    chain: reader,
    executor: new OpChainRules({ chainId, forks, constants }).executor,
    state: storedStates(chain),
    pool: parts.pool ?? {
      best: () => ({ next: () => ({ done: true, value: undefined }) }),
      ofSender: () => [],
      get: () => undefined,
    },
    committer: new EngineCommitter(new EmbeddedEnginePort(engine), sealedBlocks, () => NOTHING),
    publisher: undefined,
    auto: { set: () => false },
    sealedBlocks,
    clock: new VirtualClock(1_000_000),
  })
  return {
    genesis,
    chain,
    engine,
    reader,
    jobs,
    /** Builds and commits a block that holds given transactions. */
    async block(l2Parent: Hash | 'latest', ...transactions: readonly Uint8Array[]): Promise<SealedBlock> {
      const job = await jobs.open({ l2Parent }, {})
      for (const raw of transactions) await jobs.includeRaw(job, raw, {})
      return jobs.seal(job, { commit: true, publish: false }, {})
    },
  }
}

/** A transfer from the first development account. */
export async function transfer(
  nonce: number,
  options: { value?: bigint; chainId?: number; gas?: bigint } = {},
): Promise<Uint8Array> {
  const raw = await alice.account.signTransaction({
    chainId: options.chainId ?? 901,
    nonce,
    gas: options.gas ?? 21_000n,
    to: `0x${'77'.repeat(20)}`,
    value: options.value ?? 1n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 1n,
  })
  return hexToBytes(raw)
}
