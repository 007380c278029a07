import { expect } from 'vitest'
import { type JsonRpc, JsonRpcError } from './json-rpc.ts'

/** What a call came to. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }

/** Without null fields: a Go program states a field that is not there as null or leaves it out, and reads both alike. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== null)
  return Object.fromEntries(fields.map(([key, field]) => [key, withoutNulls(field)]))
}

async function answerOf(rpc: JsonRpc, method: string, params: readonly unknown[]): Promise<Answer> {
  try {
    return { result: withoutNulls(await rpc.call(method, params)) }
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    const { code, data } = error
    return { error: { code, message: error.text, ...(data === undefined ? {} : { data }) } }
  }
}

/** Two Engine APIs that are to give the same answers. */
export class EnginePair {
  readonly #ours: JsonRpc
  readonly #theirs: JsonRpc
  readonly #adapt: (result: unknown) => unknown
  /** Calls that were compared. */
  compared = 0

  /** @param adapt takes out of results what each makes of its own will */
  constructor(ours: JsonRpc, theirs: JsonRpc, adapt: (result: unknown) => unknown = (result) => result) {
    this.#ours = ours
    this.#theirs = theirs
    this.#adapt = adapt
  }

  /** Puts a call to both, and expects the same answer. @param what the call is, for a failure's message */
  async same(what: string, method: string, params: readonly unknown[]): Promise<Answer> {
    const theirs = await answerOf(this.#theirs, method, params)
    const ours = await answerOf(this.#ours, method, params)
    const adapted = (answer: Answer): Answer => ('error' in answer ? answer : { result: this.#adapt(answer.result) })
    expect(adapted(ours), `${method}: ${what}`).toEqual(adapted(theirs))
    this.compared++
    return theirs
  }

  /** As {@link same}, for calls that must not fail. */
  async result<T>(what: string, method: string, params: readonly unknown[]): Promise<T> {
    const answer = await this.same(what, method, params)
    expect(answer, `${method}: ${what}`).toHaveProperty('result')
    return (answer as { result: T }).result
  }

  /** As {@link same}, for calls whose refusal has words of our own: the codes are the same. */
  async sameCode(what: string, method: string, params: readonly unknown[]): Promise<void> {
    const code = (answer: Answer): number | undefined => ('error' in answer ? answer.error.code : undefined)
    const theirs = code(await answerOf(this.#theirs, method, params))
    expect(theirs, `${method}: ${what}`).toBeDefined()
    expect(code(await answerOf(this.#ours, method, params)), `${method}: ${what}`).toBe(theirs)
    this.compared++
  }
}
