import { describe, expect, it } from 'vitest'
import type { Hex } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { askedWorld } from '../support/asked-world.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const [alice] = devAccounts as [(typeof devAccounts)[0]]
const CONTRACT: Hex = `0x${'c0'.repeat(20)}`
const BOB: Hex = `0x${'77'.repeat(20)}`
/** SSTORE(0, SLOAD(0) + 1), and returns it. */
const COUNTER: Hex = '0x5f54600101805f555f5260205ff3'
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`

interface Simulated {
  readonly number: Hex
  readonly timestamp: Hex
  readonly parentHash: Hex
  readonly hash: Hex
  readonly calls: {
    readonly status: Hex
    readonly returnData: Hex
    readonly error?: unknown
    readonly logs: unknown[]
  }[]
}

describe('simulated blocks', () => {
  it('each begin where the one before ended, and leave the chain as it is', async () => {
    const { ask, chain } = await askedWorld()
    const { head } = chain.labels
    const root = chain.stateRoot(head)
    const count = { from: alice.address, to: CONTRACT }
    const blocks = (await ask('eth_simulateV1', [
      {
        blockStateCalls: [
          { stateOverrides: { [CONTRACT]: { code: COUNTER } }, calls: [count, count] },
          { blockOverrides: { number: '0x4' }, calls: [count] },
        ],
      },
    ])) as Simulated[]
    expect(blocks.map(({ number }) => number)).toEqual(['0x2', '0x3', '0x4'])
    expect(blocks[0]?.parentHash).toBe(head)
    expect(blocks[2]?.parentHash).toBe(blocks[1]?.hash)
    expect(blocks.flatMap(({ calls }) => calls.map(({ returnData }) => returnData))).toEqual([
      word(1),
      word(2),
      word(3),
    ])
    expect(chain.labels.head).toBe(head)
    expect(chain.stateRoot(head)).toBe(root)
  })

  it('show transfers as logs, if asked', async () => {
    const { ask } = await askedWorld()
    const calls = [{ from: alice.address, to: BOB, value: '0x5' }]
    const request = { blockStateCalls: [{ calls }] }
    const [plain] = (await ask('eth_simulateV1', [request])) as Simulated[]
    const [traced] = (await ask('eth_simulateV1', [{ ...request, traceTransfers: true }])) as Simulated[]
    expect(plain?.calls[0]?.logs).toEqual([])
    expect(traced?.calls[0]?.logs).toMatchObject([{ address: `0x${'e'.repeat(40)}`, data: word(5), logIndex: '0x0' }])
    // A block's hash does not depend on who looks.
    expect(traced?.hash).toBe(plain?.hash)
  })

  it('tell what failed, and go on', async () => {
    const { ask } = await askedWorld()
    const stateOverrides = { [CONTRACT]: { code: '0x5f5ffd' }, [BOB]: { code: '0xfe' } }
    const calls = [{ to: CONTRACT, gas: '0x7530' }, { to: BOB, gas: '0x7530' }, { to: alice.address }]
    const [block] = (await ask('eth_simulateV1', [{ blockStateCalls: [{ stateOverrides, calls }] }])) as Simulated[]
    expect(block?.calls.map(({ status, error }) => ({ status, error }))).toEqual([
      { status: '0x0', error: { code: 3, message: 'execution reverted', data: '0x' } },
      { status: '0x0', error: { code: -32015, message: 'invalid opcode: INVALID' } },
      { status: '0x1', error: undefined },
    ])
  })

  it.each([
    [{}, -32602, 'empty input'],
    [{ blockStateCalls: [{ blockOverrides: { number: '0x1' } }] }, -38020, 'block numbers must be in order: 1 <= 1'],
    [{ blockStateCalls: [{ blockOverrides: { time: '0x1' } }] }, -38021, /^block timestamps must be in order/],
    [{ blockStateCalls: [{ blockOverrides: { number: '0x1000' } }] }, -38026, 'too many blocks'],
    [{ blockStateCalls: [{ calls: [{ gas: '0xffffffffff' }] }] }, -38015, /^block gas limit reached/],
    [{ blockStateCalls: [{ calls: [{ gas: '0x1', to: BOB }] }] }, -38013, /^err: intrinsic gas too low/],
    [{ blockStateCalls: [{ calls: [{ value: '0x1', from: CONTRACT }] }] }, -38014, /^err: insufficient funds/],
    [
      { validation: true, blockStateCalls: [{ calls: [{ from: alice.address, nonce: '0x9' }] }] },
      -38011,
      /^err: nonce too high/,
    ],
    [{ validation: true, blockStateCalls: [{ calls: [{ from: alice.address }] }] }, -32602, /less than block base fee/],
    [{ blockStateCalls: [{ calls: [{ to: BOB, authorizationList: [] }] }] }, -32603, /empty auth list/],
  ])('refuse %j', async (request, code, message) => {
    const { ask } = await askedWorld()
    expect(await ask('eth_simulateV1', [request])).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('end when their time is over', async () => {
    const clock = new VirtualClock(0)
    const { ask } = await askedWorld(clock)
    let looks = 0
    // Six seconds pass between two looks at the clock.
    clock.now = () => looks++ * 6_000
    const request = { blockStateCalls: [{ calls: [{ to: BOB }] }] }
    expect(await ask('eth_simulateV1', [request])).toEqual({
      code: -32000,
      message: 'execution aborted (timeout = 5s)',
    })
  })
})
