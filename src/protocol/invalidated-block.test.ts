import { expect, it } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes, toWord, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { invalidatedBlockDeposit, invalidatedOutput } from './invalidated-block.ts'
import { createDeposit, decodeTransaction } from './transaction.ts'

const output = { stateRoot: toWord(1n), messagePasserStorageRoot: toWord(2n), blockHash: toWord(3n) }
const preimage = concatBytes(...[ZERO_HASH, toWord(1n), toWord(2n), toWord(3n)].map(hexToBytes))
const raw = invalidatedBlockDeposit(output)

it('keeps the output in a deposit that does nothing', () => {
  expect(decodeTransaction(raw)).toMatchObject({
    sender: '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0002',
    to: ZERO_ADDRESS,
    mint: 0n,
    value: 0n,
    gasLimit: 36_000n,
    isSystemTx: false,
    data: preimage,
    sourceHash: keccakHash(concatBytes(hexToBytes(toWord(4n)), hexToBytes(keccakHash(preimage)))),
  })
})

it('finds the output in the last transaction', () => {
  expect(invalidatedOutput([Uint8Array.of(2, 1), raw])).toEqual(output)
  expect(invalidatedOutput([raw, Uint8Array.of(2, 1)])).toBeUndefined()
  expect(invalidatedOutput([])).toBeUndefined()
})

it('takes no other deposit for it', () => {
  const fields = { sourceHash: toWord(9n), to: ZERO_ADDRESS, mint: 0n, value: 0n, gasLimit: 36_000n, isSystemTx: false }
  const from = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0002'
  const others = [
    createDeposit({ ...fields, from: ZERO_ADDRESS, data: preimage }),
    createDeposit({ ...fields, from, data: preimage.subarray(1) }),
    createDeposit({ ...fields, from, data: concatBytes(hexToBytes(toWord(1n)), preimage.subarray(32)) }),
  ]
  for (const other of others) expect(invalidatedOutput([other.raw])).toBeUndefined()
  expect(bytesToHex(raw).startsWith('0x7e')).toBe(true)
})
