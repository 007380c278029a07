import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where the vectors of other projects lie; they are never part of this one. */
const VECTORS = resolve(root, process.env.OP_SEQUENCER_VECTORS ?? '../shared/vectors')

/** Whether vectors are there; a test that needs them reports a skip where they are not. */
export function hasVectors(...path: string[]): boolean {
  return existsSync(resolve(VECTORS, ...path))
}

/** The path of a vector. */
export function vector(...path: string[]): string {
  return resolve(VECTORS, ...path)
}
