import { rpcError } from './errors.ts'

/** Deeper than any call of any namespace; a recursive reader of the parsed value stays far from the stack's end. */
const MAX_JSON_DEPTH = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Index behind the string that opens at `at`, or the end of the text. */
function skipString(text: string, at: number): number {
  let end = at
  for (;;) {
    end = text.indexOf('"', end + 1)
    if (end < 0) return text.length
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
  }
}

/**
 * Whether arrays and objects nest deeper than `limit`. Runs before parsing and does not recurse; strings (most of a
 * large body) are skipped by native search.
 */
function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = skipString(text, at)
        break
      case 0x5b:
      case 0x7b:
        if (++depth > limit) return true
        break
      case 0x5d:
      case 0x7d:
        depth--
        break
    }
  }
  return false
}

/**
 * Parses a request body. Of a duplicate key the last one counts, as in Go; `__proto__` is a key like any other.
 * @throws AppError PARSE_ERROR, or INVALID_REQUEST when it nests too deeply
 */
export function parseJson(text: string): unknown {
  if (nestsDeeper(text, MAX_JSON_DEPTH)) throw rpcError('INVALID_REQUEST', 'invalid request: nested too deeply')
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw rpcError('PARSE_ERROR', 'parse error')
  }
}
