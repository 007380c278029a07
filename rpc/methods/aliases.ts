import type { z } from 'zod'
import { defineMethod, type Method, type MethodDefinition } from '../method.ts'

/** A method, and the names under which users of other nodes know it. */
export function withAliases<Params extends z.ZodTuple, Result extends z.ZodType>(
  definition: MethodDefinition<Params, Result>,
  ...aliases: readonly string[]
): readonly Method[] {
  const summary = `Another name of \`${definition.name}\``
  return [defineMethod(definition), ...aliases.map((name) => defineMethod({ ...definition, name, summary }))]
}
