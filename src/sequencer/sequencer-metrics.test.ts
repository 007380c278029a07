import { describe, expect, it } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { BlockPlan, DeliverableBlock } from './ports.ts'
import { registerRefMetrics } from './ref-metrics.ts'
import { SequencerMetrics } from './sequencer-metrics.ts'

/** The lines of metrics, without comments. */
async function lines(registry: ReturnType<typeof createMetrics>, pattern: RegExp): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && pattern.test(line))
}

function clockAt(now: number) {
  const clock = { now: () => clock.at, at: now, sleep: () => Promise.resolve() }
  return clock
}

function block(deposits: number, others: number): DeliverableBlock {
  const of = (type: number, count: number) => Array.from({ length: count }, () => ({ transaction: { type } }))
  return { transactions: [...of(0x7e, deposits), ...of(2, others)] } as unknown as DeliverableBlock
}

describe("a sequencer's figures", () => {
  it('say whether it is active, and what it waits for', async () => {
    const registry = createMetrics()
    const chain = new SequencerMetrics(registry, clockAt(0)).of('op-a', 2000)
    expect(await lines(registry, /sequencer_active/)).toEqual(['op_node_default_sequencer_active{chain="op-a"} 0'])
    chain.activity({ tag: 'waiting', reason: 'syncing' })
    chain.activity({ tag: 'waiting', reason: 'safeLag' })
    expect(await lines(registry, /sequencer_(active|waiting)/)).toEqual([
      'op_node_default_sequencer_active{chain="op-a"} 1',
      'op_sequencer_sequencer_waiting{chain="op-a",reason="syncing"} 0',
      'op_sequencer_sequencer_waiting{chain="op-a",reason="safeLag"} 1',
    ])
    chain.activity({ tag: 'stopped' })
    expect(await lines(registry, /active|safeLag/)).toEqual([
      'op_node_default_sequencer_active{chain="op-a"} 0',
      'op_sequencer_sequencer_waiting{chain="op-a",reason="safeLag"} 0',
    ])
  })

  it('time blocks in the making, and count what is in those that are the head', async () => {
    const registry = createMetrics()
    const clock = clockAt(10_000)
    const chain = new SequencerMetrics(registry, clock).of('op-a', 2000)
    const sealed = block(2, 3)
    const maker = chain.timed({
      async begin() {
        return {
          async seal() {
            clock.at += 40
            return sealed
          },
          cancel: async () => undefined,
        }
      },
    })
    const making = await maker.begin({} as BlockPlan, {})
    clock.at += 1900
    expect(await making.seal({})).toBe(sealed)
    expect(await lines(registry, /diff_(seconds_sum|total)|sealing_(seconds_sum|total)/)).toEqual([
      'op_node_default_sequencer_building_diff_seconds_sum{chain="op-a"} -0.06',
      'op_node_default_sequencer_building_diff_total{chain="op-a"} 1',
      'op_node_default_sequencer_sealing_seconds_sum{chain="op-a"} 0.04',
      'op_node_default_sequencer_sealing_total{chain="op-a"} 1',
    ])
    await (await maker.begin({} as BlockPlan, {})).cancel()
    chain.sealed(sealed, { latenessMs: -60 })
    chain.delivered(sealed, { latenessMs: 20 })
    expect(await lines(registry, /transactions_sequenced|lateness_seconds_sum|diff_total/)).toEqual([
      'op_node_default_sequencer_building_diff_total{chain="op-a"} 1',
      'op_node_default_transactions_sequenced_total{chain="op-a",type="deposits"} 2',
      'op_node_default_transactions_sequenced_total{chain="op-a",type="txns"} 3',
      'op_sequencer_sequencer_lateness_seconds_sum{chain="op-a",event="sealed"} -0.06',
      'op_sequencer_sequencer_lateness_seconds_sum{chain="op-a",event="delivered"} 0.02',
    ])
  })

  it('count what goes wrong, and when it did last', async () => {
    const registry = createMetrics()
    const chain = new SequencerMetrics(registry, clockAt(5_000)).of('op-a', 2000)
    const counts = () => lines(registry, /errors|resets|inconsistent|failures|dropped|abandoned/)
    expect(await counts()).toEqual([
      'op_node_default_sequencing_errors_total{chain="op-a"} 0',
      'op_node_default_publishing_errors_total{chain="op-a"} 0',
      'op_node_default_sequencer_resets_total{chain="op-a"} 0',
      'op_node_default_sequencer_inconsistent_l1_origin_total{chain="op-a"} 0',
    ])
    chain.failed(new AppError('ORIGIN_ORPHANED'), 'l1Reorg')
    chain.failed(new TypeError('anything'), 'blockRefused')
    chain.unpublished()
    chain.dropped()
    chain.abandoned(true)
    expect(await counts()).toEqual([
      'op_node_default_sequencing_errors_total{chain="op-a"} 2',
      'op_node_default_last_sequencing_errors_unix{chain="op-a"} 5',
      'op_node_default_publishing_errors_total{chain="op-a"} 1',
      'op_node_default_last_publishing_errors_unix{chain="op-a"} 5',
      'op_node_default_sequencer_resets_total{chain="op-a"} 1',
      'op_node_default_last_sequencer_resets_unix{chain="op-a"} 5',
      'op_node_default_sequencer_inconsistent_l1_origin_total{chain="op-a"} 1',
      'op_node_default_last_sequencer_inconsistent_l1_origin_unix{chain="op-a"} 5',
      'op_sequencer_sequencer_failures_total{chain="op-a",reason="l1Reorg"} 1',
      'op_sequencer_sequencer_failures_total{chain="op-a",reason="blockRefused"} 1',
      'op_sequencer_sequencer_abandoned_total{chain="op-a",published="true"} 1',
      'op_sequencer_sequencer_dropped_total{chain="op-a"} 1',
    ])
  })
})

