import { expect, it } from 'vitest'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { registerPoolMetrics } from './pool-metrics.ts'

it('a pool whose chain does not answer keeps its last figures', async () => {
  const registry = createMetrics()
  let answers = true
  const status = async () => {
    if (!answers) throw new Error('no answer')
    return { pending: 3, queued: 1 }
  }
  registerPoolMetrics(registry, [{ chain: 'op-a', pool: { status } }])
  const shown = async (): Promise<readonly string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const expected = [
    'op_sequencer_txpool_transactions{chain="op-a",state="pending"} 3',
    'op_sequencer_txpool_transactions{chain="op-a",state="queued"} 1',
  ]
  expect(await shown()).toEqual(expected)
  answers = false
  expect(await shown()).toEqual(expected)
})
