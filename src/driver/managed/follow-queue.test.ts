import { expect, it } from 'vitest'
import type { ManagedEvent } from '../../protocol/managed-mode.ts'
import { EventQueue } from './event-queue.ts'
import { followQueue } from './follow-queue.ts'

const reset = (reason: string): ManagedEvent => ({ tag: 'reset', reason })

it('hands events over one after another', async () => {
  const queue = new EventQueue<ManagedEvent>()
  const end = new AbortController()
  const heard: ManagedEvent[] = []
  const gates: (() => void)[] = []
  const followed = followQueue(
    (listener) => queue.subscribe(listener),
    async (event) => {
      heard.push(event)
      await new Promise<void>((resolve) => gates.push(resolve))
    },
    end.signal,
  )
  queue.send(reset('a'))
  queue.send(reset('b'))
  await new Promise(setImmediate)
  expect(heard).toEqual([reset('a')])
  gates[0]?.()
  await new Promise(setImmediate)
  expect(heard).toEqual([reset('a'), reset('b')])
  gates[1]?.()
  end.abort(new Error('enough'))
  await expect(followed).rejects.toThrow('enough')
  // Nobody listens any more.
  queue.send(reset('c'))
  expect(queue.pull()).toEqual(reset('c'))
})

it('ends where somebody else takes them', async () => {
  const queue = new EventQueue<ManagedEvent>()
  const followed = followQueue(
    (listener) => queue.subscribe(listener),
    () => undefined,
    new AbortController().signal,
  )
  await new Promise(setImmediate)
  queue.pull()
  await expect(followed).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE', severity: 'temporary' })
})

it('does not begin where it is over', async () => {
  const queue = new EventQueue<ManagedEvent>()
  await expect(
    followQueue(
      (listener) => queue.subscribe(listener),
      () => undefined,
      AbortSignal.abort(new Error('over')),
    ),
  ).rejects.toThrow('over')
})
