/** A heap that never changes: what is made of it shares what it has in common with it. */
export interface Heap<T> {
  /** Nothing in the heap comes before it. */
  readonly item: T
  /** The length of the shortest way down; the left way is never the shorter one. */
  readonly rank: number
  readonly left: Heap<T> | undefined
  readonly right: Heap<T> | undefined
}

/** Whether one item comes before another. */
export type Before<T> = (a: T, b: T) => boolean

/** Both heaps in one, in as many steps as the logarithms of their sizes. */
function mergeHeaps<T>(a: Heap<T> | undefined, b: Heap<T> | undefined, before: Before<T>): Heap<T> | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const [top, other] = before(b.item, a.item) ? [b, a] : [a, b]
  const merged = mergeHeaps(top.right, other, before)
  const [left, right] = (top.left?.rank ?? 0) < (merged?.rank ?? 0) ? [merged, top.left] : [top.left, merged]
  return { item: top.item, rank: (right?.rank ?? 0) + 1, left, right }
}

/** The heap with one more item. */
export function insertInto<T>(heap: Heap<T> | undefined, item: T, before: Before<T>): Heap<T> {
  return mergeHeaps(heap, { item, rank: 1, left: undefined, right: undefined }, before) as Heap<T>
}

/** The heap without its first item. */
export function withoutFirst<T>(heap: Heap<T>, before: Before<T>): Heap<T> | undefined {
  return mergeHeaps(heap.left, heap.right, before)
}

/** A heap of items, in as many steps as there are of them. */
export function heapOf<T>(items: Iterable<T>, before: Before<T>): Heap<T> | undefined {
  let heaps: (Heap<T> | undefined)[] = Array.from(items, (item) => insertInto(undefined, item, before))
  while (heaps.length > 1) {
    const pairs: (Heap<T> | undefined)[] = []
    for (let at = 0; at < heaps.length; at += 2) pairs.push(mergeHeaps(heaps[at], heaps[at + 1], before))
    heaps = pairs
  }
  return heaps[0]
}
