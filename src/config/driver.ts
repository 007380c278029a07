import { z } from 'zod'
import type { DependencySet } from '../protocol/dependency-set.ts'

/** How a chain's driver goes about it. */
export interface DriverSettings {
  /** Whether the execution layer may fetch unsafe blocks by itself (op-node's `--syncmode execution-layer`). */
  readonly engineSync: boolean
  /** L1 blocks that safe blocks are remembered for until one is final; left out: op-node's 129. */
  readonly finalityLookback?: number
  /** What stands for a block that other chains have made invalid, where a supervisor manages the chain: op-node 1.18.1's (`marked`, when left out), or the specification's. */
  readonly replacement?: 'marked' | 'plain'
  /** The chains with which a supervisor in this process manages it; a file does not say it. */
  readonly managed?: DependencySet
}

/** `chains[].driver`: `true` is as good as an empty section. */
export const driverSchema = z.union([
  z.boolean(),
  z.strictObject({
    sync: z.enum(['consensus-layer', 'execution-layer']).default('consensus-layer'),
    finalityLookback: z.int().positive().optional(),
    replacement: z.enum(['marked', 'plain']).optional(),
  }),
])

/** Undefined: somebody else drives the chain, or nobody. */
export function driverSettings(parsed: z.output<typeof driverSchema>): DriverSettings | undefined {
  if (parsed === false) return undefined
  if (parsed === true) return { engineSync: false }
  const { sync, finalityLookback, replacement } = parsed
  return {
    engineSync: sync === 'execution-layer',
    ...(finalityLookback !== undefined && { finalityLookback }),
    ...(replacement !== undefined && { replacement }),
  }
}
