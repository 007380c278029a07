import { Gauge } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { DaBudgetFigures } from './da-budget.ts'

/** A chain's budget, as its figures are read. */
export interface MeasuredDaBudget {
  /** The chain's name. */
  readonly chain: string
  readonly budget: { readonly figures: DaBudgetFigures }
}

/** Shows what chains may put on L1, and what they do. */
export function registerDaBudgetMetrics(registry: MetricsRegistry, budgets: readonly MeasuredDaBudget[]): void {
  const gauge = (name: string, help: string, read: (figures: DaBudgetFigures) => number | undefined): void => {
    new Gauge({
      name: `op_sequencer_sequencer_da_budget_${name}`,
      help,
      labelNames: ['chain'],
      registers: [registry],
      collect() {
        for (const { chain, budget } of budgets) {
          const value = read(budget.figures)
          if (value !== undefined) this.set({ chain }, value)
        }
      },
    })
  }
  gauge('level_bytes', 'Bytes that the next block may put on L1; below zero: owed', ({ level }) => level)
  gauge('rate_bytes', 'Bytes a second that blocks may put on L1 on average', ({ rate }) => rate)
  gauge('backlog_bytes', 'Bytes of blocks that are not safe, where the rate is measured', ({ backlog }) => backlog)
  gauge('used_bytes_total', 'Bytes that blocks put on L1, by the protocol’s estimate', ({ bytes }) => bytes)
  gauge('blocks_total', 'Blocks that were counted', ({ blocks }) => blocks)
  gauge(
    'over_blocks_total',
    'Blocks that took more than they were allowed, or would have been in a dry run',
    ({ over }) => over,
  )
}
