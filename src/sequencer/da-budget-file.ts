import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError, errorMessage } from '../primitives/errors.ts'
import type { DaBudgetState } from './da-budget.ts'

/** `DA_BUDGET_INVALID`: what a budget was kept in cannot be read, or is something else. */
export type DaBudgetFileErrorCode = 'DA_BUDGET_INVALID'

function parse(text: string): DaBudgetState {
  const json = JSON.parse(text) as Partial<Record<keyof DaBudgetState, unknown>> | null
  const number = (key: keyof DaBudgetState): number => {
    const value = json?.[key]
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(`expected a number at ${key}`)
    return value
  }
  return { level: number('level'), at: number('at'), rate: number('rate') }
}

/**
 * What another process left; undefined where none did.
 * @throws AppError DA_BUDGET_INVALID
 */
export function readDaBudget(file: string): DaBudgetState | undefined {
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const message = `${file} cannot be read: ${errorMessage(cause)}`
    throw new AppError<DaBudgetFileErrorCode>('DA_BUDGET_INVALID', { message, cause })
  }
}

/** Keeps a budget's state: all of it or nothing. @throws what the file system throws */
export function writeDaBudget(file: string, state: DaBudgetState): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.tmp`, JSON.stringify(state))
  renameSync(`${file}.tmp`, file)
}
