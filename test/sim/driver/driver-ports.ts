import type { L1DataSource } from '../../../src/derive/ports.ts'
import type { L1Labels, L1Refs, L2Chain, PayloadSource } from '../../../src/driver/ports.ts'
import type { EngineApi, EngineErrorCode, EngineStatus } from '../../../src/engine/engine-api.ts'
import { AppError } from '../../../src/primitives/errors.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { Payload } from '../../../src/protocol/payload.ts'
import type { KeyValueStore } from '../../../src/storage/key-value-store.ts'
import type { EngineModel } from './engine-model.ts'
import type { L1Block, L1Model } from './l1-model.ts'
import type { L2Block, L2Blocks } from './l2-blocks.ts'
import { Random } from './random.ts'
import type { CallFault } from './schedule.ts'
import type { Wire } from './wire.ts'

/** Heads ago that a node behind a load balancer is, at most. */
const MOST_STALE = 3

const SYNCING: EngineStatus = { status: 'SYNCING', latestValidHash: undefined, validationError: undefined }

function refused(code: number, message: string): AppError {
  return new AppError<EngineErrorCode>('ENGINE_REFUSED', { message, data: { code }, severity: 'temporary' })
}

/** L1 as the driver sees it. @param seed for how old a stale answer is */
export function l1Ports(wire: Wire, l1: L1Model, seed: number): { l1: L1DataSource & L1Refs; labels: L1Labels } {
  const stale = new Random(seed, 'stale')
  const back = (fault: CallFault | undefined): number => (fault === 'stale' ? stale.between(1, MOST_STALE) : 0)
  const find = (id: Hash | bigint, fault: CallFault | undefined): L1Block | undefined =>
    typeof id === 'bigint' ? l1.byNumber(id, back(fault)) : l1.byHash(id)
  return {
    l1: {
      block: (id, io) =>
        wire.call('l1.block', io, (fault) => {
          const block = find(id, fault)
          return block && { hash: block.ref.hash, header: block.header }
        }),
      receipts: (hash, io) => wire.call('l1.receipts', io, () => l1.byHash(hash)?.receipts),
      transactions: (hash, io) => wire.call('l1.transactions', io, () => l1.byHash(hash)?.transactions),
      ref: (id, io) => wire.call('l1.ref', io, (fault) => find(id, fault)?.ref),
    },
    labels: { read: (io) => wire.call('l1.labels', io, (fault) => l1.view(back(fault))) },
  }
}

/** The execution layer as the driver sees it. @param observe is told of each forkchoice that the engine has taken */
export function enginePorts(
  wire: Wire,
  engine: EngineModel,
  observe: (state: Parameters<EngineApi['forkchoiceUpdated']>[0]) => void,
): { engine: EngineApi; l2: L2Chain } {
  const find = (id: Hash | bigint): L2Block | undefined =>
    typeof id === 'bigint' ? engine.byNumber(id) : engine.byHash(id)
  const failing = (fault: CallFault | undefined): void => {
    if (fault === 'internal') throw refused(-32_000, 'database closed')
    if (fault === 'refused') throw refused(-38_002, 'Invalid forkchoice state')
    if (fault === 'unknown-payload') throw refused(-38_001, 'Unknown payload')
  }
  return {
    engine: {
      newPayload: (payload, io) =>
        wire.call('engine.newPayload', io, (fault) => {
          failing(fault)
          return fault === 'syncing' ? SYNCING : engine.newPayload(payload)
        }),
      forkchoiceUpdated: (state, attributes, io) =>
        wire.call('engine.forkchoiceUpdated', io, (fault) => {
          failing(fault)
          if (fault === 'syncing') return { status: SYNCING, ticket: undefined }
          const answer = engine.forkchoiceUpdated(state, attributes)
          if (answer.status.status === 'VALID') observe(state)
          return answer
        }),
      getPayload: (ticket, io) =>
        wire.call('engine.getPayload', io, (fault) => {
          failing(fault)
          return engine.getPayload(ticket)
        }),
    },
    l2: {
      ref: (id, io) => wire.call('l2.ref', io, () => find(id)?.ref),
      systemConfig: (hash, io) => wire.call('l2.systemConfig', io, () => engine.byHash(hash)?.systemConfig),
      block: (number, io) =>
        wire.call('l2.block', io, () => {
          const block = engine.byNumber(number)
          return block && { ref: block.ref, transactions: block.payload.transactions }
        }),
      labelled: (label, io) => wire.call('l2.labelled', io, () => engine.labelled(label)?.ref),
      payload: (id, io) => wire.call('l2.payload', io, () => find(id)?.payload),
    },
  }
}

/** Other nodes, which have every valid block that was ever gossiped. */
export function peersPort(wire: Wire, blocks: L2Blocks): PayloadSource {
  return {
    fetch: (known, trusted, io) =>
      wire.call('peers.fetch', io, () => {
        const found: Payload[] = []
        for (let at = blocks.get(trusted.header.parentHash); at !== undefined && at.ref.number > known; ) {
          found.push(at.payload)
          at = blocks.get(at.ref.parentHash)
        }
        return found.reverse()
      }),
  }
}

/** Where the record of safe heads is: a disk that may fail. */
export function diskPort(wire: Wire, disk: KeyValueStore): KeyValueStore {
  return {
    get: (key) => disk.get(key),
    keys: (from, to) => disk.keys(from, to),
    // What is done is done when the call is made, whoever gives it up.
    write: async (changes, io) => await wire.call('safe-heads.write', io, () => disk.write(changes, {})),
    close: () => disk.close(),
  }
}
