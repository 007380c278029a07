import type { Method } from '../../rpc/method.ts'
import { buildMethods, helloMethod } from '../../rpc/methods/build.ts'
import { sequencerMethods, slotTransactionMethods } from '../../rpc/methods/sequencer.ts'
import type { EnsembleRoutes } from '../../rpc/routes.ts'
import { OpNodeClient } from '../clients/op-node.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { EnsembleSettings, NodeEntrySettings, SignerEntrySettings } from '../config/ensemble.ts'
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

/** Wires builders, signers, committers, publishers and sequencers; each hosted chain has some of its own, named after it. */
export function hostEnsemble(
  chains: readonly HostedChain[],
  input: EnsembleInput | undefined,
  logger: Logger,
): HostedEnsemble {
  const transports: RpcTransport[] = []
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
  if (input === undefined) return { root: buildMethods(jobs), sequencers, transports }

  const { settings, builderChains } = input
  const root = [...buildMethods(jobs), ...(settings.admin ? [helloMethod()] : [])]
  const l1 = chains.find(({ route }) => route.layer === 'l1')?.ensemble
  for (const [id, entry] of settings.builders) {
    const chain = entry.kind === 'l1' ? l1 : byId.get(builderChains.get(id) ?? -1n)
    builders.set(id, entry.kind === 'noop' || chain === undefined ? noopBuilder : chainBuilder(chain.building))
  }
  /** Endpoints are told apart by the name that the file gives them. */
  const open = (endpoint: string, rpc: string): RpcTransport => {
    const transport = new RpcTransport({ endpoint, url: rpc })
    transports.push(transport)
    return transport
  }
  const entryOf = (
    map: ReadonlyMap<string, NodeEntrySettings>,
    id: string | undefined,
  ): NodeEntrySettings | undefined => (id === undefined ? undefined : map.get(id))
  for (const [id, entry] of settings.sequencers) {
    if (entry.kind === 'noop') {
      serve(id, new NoopSequencer())
      continue
    }
    const chain = byId.get(entry.chainId)
    if (chain === undefined) {
      throw new AppError('CONFIG_INVALID', {
        message: `sequencers.${id}.full.chainID: chain ${entry.chainId} is not hosted here`,
      })
    }
    const committer = entryOf(settings.committers, entry.committer)
    const publisher = entryOf(settings.publishers, entry.publisher)
    const signer = entry.signer === undefined ? undefined : settings.signers.get(entry.signer)
    const committerOf = (): BlockCommitter => {
      if (committer === undefined) return chain.committer
      if (committer.kind === 'noop') return NO_COMMITTER
      // The chain's own way knows of the block at once.
      if (chain.insertsThrough !== undefined && new URL(chain.insertsThrough).href === new URL(committer.rpc).href)
        return chain.committer
      return nodeCommitter(open(`committers.${entry.committer}`, committer.rpc), chain)
    }
    const publisherOf = (): BlockPublisher => {
      if (publisher === undefined) return chain.publisher
      return publisher.kind === 'noop'
        ? NO_PUBLISHER
        : nodePublisher(open(`publishers.${entry.publisher}`, publisher.rpc))
    }
    serve(
      id,
      new SlotSequencer({
        jobs,
        builder: builders.get(entry.builder) ?? noopBuilder,
        signer: signer === undefined ? chain.signer : signerOf(signer),
        committer: committerOf(),
        publisher: publisherOf(),
        sequencing: chain.sequencing,
      }),
    )
  }
  return { root, sequencers, transports }
}
