import { describe, expect, test } from 'vitest'
import { type Hash, type Hex, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { depositFromLog, TRANSACTION_DEPOSITED_TOPIC, userDeposits } from './user-deposits.ts'

const word = (value: bigint | number): string => value.toString(16).padStart(64, '0')
const FROM = `0x${'aa'.repeat(20)}` as const
const TO = `0x${'bb'.repeat(20)}` as const
const PORTAL = `0x${'cc'.repeat(20)}` as const
const BLOCK = `0x${'dd'.repeat(32)}` as const

function opaque(isCreation: string, data = ''): string {
  return `${word(5)}${word(6)}${(70_000).toString(16).padStart(16, '0')}${isCreation}${data}`
}

function event(content: string, change: { topics?: Hash[]; data?: Hex } = {}) {
  const padded = content.padEnd(Math.ceil(content.length / 64) * 64, '0')
  const topic = (address: Hex): Hash => `0x${address.slice(2).padStart(64, '0')}`
  return {
    address: PORTAL,
    topics: change.topics ?? [TRANSACTION_DEPOSITED_TOPIC, topic(FROM), topic(TO), ZERO_HASH],
    data: hexToBytes(change.data ?? `0x${word(32)}${word(content.length / 2)}${padded}`),
  }
}

describe('a deposit event', () => {
  test('becomes a deposit transaction', () => {
    expect(depositFromLog(event(opaque('00', 'c0ffee')), BLOCK, 0)).toMatchObject({
      type: 0x7e,
      sender: FROM,
      to: TO,
      mint: 5n,
      value: 6n,
      gasLimit: 70_000n,
      isSystemTx: false,
      data: hexToBytes('0xc0ffee'),
    })
  })

  test('creates a contract for any flag but zero', () => {
    expect(depositFromLog(event(opaque('01')), BLOCK, 0).to).toBeUndefined()
    expect(depositFromLog(event(opaque('07')), BLOCK, 0).to).toBeUndefined()
  })

  test('is told apart by its place on L1', () => {
    const log = event(opaque('00'))
    const sources = [depositFromLog(log, BLOCK, 0), depositFromLog(log, BLOCK, 1), depositFromLog(log, PORTAL, 0)]
    expect(new Set(sources.map(({ sourceHash }) => sourceHash)).size).toBe(3)
  })

  const good = event(opaque('00'))
  const [topic, from, to] = good.topics as [Hash, Hash, Hash]
  test.each([
    ['fewer topics', event(opaque('00'), { topics: [topic, from, to] })],
    ['another event', event(opaque('00'), { topics: [from, from, to, ZERO_HASH] })],
    ['another version', event(opaque('00'), { topics: [topic, from, to, `0x${word(1)}`] })],
    ['no header', event('', { data: `0x${word(32)}` })],
    ['a length that is no multiple of 32', event('', { data: `0x${word(32)}${word(0)}00` })],
    ['another offset', event('', { data: `0x${word(64)}${word(0)}` })],
    ['less data than it says', event('', { data: `0x${word(32)}${word(74)}${word(1)}${word(1)}` })],
    ['a word of padding too much', event('', { data: `0x${word(32)}${word(73)}${'00'.repeat(128)}` })],
    ['less than the fixed fields', event('00'.repeat(72))],
  ])('with %s stops derivation', (_, log) => {
    expect(() => depositFromLog(log, BLOCK, 0)).toThrow(
      expect.objectContaining({ code: 'DEPOSIT_INVALID', severity: 'critical' }) as Error,
    )
  })
})

test('deposits come from successful receipts and the one contract, counted over all logs', () => {
  const log = event(opaque('00'))
  const stranger = { ...log, address: TO }
  const silent = { ...log, topics: [] }
  const receipts = [
    { status: 0 as const, logs: [log] },
    { status: 1 as const, logs: [stranger, silent, log] },
    { status: 1 as const, logs: [log] },
  ]
  expect(userDeposits(receipts, PORTAL, BLOCK)).toEqual([depositFromLog(log, BLOCK, 3), depositFromLog(log, BLOCK, 4)])
})
