import { expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'

it('writes one JSON line without secrets', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
  logger
    .child({ module: 'rpc' })
    .info({ jwtSecret: 'hidden', nested: { key: 'hidden', deeper: { token: 'hidden' } } }, 'text')
  logger.trace('not at this level')
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('hidden')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    module: 'rpc',
    msg: 'text',
    time: expect.any(String),
  })
})

it('keeps registries apart', async () => {
  expect(await createMetrics().metrics()).toBe('\n')
  expect(await createMetrics({ process: true }).metrics()).toContain('op_sequencer_process_cpu')
  expect(await createMetrics().metrics()).toBe('\n')
})
