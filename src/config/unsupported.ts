import { at, type Problem } from './raw.ts'

/** Part of the contract that this build does not serve: a configuration that asks for it is refused, never ignored. */
interface Gap {
  readonly path: readonly string[]
  /** Whether a value that is there asks for it. */
  readonly asks: (value: unknown) => boolean
  readonly what: string
}

const present = (): boolean => true

const SERVICE_GAPS: readonly Gap[] = [{ path: ['supervisor'], asks: present, what: 'a hosted supervisor' }]

function find(raw: unknown, prefix: readonly PropertyKey[], gaps: readonly Gap[]): Problem[] {
  return gaps.flatMap(({ path, asks, what }) => {
    const value = at(raw, ...path)
    if (value === undefined || !asks(value)) return []
    return [{ path: [...prefix, ...path], message: `${what} is not supported by this version` }]
  })
}

/** What a configuration asks for that this build does not serve. */
export function unsupported(raw: unknown): readonly Problem[] {
  return find(raw, [], SERVICE_GAPS)
}
