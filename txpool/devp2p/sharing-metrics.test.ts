import { expect, it } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { registerSharingMetrics } from './sharing-metrics.ts'

it('figures of shared pools are those of the moment', async () => {
  const registry = createMetrics()
  const stats = { received: 0, added: 0, refused: 0, sent: 0, served: 0, dropped: 0 }
  const sharing = { peerCount: 2, stats }
  registerSharingMetrics(registry, [{ chain: 'op-a', sharing }])
  stats.received = 7
  stats.dropped = 1
  const text = await registry.metrics()
  expect(text).toContain('op_sequencer_txpool_devp2p_peers{chain="op-a"} 2')
  expect(text).toContain('op_sequencer_txpool_devp2p_received_total{chain="op-a"} 7')
  expect(text).toContain('op_sequencer_txpool_devp2p_dropped_peers_total{chain="op-a"} 1')
})
