import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { registerDriverMetrics } from './driver-metrics.ts'
import { INITIAL_STATE } from './driver-state.ts'
import type { TraceEvent } from './trace.ts'

it('counts what effects have come to, and shows where the driver stands', async () => {
  const registry = new Registry()
  let state = INITIAL_STATE
  let tell: (event: TraceEvent) => void = () => undefined
  const driver = {
    get state() {
      return state
    },
    onTrace(listener: (event: TraceEvent) => void) {
      tell = listener
      return () => undefined
    },
  }
  registerDriverMetrics(registry, [{ chain: 'op-a', driver }])
  const value = async (line: string): Promise<string | undefined> =>
    (await registry.metrics())
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length + 1)
  expect(await value('op_node_default_derivation_idle{chain="op-a"}')).toBe('0')
  expect(await value('op_node_default_pipeline_resets_total{chain="op-a"}')).toBe('0')
  const event = { at: 0, why: '', ms: 0, before: state, after: state }
  tell({ ...event, effect: 'safety-reversal', result: 'applied' })
  tell({ ...event, effect: 'safety-reversal', result: 'temporary' })
  tell({ ...event, effect: 'unsafe-processing', result: 'stale' })
  state = { ...state, derivation: { tag: 'exhausted', origin: undefined }, halted: 'why' }
  expect(await value('op_node_default_pipeline_resets_total{chain="op-a"}')).toBe('1')
  expect(await value('op_node_default_derivation_errors_total{chain="op-a"}')).toBe('1')
  expect(await value('op_sequencer_driver_effects_total{chain="op-a",effect="unsafe-processing",result="stale"}')).toBe(
    '1',
  )
  expect(await value('op_node_default_derivation_idle{chain="op-a"}')).toBe('1')
  expect(await value('op_sequencer_driver_halted{chain="op-a"}')).toBe('1')
})
