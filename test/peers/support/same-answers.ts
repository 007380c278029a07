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

/**
 * geth looks at the blocks of a fee history beside each other, and each writes its own base fee and that of the block after it: where an
 * upgrade changes the rule in between, what is there depends on who came last. The order of the blocks is the usual one.
 */
const RACES = 'eth_feeHistory'
/** Times that such a call is made again. */
const AGAIN = 10

/** What a node answers, in the form of our answers. */
function answerOf(given: unknown, { method }: JsonRpcCall): unknown {
  if (!(given instanceof JsonRpcError)) return { result: given }
  return plainError(given.code, given.message.slice(method.length + 2).replace(/ \(-?\d+\)$/, ''))
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
      const answer = await ours.answer(call.method, call.params ?? [])
      const plain = 'error' in answer ? plainError(answer.error.code, answer.error.message) : answer
      const adapted = adapt(plain, call)
      let lines = differences(adapted, answerOf(theirs[index], call))
      for (let turn = 0; call.method === RACES && lines.length > 0 && turn < AGAIN; turn++) {
        const [again] = await node.batch([call])
        lines = differences(adapted, answerOf(again, call))
      }
      if (lines.length > 0)
        different.push(`${JSON.stringify(call).slice(0, WIDTH)}\n  ${lines.slice(0, 5).join('\n  ')}`)
    }
  }
  const shown = different.slice(0, SHOWN).join('\n')
  expect(different.length, `of ${calls.length} answers differ:\n${shown}`).toBe(0)
}
