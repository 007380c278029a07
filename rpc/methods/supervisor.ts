import { z } from 'zod'
import { isAppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { ExecutingMessage } from '../../src/protocol/executing-message.ts'
import { encodeOutput } from '../../src/protocol/output-root.ts'
import type { BlockId, L1BlockRef } from '../../src/protocol/refs.ts'
import type { SafetyLevel } from '../../src/protocol/safety-level.ts'
import type { ExecutingDescriptor, KnownLevel } from '../../src/supervisor/message-check.ts'
import type { SuperRootAt } from '../../src/supervisor/super-root.ts'
import type { SupervisorSyncStatus } from '../../src/supervisor/sync-status.ts'
import type { CrossSafeAnswer } from '../../src/supervisor/try-cross.ts'
import type { ChainHeads } from '../../src/supervisor/view.ts'
import { rpcError } from '../errors.ts'
import { type CallContext, defineMethod, described, type Method } from '../method.ts'
import { hash, quantity64 } from '../schema.ts'
import { blockIdJson, refJson } from '../sync-status-json.ts'
import {
  blockIdParam,
  chainId,
  executingParam,
  identifierParam,
  messageOf,
  minSafetyParam,
} from './supervisor-params.ts'

/** What a supervisor is asked. Errors are those of its folder. */
export interface SupervisorService {
  checkAccessList(entries: readonly Hash[], minSafety: SafetyLevel, executing: ExecutingDescriptor): void
  checkMessage(message: ExecutingMessage): KnownLevel
  heads(chainId: bigint): ChainHeads
  finalizedL1(): L1BlockRef
  crossDerivedToSource(chainId: bigint, derived: BlockId, io: IoOptions): Promise<L1BlockRef>
  allSafeDerivedAt(source: BlockId): ReadonlyMap<bigint, BlockId>
  superRootAt(timestamp: bigint, io: IoOptions): Promise<SuperRootAt>
  syncStatus(io: IoOptions): Promise<SupervisorSyncStatus>
  crossUnsafeUpTo(chainId: bigint, maxNumber: bigint): BlockId
  tryCrossSafe(chainId: bigint, localSafe: BlockId, derivedFrom: BlockId, io: IoOptions): Promise<CrossSafeAnswer>
  tryFinalize(chainId: bigint, finalizedL1: BlockId): BlockId
}

const FAILED = 'SUPERVISOR_QUERY_FAILED'

/** op-supervisor has numbers for the errors of `checkAccessList` alone: all others are Go errors. */
async function plainErrors<T>(ask: () => Promise<T> | T): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!isAppError(error) || !error.code.startsWith('SUPERVISOR_') || error.code === FAILED) throw error
    throw rpcError(FAILED, error.message, { reason: error.code })
  }
}

/** A method whose errors are {@link plainErrors}. */
function query<Params extends z.ZodTuple>(
  name: string,
  summary: string,
  params: Params,
  paramNames: readonly string[],
  result: string,
  ask: (params: z.output<Params>, io: CallContext) => unknown,
): Method {
  return defineMethod({
    name: `supervisor_${name}`,
    summary,
    params,
    paramNames,
    result: described(result),
    handler: (given, io) => plainErrors(() => ask(given, io)),
  })
}

