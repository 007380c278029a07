import { expect, it } from 'vitest'
import { ChainSnapshots } from './chain-snapshots.ts'

/** Chains that write down what they are asked. */
function chains() {
  const asked: string[] = []
  const chain = (name: string) => {
    let count = 0
    return {
      name,
      gone: false,
      async request<T>({ method, params = [] }: { method: string; params?: readonly unknown[] | undefined }) {
        asked.push([name, method, ...params].join(' '))
        if (method === 'test_revert') return !this.gone as T
        count += 1
        return `0x${name === 'l1' ? count : count + 8}` as T
      },
    }
  }
  const l1 = chain('l1')
  const l2 = [chain('a'), chain('b')]
  return { asked, l1, l2, snapshots: new ChainSnapshots(l1, l2) }
}

it('marks L2 before L1, and goes back in the other order', async () => {
  const { asked, snapshots } = chains()
  expect(await snapshots.take()).toBe('0x1')
  expect(asked.splice(0)).toEqual(['a test_snapshot', 'b test_snapshot', 'l1 test_snapshot'])
  expect(await snapshots.take()).toBe('0x2')
  asked.splice(0)
  await snapshots.revert('0x2')
  expect(asked.splice(0)).toEqual(['l1 test_revert 0x2', 'a test_revert 0x10', 'b test_revert 0x10'])
  await snapshots.revert('0x1')
  expect(asked.splice(0)).toEqual(['l1 test_revert 0x1', 'a test_revert 0x9', 'b test_revert 0x9'])
})

it('uses up a snapshot, and those after it', async () => {
  const { snapshots } = chains()
  const [first, second, third] = [await snapshots.take(), await snapshots.take(), await snapshots.take()]
  await snapshots.revert(second)
  for (const id of [second, third, '0x9', '']) {
    await expect(snapshots.revert(id), id).rejects.toThrow(`there is no snapshot ${id}`)
  }
  await snapshots.revert(first)
  expect(await snapshots.take()).toBe('0x4')
})

it('tells of a chain that cannot go back', async () => {
  const { snapshots, l2 } = chains()
  const id = await snapshots.take()
  ;(l2[1] as { gone: boolean }).gone = true
  await expect(snapshots.revert(id)).rejects.toThrow('b has no snapshot 0x1 any more')
})
