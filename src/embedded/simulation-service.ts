import type { StateSource } from '../builder/ports.ts'
import { pacer } from '../evm/pace.ts'
import type { ScratchExecutor } from '../evm/scratch-block.ts'
import type { GethLine } from '../evm/watch.ts'
import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/block-id.ts'
import { resolveStateBlock } from './block-lookup.ts'
import { CALL_TIME_MS, CALL_TIMED_OUT } from './call-message.ts'
import { type ChainKind, gethLine } from './chain-kind.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'
import { type CallsInBlock, checkSize, placeBlocks } from './simulated-chain.ts'
import { type SimulatedBlock, Simulation } from './simulation.ts'

/** What is to be simulated. */
export interface SimulationRequest {
  readonly blocks: readonly CallsInBlock[]
  /** Whether nonces, fees and base fees count as they do in real blocks. */
  readonly validation: boolean
  /** Whether transfers of ether are shown as logs. */
  readonly traceTransfers: boolean
}

/** What simulations stand on. */
export interface SimulationServiceOptions {
  readonly chain: ChainStore
  readonly executor: ScratchExecutor
  readonly states: StateSource
  readonly chainId: bigint
  readonly kind: ChainKind
  readonly clock: Clock
}

/** Runs calls in blocks that would come next, without changing the chain. @see geth, internal/ethapi simulate.go */
export class EmbeddedSimulations {
  /** The line of geth whose answers these are. */
  readonly line: GethLine
  readonly #options: SimulationServiceOptions

  constructor(options: SimulationServiceOptions) {
    this.line = gethLine(options.kind)
    this.#options = options
  }

  /**
   * @param id the block that the first simulated one follows
   * @throws AppError SIMULATION_… and CALL_INVALID in geth's words, CALL_ABORTED, BLOCK_NOT_FOUND, STATE_UNAVAILABLE
   */
  async simulate(request: SimulationRequest, id: BlockId, io: IoOptions): Promise<readonly SimulatedBlock[]> {
    const { chain, executor, states, chainId, kind, clock } = this.#options
    const { line } = this
    checkSize(request.blocks, line === '1.17')
    const hash = resolveStateBlock(chain, kind, id)
    const block = chain.block(hash)
    if (block === undefined) throw unknownBlock(hash)
    const { header: base, transactions } = block
    const simulation = new Simulation({
      kind,
      chainId,
      base,
      baseHash: hash,
      attributes: transactions[0],
      executor,
      state: states({ hash, stateRoot: chain.stateRoot(hash) }),
      watch: { line, pace: pacer(clock, CALL_TIME_MS, CALL_TIMED_OUT, io) },
      ancestorHash: (number) => chain.ancestor(hash, number, io),
      validation: request.validation,
      traceTransfers: request.traceTransfers,
    })
    const simulated: SimulatedBlock[] = []
    for (const placed of placeBlocks(base, request.blocks)) simulated.push(await simulation.block(placed, io))
    return simulated
  }
}
