import { Counter, Gauge, Histogram } from 'prom-client'
import type { MetricsRegistry } from '../telemetry/metrics.ts'
import type { JobSummary } from './service.ts'

/** What jobs do that takes time. */
export type JobStep = 'open' | 'seal' | 'commit' | 'publish'

/** Hears of what happens to the jobs of one chain. */
export interface JobsObserver {
  /** @param error the code of what went wrong; undefined: nothing did */
  step(step: JobStep, seconds: number, error: string | undefined): void
  /** A transaction was included, or why it was refused. */
  transaction(refusal: string | undefined): void
}

/** The jobs of a chain, as they are counted. */
export interface CountedJobs {
  /** The chain's name. */
  readonly chain: string
  jobs(): readonly JobSummary[]
}

/** Seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The figures of all chains' jobs. */
export class JobMetrics {
  readonly #registry: MetricsRegistry
  readonly #seconds: Histogram<'chain' | 'step'>
  readonly #errors: Counter<'chain' | 'step' | 'error'>
  readonly #transactions: Counter<'chain' | 'outcome'>

  constructor(registry: MetricsRegistry) {
    this.#registry = registry
    const registers = [registry]
    this.#seconds = new Histogram({
      name: 'op_sequencer_builder_step_seconds',
      help: 'Time that a step of a job took, whether it succeeded or not',
      labelNames: ['chain', 'step'],
      buckets: BUCKETS,
      registers,
    })
    this.#errors = new Counter({
      name: 'op_sequencer_builder_errors_total',
      help: 'Steps of jobs that failed, by the name of the error',
      labelNames: ['chain', 'step', 'error'],
      registers,
    })
    this.#transactions = new Counter({
      name: 'op_sequencer_builder_transactions_total',
      help: 'Transactions that callers wanted in a block: included, or by why they were refused',
      labelNames: ['chain', 'outcome'],
      registers,
    })
  }

  /** Those of one chain. */
  of(chain: string): JobsObserver {
    return {
      step: (step, seconds, error) => {
        this.#seconds.observe({ chain, step }, seconds)
        if (error !== undefined) this.#errors.inc({ chain, step, error })
      },
      transaction: (refusal) => this.#transactions.inc({ chain, outcome: refusal ?? 'included' }),
    }
  }

  /** Shows how many jobs there are. Called once. */
  watch(chains: readonly CountedJobs[]): void {
    new Gauge({
      name: 'op_sequencer_builder_jobs',
      help: 'Jobs that are remembered, by their state',
      labelNames: ['chain', 'state'],
      registers: [this.#registry],
      collect() {
        for (const { chain, jobs } of chains) {
          const counts = { open: 0, sealed: 0, cancelled: 0 }
          for (const { state } of jobs()) counts[state]++
          for (const [state, count] of Object.entries(counts)) this.set({ chain, state }, count)
        }
      },
    })
  }
}
