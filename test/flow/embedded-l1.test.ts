import { beforeEach, describe, expect, it } from 'vitest'
import { StoredState } from '../../src/embedded/stored-state.ts'
import { hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { Header } from '../../src/protocol/header.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { L1_CHAIN_ID, l1Genesis } from '../peers/support/l1-genesis.ts'
import { embeddedL1World } from '../support/embedded-l1-world.ts'

const GENESIS_TIME = 1_000
const CANCUN = GENESIS_TIME + 12
const PRAGUE = GENESIS_TIME + 24
const WITHDRAWN = `0x${'88'.repeat(20)}` as const
const [alice] = devAccounts as [(typeof devAccounts)[0]]

let w: Awaited<ReturnType<typeof embeddedL1World>>
beforeEach(async () => {
  const config = { cancunTime: CANCUN, pragueTime: PRAGUE }
  w = await embeddedL1World(l1Genesis({ timestamp: GENESIS_TIME, config }))
})

async function transfer(nonce: number): Promise<Uint8Array> {
  const price = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n }
  const to = `0x${'77'.repeat(20)}` as const
  return hexToBytes(
    await alice.account.signTransaction({ chainId: L1_CHAIN_ID, nonce, gas: 30_000n, to, value: 1n, ...price }),
  )
}

describe('L1 jobs on an embedded chain', () => {
  it('build through the upgrades, with withdrawals and trailing labels', async () => {
    const withdrawal = { index: 0n, validatorIndex: 1n, address: WITHDRAWN, amount: 3n }
    const shanghai = await w.seal({ timestamp: BigInt(GENESIS_TIME + 6), withdrawals: [withdrawal] })
    const cancun = await w.seal({ timestamp: BigInt(CANCUN) }, undefined, await transfer(0))
    const prague = await w.seal({}, undefined, await transfer(1))
    const last = await w.seal({})
    expect([shanghai, cancun, prague].map(({ header }) => Object.keys(header).length)).toEqual([17, 20, 21])
    expect(w.chain.labels).toEqual({ head: last.hash, safe: prague.hash, finalized: cancun.hash })
    expect(w.chain.block(shanghai.hash)?.withdrawals).toEqual([withdrawal])
    const state = new StoredState(w.chain.nodes, last.header.stateRoot)
    expect(state.account(WITHDRAWN)?.balance).toBe(3n * 10n ** 9n)
    expect(state.account(alice.address)?.nonce).toBe(2n)
  })

  it('make siblings of any block', async () => {
    const first = await w.seal({})
    const left = await w.seal({}, undefined, await transfer(0))
    const right = await w.seal({ parent: first.hash, extraData: Uint8Array.of(1) })
    expect(w.chain.labels).toMatchObject({ head: right.hash, safe: first.hash })
    await w.jobs.setForkchoice({ head: left.hash }, {})
    expect(w.chain.labels.head).toBe(left.hash)
  })

  it('are told why a block is invalid, in geth’s words', async () => {
    const faults: [Partial<Header>, RegExp][] = [
      [{ gasLimit: 70_000_000n }, /^invalid gas limit: have 70000000, want 60000000 \+\/- 58592$/],
      [{ withdrawalsRoot: ZERO_HASH }, /^withdrawals root hash mismatch \(header value 0{64}, calculated 56e8/],
      [{ excessBlobGas: 1n }, /^invalid excessBlobGas: have 1, want 0$/],
      [{ blobGasUsed: 131_072n }, /^blob gas used mismatch \(header 131072, calculated 0\)$/],
      [{ blobGasUsed: 5n }, /^blob gas used 5 not a multiple of blob gas per blob 131072$/],
      [{ blobGasUsed: 1n << 40n }, /^blob gas used 1099511627776 exceeds maximum allowance 1179648$/],
      [{ requestsHash: ZERO_HASH }, /^invalid requests hash \(remote: 0{64} local: e3b0/],
      [{ extraData: new Uint8Array(33) }, /^invalid extradata length: 33$/],
      [{ stateRoot: ZERO_HASH }, /^invalid merkle root \(remote: 0{64} local: /],
    ]
    for (const [header, validationError] of faults) {
      await expect(w.seal({ timestamp: BigInt(PRAGUE) }, header), validationError.source).rejects.toMatchObject({
        data: { status: 'INVALID', validationError: expect.stringMatching(validationError) },
      })
    }
    expect(w.chain.labels.head).toBe(w.chain.genesis)
  })
})
