import { describe, expect, it } from 'vitest'
import { BatcherL1 } from '../../test/support/batcher-l1.ts'
import { AppError } from '../primitives/errors.ts'
import { type Hash, ZERO_ADDRESS } from '../primitives/hex.ts'
import { privateKeyToAddress } from '../primitives/secp256k1.ts'
import type { BatcherAccount, ProvenData } from './inbox-transaction.ts'
import { Outbox } from './outbox.ts'

function accountOf(byte: number): BatcherAccount {
  const key: Hash = `0x${byte.toString(16).padStart(2, '0').repeat(32)}`
  return { address: privateKeyToAddress(new Uint8Array(32).fill(byte)), key }
}

const account = accountOf(10)
const envelope = { account, to: ZERO_ADDRESS }
const data = (...bytes: readonly number[]): ProvenData[] =>
  bytes.map((byte) => ({ data: Uint8Array.of(byte), sidecar: undefined, blobVersionedHashes: [] }))

const outboxOf = (l1: BatcherL1): Outbox => new Outbox(l1, 900n)

describe('the outbox', () => {
  it('sends in the order given, with nonces that follow each other, also of callers at once', async () => {
    const l1 = new BatcherL1()
    const outbox = outboxOf(l1)
    const sent = await Promise.all([
      outbox.send(data(1, 2), envelope, {}),
      outbox.send(data(3), envelope, {}),
      outbox.send(data(9), { ...envelope, account: accountOf(11) }, {}),
    ])
    expect(sent.map((all) => all.map(({ nonce }) => nonce))).toEqual([[0n, 1n], [2n], [0n]])
    l1.mine()
    expect(l1.data.sort()).toEqual(['0x01', '0x02', '0x03', '0x09'])
    const [next] = await outbox.send(data(4), envelope, {})
    expect(next?.nonce).toBe(3n)
  })

  it('pays for its data, and offers more than the base fee', async () => {
    const l1 = new BatcherL1()
    await outboxOf(l1).send(data(0, 1), envelope, {})
    expect(l1.sent.map(({ gasLimit }) => gasLimit)).toEqual([21_010n, 21_040n])
    expect(l1.sent[0]).toMatchObject({ type: 2, to: ZERO_ADDRESS, maxFeePerGas: 1_000_000_112n })
    const fees = { maxFeePerGas: 5n, maxPriorityFeePerGas: 3n }
    await outboxOf(l1).send(data(7), { ...envelope, nonce: 5n, fees }, {})
    expect(l1.sent[2]).toMatchObject({ ...fees, nonce: 5n })
  })

  it('waits for a node that is slow to count', async () => {
    const l1 = new BatcherL1()
    const outbox = outboxOf(l1)
    await outbox.send(data(1, 2), envelope, {})
    l1.lag = 2
    const [third] = await outbox.send(data(3), envelope, {})
    expect(third?.nonce).toBe(2n)
  })

  it('sends again what the node has lost before it goes on', async () => {
    const l1 = new BatcherL1()
    const outbox = outboxOf(l1)
    await outbox.send(data(1, 2), envelope, {})
    l1.pool.clear()
    const [third] = await outbox.send(data(3), envelope, {})
    expect(third?.nonce).toBe(2n)
    l1.mine()
    expect(l1.data).toEqual(['0x01', '0x02', '0x03'])
  })

  it('takes the place of what the node lost and does not take again', async () => {
    const l1 = new BatcherL1()
    const outbox = outboxOf(l1)
    const [lost] = await outbox.send(data(1, 2), envelope, {})
    l1.pool.clear()
    l1.admit = ({ hash }) => {
      if (hash === lost?.hash) throw new AppError('TX_REJECTED', { message: 'transaction underpriced' })
    }
    const [next] = await outbox.send(data(3), envelope, {})
    expect(next?.nonce).toBe(0n)
  })

  it('goes on where L1 is after a reorg that made a gap', async () => {
    const l1 = new BatcherL1()
    const outbox = outboxOf(l1)
    await outbox.send(data(1), envelope, {})
    l1.mine()
    await outbox.send(data(2), envelope, {})
    l1.reorg(1, { forget: true })
    const [again] = await outbox.send(data(3), envelope, {})
    expect(again?.nonce).toBe(0n)
  })

  it('says in the words of the node why a transaction is refused, and what was sent before', async () => {
    const l1 = new BatcherL1()
    l1.admit = ({ nonce }) => {
      if (nonce === 1n) throw new AppError('TX_REJECTED', { message: 'insufficient funds for gas * price + value' })
    }
    const outbox = outboxOf(l1)
    const refused: unknown = await outbox.send(data(1, 2, 3), envelope, {}).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      ...{ code: 'BATCH_REFUSED', message: 'insufficient funds for gas * price + value' },
      data: { nonce: 1, sent: [l1.sent[0]?.hash] },
    })
    expect(l1.sent.length).toBe(1)
    l1.admit = () => {}
    const [next] = await outbox.send(data(4), envelope, {})
    expect(next?.nonce).toBe(1n)
  })

  it('leaves it to the caller when the node does not answer', async () => {
    const l1 = new BatcherL1()
    const down = new AppError('RPC_UNAVAILABLE', { severity: 'temporary' })
    l1.admit = () => {
      throw down
    }
    await expect(outboxOf(l1).send(data(1), envelope, {})).rejects.toBe(down)
  })
})
