import { expect, it } from 'vitest'
import { encodeOptions } from './job-options.ts'

const HASH = `0x${'11'.repeat(32)}` as const

it('encodes quantities, and leaves out what is undefined', () => {
  const withdrawals = [{ index: 1, validatorIndex: 2n, address: '0x00', amount: 0 }]
  expect(
    encodeOptions({
      parent: HASH,
      l1Origin: 'same',
      timestamp: 1000,
      gasLimit: 30_000_000n,
      prevRandao: undefined,
      transactions: ['0x02'],
      deposits: false,
      withdrawals,
      header: { number: 0 },
    }),
  ).toEqual({
    parent: HASH,
    l1Origin: 'same',
    timestamp: '0x3e8',
    gasLimit: '0x1c9c380',
    transactions: ['0x02'],
    deposits: false,
    withdrawals: [{ index: '0x1', validatorIndex: '0x2', address: '0x00', amount: '0x0' }],
    header: { number: '0x0' },
  })
  expect(Object.keys(encodeOptions({ parent: undefined }) as object)).toEqual([])
})

it('refuses what is no quantity', () => {
  for (const timestamp of [-1, -1n, 1.5, Number.NaN, 2 ** 60]) {
    expect(() => encodeOptions({ timestamp }), String(timestamp)).toThrow()
  }
})
