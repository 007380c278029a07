import { createAddressFromString } from '@ethereumjs/util'
import { describe, expect, it } from 'vitest'
import { bytesToBigInt, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { StateReader } from '../state/diff.ts'
import { Overlay } from '../state/overlay.ts'
import { createEvm } from './chain.ts'
import { StateAdapter } from './state-adapter.ts'

const NOTHING: StateReader = {
  account: () => undefined,
  slot: () => 0n,
  code: () => new Uint8Array(0),
}
const CONTRACT: Hex = `0x${'c0'.repeat(20)}`
/** Has code that looks like a container of EIP-3540. */
const ODD: Hex = `0x${'0d'.repeat(20)}`
const ODD_CODE = hexToBytes('0xef000142')
const GAS = 1_000_000n

function overlayWith(code: Hex): Overlay {
  const overlay = new Overlay(NOTHING)
  overlay.setAccount(CONTRACT, { nonce: 1n, balance: 0n, codeHash: overlay.addCode(hexToBytes(code)) })
  overlay.setAccount(ODD, { nonce: 1n, balance: 0n, codeHash: overlay.addCode(ODD_CODE) })
  return overlay
}

/** What a contract returns. */
async function run(code: Hex) {
  const overlay = overlayWith(code)
  const evm = createEvm({
    chainId: 901n,
    rules: { shanghai: true, cancun: true, prague: true, osaka: false },
    state: new StateAdapter(overlay),
    ancestorHash: async () => new Uint8Array(32),
  })
  const { execResult } = await evm.runCall({
    caller: createAddressFromString(`0x${'11'.repeat(20)}`),
    to: createAddressFromString(CONTRACT),
    gasLimit: GAS,
  })
  return { ...execResult, overlay, word: bytesToBigInt(execResult.returnValue) }
}

/** MSTORE(0, what is on the stack), RETURN(0, 32) */
const ANSWER = '5f5260205ff3'

describe('code that begins like a container', () => {
  it.each([
    ['CREATE', `63${'ef000142'}5f526004601c5ff0${ANSWER}`],
    ['CREATE2', `63${'ef000142'}5f525f6004601c5ff5${ANSWER}`],
  ])('is run by %s, and fails with all of its gas', async (_name, code) => {
    const { word, executionGasUsed, overlay } = await run(`0x${code}`)
    expect(word).toBe(0n)
    expect(executionGasUsed).toBeGreaterThan((GAS * 9n) / 10n)
    expect(await overlay.account(CONTRACT)).toMatchObject({ nonce: 2n })
  })

  it('has its own size', async () => {
    expect((await run(`0x73${ODD.slice(2)}3b${ANSWER}`)).word).toBe(4n)
  })

  it('has its own hash', async () => {
    expect((await run(`0x73${ODD.slice(2)}3f${ANSWER}`)).word).toBe(bytesToBigInt(keccak256(ODD_CODE)))
  })

  it('is copied as it is', async () => {
    // EXTCODECOPY(ODD, 0, 2, 32), RETURN(0, 32)
    const { word } = await run(`0x602060025f73${ODD.slice(2)}3c60205ff3`)
    expect(word).toBe(0x0142n << 240n)
  })
})

describe('code that is not there', () => {
  const absent = `73${'ab'.repeat(20)}`

  it('has no size and no hash', async () => {
    expect((await run(`0x${absent}3b${ANSWER}`)).word).toBe(0n)
    expect((await run(`0x${absent}3f${ANSWER}`)).word).toBe(0n)
  })

  it('is zeroes, from anywhere', async () => {
    // MSTORE(0, 1), EXTCODECOPY(absent, 0, 2^256 - 1, 32), RETURN(0, 32)
    expect((await run(`0x60015f52602060015f035f${absent}3c60205ff3`)).word).toBe(0n)
  })
})

describe('init code', () => {
  it('is not longer than EIP-3860 allows', async () => {
    // CREATE(0, 0, 49153)
    const { exceptionError } = await run('0x61c0015f5ff0')
    expect(exceptionError?.error).toBe('initcode exceeds max initcode size')
  })

  it('may have no bytes', async () => {
    expect((await run(`0x5f5f5ff0${ANSWER}`)).word).not.toBe(0n)
  })
})
