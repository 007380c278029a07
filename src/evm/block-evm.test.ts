import { createAddressFromString } from '@ethereumjs/util'
import { describe, expect, it } from 'vitest'
import { type Hex, hexToBytes } from '../primitives/hex.ts'
import type { StateReader } from '../state/diff.ts'
import { Overlay } from '../state/overlay.ts'
import { createEvm } from './chain.ts'
import { StateAdapter } from './state-adapter.ts'

const NOTHING: StateReader = {
  account: () => undefined,
  slot: () => 0n,
  code: () => new Uint8Array(0),
}
const GAS = 1_000_000n

async function run(data: Hex, to?: Hex) {
  const evm = createEvm({
    chainId: 901n,
    rules: { shanghai: true, cancun: true, prague: true, osaka: false },
    state: new StateAdapter(new Overlay(NOTHING)),
    ancestorHash: async () => new Uint8Array(32),
  })
  const caller = createAddressFromString(`0x${'11'.repeat(20)}`)
  const { execResult } = await evm.runCall({
    caller,
    ...(to === undefined ? {} : { to: createAddressFromString(to) }),
    data: hexToBytes(data),
    gasLimit: GAS,
  })
  return execResult
}

const create = (initCode: Hex) => run(initCode)

describe('creation', () => {
  // MSTORE8(0, 0xef), REVERT(0, 32)
  const reverting = '60ef60005360206000fd'

  it('keeps revert data that begins like the code that EIP-3541 forbids', async () => {
    const result = await create(`0x${reverting}`)
    expect(result.exceptionError?.error).toBe('revert')
    expect(result.returnValue).toEqual(hexToBytes(`0xef${'00'.repeat(31)}`))
    expect(result.executionGasUsed).toBeLessThan(100n)
  })

  it('hands such revert data to the creator', async () => {
    // MSTORE(0, reverting), CREATE(0, 22, 10), POP, RETURNDATACOPY(0, 0, 32), REVERT(0, 33)
    const result = await create(`0x69${reverting}600052600a60166000f0506020600060003e60216000fd`)
    expect(result.exceptionError?.error).toBe('revert')
    expect(result.returnValue[0]).toBe(0xef)
    expect(result.executionGasUsed).toBeLessThan(40_000n)
  })

  it('still refuses such code', async () => {
    // MSTORE8(0, 0xef), RETURN(0, 1)
    const result = await create('0x60ef60005360016000f3')
    expect(result.exceptionError).toBeDefined()
    expect(result.executionGasUsed).toBe(GAS)
  })
})

describe('precompiles', () => {
  const ADDRESSES = { pairing: 8, g1Add: 0x0b, g2Add: 0x0d, blsPairing: 0x0f, mapToG1: 0x10 }
  const SIZES = { pairing: 192, g1Add: 256, g2Add: 512, blsPairing: 384, mapToG1: 64 }

  it.each(Object.keys(ADDRESSES) as (keyof typeof ADDRESSES)[])(
    'fail without reverting: %s of what is none of the field',
    async (name) => {
      const to = `0x${ADDRESSES[name].toString(16).padStart(40, '0')}` as const
      // Numbers of 48 bytes behind 16 that are zero, or of 32 bytes: each larger than its field.
      const element = name === 'pairing' ? 'ff'.repeat(32) : `${'00'.repeat(16)}${'ff'.repeat(48)}`
      const result = await run(`0x${element.repeat(SIZES[name] / (element.length / 2))}`, to)
      expect(result.exceptionError).toBeDefined()
      expect(result.exceptionError?.error).not.toBe('revert')
      expect(result.executionGasUsed).toBe(GAS)
      expect(result.returnValue).toHaveLength(0)
    },
  )
})
