import { join } from 'node:path'
import { revertError } from '../../rpc/errors.ts'
import { embeddedCallMethods } from '../../rpc/methods/embedded-calls.ts'
import { embeddedReadMethods } from '../../rpc/methods/embedded-reads.ts'
import { pendingNonce } from '../../rpc/methods/eth-state.ts'
import { receiptOf } from '../../rpc/methods/eth-transactions.ts'
import { signedOf } from '../../txpool/branch-walk.ts'
import { PoolUpkeep } from '../../txpool/pool-upkeep.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import { VERSION } from '../cli/version.ts'
import { EngineCommitter } from '../delivery/committers/engine.ts'
import { type LabelDistances, TrailingLabels } from '../delivery/trailing-labels.ts'
import { StoredBlobs } from '../embedded/blob-archive.ts'
import { blockAtTime } from '../embedded/block-at-time.ts'
import { EmbeddedEnginePort, EmbeddedReader, storedStates } from '../embedded/builder-ports.ts'
import { callServices } from '../embedded/call-services.ts'
import { chainKind } from '../embedded/chain-kind.ts'
import type { ChainRules } from '../embedded/chain-rules.ts'
import type { ChainStore, HeadChange } from '../embedded/chain-store.ts'
import { EmbeddedDrivenEngine } from '../embedded/driven-engine.ts'
import { EmbeddedEngine } from '../embedded/engine.ts'
import { EngineApi } from '../embedded/engine-api.ts'
import { EngineBlobs } from '../embedded/engine-blobs.ts'
import { l1EngineRules, opEngineRules } from '../embedded/engine-rules.ts'
import { EmbeddedHead } from '../embedded/head-accounts.ts'
import { EmbeddedL2Chain } from '../embedded/l2-chain.ts'
import { readServices } from '../embedded/read-services.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { Block } from '../protocol/block.ts'
import { LATEST } from '../protocol/block-id.ts'
import type { ChainConfig } from '../protocol/chain-config.ts'
import { payloadOf } from '../protocol/payload.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import { openStore } from './open-store.ts'

/** An {@link ExecutionLayer} in this process, with what only such a one has. */
export interface EmbeddedLayer extends ExecutionLayer {
  readonly engine: EmbeddedEngine
  /** Also reads receipts: an L1's for the L2 chains on it. */
  readonly chain: EmbeddedReader
  readonly config: ChainConfig
}

/** A chain as its store holds it, and by what rules it goes on. */
export interface OpenedChain {
  readonly chain: ChainStore
  readonly config: ChainConfig
  readonly rules: ChainRules
}

const NOTHING_ALONG = { calls: [], arrived: () => undefined }

function transactionsOf(blocks: readonly Block[]): SignedTransaction[] {
  return blocks.flatMap(({ transactions }) => signedOf(transactions))
}

/**
 * Opens a chain whose execution layer is in this process.
 * @throws AppError CONFIG_INVALID where the folder holds another chain or cannot be used; temporary errors of `open` as they
 *   are
 */
export async function openEmbeddedLayer(options: {
  readonly name: string
  /** Opens the chain of a store, which may be empty. */
  readonly open: (store: KeyValueStore) => Promise<OpenedChain>
  readonly labels: LabelDistances
  readonly sealedBlocks: SealedBlocks
  /** Absent: in memory. */
  readonly datadir: string | undefined
}): Promise<EmbeddedLayer> {
  const { name, labels, sealedBlocks, datadir } = options
  const store = await openStore(datadir && join(datadir, name, 'chain'))
  const { chain, config, rules } = await options.open(store).catch(async (error: unknown) => {
    await store.close()
    if (isAppError(error, 'CONFIG_INVALID') || (isAppError(error) && error.severity === 'temporary')) throw error
    throw new AppError('CONFIG_INVALID', { message: `${name}: ${errorMessage(error)}`, cause: error })
  })
  const engine = new EmbeddedEngine(chain, rules, { impersonation: true })
  const reader = new EmbeddedReader(chain)
  const states = storedStates(chain)
  const head = new EmbeddedHead(chain, states)
  const kind = chainKind(config)
  const reads = readServices(engine, kind, systemClock)
  const executing = callServices({
    chain,
    executor: rules.executor,
    states,
    chainId: config.chainId,
    kind,
    clock: systemClock,
    suggestTip: () => reads.fees.suggestTip(),
  })
  const identity = { chainId: config.chainId, clientVersion: `op-sequencer/v${VERSION}`, accounts: [] }
  const policy = new TrailingLabels(sealedBlocks, reader, labels, chain.firstNumber)
  return {
    engine,
    config,
    chain: reader,
    labelled: (label) => reader.block(chain.labels[label === 'latest' ? 'head' : label]),
    states,
    rootOracle: undefined,
    follow(pool, { logger, onReinjected }) {
      const upkeep = new PoolUpkeep(pool, onReinjected)
      engine.onHead(({ removed, added }: HeadChange) =>
        upkeep.moved(transactionsOf(removed.toReversed()), transactionsOf(added)),
      )
      return {
        run: (signal) => upkeep.run(signal, (error) => logger.error({ error }, 'the pool could not read its accounts')),
      }
    },
    committer: (other) =>
      other ?? new EngineCommitter(new EmbeddedEnginePort(engine), sealedBlocks, () => NOTHING_ALONG, policy),
    headAccounts: (senders) => head.accounts(senders),
    opHeadAccounts: (senders) => head.opAccounts(senders),
    inclusion: {
      receipt: (hash, io) => receiptOf(reads.blocks, hash, io),
      onChange: (listener) => engine.onHead(listener),
    },
    methods: (pool) => [...embeddedReadMethods({ identity, pool, ...reads }), ...embeddedCallMethods(executing)],
    sending: (pool) => ({
      nextNonce: (sender, io) => pendingNonce(reads.states, pool, sender, io),
      async estimateGas(args, io) {
        const answer = await executing.calls.estimateGas(args, { block: LATEST }, io)
        if (answer.tag === 'reverted') throw revertError(answer.data)
        return answer.gas
      },
      fees: async () => ({ baseFee: reads.fees.baseFee(), tip: reads.fees.suggestTip() }),
    }),
    engineApi: ({ builder }, source) => {
      const engineRules = config.op === undefined ? l1EngineRules(config.l1) : opEngineRules(config.op.forks)
      const blobs = source && new EngineBlobs(source, engineRules, chain)
      return new EngineApi({
        engine,
        chainRules: rules,
        rules: engineRules,
        builder,
        blobs,
        onLabels: (set) => policy.set(set),
      })
    },
    driven: (rollup, api) =>
      api && {
        engine: new EmbeddedDrivenEngine(engine, api, rollup.forks),
        l2: new EmbeddedL2Chain(chain, rollup),
      },
    ...(datadir !== undefined && { blobArchive: new StoredBlobs(store) }),
    blockAtTime: async (timestamp) => blockAtTime(chain, timestamp),
    async payload(number) {
      const hash = chain.canonicalHash(number)
      const block = hash && chain.block(hash)
      return block && payloadOf(block)
    },
    watched: [],
    transports: [],
    close: () => store.close(),
  }
}
