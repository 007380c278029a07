import { describe, expect, it } from 'vitest'
import { EventQueue } from './event-queue.ts'

function listener() {
  const heard: (number | 'closed')[] = []
  return { heard, event: (event: number) => void heard.push(event), closed: () => void heard.push('closed') }
}

describe('events that are pulled', () => {
  it('come one by one, in their order', () => {
    const queue = new EventQueue<number>()
    for (const event of [1, 2, 3]) queue.send(event)
    expect([queue.pull(), queue.pull(), queue.pull(), queue.pull()]).toEqual([1, 2, 3, undefined])
  })

  it('are at most a hundred: the oldest go', () => {
    const queue = new EventQueue<number>()
    for (let event = 1; event <= 103; event++) queue.send(event)
    expect(queue.pull()).toBe(4)
    for (let left = 99; left > 0; left--) expect(queue.pull()).toBeDefined()
    expect(queue.pull()).toBeUndefined()
  })
})

describe('a subscriber', () => {
  it('hears what comes from then on', () => {
    const queue = new EventQueue<number>()
    const own = listener()
    queue.send(1)
    const end = queue.subscribe(own)
    queue.send(2)
    expect(own.heard).toEqual([2])
    end()
    queue.send(3)
    expect(own.heard).toEqual([2])
    expect([queue.pull(), queue.pull()]).toEqual([3, undefined])
  })

  it('goes when events are pulled, or another one comes', () => {
    const queue = new EventQueue<number>()
    const [first, second] = [listener(), listener()]
    const end = queue.subscribe(first)
    queue.subscribe(second)
    expect(first.heard).toEqual(['closed'])
    // It is over already.
    end()
    queue.send(1)
    expect(second.heard).toEqual([1])
    expect(queue.pull()).toBeUndefined()
    queue.send(2)
    expect(second.heard).toEqual([1, 'closed'])
    expect(queue.pull()).toBe(2)
  })
})
