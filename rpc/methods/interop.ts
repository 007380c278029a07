import { z } from 'zod'
import { AppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { ManagedEvent, SafePair } from '../../src/protocol/managed-mode.ts'
import type { OutputV0 } from '../../src/protocol/output-root.ts'
import type { ManagedNode, ManagedNodeErrorCode } from '../../src/supervisor/ports.ts'
import { rpcError } from '../errors.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { hash } from '../schema.ts'
import { l2RefJson, refJson } from '../sync-status-json.ts'
import { unsubscribeMethod } from './eth-subscribe.ts'

/** A rollup node that a supervisor manages, as it is served. */
export interface InteropService extends Omit<ManagedNode, 'name' | 'follow' | 'receipts'> {
  /** @throws AppError MANAGED_NO_EVENT */
  pullEvent(): ManagedEvent
  /** @returns ends it */
  subscribe(listener: { event(event: ManagedEvent): void; closed(): void }): () => void
  /** As the execution layer gives them; null: it does not know the block. */
  receiptsJson(hash: Hash, io: IoOptions): Promise<unknown>
}

function pairJson({ source, derived }: SafePair): object {
  return { source: refJson(source), derived: refJson(derived) }
}

/** An event in op-node's JSON: one field, and no others. @see op-supervisor, types.IndexingEvent */
function eventJson(event: ManagedEvent): object {
  switch (event.tag) {
    case 'reset':
      return { reset: event.reason }
    case 'unsafe-block':
      return { unsafeBlock: refJson(event.block) }
    case 'derivation-update': {
      const { pair, origin } = event
      return { derivationUpdate: pairJson(pair), ...(origin && { derivationOriginUpdate: refJson(origin) }) }
    }
    case 'exhausted':
      return { exhaustL1: pairJson(event.pair) }
    case 'replaced': {
      const { replacement, invalidated } = event.replaced
      return { replaceBlock: { replacement: refJson(replacement), invalidated } }
    }
  }
}

/** uint64 as Go writes it in JSON. */
const uint = z.int().nonnegative().transform(BigInt)
const blockId = z.object({ hash, number: uint })
const blockSeal = z.object({ hash, number: uint, timestamp: uint })
const blockRef = z.object({ hash, number: uint, parentHash: hash, timestamp: uint })

const NONE = z.null().meta({ description: 'nothing' })
const L2_REF = described("op-node's reference of an L2 block")
const OUTPUT = described('stateRoot, messagePasserStorageRoot and blockHash')

/** What is there. @throws AppError MANAGED_BLOCK_UNKNOWN, in words by which op-supervisor knows it */
function known<T>(found: T | null | undefined, what: string): T {
  if (found !== undefined && found !== null) return found
  throw new AppError<ManagedNodeErrorCode>('MANAGED_BLOCK_UNKNOWN', { message: `block not found: ${what}` })
}

function outputJson({ stateRoot, messagePasserStorageRoot, blockHash }: OutputV0): object {
  return { stateRoot, messagePasserStorageRoot, blockHash }
}

/** A call that a supervisor makes to move the node. */
function control<Params extends z.ZodTuple>(
  name: string,
  summary: string,
  params: Params,
  paramNames: readonly string[],
  handle: (params: z.output<Params>, io: IoOptions) => Promise<void>,
): Method {
  const handler = async (given: z.output<Params>, io: IoOptions): Promise<null> => {
    await handle(given, io)
    return null
  }
  return defineMethod({ name, summary, params, paramNames, result: NONE, handler })
}

function eventMethods(service: InteropService): readonly Method[] {
  return [
    defineMethod({
      name: 'interop_subscribe',
      summary: 'Sends an `interop_subscription` notification for each event, over a WebSocket',
      params: z.tuple([z.literal('events')]),
      paramNames: ['kind'],
      result: z.string().meta({ description: "the subscription's id" }),
      handler(_, { connection }) {
        if (connection === undefined) throw rpcError('NOTIFICATIONS_UNSUPPORTED', 'notifications not supported')
        return connection.subscribe('interop', (notify) =>
          service.subscribe({
            event: (event) => notify({ data: eventJson(event) }),
            closed: () => notify({ data: null, close: true }),
          }),
        )
      },
    }),
    unsubscribeMethod('interop'),
    defineMethod({
      name: 'interop_pullEvent',
      summary: 'The oldest event that nobody has taken; ends the subscription',
      params: z.tuple([]),
      paramNames: [],
      result: described('an event'),
      handler: () => eventJson(service.pullEvent()),
    }),
  ]
}

function controlMethods(service: InteropService): readonly Method[] {
  return [
    control(
      'interop_updateCrossUnsafe',
      'Says how far blocks are cross-unsafe',
      z.tuple([blockId]),
      ['block'],
      ([block], io) => service.updateCrossUnsafe(block, io),
    ),
    control(
      'interop_updateCrossSafe',
      'Says how far blocks are cross-safe, and with which L1 block',
      z.tuple([blockId, blockId]),
      ['derived', 'source'],
      ([derived, source], io) => service.updateCrossSafe(derived, source, io),
    ),
    control('interop_updateFinalized', 'Says how far blocks are final', z.tuple([blockId]), ['block'], ([block], io) =>
      service.updateFinalized(block, io),
    ),
    control(
      'interop_invalidateBlock',
      'Has a block replaced: an event tells of it',
      z.tuple([blockSeal]),
      ['block'],
      ([block], io) => service.invalidateBlock(block, io),
    ),
    control('interop_provideL1', 'Lets the next L1 block be read', z.tuple([blockRef]), ['block'], ([block], io) =>
      service.provideL1(block, io),
    ),
    control(
      'interop_reset',
      'Has the node go on from blocks that it has',
      z.tuple([blockId, blockId, blockId, blockId, blockId]),
      ['localUnsafe', 'crossUnsafe', 'localSafe', 'crossSafe', 'finalized'],
      ([localUnsafe, crossUnsafe, localSafe, crossSafe, finalized], io) =>
        service.reset({ localUnsafe, crossUnsafe, localSafe, crossSafe, finalized }, io),
    ),
    control('interop_resetPreInterop', 'Has the node find by itself where to go on', z.tuple([]), [], (_, io) =>
      service.resetPreInterop(io),
    ),
  ]
}

function byNumber(name: string, service: InteropService): Method {
  return defineMethod({
    name,
    summary: 'The canonical L2 block of a number',
    params: z.tuple([uint]),
    paramNames: ['number'],
    result: L2_REF,
    handler: async ([number], io) => l2RefJson(known(await service.refByNumber(number, io), `number ${number}`)),
  })
}

function readMethods(service: InteropService): readonly Method[] {
  const none = z.tuple([])
  const time = z.tuple([uint])
  return [
    defineMethod({
      name: 'interop_chainID',
      summary: 'The chain id',
      params: none,
      paramNames: [],
      result: z.string().meta({ description: 'decimal' }),
      handler: async (_, io) => String(await service.chainId(io)),
    }),
    defineMethod({
      name: 'interop_fetchReceipts',
      summary: 'The receipts of an L2 block',
      params: z.tuple([hash]),
      paramNames: ['blockHash'],
      result: described("geth's receipts"),
      handler: async ([block], io) => known(await service.receiptsJson(block, io), block),
    }),
    // The managed mode specification's name, and op-node's.
    byNumber('interop_blockRefByNumber', service),
    byNumber('interop_l2BlockRefByNumber', service),
    defineMethod({
      name: 'interop_l2BlockRefByTimestamp',
      summary: 'The canonical L2 block of a time',
      params: time,
      paramNames: ['timestamp'],
      result: L2_REF,
      handler: async ([timestamp], io) =>
        l2RefJson(known(await service.refByTimestamp(timestamp, io), `timestamp ${timestamp}`)),
    }),
    defineMethod({
      name: 'interop_outputV0AtTimestamp',
      summary: 'The output of the canonical L2 block of a time',
      params: time,
      paramNames: ['timestamp'],
      result: OUTPUT,
      handler: async ([timestamp], io) => outputJson(await service.outputAt(timestamp, io)),
    }),
    defineMethod({
      name: 'interop_pendingOutputV0AtTimestamp',
      summary: 'The output of the L2 block of a time, before it was replaced where it was',
      params: time,
      paramNames: ['timestamp'],
      result: OUTPUT,
      handler: async ([timestamp], io) => outputJson(await service.pendingOutputAt(timestamp, io)),
    }),
    defineMethod({
      name: 'interop_anchorPoint',
      summary: 'Where the chain begins, if messages are active from there on',
      params: none,
      paramNames: [],
      result: described('source, the L1 block, and derived, the L2 block'),
      handler: async (_, io) => pairJson(await service.anchorPoint(io)),
    }),
  ]
}

/** `interop_*`: managed mode as op-node serves it, under its names and those of its specification. */
export function interopMethods(service: InteropService): readonly Method[] {
  return [...eventMethods(service), ...controlMethods(service), ...readMethods(service)]
}
