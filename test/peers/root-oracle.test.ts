import { describe, expect, it } from 'vitest'
import { type Address, type Hash, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type Sealed, startSequencedChain, type TxResult } from './support/op-sequencer.ts'
import { WRITER_CODE, writerInput } from './support/storage-world.ts'

/** More hashed digits in common than a key can be made up for in reasonable time. */
const SHARED_DIGITS = 7

/** Two slots whose hashes begin alike, found by trying: a birthday among some ten thousand. */
function twins(): [Hash, Hash] {
  const seen = new Map<string, Hash>()
  for (let i = 0n; ; i++) {
    const slot = toWord(i)
    const prefix = keccakHash(hexToBytes(slot)).slice(0, 2 + SHARED_DIGITS)
    const other = seen.get(prefix)
    if (other !== undefined) return [other, slot]
    seen.set(prefix, slot)
  }
}

describe('a root that nothing tells', () => {
  it('is asked of the node, which refuses the block and says what it should have been', async () => {
    const contract: Address = `0x${'c0'.repeat(20)}`
    const [deleted, sibling] = twins()
    const alloc = {
      [contract]: {
        balance: '0x0',
        code: WRITER_CODE,
        storage: { [deleted]: toWord(1n), [sibling]: toWord(2n), [toWord(2n ** 200n)]: toWord(3n) },
      },
    } as const
    const elFlags = ['--http.api', 'eth,net,web3']
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian'), alloc, elFlags })
    const { rpc } = chain.sequencer
    const write = async (nonce: number, writes: [Hash, bigint][]): Promise<string> =>
      user.account.signTransaction({
        chainId: chain.chainId,
        nonce,
        gas: 200_000n,
        to: contract,
        data: writerInput(writes),
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 1n,
      })
    const job = await rpc.call<string>('test_open', [])
    const result = await rpc.call<TxResult>('test_includeRaw', [job, await write(0, [[deleted, 0n]])])
    expect(result.status).toBe('0x1')
    const sealed = await rpc.call<Sealed>('test_seal', [job])
    expect(await chain.el.rpc.call('eth_getBlockByNumber', ['latest', true])).toEqual(sealed.block)
    // The next block reads what this one left behind.
    const next = await rpc.call<string>('test_open', [])
    await rpc.call('test_includeRaw', [next, await write(1, [[sibling, 5n]])])
    const { hash } = await rpc.call<Sealed>('test_seal', [next])
    expect((await chain.el.block('latest')).hash).toBe(hash)
    expect(await chain.el.rpc.call('eth_getStorageAt', [contract, sibling, 'latest'])).toBe(toWord(5n))
  })
})
