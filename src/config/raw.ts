/** One problem of a configuration. */
export interface Problem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path of a configuration that is not checked yet; undefined where there is none. */
export function at(raw: unknown, ...path: readonly string[]): unknown {
  let value = raw
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value ?? undefined
}

/** The chains of a configuration that is not checked yet. */
export function rawChains(raw: unknown): readonly unknown[] {
  const chains = at(raw, 'chains')
  return Array.isArray(chains) ? chains : []
}

/** A problem as one line: `chains[0].el.rpc: expected a URL`. */
export function problemLine({ path, message }: Problem): string {
  let text = ''
  for (const key of path) text += typeof key === 'number' ? `[${key}]` : `${text === '' ? '' : '.'}${String(key)}`
  return text === '' ? message : `${text}: ${message}`
}
