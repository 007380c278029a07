import type { Method } from '../../rpc/method.ts'
import { derivationAdminMethods } from '../../rpc/methods/admin.ts'
import { noPeersMethod } from '../../rpc/methods/consensus.ts'
import { driverMethods } from '../../rpc/methods/driver.ts'
import { interopMethods } from '../../rpc/methods/interop.ts'
import { optimismMethods } from '../../rpc/methods/optimism.ts'
import type { Committer } from '../builder/ports.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { BuilderErrorCode } from '../builder/service.ts'
import { VERSION } from '../cli/version.ts'
import { receiptsFromJson } from '../clients/managed-node-codec.ts'
import type { RpcCaller } from '../clients/transport.ts'
import type { L2Settings } from '../config/config.ts'
import { Driver } from '../driver/driver.ts'
import { ManagedDriver } from '../driver/managed/managed-driver.ts'
import type { DriverErrorCode, PayloadSource, SafeHeadRecord } from '../driver/ports.ts'
import { RollupNode, type RollupNodeParts } from '../driver/rollup-node.ts'
import { TraceLog } from '../driver/trace-log.ts'
import type { EmbeddedEngine } from '../embedded/engine.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import type { Eip1559Constants } from '../protocol/extra-data.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { type Payload, sealedPayload } from '../protocol/payload.ts'
import type { HeadGate } from '../sequencer/head-gate.ts'
import type { ChainStatus } from '../sequencer/ports.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Driven, ExecutionLayer } from './execution-layer.ts'
import type { L1Derivation } from './l1-derivation.ts'
import type { TraceFile } from './trace-file.ts'

/** Milliseconds between two looks at an engine that nothing is wrong with. */
const ENGINE_LOOK_MS = 4_000

/** What a chain's driver is wired with. */
export interface HostedDriverParts {
  readonly settings: L2Settings
  /** What zeros among EIP-1559 parameters stand for. */
  readonly constants: Eip1559Constants
  readonly layer: Pick<ExecutionLayer, 'engine' | 'states'>
  readonly driven: Driven
  readonly l1: { readonly chain: L1ChainConfig; readonly derivation: L1Derivation }
  readonly safeHeads: SafeHeadRecord
  readonly peers: PayloadSource | undefined
  readonly sealedBlocks: SealedBlocks
  /** Told of heads that were not sealed here. */
  readonly gate: HeadGate
  /** What the chain answers in this process: a supervisor reads receipts through it. */
  readonly reads: () => RpcCaller
  /** Where each effect that was run is written down. */
  readonly traceFile: TraceFile | undefined
  readonly logger: Logger
}

/** A chain's driver, and what the rest of the process sees of it. */
export interface HostedDriver {
  readonly driver: Driver
  /** Inserts what is sealed here. */
  readonly committer: Committer
  readonly status: ChainStatus
  readonly methods: readonly Method[]
  /** Where a supervisor manages it. */
  readonly managed?: HostedManagedDriver
  /** Works until the signal is aborted, or it is closed. */
  run(signal: AbortSignal): Promise<void>
  /** Ends the work; resolves when none is left. */
  close(): Promise<void>
}

/** A driver that a supervisor manages: over its own server, or in this process. */
export interface HostedManagedDriver {
  readonly node: ManagedDriver
  readonly methods: readonly Method[]
}

function refused(hash: Hash, error: AppError): AppError<BuilderErrorCode> {
  const { status, reason } = (error.data ?? {}) as { readonly status?: string; readonly reason?: string }
  return new AppError('COMMIT_REFUSED', {
    message: `commit of ${hash} refused: ${reason ?? error.message}`,
    data: { status: status ?? 'ERROR', validationError: reason ?? error.message, hash },
    cause: error,
  })
}

/** Blocks go through the driver, which alone moves the engine's head. */
function driverCommitter(driver: Driver, sealedBlocks: SealedBlocks): Committer {
  const insert = async (payload: Payload, io: IoOptions): Promise<void> => {
    try {
      await driver.insert(payload, io)
    } catch (error) {
      throw isAppError(error, 'UNSAFE_REFUSED' satisfies DriverErrorCode) ? refused(payload.hash, error) : error
    }
  }
  return {
    commit: (block, io) => insert(sealedPayload(block), io),
    async setForkchoice({ head, safe, finalized }, io) {
      const label = safe ?? finalized
      if (label !== undefined) {
        throw refused(label, new AppError('UNSAFE_REFUSED', { message: 'what is safe and final is derived from L1' }))
      }
      const { heads } = driver.state
      if (head !== undefined && head !== heads?.unsafe.hash) {
        const block = sealedBlocks.get(head)
        if (block === undefined)
          throw refused(head, new AppError('UNSAFE_REFUSED', { message: 'no block of that hash was sealed here' }))
        await insert(sealedPayload(block), io)
      }
      const now = driver.state.heads
      return {
        head: now?.unsafe.hash ?? ZERO_HASH,
        safe: now?.crossSafe.hash ?? ZERO_HASH,
        finalized: now?.finalized.hash ?? ZERO_HASH,
      }
    },
  }
}

