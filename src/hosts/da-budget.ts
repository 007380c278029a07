import { join } from 'node:path'
import type { L2Settings } from '../config/config.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage } from '../primitives/errors.ts'
import { DaBudget, type DaBudgetState } from '../sequencer/da-budget.ts'
import { readDaBudget, writeDaBudget } from '../sequencer/da-budget-file.ts'
import type { MeasuredDaBudget } from '../sequencer/da-budget-metrics.ts'
import type { ChainStatus, DaAllowance } from '../sequencer/ports.ts'
import type { Logger } from '../telemetry/logger.ts'

/** A chain's budget of data, where it has one. */
export interface HostedDaBudget {
  readonly allowance: DaAllowance
  /** Absent where there is no budget. */
  readonly measured: MeasuredDaBudget | undefined
  /** Works until the signal is aborted, and writes down what is left then. */
  run(signal: AbortSignal): Promise<void>
}

/** Between two looks at the safe head, and at what is to be written down, in milliseconds. */
const LOOK_MS = 1000

const NO_BUDGET: HostedDaBudget = {
  allowance: {
    next: () => ({}),
    built() {
      // Nobody limits blocks beyond what a batcher asks for.
    },
  },
  measured: undefined,
  run: async () => undefined,
}

function stateBefore(file: string | undefined): DaBudgetState | undefined {
  try {
    return file === undefined ? undefined : readDaBudget(file)
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { message: `datadir: ${errorMessage(cause)}`, cause })
  }
}

/** A chain's budget, kept in the data folder where there is one. @throws AppError CONFIG_INVALID */
export function hostedDaBudget(
  { name, rollup, sequencer }: L2Settings,
  status: ChainStatus,
  datadir: string | undefined,
  logger: Logger,
): HostedDaBudget {
  const settings = sequencer?.daBudget
  if (settings === undefined) return NO_BUDGET
  const file = datadir && join(datadir, name, 'da-budget.json')
  const budget = new DaBudget(settings, systemClock, Number(rollup.blockTime) * 1000, stateBefore(file))
  const keep = (): void => {
    const state = file === undefined ? undefined : budget.takeChange()
    if (file === undefined || state === undefined) return
    try {
      writeDaBudget(file, state)
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, 'the budget of data cannot be written down')
    }
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    if (!budget.measures) return
    // While nobody tells, nothing is known to be safe: the sequencer says why it waits.
    const heads = await status.read({ signal }).catch(() => undefined)
    if (heads?.safe !== undefined) budget.safe(heads.safe.number)
  }
  return {
    allowance: budget,
    measured: { chain: name, budget },
    async run(signal) {
      while (!signal.aborted) {
        await look(signal)
        keep()
        await systemClock.sleep(LOOK_MS, { signal }).catch(() => undefined)
      }
      keep()
    },
  }
}
