import { Gauge } from 'prom-client'
import { type Hash, hexToBytes } from '../primitives/hex.ts'
import type { BlockRef } from '../protocol/refs.ts'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { ChainHeads, SupervisorView } from './view.ts'

const NAMESPACE = 'op_supervisor_default'

/** The first eight bytes as a number, so that a graph shows where hashes part. */
function hashValue(hash: Hash): number {
  return Number(new DataView(hexToBytes(hash).buffer).getBigUint64(0, true))
}

function refsOf(heads: ChainHeads | undefined): readonly (readonly [type: string, block: BlockRef])[] {
  if (heads === undefined) return []
  const { localUnsafe, crossUnsafe, localSafe, crossSafe, finalized } = heads
  const refs = [
    ['local_unsafe', localUnsafe],
    ['cross_unsafe', crossUnsafe],
    ['local_safe', localSafe?.derived],
    ['cross_safe', crossSafe?.derived],
    ['finalized', finalized],
  ] as const
  return refs.flatMap(([type, block]) => (block === undefined ? [] : [[type, block]]))
}

/**
 * Shows how far a supervisor's chains are, under op-supervisor's names where it has them.
 * @param current what the supervisor knows now
 */
export function registerSupervisorMetrics(registry: MetricsRegistry, current: () => SupervisorView): void {
  const registers = [registry]
  const refs = (name: string, what: string, value: (block: BlockRef) => number): void => {
    new Gauge({
      name: `${NAMESPACE}_refs_${name}`,
      help: `Gauge representing the different L1/L2 reference block ${what}`,
      labelNames: ['layer', 'type', 'chain'],
      registers,
      collect() {
        this.reset()
        for (const [chainId, { heads }] of current().chains)
          for (const [type, block] of refsOf(heads))
            this.set({ layer: 'l2', type, chain: chainId.toString() }, value(block))
      },
    })
  }
  refs('number', 'numbers', ({ number }) => Number(number))
  refs('time', 'timestamps', ({ timestamp }) => Number(timestamp))
  refs('hash', 'hashes truncated to float values', ({ hash }) => hashValue(hash))
  new Gauge({
    name: `${NAMESPACE}_failsafe_enabled`,
    help: '1 if every check of messages is refused',
    registers,
    collect() {
      this.set(current().failsafe ? 1 : 0)
    },
  })
  new Gauge({
    name: `${NAMESPACE}_safe_l1_number`,
    help: 'The last L1 block that all chains are decided up to',
    registers,
    collect() {
      const tip = current().safety.tip?.l1
      if (tip !== undefined) this.set(Number(tip.number))
    },
  })
}
