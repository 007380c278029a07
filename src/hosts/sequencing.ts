import { join } from 'node:path'
import type { Method } from '../../rpc/method.ts'
import { adminMethods } from '../../rpc/methods/admin.ts'
import { type LabelledHeadsService, labelledHeadsMethods } from '../../rpc/methods/consensus.ts'
import type { AutoSwitch, Jobs } from '../builder/jobs.ts'
import type { ChainBlock, Committer, L1Reader, Publisher } from '../builder/ports.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { OpNodeClient } from '../clients/op-node.ts'
import type { L2Settings, SequencerSettings } from '../config/config.ts'
import { SOLE_SEQUENCER } from '../delivery/leadership.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage } from '../primitives/errors.ts'
import { l2BlockRef } from '../protocol/l2-block.ts'
import { blockRef, type L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { SequencerAdmin } from '../sequencer/admin.ts'
import { type AdminState, AdminStateFile, NO_ADMIN_STATE } from '../sequencer/admin-state.ts'
import type { MeasuredDaBudget } from '../sequencer/da-budget-metrics.ts'
import type { HeadGate } from '../sequencer/head-gate.ts'
import { type Arrivals, JobBlockMaker } from '../sequencer/job-block-maker.ts'
import { toEach } from '../sequencer/observer.ts'
import { type L1View, Origins } from '../sequencer/origins.ts'
import type { BlockMaker, ChainStatus } from '../sequencer/ports.ts'
import { Sequencer, type SequencerContext } from '../sequencer/sequencer.ts'
import type { ChainSequencing } from '../sequencer/sequencer-metrics.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import type { Logger } from '../telemetry/logger.ts'
import { blockDelivery, type OpenedConductor, unsafePayloads } from './block-delivery.ts'
import { hostedDaBudget } from './da-budget.ts'
import type { HostedDriver } from './driver.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import { sequencerLog } from './sequencer-log.ts'

/** What sequencing a chain stands on. */
export interface SequencingParts {
  readonly settings: L2Settings
  readonly layer: ExecutionLayer
  readonly l1: L1Reader
  readonly jobs: () => Jobs
  readonly arrivals: Arrivals
  /** Of those who move the head. */
  readonly gate: HeadGate
  /** Undefined where jobs make its blocks. */
  readonly maker: BlockMaker | undefined
  /** Not through the gate; undefined where blocks are inserted nowhere. */
  readonly committer: Committer | undefined
  readonly publisher: Publisher | undefined
  readonly node: OpNodeClient | undefined
  /** Where this process drives the chain. */
  readonly driving: HostedDriver | undefined
  readonly conductor: OpenedConductor | undefined
  /** Where deliveries are written down; undefined for a chain that jobs alone make blocks of. */
  readonly deliveries: KeyValueStore | undefined
  readonly sealedBlocks: SealedBlocks
  /** Whether this process gossips blocks itself. */
  readonly gossips: boolean
  readonly datadir: string | undefined
  readonly logger: Logger
  /** Where figures are asked for. */
  readonly figures: ChainSequencing | undefined
}

/** How a chain is sequenced. */
export interface Sequencing {
  /** Undefined where jobs alone make its blocks. */
  readonly sequencer: (AutoSwitch & Pick<Sequencer, 'active' | 'start' | 'stop'>) | undefined
  readonly methods: readonly Method[]
  /** Where the chain is. */
  readonly heads: ChainStatus['read']
  /** Whether a block waits to be delivered, or to be so again. */
  readonly holds: () => boolean
  /** Absent where nothing limits blocks over time. */
  readonly daBudget: MeasuredDaBudget | undefined
  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>
  /** Ends the work; resolves when none is left. */
  close(): Promise<void>
}

/** An execution layer's labels, where no consensus node leads the chain. */
function labelledHeads(config: RollupConfig, { labelled }: ExecutionLayer): ChainStatus {
  const refOf = (block: ChainBlock | undefined): L2BlockRef | undefined => {
    if (block === undefined) return undefined
    const { hash, header, firstTransaction } = block
    return l2BlockRef(config, { hash, header, transactions: firstTransaction === undefined ? [] : [firstTransaction] })
  }
  return {
    async read(io) {
      const blocks = await Promise.all((['latest', 'safe', 'finalized'] as const).map((label) => labelled(label, io)))
      const [unsafe, safe, finalized] = blocks.map(refOf)
      return unsafe && { unsafe, safe, finalized }
    },
  }
}

/** Headers of L1, as references. */
function l1View(l1: L1Reader): L1View {
  return {
    async block(id, io) {
      const block = await l1.block(id, io)
      return block && blockRef(block)
    },
  }
}

/** What op-node's pollers ask of a chain that is sequenced without one. */
function headsMethods({ settings, layer, l1, gossips }: SequencingParts): readonly Method[] {
  const status = labelledHeads(settings.rollup, layer)
  const service: LabelledHeadsService = {
    async read(io) {
      const [heads, headL1] = await Promise.all([status.read(io), l1View(l1).block('latest', io)])
      const { unsafe, safe, finalized } = heads ?? {}
      return { headL1, safeL1: undefined, finalizedL1: undefined, unsafe, safe, finalized }
    },
  }
  return labelledHeadsMethods(service, { peers: gossips })
}

function adminState({ name }: L2Settings, datadir: string | undefined): AdminState {
  if (datadir === undefined) return NO_ADMIN_STATE
  try {
    return new AdminStateFile(join(datadir, name, 'sequencer.json'))
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { message: `datadir: ${errorMessage(cause)}`, cause })
  }
}

