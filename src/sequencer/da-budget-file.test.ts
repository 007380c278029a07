import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readDaBudget, writeDaBudget } from './da-budget-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'da-budget-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a budget is read as it was written', () => {
  const file = join(folder, 'op-a', 'da-budget.json')
  expect(readDaBudget(file)).toBeUndefined()
  const state = { level: -12.5, at: 1_750_000_000_123, rate: 4_000.25 }
  writeDaBudget(file, { ...state, level: 7 })
  writeDaBudget(file, state)
  expect(readDaBudget(file)).toEqual(state)
  expect(readdirSync(join(folder, 'op-a'))).toEqual(['da-budget.json'])
})

test.each(['', 'null', '[]', '{"level":1,"at":2}', '{"level":"1","at":2,"rate":3}', '{"level":1e999,"at":2,"rate":3}'])(
  'what is not a budget is refused: %s',
  (text) => {
    const file = join(folder, 'broken.json')
    writeFileSync(file, text)
    expect(() => readDaBudget(file)).toThrow(/broken\.json cannot be read/)
  },
)