/** What is safe stays: L1 holds it, and it would only be derived again. */
function guardSafeBlocks(engine: EmbeddedEngine, driver: Driver): void {
  engine.guardRewinds({
    check(head) {
      const safe = driver.state.heads?.crossSafe
      if (safe === undefined || engine.chain.ancestorHash(head, safe.number) === safe.hash) return
      throw new AppError<DriverErrorCode>('UNSAFE_REFUSED', {
        message: `block ${safe.number} is safe: L1 holds it, and it would be derived again`,
        data: { hash: head, reason: 'safe' },
      })
    },
    done: () => driver.doubtEngine('the chain was set back by hand'),
  })
}

/** What the driver does, in the log: what fails is told, what goes well only to those who ask for everything. */
function logged(driver: Driver, logger: Logger): void {
  driver.onTrace(({ effect, why, result, ms, note }) => {
    const fields = { effect, why, ms, ...(note !== undefined && { note }) }
    if (result === 'critical') logger.error(fields, 'derivation stands still until it is reset')
    else if (result === 'temporary') logger.warn(fields, 'an effect is going to be repeated')
    else if (result === 'reset') logger.warn(fields, 'the heads are going to be found anew')
    else if (effect === 'safety-reversal') logger.info(fields, 'heads')
    else logger.debug(fields, result)
  })
}

/** Storage roots out of an execution layer's states. */
function storageRoots({ states }: Pick<ExecutionLayer, 'states'>): RollupNodeParts['storageRoot'] {
  return async (block, address, io) => {
    const state = states(block)
    await state.load([{ address, slots: [] }], io)
    return (await state.account(address))?.storageRoot ?? EMPTY_TRIE_ROOT
  }
}

/** Without a supervisor blocks are as safe as their own chain says. */
function isManaged({ interop, driver }: L2Settings): boolean {
  return interop !== undefined || driver?.managed !== undefined
}

function managedDriver(
  { settings, driven, l1, reads }: Pick<HostedDriverParts, 'settings' | 'driven' | 'l1' | 'reads'>,
  driver: Driver,
  outputs: RollupNode,
): HostedManagedDriver {
  const receiptsJson = (hash: Hash, { signal }: IoOptions): Promise<unknown> =>
    reads().call('eth_getBlockReceipts', [hash], { idempotent: true, ...(signal && { signal }) })
  const node = new ManagedDriver({
    name: settings.name,
    config: settings.rollup,
    driver,
    l1: l1.derivation.source,
    l2: driven.l2,
    outputs,
    receiptsJson,
    receipts: async (hash, io) => receiptsFromJson((await receiptsJson(hash, io)) ?? null),
    clock: systemClock,
  })
  return { node, methods: interopMethods(node) }
}

/** Makes the driver of a chain. Nothing happens before it runs. */
export type HostDriver = (parts: HostedDriverParts) => HostedDriver

/** {@link HostDriver} */
export const hostedDriver: HostDriver = (parts) => {
  const { settings, constants, layer, driven, l1, safeHeads, peers, sealedBlocks, gate, traceFile, logger } = parts
  const config = { ...settings.rollup, chainOpConfig: constants }
  const { replacement = 'marked', managed: _, ...rest } = settings.driver ?? { engineSync: false }
  const driver = new Driver({
    ...driven,
    config,
    l1Chain: l1.chain,
    l1: l1.derivation.source,
    l1Labels: l1.derivation.labels,
    blobs: l1.derivation.blobs,
    safeHeads,
    peers,
    clock: systemClock,
    logger,
    options: {
      ...rest,
      ...(isManaged(settings) && { managed: { replacement } }),
      l1PollMs: l1.derivation.pollMs,
      engineLookMs: ENGINE_LOOK_MS,
    },
  })
  if (layer.engine !== undefined) guardSafeBlocks(layer.engine, driver)
  logged(driver, logger)
  const trace = new TraceLog()
  driver.onTrace((event) => trace.add(event))
  if (traceFile !== undefined) trace.onRecord((record) => traceFile.write(settings.name, record))
  driver.onTrace(({ effect, before, after }) => {
    const unsafe = after.heads?.unsafe
    if (unsafe !== undefined && unsafe !== before.heads?.unsafe && effect !== 'sequencing-seal') gate.moved(unsafe)
  })
  const closed = new AbortController()
  let work: Promise<void> | undefined
  const node = new RollupNode({
    config,
    state: () => driver.state,
    l2: driven.l2,
    storageRoot: storageRoots(layer),
    safeHeads,
  })
  const managed = isManaged(settings) ? managedDriver(parts, driver, node) : undefined
  return {
    driver,
    ...(managed && { managed }),
    methods: [
      ...optimismMethods(node, `v${VERSION}`, settings.interop?.dependencySet ?? settings.driver?.managed),
      ...derivationAdminMethods(driver),
      ...driverMethods(trace),
      // A chain that gossips has its own.
      ...(settings.blockGossip === undefined ? [noPeersMethod()] : []),
    ],
    run(signal) {
      const ended = AbortSignal.any([signal, closed.signal])
      work = Promise.all([driver.run(ended), managed?.node.run(ended)]).then(() => undefined)
      return work
    },
    async close() {
      closed.abort(new DOMException('shutting down', 'AbortError'))
      await work
    },
    committer: driverCommitter(driver, sealedBlocks),
    status: {
      async read() {
        const { heads, derivation, l1: view } = driver.state
        if (heads === undefined) return undefined
        return {
          unsafe: heads.unsafe,
          safe: heads.crossSafe,
          finalized: heads.finalized,
          ...(derivation.origin && { currentL1: derivation.origin }),
          ...(view.head && { headL1: view.head }),
        }
      },
    },
  }
}
