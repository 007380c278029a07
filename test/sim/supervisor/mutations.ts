import type { IoOptions } from '../../../src/primitives/io.ts'
import type { ManagedEvent } from '../../../src/protocol/managed-mode.ts'
import type { L1BlockRef } from '../../../src/protocol/refs.ts'
import type { Decision } from '../../../src/supervisor/db/decisions.ts'
import type { LogDb } from '../../../src/supervisor/db/log-db.ts'
import type { SupervisorStore } from '../../../src/supervisor/db/supervisor-store.ts'
import type { ManagedNode, SupervisedL1 } from '../../../src/supervisor/ports.ts'
import type { SupervisorParts } from '../../../src/supervisor/supervisor.ts'

/** A fault that is built into a supervisor, by what stands between it and the rest. */
export interface Mutation {
  readonly name: string
  readonly tamper: (parts: SupervisorParts) => SupervisorParts
}

/** The same object with some of it changed; methods keep their object. */
function changed<T extends object>(object: T, changes: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(object, {
    get: (target, key) => {
      if (Object.hasOwn(changes, key)) return changes[key as keyof T]
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const nodes = (change: (node: ManagedNode) => Partial<ManagedNode>) => (parts: SupervisorParts) => ({
  ...parts,
  chains: parts.chains.map((chain) => ({ ...chain, nodes: chain.nodes.map((node) => changed(node, change(node))) })),
})

const store =
  (change: (store: SupervisorStore) => Partial<Record<keyof SupervisorStore, unknown>>) =>
  (parts: SupervisorParts) => ({
    ...parts,
    store: changed(parts.store, change(parts.store)),
  })

const decisions = (change: (decision: Decision) => Decision | undefined) =>
  store((each) => ({
    decide: async (decision: Decision, io: IoOptions) => {
      const made = change(decision)
      if (made !== undefined) await each.decide(made, io)
    },
  }))

const logs = (change: (logs: LogDb) => Partial<Record<keyof LogDb, unknown>>) =>
  store((each) => ({ logs: new Map([...each.logs].map(([chainId, db]) => [chainId, changed(db, change(db))])) }))

const events = (change: (event: ManagedEvent) => ManagedEvent | undefined) =>
  nodes((node) => ({
    follow: (onEvent, signal) =>
      node.follow(async (event) => {
        const told = change(event)
        if (told !== undefined) await onEvent(told)
      }, signal),
  }))

/** What L1 had at a number once is taken to be there for ever. */
function withOldL1(parts: SupervisorParts): SupervisorParts {
  const seen = new Map<bigint, L1BlockRef>()
  const l1: SupervisedL1 = {
    ref: async (id, io) => {
      const known = typeof id === 'bigint' ? seen.get(id) : undefined
      const found = known ?? (await parts.l1.ref(id, io))
      if (typeof id === 'bigint' && found !== undefined) seen.set(id, found)
      return found
    },
  }
  return { ...parts, l1 }
}

/** Faults that the simulation is to find. */
export const MUTATIONS: readonly Mutation[] = [
  { name: 'a reorg of L1 is not seen', tamper: withOldL1 },
  { name: 'invalid blocks are not told to nodes', tamper: nodes(() => ({ invalidateBlock: async () => {} })) },
  {
    name: 'what stands for an invalid block is not taken',
    tamper: events((event) => (event.tag === 'replaced' ? undefined : event)),
  },
  {
    name: 'of invalid blocks the first one only is written down',
    tamper: decisions((each) =>
      each.tag === 'invalidate' ? { ...each, invalidations: each.invalidations.slice(0, 1) } : each,
    ),
  },
  {
    name: 'what is local-safe counts as cross-safe',
    tamper: decisions((each) =>
      each.tag !== 'advance'
        ? each
        : {
            ...each,
            row: { ...each.row, chains: each.row.chains.map((chain) => ({ ...chain, crossSafe: chain.localSafe })) },
          },
    ),
  },
  {
    name: 'a row does not say that its block is a replacement',
    tamper: decisions((each) =>
      each.tag !== 'advance'
        ? each
        : {
            ...each,
            row: { ...each.row, chains: each.row.chains.map((chain) => ({ ...chain, depositsOnly: false })) },
          },
    ),
  },
  { name: 'denied blocks are not recognized', tamper: store(() => ({ denied: () => undefined })) },
  {
    name: 'the content of a message is not compared',
    tamper: logs((db) => ({
      find: (query: Parameters<LogDb['find']>[0]) => {
        const block = db.block(query.blockNumber)
        return block === undefined ? db.find(query) : { tag: 'found', block }
      },
    })),
  },
  {
    name: 'messages of the same time are passed over',
    tamper: logs((db) => ({
      executing: (number: bigint) =>
        db.executing(number).filter(({ timestamp }) => timestamp !== db.block(number)?.timestamp),
    })),
  },
  {
    name: 'messages expire after a second',
    tamper: (parts) => ({
      ...parts,
      dependencySet: { ...parts.dependencySet, messageExpiryWindow: 1n },
    }),
  },
  {
    name: 'a block that is derived ends its L1 block',
    tamper: events((event) => (event.tag === 'derivation-update' ? { tag: 'exhausted', pair: event.pair } : event)),
  },
  { name: 'nodes are not told what is cross-safe', tamper: nodes(() => ({ updateCrossSafe: async () => {} })) },
  {
    name: 'the head of L1 is final',
    tamper: (parts) => ({ ...parts, l1: { ref: (id, io) => parts.l1.ref(id === 'finalized' ? 'latest' : id, io) } }),
  },
  { name: 'a node is told of an L1 block at most once', tamper: nodes((node) => onlyOnce(node)) },
]

function onlyOnce(node: ManagedNode): Partial<ManagedNode> {
  const told = new Set<string>()
  return {
    provideL1: async (block, io) => {
      if (told.has(block.hash)) return
      told.add(block.hash)
      await node.provideL1(block, io)
    },
  }
}
