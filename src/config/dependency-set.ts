import { z } from 'zod'
import { schemaErrors, uintNumber } from '../protocol/config-schema.ts'
import { type DependencySet, MESSAGE_EXPIRY_WINDOW } from '../protocol/dependency-set.ts'
import type { FileSchemas } from './files.ts'

/** Of 256 bits, as op-node takes them: decimal, without leading zeros. */
const chainId = z
  .string()
  .regex(/^(0|[1-9][0-9]*)$/, 'expected a decimal chain id')
  .refine((text) => text.length <= 78 && BigInt(text) < 1n << 256n, 'is too large for a chain id')

const schema = z
  .object({
    // What older versions stated of a chain (an index, an activation time) says nothing any more.
    dependencies: z.record(chainId, z.looseObject({}).nullable()),
    overrideMessageExpiryWindow: uintNumber.optional(),
  })
  .refine(({ dependencies }) => Object.keys(dependencies).length > 0, {
    path: ['dependencies'],
    message: 'expected at least one chain',
  })
  .transform(
    ({ dependencies, overrideMessageExpiryWindow: window = 0n }): DependencySet => ({
      chainIds: Object.keys(dependencies)
        .map(BigInt)
        .sort((a, b) => (a < b ? -1 : 1)),
      messageExpiryWindow: window === 0n ? MESSAGE_EXPIRY_WINDOW : window,
    }),
  )

/**
 * Schema of a value that names a dependency set's file: `{"dependencies": {"901": {}, …}, "overrideMessageExpiryWindow"?: seconds}`.
 * @see op-supervisor, depset.StaticConfigDependencySet
 */
export function dependencySetFile(files: Pick<FileSchemas, 'json'>): z.ZodType<DependencySet, string> {
  return files.json.transform(({ path, json }, context): DependencySet => {
    const parsed = schema.safeParse(json)
    if (parsed.success) return parsed.data
    for (const line of schemaErrors(parsed.error)) context.addIssue(`${path}: ${line}`)
    return z.NEVER
  })
}
