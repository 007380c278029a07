import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { type Address, ZERO_ADDRESS } from '../primitives/hex.ts'
import { UnsafeBlockSigner } from './unsafe-block-signer.ts'

const OLD: Address = `0x${'11'.repeat(20)}`
const NEW: Address = `0x${'22'.repeat(20)}`

function world() {
  const clock = new VirtualClock()
  const state = { address: OLD as Address, fails: false, troubles: 0 }
  const signer = new UnsafeBlockSigner({
    clock,
    load: async () => {
      if (state.fails) throw new Error('no L1')
      return state.address
    },
    onTrouble: () => state.troubles++,
  })
  return { clock, state, signer }
}

describe('the unsafe block signer', () => {
  it('is nobody before the L1 has said so, and where it names nobody', async () => {
    const { signer, state } = world()
    expect(signer.current).toBeUndefined()
    state.address = ZERO_ADDRESS
    await signer.refresh({})
    expect(signer.current).toBeUndefined()
    state.fails = true
    await signer.begin({})
    expect(state.troubles).toBe(1)
    await expect(signer.refresh({})).rejects.toThrow('no L1')
  })

  it('may be the one before until the new one has signed, or for three hours', async () => {
    const { signer, state, clock } = world()
    await signer.refresh({})
    state.address = NEW
    await signer.refresh({})
    expect([signer.current, signer.previous]).toEqual([NEW, OLD])
    // Read again, it is the same.
    await signer.refresh({})
    expect(signer.previous).toBe(OLD)
    await clock.advance(3 * 3_600_000)
    expect(signer.previous).toBe(OLD)
    await clock.advance(1)
    expect(signer.previous).toBeUndefined()
    state.address = OLD
    await signer.refresh({})
    expect(signer.previous).toBe(NEW)
    signer.confirm()
    expect(signer.previous).toBeUndefined()
  })

  it('is read again and again, sooner after a failure', async () => {
    const { signer, state, clock } = world()
    const stop = new AbortController()
    state.fails = true
    const running = signer.run(stop.signal)
    await clock.advance(0)
    expect(state.troubles).toBe(1)
    state.fails = false
    await clock.advance(2_000)
    expect(signer.current).toBe(OLD)
    state.address = NEW
    await clock.advance(59_999)
    expect(signer.current).toBe(OLD)
    await clock.advance(1)
    expect(signer.current).toBe(NEW)
    stop.abort()
    await running
  })
})
