import { Gauge } from 'prom-client'
import type { Clock } from '../primitives/clock.ts'
import { type Hash, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId, L2BlockRef } from '../protocol/refs.ts'
import type { MetricsRegistry } from '../telemetry/metrics.ts'

/** Where a chain is, as far as figures are made of it. */
export interface MeasuredHeads {
  readonly unsafe: L2BlockRef
  readonly safe: L2BlockRef | undefined
  readonly finalized: L2BlockRef | undefined
  readonly currentL1?: BlockId
  readonly headL1?: BlockId
}

/** A chain whose heads are shown. */
export interface HeadsOfChain {
  /** The chain's name. */
  readonly chain: string
  /** Undefined: nothing is known of it yet. */
  heads(io: IoOptions): Promise<MeasuredHeads | undefined>
}

/** Milliseconds that a chain has to answer. What it does not answer keeps its last figures. */
const PATIENCE = 2_000

interface Ref {
  readonly layer: string
  readonly type: string
  readonly number: bigint
  readonly hash: Hash
  /** Unix seconds. */
  readonly timestamp?: bigint
  readonly sequenceNumber?: bigint
}

function refsOf({ unsafe, safe, finalized, currentL1, headL1 }: MeasuredHeads): readonly Ref[] {
  const l2 = (type: string, ref: L2BlockRef | undefined): Ref[] =>
    ref === undefined
      ? []
      : [
          {
            layer: 'l2',
            type,
            number: ref.number,
            hash: ref.hash,
            timestamp: ref.timestamp,
            sequenceNumber: ref.sequenceNumber,
          },
          { layer: 'l1_origin', type, number: ref.l1Origin.number, hash: ref.l1Origin.hash },
        ]
  const l1 = (type: string, id: BlockId | undefined): Ref[] =>
    id === undefined ? [] : [{ layer: 'l1', type, number: id.number, hash: id.hash }]
  return [
    ...l2('l2_unsafe', unsafe),
    ...l2('l2_safe', safe),
    ...l2('l2_finalized', finalized),
    ...l1('l1_head', headL1),
    ...l1('l1_derived', currentL1),
  ]
}

/** The first eight bytes as a number, so that a graph shows where hashes part. */
function hashValue(hash: Hash): number {
  return Number(new DataView(hexToBytes(hash).buffer).getBigUint64(0, true))
}

type Labels = 'layer' | 'type' | 'chain'

/** Shows where chains are, under op-node's names. @see op-service: metrics/ref_metrics.go */
export function registerRefMetrics(registry: MetricsRegistry, clock: Clock, chains: readonly HeadsOfChain[]): void {
  const seen = new Map<string, Hash>()
  let reading: Promise<void> | undefined

  /** The gauges are collected at once, and want the same answers. */
  function refresh(): Promise<void> {
    reading ??= Promise.all(chains.map(read)).then(() => {
      reading = undefined
    })
    return reading
  }

  function gauge<Label extends string>(name: string, what: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({
      name: `op_node_default_refs_${name}`,
      help: `Gauge representing the different ${what}`,
      labelNames,
      registers: [registry],
      collect: refresh,
    })
  }

  const labels: readonly Labels[] = ['layer', 'type', 'chain']
  const numbers = gauge('number', 'L1/L2 reference block numbers', labels)
  const times = gauge('time', 'L1/L2 reference block timestamps', labels)
  const hashes = gauge('hash', 'L1/L2 reference block hashes truncated to float values', labels)
  const sequenceNumbers = gauge('seqnr', 'L2 reference sequence numbers', ['type', 'chain'])
  const latencies = gauge('latency', 'L1/L2 reference block timestamps minus current time, in seconds', labels)

  async function read({ chain, heads }: HeadsOfChain): Promise<void> {
    const found = await heads({ signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined)
    for (const ref of found === undefined ? [] : refsOf(found)) show(chain, ref)
  }

  function show(chain: string, { layer, type, number, hash, timestamp, sequenceNumber }: Ref): void {
    const at = { layer, type, chain }
    numbers.set(at, Number(number))
    hashes.set(at, hashValue(hash))
    if (sequenceNumber !== undefined) sequenceNumbers.set({ type, chain }, Number(sequenceNumber))
    if (timestamp === undefined) return
    times.set(at, Number(timestamp))
    const key = `${chain} ${type}`
    // Of when a block was seen first, not of how long ago that was.
    if (seen.get(key) !== hash) latencies.set(at, Number(timestamp) - clock.now() / 1000)
    seen.set(key, hash)
  }
}
