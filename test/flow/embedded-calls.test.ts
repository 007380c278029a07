import { describe, expect, it } from 'vitest'
import { storedStates } from '../../src/embedded/builder-ports.ts'
import { systemClock } from '../../src/primitives/clock.ts'
import type { Hex } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { askedWorld } from '../support/asked-world.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const [alice] = devAccounts as [(typeof devAccounts)[0]]
const CONTRACT: Hex = `0x${'c0'.repeat(20)}`
const BOB: Hex = `0x${'77'.repeat(20)}`
/** SSTORE(0, 1), and returns what BALANCE says of the caller. */
const WRITER: Hex = '0x60015f55335f5260205ff3'
/** JUMPDEST PUSH0 JUMP */
const LOOP: Hex = '0x5b5f56'

describe('calls on an embedded chain', () => {
  it('change no state', async () => {
    const { ask, chain } = await askedWorld()
    const root = chain.stateRoot(chain.labels.head)
    const state = { [CONTRACT]: { code: WRITER } }
    const message = { from: alice.address, to: CONTRACT, value: '0x5' }
    const first = await ask('eth_call', [message, 'latest', state])
    expect(first).toBe(`0x${alice.address.slice(2).padStart(64, '0')}`)
    await ask('eth_estimateGas', [message, 'latest', state])
    expect(await ask('eth_call', [message, 'latest', state])).toBe(first)
    expect(chain.stateRoot(chain.labels.head)).toBe(root)
    expect(await storedStates(chain)({ hash: chain.labels.head, stateRoot: root }).account(CONTRACT)).toBeUndefined()
  })

  it('see the state after the block that is named', async () => {
    const { ask } = await askedWorld()
    const balanceOf = `0x73${BOB.slice(2)}315f5260205ff3`
    const state = { [CONTRACT]: { code: balanceOf } }
    expect(await ask('eth_call', [{ to: CONTRACT }, 'latest', state])).toBe(`0x${'1'.padStart(64, '0')}`)
    expect(await ask('eth_call', [{ to: CONTRACT }, 'earliest', state])).toBe(`0x${'0'.padStart(64, '0')}`)
    expect(await ask('eth_call', [{ to: CONTRACT }, '0x9', state])).toEqual({
      code: -32000,
      message: 'header not found',
    })
  })

  it('are given as much gas as a call may have, and no more', async () => {
    const { ask } = await askedWorld()
    const state = { [CONTRACT]: { code: '0x5a5f5260205ff3' } }
    const gas = BigInt((await ask('eth_call', [{ to: CONTRACT, gas: '0xffffffffff' }, 'latest', state])) as Hex)
    expect(gas).toBe(50_000_000n - 21_000n - 2n)
  })

  it('end when the caller goes', async () => {
    const { ask } = await askedWorld(systemClock)
    const left = new AbortController()
    const reason = new Error('left')
    setImmediate(() => left.abort(reason))
    const state = { [CONTRACT]: { code: LOOP } }
    await expect(ask('eth_call', [{ to: CONTRACT }, 'latest', state], left.signal)).rejects.toBe(reason)
  })

  it('end when their time is over', async () => {
    const clock = new VirtualClock(0)
    const { ask } = await askedWorld(clock)
    let looks = 0
    // Six seconds pass between two looks at the clock.
    clock.now = () => looks++ * 6_000
    const state = { [CONTRACT]: { code: LOOP } }
    expect(await ask('eth_call', [{ to: CONTRACT }, 'latest', state])).toEqual({
      code: -32000,
      message: 'execution aborted (timeout = 5s)',
    })
  })

  it('tell what they reverted with', async () => {
    const { ask } = await askedWorld()
    const state = { [CONTRACT]: { code: '0x6312345678 5f526004601cfd'.replace(' ', '') } }
    expect(await ask('eth_call', [{ to: CONTRACT }, 'latest', state])).toEqual({
      code: 3,
      message: 'execution reverted',
      data: '0x12345678',
    })
    expect(await ask('eth_estimateGas', [{ to: CONTRACT }, 'latest', state])).toMatchObject({ code: 3 })
  })
})
