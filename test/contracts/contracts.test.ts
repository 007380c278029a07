import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CONTRACTS_FILE, renderContracts } from './compile-contracts.ts'

/** Milliseconds: the compiler takes some seconds, and more on a busy machine. */
const TIMEOUT = 60_000

it(
  'are what the sources say: node test/contracts/compile.ts',
  () => {
    expect(readFileSync(CONTRACTS_FILE, 'utf8')).toBe(renderContracts())
  },
  TIMEOUT,
)
