const SHOWN = 200

/** Where two answers are not the same: a line each, at most `limit`. */
export function differingLeaves(theirs: unknown, ours: unknown, limit = 6, path = ''): readonly string[] {
  if (Object.is(theirs, ours)) return []
  if (!isTree(theirs) || !isTree(ours) || Array.isArray(theirs) !== Array.isArray(ours)) {
    return [`${path}: theirs ${shown(theirs)}, ours ${shown(ours)}`]
  }
  const lines: string[] = []
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    if (lines.length >= limit) break
    lines.push(...differingLeaves(theirs[key], ours[key], limit - lines.length, `${path}.${key}`))
  }
  return lines
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'string' && value.length > SHOWN) return `${value.slice(0, SHOWN)}… (${value.length} characters)`
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}
