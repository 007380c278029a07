import { publicActions } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ActionCase, type Layer, type ViemWorld, viemWorld } from '../support/viem-world.ts'

/** Runs until the callback has been told what the case waits for. */
type Watch<T> = (told: (news: T) => void) => () => void

/** Waits for news, once it is watched for; `cause` brings it about. */
async function news<T>(watch: Watch<T>, cause: () => Promise<unknown>, wanted: (news: T) => boolean): Promise<T> {
  const told = Promise.withResolvers<T>()
  const unwatch = watch((item) => {
    if (wanted(item)) told.resolve(item)
  })
  try {
    // A poll that came first, or a subscription that is there by now, sees what follows.
    for (;;) {
      await cause()
      const again = new Promise<undefined>((resolve) => setTimeout(resolve, 100, undefined))
      const item = await Promise.race([told.promise, again])
      if (item !== undefined) return item
    }
  } finally {
    unwatch()
  }
}

/** The public actions that watch: by polling over HTTP, and by subscription over WebSocket. */
const CASES: Readonly<Record<string, ActionCase>> = {
  async watchBlockHeaders({ socket, test }) {
    const mine = () => test.mine({ blocks: 1 })
    const header = await news<{ number: bigint | null; hash: string | null }>(
      (told) => socket.watchBlockHeaders({ onBlockHeader: told }),
      mine,
      () => true,
    )
    expect(header).toMatchObject({ number: expect.any(BigInt), hash: expect.stringMatching(/^0x/) })
  },
  async watchBlocks({ reads, socket, transfer }) {
    for (const client of [reads, socket]) {
      const block = await news<{ number: bigint | null; transactions: readonly unknown[] }>(
        (told) => client.watchBlocks({ onBlock: told, includeTransactions: true }),
        transfer,
        ({ transactions }) => transactions.length > 0,
      )
      expect(block.transactions.at(-1)).toMatchObject({ blockNumber: block.number })
    }
  },
  async watchBlockNumber({ reads, socket, test }) {
    for (const client of [reads, socket]) {
      const before = await reads.getBlockNumber()
      const number = await news<bigint>(
        (told) => client.watchBlockNumber({ onBlockNumber: told }),
        () => test.mine({ blocks: 1 }),
        (told) => told > before,
      )
      expect(number).toBeGreaterThan(before)
    }
  },
  async watchContractEvent({ reads, socket, token, transfer, bob }) {
    for (const client of [reads, socket]) {
      const logs = await news<readonly unknown[]>(
        (told) =>
          client.watchContractEvent({ ...token, eventName: 'Transfer', args: { to: bob.address }, onLogs: told }),
        transfer,
        () => true,
      )
      expect(logs[0]).toMatchObject({ eventName: 'Transfer', args: { to: bob.address, value: 5n } })
    }
  },
  async watchEvent({ reads, socket, token: { address }, transfer }) {
    for (const client of [reads, socket]) {
      const logs = await news<readonly unknown[]>(
        (told) => client.watchEvent({ address, onLogs: told }),
        transfer,
        () => true,
      )
      expect(logs[0]).toMatchObject({ address: address.toLowerCase(), removed: false })
    }
  },
  async watchPendingTransactions({ reads, socket, transfer }) {
    for (const client of [reads, socket]) {
      const sent = new Set<string>()
      const hashes = await news<readonly string[]>(
        (told) => client.watchPendingTransactions({ onTransactions: told }),
        async () => sent.add((await transfer()).transactionHash),
        () => true,
      )
      expect([...sent]).toEqual(expect.arrayContaining([...hashes]))
    }
  },
}

describe.each<Layer>(['l1', 'l2'])('an action of viem that watches %s', (layer) => {
  let world: ViemWorld

  beforeAll(async () => {
    world = await viemWorld(layer)
  })

  afterAll(() => world.close())

  it('is one of those that are tried here', () => {
    const all = Object.keys(publicActions(world.reads)).filter((name) => name.startsWith('watch'))
    expect(Object.keys(CASES).sort()).toEqual(all.sort())
  })

  for (const [name, run] of Object.entries(CASES)) it(name, () => run(world))
})
