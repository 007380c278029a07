import { expect, it } from 'vitest'
import { createMetrics } from '../telemetry/metrics.ts'
import { registerDaMetrics } from './da-metrics.ts'
import { JobMetrics } from './job-metrics.ts'
import type { JobStateName, JobSummary } from './service.ts'

async function lines(registry: ReturnType<typeof createMetrics>, pattern: RegExp): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && pattern.test(line))
}

it("jobs' figures: how long steps take, what fails, what is refused, how many there are", async () => {
  const registry = createMetrics()
  const metrics = new JobMetrics(registry)
  const chain = metrics.of('op-a')
  chain.step('open', 0.02, undefined)
  chain.step('commit', 0.3, 'COMMIT_REFUSED')
  chain.transaction(undefined)
  chain.transaction('nonceTooLow')
  const jobs = (['open', 'open', 'sealed'] as JobStateName[]).map((state) => ({ state }) as JobSummary)
  metrics.watch([{ chain: 'op-a', jobs: () => jobs }])
  const shown = /_(sum|count)\{|errors_total|transactions_total|builder_jobs/
  expect(await lines(registry, shown)).toEqual([
    'op_sequencer_builder_step_seconds_sum{chain="op-a",step="open"} 0.02',
    'op_sequencer_builder_step_seconds_count{chain="op-a",step="open"} 1',
    'op_sequencer_builder_step_seconds_sum{chain="op-a",step="commit"} 0.3',
    'op_sequencer_builder_step_seconds_count{chain="op-a",step="commit"} 1',
    'op_sequencer_builder_errors_total{chain="op-a",step="commit",error="COMMIT_REFUSED"} 1',
    'op_sequencer_builder_transactions_total{chain="op-a",outcome="included"} 1',
    'op_sequencer_builder_transactions_total{chain="op-a",outcome="nonceTooLow"} 1',
    'op_sequencer_builder_jobs{chain="op-a",state="open"} 2',
    'op_sequencer_builder_jobs{chain="op-a",state="sealed"} 1',
    'op_sequencer_builder_jobs{chain="op-a",state="cancelled"} 0',
  ])
  jobs.length = 0
  expect(await lines(registry, /state="open"/)).toEqual(['op_sequencer_builder_jobs{chain="op-a",state="open"} 0'])
})

it("a batcher's limits", async () => {
  const registry = createMetrics()
  const throttle = { limits: { transaction: 0n, block: 0n } }
  registerDaMetrics(registry, [{ chain: 'op-a', throttle }])
  throttle.limits = { transaction: 300n, block: 20_000n }
  expect(await lines(registry, /./)).toEqual([
    'op_sequencer_da_limit_bytes{chain="op-a",of="transaction"} 300',
    'op_sequencer_da_limit_bytes{chain="op-a",of="block"} 20000',
  ])
})
