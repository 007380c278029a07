import { expect } from 'vitest'
import type { localRpc } from '../../support/local-rpc.ts'
import { type JsonRpc, type JsonRpcCall, JsonRpcError } from './json-rpc.ts'

const BATCH = 400
/** Differences that a failure shows, and characters of each value in them. */
const SHOWN = 60
const WIDTH = 160

/** Where two values differ, a line each. */
function differences(ours: unknown, theirs: unknown, path = ''): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
  if (isObject(ours) && isObject(theirs)) {
    const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    return keys.flatMap((key) => differences(ours[key], theirs[key], `${path}.${key}`))
  }
  if (ours === theirs) return []
  const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, WIDTH)
  return [`${path}: ours ${show(ours)}, theirs ${show(theirs)}`]
}

/** An error as both sides tell it: without the words that stand before a parameter's fault. */
function plainError(code: number, message: string): { error: { code: number; message: string } } {
  return { error: { code, message: message.replace(/^invalid (params: |argument \d+: )+(argument [^:]*: )?/, '') } }
}

/** Puts calls to both and expects the same answers. @param adapt makes our answer what the node's release says */
export async function expectSameAnswers(
  node: JsonRpc,
  ours: ReturnType<typeof localRpc>,
  calls: readonly JsonRpcCall[],
  adapt: (answer: unknown, call: JsonRpcCall) => unknown = (answer) => answer,
): Promise<void> {
  const different: string[] = []
  for (let at = 0; at < calls.length; at += BATCH) {
    const part = calls.slice(at, at + BATCH)
    const theirs = await node.batch(part)
    for (const [index, call] of part.entries()) {
      const given = theirs[index]
      const expected =
        given instanceof JsonRpcError
          ? plainError(given.code, given.message.slice(call.method.length + 2).replace(/ \(-?\d+\)$/, ''))
          : { result: given }
      const answer = await ours.answer(call.method, call.params ?? [])
      const plain = 'error' in answer ? plainError(answer.error.code, answer.error.message) : answer
      const adapted = adapt(plain, call)
      const lines = differences(adapted, expected)
      if (lines.length > 0)
        different.push(`${JSON.stringify(call).slice(0, WIDTH)}\n  ${lines.slice(0, 5).join('\n  ')}`)
    }
  }
  const shown = different.slice(0, SHOWN).join('\n')
  expect(different.length, `of ${calls.length} answers differ:\n${shown}`).toBe(0)
}
