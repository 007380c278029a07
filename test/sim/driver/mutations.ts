import type { DriverParts } from '../../../src/driver/driver.ts'
import type { DriverState } from '../../../src/driver/driver-state.ts'
import type { Effect, EffectName, Outcome, Patch } from '../../../src/driver/effect.ts'
import type { SafeHeadRecord } from '../../../src/driver/ports.ts'
import type { EngineApi, EngineStatus } from '../../../src/engine/engine-api.ts'
import { AppError, isAppError } from '../../../src/primitives/errors.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { Tamper } from './world.ts'

/** A fault that is built into the driver. */
export interface Mutation {
  readonly name: string
  readonly tamper: Tamper
}

/** Changes one effect. */
function effect(name: EffectName, change: (effect: Effect, parts: DriverParts) => Partial<Effect>): Tamper {
  return (parts) => ({
    ...parts,
    wrap: (each) => (each.name === name ? { ...each, ...change(each, parts) } : each),
  })
}

/** Changes what an effect comes to. */
function patched(name: EffectName, change: (patch: Patch, now: DriverState) => Patch): Tamper {
  return effect(name, ({ run, writes }) => ({
    writes: [...writes, 'attributes', 'heads', 'finality', 'backupUnsafe', 'reset'],
    async run(state, io): Promise<Outcome> {
      const outcome = await run(state, io)
      return { ...outcome, patch: (now) => change(outcome.patch(now), now) }
    },
  }))
}

function engine(change: (engine: EngineApi) => Partial<EngineApi>): Tamper {
  return (parts) => ({ ...parts, engine: { ...parts.engine, ...change(parts.engine) } })
}

/** Changes the record of safe heads. */
function safeHeads(change: (record: SafeHeadRecord, parts: DriverParts) => Partial<SafeHeadRecord>): Tamper {
  return (parts) => {
    const { safeHeads: found } = parts
    const record: SafeHeadRecord = {
      record: (safe, derivedFrom, io) => found.record(safe, derivedFrom, io),
      truncate: (safe, io, derivedFrom) => found.truncate(safe, io, derivedFrom),
      at: (number) => found.at(number),
      entries: () => found.entries(),
    }
    return { ...parts, safeHeads: { ...record, ...change(found, parts) } }
  }
}

const VALID: EngineStatus = { status: 'VALID', latestValidHash: undefined, validationError: undefined }

/** The driver goes on as if L1 had never reorganized. */
function withoutParentCheck(parts: DriverParts): DriverParts {
  const hashes = new Map<bigint, Hash>()
  return {
    ...parts,
    l1: {
      ...parts.l1,
      async block(id, io) {
        const block = await parts.l1.block(id, io)
        if (block === undefined) return undefined
        const { number, parentHash } = block.header
        hashes.set(number, block.hash)
        return { ...block, header: { ...block.header, parentHash: hashes.get(number - 1n) ?? parentHash } }
      },
    },
  }
}

/** What L1 had at a height once is taken to be there for ever. */
function withOldReferences(parts: DriverParts): DriverParts {
  const seen = new Map<Hash | bigint, Awaited<ReturnType<DriverParts['l1']['ref']>>>()
  return {
    ...parts,
    l1: {
      ...parts.l1,
      async ref(id, io) {
        const known = seen.get(id) ?? (await parts.l1.ref(id, io))
        if (known !== undefined) seen.set(id, known)
        return known
      },
    },
  }
}

const withHeads = (patch: Patch, heads: Partial<NonNullable<DriverState['heads']>>): Patch =>
  patch.heads === undefined ? patch : { ...patch, heads: { ...patch.heads, ...heads } }

