import { hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import type { ExecutingMessage } from '../../src/protocol/executing-message.ts'
import { OpForks } from '../../src/protocol/forks.ts'
import { logHash, messageChecksum } from '../../src/protocol/message-checksum.ts'
import type { OutputV0 } from '../../src/protocol/output-root.ts'
import type { BlockId, BlockRef, L1BlockRef, L2BlockRef } from '../../src/protocol/refs.ts'
import type { RollupConfig } from '../../src/protocol/rollup-config.ts'
import type { SuperSafeRow } from '../../src/supervisor/db/super-safe-db.ts'
import { truncateBlockId } from '../../src/supervisor/db/super-safe-entry.ts'
import { openSupervisorStore, type SupervisorStore } from '../../src/supervisor/db/supervisor-store.ts'
import type { ManagedNode, SupervisedL1 } from '../../src/supervisor/ports.ts'
import type { CrossProgress } from '../../src/supervisor/try-cross.ts'
import type { ChainHeads, SupervisedChain, SupervisorView } from '../../src/supervisor/view.ts'

/** The chains of the worlds here. */
const WORLD_CHAINS = [901n, 902n] as const
const GENESIS_TIME = 1000n
const BLOCK_TIME = 2n

/** Who emits every log here. */
export const EMITTER = `0x${'11'.repeat(20)}` as const

/** An L1 block of a branch. */
export function l1Block(number: bigint, branch = 0): L1BlockRef {
  const hash = (at: bigint) => toWord((1n << 250n) | (at << 120n) | (BigInt(branch) << 100n))
  return { hash: hash(number), number, parentHash: hash(number - 1n), timestamp: 12n * number }
}

/** An L2 block of a branch. */
export function l2Block(chainId: bigint, number: bigint, branch = 0): BlockRef {
  const hash = (at: bigint) => toWord((chainId << 200n) | (at << 120n) | (BigInt(branch) << 100n))
  const timestamp = GENESIS_TIME + BLOCK_TIME * number
  return { hash: hash(number), number, parentHash: hash(number - 1n), timestamp }
}

/** The hash of the payload of a log here. */
export function payloadHashAt(chainId: bigint, number: bigint, logIndex: number) {
  return keccak256(hexToBytes(toWord((chainId << 80n) | (number << 32n) | BigInt(logIndex))))
}

/** The message of a log here. */
export function messageAt(chainId: bigint, number: bigint, logIndex: number): ExecutingMessage {
  const place = { chainId, blockNumber: number, timestamp: l2Block(chainId, number).timestamp, logIndex }
  const hash = logHash(hexToBytes(EMITTER), payloadHashAt(chainId, number, logIndex))
  return { ...place, checksum: messageChecksum(hash, place) }
}

/** The output of a block here. */
export function outputOf(block: BlockId): OutputV0 {
  return { stateRoot: toWord(block.number), messagePasserStorageRoot: toWord(7n), blockHash: block.hash }
}

/** Blocks 0 to 10 of two chains with two logs each, seen by a supervisor that knows what a test says. */
export class SupervisedWorld implements SupervisorView, CrossProgress {
  readonly dependencySet = { chainIds: WORLD_CHAINS, messageExpiryWindow: 1_000_000n }
  readonly chains: Map<bigint, SupervisedChain & { heads: ChainHeads | undefined; nodes: ManagedNode[] }>
  readonly #store: SupervisorStore
  finalizedL1: L1BlockRef | undefined
  failsafe = false
  epoch = 0
  /** What was asked of the supervisor beside answers. */
  readonly asked: unknown[] = []
  /** L1 blocks of another branch, from a number on. */
  l1Branch: { readonly from: bigint; readonly branch: number } | undefined
  /** Told before a node answers. */
  onNodeCall: () => void = () => undefined

  private constructor(store: SupervisorStore) {
    this.#store = store
    const rollup = { forks: new OpForks({ interop: 0n }), blockTime: BLOCK_TIME } as unknown as RollupConfig
    this.chains = new Map(
      WORLD_CHAINS.map((chainId) => {
        const logs = store.logs.get(chainId)
        if (logs === undefined) throw new TypeError('no logs')
        return [chainId, { chainId, rollup, logs, heads: undefined, nodes: [this.#node(chainId)] }]
      }),
    )
  }

  static async open(): Promise<SupervisedWorld> {
    const store = await openSupervisorStore(
      undefined,
      WORLD_CHAINS.map((chainId) => ({ chainId, genesis: l2Block(chainId, 0n).hash })),
    )
    const world = new SupervisedWorld(store)
    for (const [chainId, { logs }] of world.chains)
      for (let number = 0n; number <= 10n; number++) {
        const records =
          number === 0n
            ? []
            : [0, 1].map((at) => ({ hash: logHash(hexToBytes(EMITTER), payloadHashAt(chainId, number, at)) }))
        ;(logs as SupervisorStore['logs'] extends ReadonlyMap<bigint, infer Db> ? Db : never).append(
          l2Block(chainId, number),
          records,
        )
      }
    return world
  }

  get safety() {
    return this.#store.safety
  }

  denied(chainId: bigint, hash: string) {
    return this.#store.denied(chainId, hash as `0x${string}`)
  }

  onChange(): () => void {
    return () => undefined
  }

  /** Sets the heads of a chain by their numbers. */
  heads(chainId: bigint, numbers: { crossUnsafe: number; localSafe?: number; crossSafe?: number; finalized?: number }) {
    const chain = this.chains.get(chainId)
    if (chain === undefined) throw new TypeError('no such chain')
    const block = (number: number) => l2Block(chainId, BigInt(number))
    const pair = (number: number | undefined) =>
      number === undefined ? undefined : { source: l1Block(100n + BigInt(number)), derived: block(number) }
    chain.heads = {
      localUnsafe: block(10),
      crossUnsafe: block(numbers.crossUnsafe),
      localSafe: pair(numbers.localSafe),
      crossSafe: pair(numbers.crossSafe),
      finalized: numbers.finalized === undefined ? undefined : block(numbers.finalized),
    }
  }

  /** Writes the row of an L1 block: of each chain what is local-safe and cross-safe. */
  async row(l1Number: bigint, ...chains: readonly (readonly [localSafe: number, crossSafe: number])[]): Promise<void> {
    const row: SuperSafeRow = {
      l1: truncateBlockId(l1Block(l1Number)),
      chains: chains.map(([localSafe, crossSafe], index) => {
        const block = (number: number) => truncateBlockId(l2Block(WORLD_CHAINS[index] ?? 0n, BigInt(number)))
        return { localSafe: block(localSafe), crossSafe: block(crossSafe), depositsOnly: false }
      }),
    }
    await this.#store.decide({ tag: 'advance', row }, {})
  }

  /** Denies a block above cross-safe. */
  async deny(chainId: bigint, block: BlockId): Promise<void> {
    const invalidation = { chainId, block, source: l1Block(105n), payload: new Uint8Array() }
    await this.#store.decide({ tag: 'invalidate', invalidations: [invalidation] }, {})
  }

  /** L1 up to block 110. */
  readonly l1: SupervisedL1 = {
    ref: async (id) => {
      const at = (number: bigint): L1BlockRef | undefined => {
        if (number > 110n) return undefined
        const other = this.l1Branch
        return l1Block(number, other !== undefined && number >= other.from ? other.branch : 0)
      }
      if (id === 'finalized' || id === 'safe') return at(103n)
      if (typeof id === 'bigint') return at(id)
      if (id === 'latest') return at(110n)
      for (let number = 90n; number <= 110n; number++) if (at(number)?.hash === id) return at(number)
      return undefined
    },
  }

  wanted(chainId: bigint, number: bigint): void {
    this.asked.push(['wanted', chainId, number])
  }

  async offer(chainId: bigint, localSafe: BlockId, derivedFrom: BlockId): Promise<void> {
    this.asked.push(['offer', chainId, localSafe.number, derivedFrom.number])
  }

  /** A node that has all of a chain's eleven blocks. */
  #node(chainId: bigint): ManagedNode {
    const at = async (number: bigint): Promise<L2BlockRef | undefined> => {
      this.onNodeCall()
      if (number < 0n || number > 10n) return undefined
      const origin = l1Block(100n + number)
      return { ...l2Block(chainId, number), l1Origin: { hash: origin.hash, number: origin.number }, sequenceNumber: 0n }
    }
    const output = async (timestamp: bigint): Promise<OutputV0> => {
      const block = await at((timestamp - GENESIS_TIME) / BLOCK_TIME)
      if (block === undefined) throw new Error('not asked for before')
      return outputOf(block)
    }
    const node: Partial<ManagedNode> = {
      name: `node-${chainId}`,
      refByNumber: at,
      refByTimestamp: (timestamp) => at((timestamp - GENESIS_TIME) / BLOCK_TIME),
      outputAt: output,
      // Block 6 was replaced.
      pendingOutputAt: async (timestamp) => {
        const canonical = await output(timestamp)
        return timestamp === l2Block(chainId, 6n).timestamp ? { ...canonical, stateRoot: toWord(66n) } : canonical
      },
    }
    return node as ManagedNode
  }
}