function sequencerOf(
  parts: SequencingParts,
  { l1Confs, sealLeadMs, maxSafeLag, recover, stopped }: SequencerSettings,
  shared: Pick<SequencerContext, 'gate' | 'leadership' | 'observer' | 'delivery' | 'allowance'>,
): Sequencer {
  const { settings, layer, l1, jobs, arrivals, node, driving, datadir, figures } = parts
  const { rollup: config } = settings
  const clock = systemClock
  const made = parts.maker ?? new JobBlockMaker({ builder: jobs, arrivals, clock })
  const maker = driving === undefined ? made : onUnsafeHead(driving, made)
  return new Sequencer({
    ...shared,
    config,
    clock,
    // An op-node that blocks do not go through knows nothing of them.
    status:
      driving?.status ?? (settings.insert === 'op-node' && node !== undefined ? node : labelledHeads(config, layer)),
    canonical: async (number, io) => (await layer.chain.block(number, io))?.hash,
    origins: new Origins({
      config,
      l1Confs,
      l1: l1View(l1),
    }),
    maker: figures?.timed(maker) ?? maker,
    state: adminState(settings, datadir),
    startsActive: !stopped,
    sealLeadMs,
    maxSafeLag,
    recover,
  })
}

/** A maker whose blocks the driver knows of before they are begun. */
function onUnsafeHead({ driver }: HostedDriver, maker: BlockMaker): BlockMaker {
  return {
    async begin(plan, io) {
      driver.startBuild(plan.parent)
      return maker.begin(plan, io)
    },
  }
}

/** Who keeps payloads whose turn has not come. */
function queueOf({ settings, node, driving }: SequencingParts): Parameters<typeof unsafePayloads>[3] {
  if (driving !== undefined) return async (payload) => driving.driver.post(payload)
  return settings.insert === 'op-node' && node ? (payload, io) => node.postUnsafePayload(payload, io) : undefined
}

/** The sequencing of a chain, and its control. @throws AppError CONFIG_INVALID */
export function sequencing(parts: SequencingParts): Sequencing {
  const { settings, layer, gate, committer, conductor, deliveries, node, driving, logger, figures } = parts
  const leadership = conductor?.leadership ?? SOLE_SEQUENCER
  const observer = toEach([sequencerLog(logger), ...(settings.sequencer && figures ? [figures] : [])])
  const delivery =
    committer &&
    deliveries &&
    blockDelivery({ ...parts, committer, chain: layer.chain, reads: layer.callers?.reads, store: deliveries })
  const status = driving?.status ?? node ?? labelledHeads(settings.rollup, layer)
  const budget = hostedDaBudget(settings, status, parts.datadir, logger)
  const { allowance } = budget
  const sequencer =
    settings.sequencer &&
    delivery &&
    sequencerOf(parts, settings.sequencer, { gate, leadership, observer, delivery, allowance })
  const queue = queueOf(parts)
  const payloads = committer && unsafePayloads(layer.chain, committer, delivery, queue)
  const admin = new SequencerAdmin({
    sequencer,
    leadership,
    payloads: payloads && { post: (payload, io) => gate.byHand(() => payloads.post(payload, io)) },
  })
  const ended = new AbortController()
  const spent = new AbortController()
  let work: Promise<void> | undefined
  return {
    sequencer,
    methods: [
      ...adminMethods(admin),
      ...(sequencer && node === undefined && driving === undefined ? headsMethods(parts) : []),
    ],
    heads: (io) => status.read(io),
    holds: () => delivery?.held !== undefined,
    daBudget: budget.measured,
    async run(signal) {
      const until = AbortSignal.any([signal, ended.signal])
      // What it has delivered last is counted, too.
      work = Promise.resolve(sequencer?.run(until)).finally(() => spent.abort())
      await Promise.all([work, budget.run(spent.signal)])
    },
    async close() {
      ended.abort(new DOMException('shutting down', 'AbortError'))
      await work
      await deliveries?.close()
    },
  }
}
