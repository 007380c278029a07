import { expect, it } from 'vitest'
import { type LogFilter, logsOfBlock, logsOfRange } from '../../src/embedded/log-search.ts'
import { type Hash, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { embeddedWorld } from '../support/embedded-world.ts'

const [alice] = devAccounts as [(typeof devAccounts)[0]]

/** Creates a contract whose init code emits two logs: one with topics 7 and `second`, and one without topics. */
async function emitting(nonce: number, second: number): Promise<Uint8Array> {
  const digits = second.toString(16).padStart(2, '0')
  return hexToBytes(
    await alice.account.signTransaction({
      chainId: 901,
      nonce,
      gas: 100_000n,
      data: `0x60${digits}600760206000a260006000a000`,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    }),
  )
}

it('finds the logs of the canonical chain', async () => {
  const { chain, block } = await embeddedWorld(new MemoryStore())
  const first = await block('latest', await emitting(0, 1), await emitting(1, 2))
  const side = await block('latest', await emitting(2, 3))
  await block('latest')
  const tip = await block(first.hash, await emitting(2, 4))
  const find = (filter: Partial<LogFilter>, from = 0n, to = 9n) =>
    logsOfRange(chain, from, to, { addresses: [], topics: [], ...filter })
  const topic = (value: number): Hash => toWord(BigInt(value))
  const places = (filter: Partial<LogFilter>) =>
    find(filter).map(({ blockNumber, transactionIndex, logIndex }) => [blockNumber, transactionIndex, logIndex])

  expect(places({})).toEqual([
    [1n, 1, 0],
    [1n, 1, 1],
    [1n, 2, 2],
    [1n, 2, 3],
    [2n, 1, 0],
    [2n, 1, 1],
  ])
  expect(places({ topics: [[topic(7)]] })).toEqual([
    [1n, 1, 0],
    [1n, 2, 2],
    [2n, 1, 0],
  ])
  expect(places({ topics: [[], [topic(2), topic(4)]] })).toEqual([
    [1n, 2, 2],
    [2n, 1, 0],
  ])
  expect(places({ topics: [[topic(1)]] })).toEqual([])
  expect(places({ topics: [[topic(7)], [topic(3)]] })).toEqual([])
  expect(places({ topics: [[], [], []] })).toEqual([])
  const [, second] = first.transactions.slice(1)
  const address = second?.contractAddress as Hash
  expect(places({ addresses: [address] })).toEqual([
    [1n, 2, 2],
    [1n, 2, 3],
  ])
  expect(find({}, 2n, 2n).map(({ blockHash }) => blockHash)).toEqual([tip.hash, tip.hash])
  expect(find({}, 3n, 2n)).toEqual([])
  expect(find({ topics: [[topic(7)]] }, 2n)).toEqual([
    {
      log: tip.transactions[1]?.receipt.logs[0],
      blockHash: tip.hash,
      blockNumber: 2n,
      blockTimestamp: tip.header.timestamp,
      transactionHash: tip.transactions[1]?.transaction.hash,
      transactionIndex: 1,
      logIndex: 0,
    },
  ])
  // By its hash, a block of a side branch tells its logs, too.
  expect(logsOfBlock(chain, side.hash, { addresses: [], topics: [[], [topic(3)]] })).toHaveLength(1)
})