describe('heads', () => {
  const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
  const ref = (number: bigint, byte: string): L2BlockRef => ({
    hash: hash(byte),
    number,
    parentHash: hash('00'),
    timestamp: 1_000n + number,
    l1Origin: { hash: hash('0a'), number: 7n },
    sequenceNumber: 3n,
  })

  it('are shown as op-node shows them, as they were when a chain does not answer', async () => {
    const registry = createMetrics()
    const clock = clockAt(1_012_000)
    let answers = true
    registerRefMetrics(registry, clock, [
      {
        chain: 'op-a',
        async heads() {
          if (!answers) throw new AppError('RPC_UNAVAILABLE')
          return {
            unsafe: ref(10n, '01'),
            safe: ref(4n, '02'),
            finalized: undefined,
            headL1: { hash: hash('0b'), number: 9n },
          }
        },
      },
    ])
    const expected = [
      'op_node_default_refs_number{layer="l2",type="l2_unsafe",chain="op-a"} 10',
      'op_node_default_refs_number{layer="l1_origin",type="l2_unsafe",chain="op-a"} 7',
      'op_node_default_refs_number{layer="l2",type="l2_safe",chain="op-a"} 4',
      'op_node_default_refs_number{layer="l1_origin",type="l2_safe",chain="op-a"} 7',
      'op_node_default_refs_number{layer="l1",type="l1_head",chain="op-a"} 9',
      'op_node_default_refs_time{layer="l2",type="l2_unsafe",chain="op-a"} 1010',
      'op_node_default_refs_seqnr{type="l2_unsafe",chain="op-a"} 3',
      'op_node_default_refs_latency{layer="l2",type="l2_unsafe",chain="op-a"} -2',
    ]
    const shown = () => lines(registry, /refs_(number|(time|seqnr|latency).*unsafe)/)
    expect(await shown()).toEqual(expected)
    clock.at += 60_000
    answers = false
    expect(await shown()).toEqual(expected)
    const [line] = await lines(registry, /refs_hash.*"l2".*unsafe/)
    // Eight bytes of 0x01, little-endian.
    expect(Number(line?.split(' ')[1])).toBe(Number(0x0101010101010101n))
  })
})