/** Each is a mistake that somebody could make, and some have. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'outcomes are applied to the state that an effect began with',
    tamper: (parts) => ({
      ...parts,
      wrap: (each) => ({
        ...each,
        reads: () => [],
        async run(state, io): Promise<Outcome> {
          const { patch } = await each.run(state, io)
          return { patch: () => patch(state) }
        },
      }),
    }),
  },
  {
    name: 'pending-safe stays where a span was refused',
    tamper: patched('attributes-processing', (patch, { heads }) =>
      heads !== undefined && patch.heads?.pendingSafe === heads.localSafe
        ? withHeads(patch, { pendingSafe: heads.pendingSafe })
        : patch,
    ),
  },
  {
    name: 'the oldest safe block that is remembered is final, not the newest',
    tamper: patched('finality-progression', (patch, { finality }) =>
      finality[0] === undefined ? patch : withHeads(patch, { finalized: finality[0].safe }),
    ),
  },
  {
    name: 'derived blocks are built on the unsafe head',
    tamper: (parts) => {
      let head: Hash | undefined
      return engine(({ forkchoiceUpdated }) => ({
        async forkchoiceUpdated(state, attributes, io) {
          if (attributes !== undefined && head !== undefined) {
            return forkchoiceUpdated({ ...state, head }, attributes, io)
          }
          head = state.head
          return forkchoiceUpdated(state, attributes, io)
        },
      }))(parts)
    },
  },
  {
    name: 'the engine is told that its head is safe',
    tamper: engine(({ forkchoiceUpdated }) => ({
      forkchoiceUpdated: (state, attributes, io) => forkchoiceUpdated({ ...state, safe: state.head }, attributes, io),
    })),
  },
  {
    name: 'a reset leaves what is remembered of finality',
    tamper: patched('safety-reversal', (patch, { finality }) => ({ ...patch, finality })),
  },
  {
    name: 'a reset leaves the attributes that wait',
    tamper: patched('safety-reversal', (patch, { attributes }) => ({ ...patch, attributes })),
  },
  {
    name: 'a reset that fails is not done again',
    tamper: effect('safety-reversal', ({ run }) => ({
      run: (state, io) => run(state, io).catch(() => ({ patch: () => ({ reset: undefined }) })),
    })),
  },
  {
    name: 'the record of safe heads is not truncated',
    tamper: safeHeads(() => ({ truncate: async () => undefined })),
  },
  {
    name: 'a write of the record that failed is passed over',
    tamper: safeHeads((record) => ({
      record: (safe, derivedFrom, io) => record.record(safe, derivedFrom, io).catch(() => undefined),
    })),
  },
  {
    name: 'safe blocks are recorded with their own L1 origin',
    tamper: safeHeads((record, { l2 }) => ({
      async record(safe, derivedFrom, io) {
        const block = await l2.ref(safe.hash, io)
        return record.record(safe, block?.l1Origin ?? derivedFrom, io)
      },
    })),
  },
  { name: 'nobody looks whether L1 blocks follow each other', tamper: withoutParentCheck },
  { name: 'L1 references are cached by number', tamper: withOldReferences },
  {
    name: 'the unsafe head that was replaced comes back more than once',
    tamper: patched('attributes-processing', (patch, now) => ({
      ...patch,
      backupUnsafe: now.backupUnsafe ?? patch.backupUnsafe,
    })),
  },
  {
    name: 'SYNCING is taken for VALID',
    tamper: engine(({ newPayload, forkchoiceUpdated }) => ({
      async newPayload(payload, io) {
        const status = await newPayload(payload, io)
        return status.status === 'SYNCING' ? VALID : status
      },
      async forkchoiceUpdated(state, attributes, io) {
        const answer = await forkchoiceUpdated(state, attributes, io)
        return answer.status.status === 'SYNCING' ? { ...answer, status: VALID } : answer
      },
    })),
  },
  {
    name: 'a forkchoice whose answer was lost is taken to be done',
    tamper: engine(({ forkchoiceUpdated }) => ({
      forkchoiceUpdated: (state, attributes, io) =>
        forkchoiceUpdated(state, attributes, io).catch((error: unknown) => {
          if (attributes !== undefined || isAppError(error, 'ENGINE_REFUSED')) throw error
          return { status: VALID, ticket: undefined }
        }),
    })),
  },
  {
    name: 'attributes that are refused are tried again for ever',
    tamper: engine(({ forkchoiceUpdated }) => ({
      forkchoiceUpdated: (state, attributes, io) =>
        forkchoiceUpdated(state, attributes, io).catch((error: unknown) => {
          if (!isAppError(error, 'ENGINE_REFUSED') || error.data?.code !== -38_003) throw error
          throw new AppError('ENGINE_REFUSED', { data: { code: -32_000 }, severity: 'temporary' })
        }),
    })),
  },
  {
    name: 'an invalid block is taken for a valid one',
    tamper: engine(({ newPayload }) => ({
      async newPayload(payload, io) {
        const status = await newPayload(payload, io)
        return status.status === 'INVALID' ? VALID : status
      },
    })),
  },
  {
    name: 'nobody looks after the engine',
    tamper: effect('engine-consistency', () => ({ when: () => undefined, dueAt: () => undefined })),
  },
  {
    name: 'every block of a span is safe at once',
    tamper: patched('attributes-generation', (patch) =>
      patch.attributes === undefined ? patch : { ...patch, attributes: { ...patch.attributes, concluding: true } },
    ),
  },
  {
    name: 'derivation goes on from the safe head, not the pending-safe one',
    tamper: effect('attributes-generation', ({ run }) => ({
      run: ({ heads, ...state }, io) =>
        run({ ...state, heads: heads && { ...heads, pendingSafe: heads.localSafe } }, io),
    })),
  },
  {
    name: 'blocks are not compared with what was derived',
    tamper: effect('safety-progression', ({ run }, { l2 }) => ({
      async run(state, io): Promise<Outcome> {
        const outcome = await run(state, io)
        const { heads, attributes } = state
        const patch = outcome.patch(state)
        if (heads === undefined || attributes === undefined || patch.attributes?.mismatch === undefined) return outcome
        const ref = await l2.ref(heads.pendingSafe.number + 1n, io)
        if (ref === undefined) return outcome
        const safe = { ...heads, pendingSafe: ref, localSafe: ref, crossSafe: ref }
        return { patch: () => ({ heads: safe, attributes: undefined }) }
      },
    })),
  },
]
