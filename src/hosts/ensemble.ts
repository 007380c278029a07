import type { Method } from '../../rpc/method.ts'
import { buildMethods, helloMethod } from '../../rpc/methods/build.ts'
import { sequencerMethods, slotTransactionMethods } from '../../rpc/methods/sequencer.ts'
import type { EnsembleRoutes } from '../../rpc/routes.ts'
import { OpNodeClient } from '../clients/op-node.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { EnsembleSettings, FullSequencerSettings, SignerEntrySettings } from '../config/ensemble.ts'
import { OpNodeCommitter } from '../delivery/committers/op-node.ts'
import { KeySigner } from '../delivery/signers/key-signer.ts'
import { BuildService, noopBuilder } from '../ensemble/build-service.ts'
import { chainBuilder } from '../ensemble/chain-job.ts'
import { stepFailed } from '../ensemble/errors.ts'
import { NoopSequencer } from '../ensemble/noop-sequencer.ts'
import type { BlockCommitter, BlockPublisher, Builder, Signer } from '../ensemble/ports.ts'
import { SlotSequencer } from '../ensemble/slot.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import { payloadHash } from '../protocol/block-signature.ts'
import { sealedPayload } from '../protocol/payload.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { EnsembleChain } from './ensemble-chain.ts'
import type { HostedChain } from './hosted-chain.ts'

/** What a file says, and which chains its builders build. */
export interface EnsembleInput {
  readonly settings: EnsembleSettings
  readonly builderChains: ReadonlyMap<string, bigint>
}

/** op-test-sequencer's API over the hosted chains. */
export interface HostedEnsemble extends EnsembleRoutes {
  readonly transports: readonly RpcTransport[]
}

const NO_SIGNER: Signer = { sign: async (block) => ({ block }) }
const NO_COMMITTER: BlockCommitter = { commit: async () => undefined }
const NO_PUBLISHER: BlockPublisher = { publish: async () => undefined }

function signerOf(entry: SignerEntrySettings): Signer {
  if (entry.kind === 'noop') return NO_SIGNER
  const signer = new KeySigner(entry.chainId, entry.key)
  return {
    sign: async (block) => ({ block, signature: await signer.sign(payloadHash(sealedPayload(block))) }),
  }
}

/** Commits through an op-node, and waits until it has the block for its head. */
function nodeCommitter(transport: RpcTransport, { sealedBlocks }: EnsembleChain): BlockCommitter {
  const node = new OpNodeClient(transport)
  const head = async (io: { readonly signal?: AbortSignal }) => (await node.syncHeads(io)).unsafe.hash
  const committer = new OpNodeCommitter({ node, head, blocks: sealedBlocks, clock: systemClock })
  return { commit: ({ block }, io) => committer.commit(block, io) }
}

function nodePublisher(transport: RpcTransport): BlockPublisher {
  const node = new OpNodeClient(transport)
  return {
    async publish({ block, signature }, io) {
      if (signature === undefined) throw stepFailed('a block that nobody signed cannot be published')
      await node.publishBlock(sealedPayload(block), signature, io)
    },
  }
}

/** What the sequencers of a file are made of. */
interface SequencerParts {
  readonly settings: EnsembleSettings
  readonly builders: ReadonlyMap<string, Builder>
  readonly jobs: BuildService
  /** The transport to an endpoint of the file, by the name that the file gives it. */
  readonly open: (endpoint: string, rpc: string) => RpcTransport
}

function committerOf({ settings, open }: SequencerParts, id: string | undefined, chain: EnsembleChain): BlockCommitter {
  const entry = id === undefined ? undefined : settings.committers.get(id)
  if (entry === undefined) return chain.committer
  if (entry.kind === 'noop') return NO_COMMITTER
  const { insertsThrough } = chain
  // The chain's own way knows of the block at once.
  if (insertsThrough !== undefined && new URL(insertsThrough).href === new URL(entry.rpc).href) return chain.committer
  return nodeCommitter(open(`committers.${id}`, entry.rpc), chain)
}

function publisherOf({ settings, open }: SequencerParts, id: string | undefined, chain: EnsembleChain): BlockPublisher {
  const entry = id === undefined ? undefined : settings.publishers.get(id)
  if (entry === undefined) return chain.publisher
  return entry.kind === 'noop' ? NO_PUBLISHER : nodePublisher(open(`publishers.${id}`, entry.rpc))
}

function fullSequencer(parts: SequencerParts, entry: FullSequencerSettings, chain: EnsembleChain): SlotSequencer {
  const { settings, builders, jobs } = parts
  const signer = entry.signer === undefined ? undefined : settings.signers.get(entry.signer)
  return new SlotSequencer({
    jobs,
    builder: builders.get(entry.builder) ?? noopBuilder,
    signer: signer === undefined ? chain.signer : signerOf(signer),
    committer: committerOf(parts, entry.committer, chain),
    publisher: publisherOf(parts, entry.publisher, chain),
    sequencing: chain.sequencing,
  })
}

/** Wires builders, signers, committers, publishers and sequencers; each hosted chain has some of its own, named after it. */
export function hostEnsemble(
  chains: readonly HostedChain[],
  input: EnsembleInput | undefined,
  logger: Logger,
): HostedEnsemble {
  const byId = new Map(chains.flatMap(({ route, ensemble }) => (ensemble ? [[route.chainId, ensemble] as const] : [])))
  const builders = new Map<string, Builder>()
  const jobs = new BuildService(builders, (error) =>
    logger.error({ error }, 'an abandoned build job could not be ended'),
  )
  const sequencers = new Map<
    string,
    { readonly methods: readonly Method[]; readonly transactions: readonly Method[] }
  >()
  const serve = (id: string, service: SlotSequencer | NoopSequencer): void => {
    sequencers.set(id, { methods: sequencerMethods(service), transactions: slotTransactionMethods(service) })
  }

  for (const { route, ensemble } of chains) {
    if (ensemble === undefined) continue
    const { chainId, name } = route
    const builder = chainBuilder(ensemble.building)
    for (const id of [String(chainId), name]) builders.set(id, builder)
    const slot = new SlotSequencer({ ...ensemble, jobs, builder })
    for (const id of [`test-seq-${chainId}`, String(chainId), name]) serve(id, slot)
  }
  if (input === undefined) return { root: buildMethods(jobs), sequencers, transports: [] }

  const { settings, builderChains } = input
  const l1 = chains.find(({ route }) => route.layer === 'l1')?.ensemble
  for (const [id, entry] of settings.builders) {
    const chain = entry.kind === 'l1' ? l1 : byId.get(builderChains.get(id) ?? -1n)
    builders.set(id, entry.kind === 'noop' || chain === undefined ? noopBuilder : chainBuilder(chain.building))
  }
  const transports = new Map<string, RpcTransport>()
  const open = (endpoint: string, url: string): RpcTransport => {
    const transport = transports.get(endpoint) ?? new RpcTransport({ endpoint, url })
    transports.set(endpoint, transport)
    return transport
  }
  for (const [id, entry] of settings.sequencers) {
    if (entry.kind === 'noop') {
      serve(id, new NoopSequencer())
      continue
    }
    const chain = byId.get(entry.chainId)
    if (chain === undefined) {
      const message = `sequencers.${id}.full.chainID: chain ${entry.chainId} is not hosted here`
      throw new AppError('CONFIG_INVALID', { message })
    }
    serve(id, fullSequencer({ settings, builders, jobs, open }, entry, chain))
  }
  const root = [...buildMethods(jobs), ...(settings.admin ? [helloMethod()] : [])]
  return { root, sequencers, transports: [...transports.values()] }
}