/** What is not known yet is an error. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw rpcError(FAILED, 'future data', { reason: 'SUPERVISOR_FUTURE' })
  return value
}

function pairJson({ source, derived }: { readonly source: BlockId; readonly derived: BlockId }): object {
  return { source: blockIdJson(source), derived: blockIdJson(derived) }
}

function byChain<T>(chains: Iterable<readonly [bigint, T]>, json: (value: T) => unknown): object {
  return Object.fromEntries(Array.from(chains, ([id, value]) => [id.toString(), json(value)]))
}

function syncStatusJson(status: SupervisorSyncStatus): object {
  const { minSyncedL1, safeTimestamp, finalizedTimestamp, chains } = status
  return {
    minSyncedL1: refJson(minSyncedL1),
    safeTimestamp: Number(safeTimestamp),
    finalizedTimestamp: Number(finalizedTimestamp),
    chains: byChain(chains, (heads) => ({
      localUnsafe: refJson(heads?.localUnsafe),
      localSafe: blockIdJson(heads?.localSafe?.derived),
      crossUnsafe: blockIdJson(heads?.crossUnsafe),
      safe: blockIdJson(heads?.crossSafe?.derived),
      finalized: blockIdJson(heads?.finalized),
    })),
  }
}

function superRootJson({ source, timestamp, superRoot, chains }: SuperRootAt): object {
  return {
    crossSafeDerivedFrom: blockIdJson(source),
    timestamp: toQuantity(timestamp),
    superRoot,
    version: '0x01',
    chains: chains.map(({ chainId: id, canonical, pending }) => ({
      chainID: id.toString(),
      canonical,
      pending: bytesToHex(encodeOutput(pending)),
    })),
  }
}

const BLOCK_ID = 'the hash and number of a block'

/** `supervisor_*` as op-supervisor serves it. */
function querySupervisor(service: SupervisorService): readonly Method[] {
  const chain = z.tuple([chainId])
  return [
    defineMethod({
      name: 'supervisor_checkAccessList',
      summary: 'Holds every message that an access list names against what is known of it',
      params: z.tuple([z.array(hash), minSafetyParam, executingParam]),
      paramNames: ['inboxEntries', 'minSafety', 'executingDescriptor'],
      result: z.null().meta({ description: 'null: each is there, and known well enough' }),
      handler([entries, minSafety, executing]) {
        service.checkAccessList(entries, minSafety, executing)
        return null
      },
    }),
    query('localUnsafe', 'The last block of a chain whose logs are known', chain, ['chainID'], BLOCK_ID, ([id]) =>
      blockIdJson(service.heads(id).localUnsafe),
    ),
    query(
      'crossUnsafe',
      'The last block whose messages hold as far as unsafe blocks of other chains say',
      chain,
      ['chainID'],
      BLOCK_ID,
      ([id]) => blockIdJson(service.heads(id).crossUnsafe),
    ),
    query(
      'localSafe',
      'The last block that derives from L1, and the L1 block that it derives from',
      chain,
      ['chainID'],
      'source and derived',
      ([id]) => pairJson(known(service.heads(id).localSafe)),
    ),
    query(
      'crossSafe',
      'The last block that is safe with all that it depends on, and the L1 block with which it is',
      chain,
      ['chainID'],
      'source and derived',
      ([id]) => pairJson(known(service.heads(id).crossSafe)),
    ),
    query('finalized', 'The last final block of a chain', chain, ['chainID'], BLOCK_ID, ([id]) =>
      blockIdJson(known(service.heads(id).finalized)),
    ),
    query('finalizedL1', "L1's finalized block", z.tuple([]), [], 'hash, number, parentHash and timestamp', () =>
      refJson(service.finalizedL1()),
    ),
    query(
      'crossDerivedToSource',
      'The L1 block with which a block became cross-safe',
      z.tuple([chainId, blockIdParam]),
      ['chainID', 'derived'],
      'hash, number, parentHash and timestamp',
      async ([id, derived], io) => refJson(await service.crossDerivedToSource(id, derived, io)),
    ),
    query(
      'allSafeDerivedAt',
      'What every chain has local-safe with an L1 block',
      z.tuple([blockIdParam]),
      ['derivedFrom'],
      `${BLOCK_ID} by chain id`,
      ([source]) => byChain(service.allSafeDerivedAt(source), blockIdJson),
    ),
    query(
      'superRootAtTimestamp',
      'The super root at a time, once every chain is cross-safe up to it',
      z.tuple([quantity64]),
      ['timestamp'],
      'crossSafeDerivedFrom, timestamp, superRoot, version, and of each chain its id, the canonical output root and the pending output',
      async ([timestamp], io) => superRootJson(await service.superRootAt(timestamp, io)),
    ),
    query(
      'syncStatus',
      'How far every chain is',
      z.tuple([]),
      [],
      'minSyncedL1, safeTimestamp, finalizedTimestamp, and by chain id localUnsafe, localSafe, crossUnsafe, safe, finalized',
      async (_, io) => syncStatusJson(await service.syncStatus(io)),
    ),
  ]
}

/** `supervisor_*` as the first design of a supervisor has it: nodes push what they derive. */
function pushedSupervisor(service: SupervisorService): readonly Method[] {
  const upTo = (name: string): Method =>
    defineMethod({
      name: `supervisor_${name}`,
      summary:
        'The last cross-unsafe block that is not above a number; more is read where that is beyond what is known',
      params: z.tuple([chainId, z.union([quantity64, z.int().nonnegative().transform(BigInt)])]),
      paramNames: ['chainID', 'maxNumber'],
      result: described(BLOCK_ID),
      handler: ([id, max]) => blockIdJson(service.crossUnsafeUpTo(id, max)),
    })
  return [
    defineMethod({
      name: 'supervisor_checkMessage',
      summary: 'What is known of a message',
      params: z.tuple([identifierParam, hash]),
      paramNames: ['identifier', 'payloadHash'],
      result: z.enum(['finalized', 'safe', 'cross-unsafe', 'unsafe', 'unknown', 'conflicts']),
      handler([identifier, payloadHash]) {
        const level = service.checkMessage(messageOf(identifier, payloadHash))
        // That design has no level between the two.
        return level === 'local-safe' ? 'cross-unsafe' : level
      },
    }),
    upTo('tryCrossUnsafe'),
    upTo('getCrossUnsafe'),
    defineMethod({
      name: 'supervisor_tryCrossSafe',
      summary: 'What becomes of a block that a node has derived from L1 up to a block',
      params: z.tuple([chainId, blockIdParam, blockIdParam]),
      paramNames: ['chainID', 'localSafe', 'derivedFrom'],
      result: described(
        'status "accept" with crossSafe, the last cross-safe block up to that; "unknown": to be asked again; "invalid" with the block',
      ),
      async handler([id, localSafe, derivedFrom], io) {
        const answer = await service.tryCrossSafe(id, localSafe, derivedFrom, io)
        switch (answer.status) {
          case 'accept':
            return { status: answer.status, crossSafe: blockIdJson(answer.crossSafe) }
          case 'invalid':
            return { status: answer.status, block: blockIdJson(answer.block) }
          case 'unknown':
            return { status: answer.status }
        }
      },
    }),
    defineMethod({
      name: 'supervisor_tryFinalize',
      summary: 'The last block of a chain that is final when an L1 block is',
      params: z.tuple([chainId, blockIdParam]),
      paramNames: ['chainID', 'finalizedL1'],
      result: described(BLOCK_ID),
      handler: ([id, finalizedL1]) => blockIdJson(service.tryFinalize(id, finalizedL1)),
    }),
  ]
}

/** All of `supervisor_*`. */
export function supervisorMethods(service: SupervisorService): readonly Method[] {
  return [...querySupervisor(service), ...pushedSupervisor(service)]
}
