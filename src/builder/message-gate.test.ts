import { beforeEach, describe, expect, it } from 'vitest'
import { executingMessageLog } from '../../test/support/executing-log.ts'
import type { ExecutedTransaction } from '../evm/executor.ts'
import { type Address, bytesToHex, type Hash, hexToBytes, toWord } from '../primitives/hex.ts'
import { CROSS_L2_INBOX, EXECUTING_MESSAGE_TOPIC, payloadHash } from '../protocol/executing-message.ts'
import type { MessagePlace } from '../protocol/message-checksum.ts'
import type { Log } from '../protocol/receipt.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import { MessageGate, type MessageLevel } from './message-gate.ts'
import type { OpenBlock } from './rules.ts'

const ALICE: Address = `0x${'aa'.repeat(20)}`
const BOB: Address = `0x${'bb'.repeat(20)}`
const EMITTER: Address = `0x${'ee'.repeat(20)}`
const NUMBER = 10n
const TIME = 1_000n
const PLACE: MessagePlace = { chainId: 902n, blockNumber: 7n, timestamp: 990n, logIndex: 3 }
const plain: Log = { address: EMITTER, topics: [toWord(1n)], data: Uint8Array.of(1, 2, 3) }

function executing(place: Partial<MessagePlace> = {}, of: Log = plain): Log {
  return executingMessageLog(hexToBytes(of.address), bytesToHex(payloadHash(of)) as Hash, { ...PLACE, ...place })
}

function transaction(sender: Address = ALICE, storageKeys: readonly Hash[] = [toWord(1n)]): SignedTransaction {
  return { type: 2, sender, accessList: [{ address: CROSS_L2_INBOX, storageKeys }] } as unknown as SignedTransaction
}

function ran(logs: readonly Log[], firstLogIndex = 0, sender = ALICE): ExecutedTransaction {
  return { transaction: transaction(sender), receipt: { logs }, firstLogIndex } as unknown as ExecutedTransaction
}

function block(...transactions: readonly ExecutedTransaction[]): OpenBlock {
  return { env: { number: NUMBER, timestamp: TIME }, execution: { transactions } } as unknown as OpenBlock
}

let level: MessageLevel | Error | 'hangs'
let asked: bigint[]
let refused: MessageLevel[]
let index: { failsafe: boolean; epoch: number } | undefined
let gate: MessageGate
beforeEach(() => {
  level = 'cross-unsafe'
  asked = []
  refused = []
  index = { failsafe: false, epoch: 1 }
  gate = new MessageGate({
    chainId: 901n,
    minSafety: 'cross-unsafe',
    timeoutMs: 5,
    onRefused: (_, why) => refused.push(why),
    index: () =>
      index && {
        ...index,
        async level(message, _executing, { signal }) {
          asked.push(message.chainId)
          if (level instanceof Error) throw level
          if (level !== 'hangs') return level
          return new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error))
          })
        },
      },
  })
})

const judge = (executed: ExecutedTransaction) => gate.judge(block(executed), executed, {})

describe('a transaction that ran', () => {
  it.each<[MessageLevel, string, boolean]>([
    ['finalized', 'stays', true],
    ['safe', 'stays', true],
    ['cross-unsafe', 'stays', true],
    ['unsafe', 'later', true],
    ['insufficient', 'later', true],
    ['unknown', 'later', false],
    ['conflicts', 'never', false],
  ])('whose message is %s %s', async (known, verdict, goesOn) => {
    level = known
    expect(await judge(ran([plain, executing()]))).toBe(verdict)
    expect(asked).toEqual([902n])
    expect(gate.admits(transaction(), NUMBER)).toBe(goesOn)
    expect(refused).toEqual(verdict === 'stays' ? [] : [known])
  })

  it('that executes nothing is nobody else’s business', async () => {
    level = 'conflicts'
    expect(await judge(ran([plain]))).toBe('stays')
    expect(asked).toEqual([])
  })

  it('is judged by the worst of its messages', async () => {
    level = 'unknown'
    const malformed: Log = {
      address: CROSS_L2_INBOX,
      topics: [EXECUTING_MESSAGE_TOPIC, toWord(1n)],
      data: Uint8Array.of(1),
    }
    expect(await judge(ran([executing(), malformed, executing()]))).toBe('never')
    expect(refused).toEqual(['conflicts'])
  })

  it('may execute what stands before it in its block, and nothing behind it', async () => {
    const own = (logIndex: number, of = plain, timestamp = TIME) =>
      executing({ chainId: 901n, blockNumber: NUMBER, timestamp, logIndex }, of)
    const first = ran([plain, plain])
    const verdict = (log: Log) => {
      const executed = ran([plain, log], 2)
      return gate.judge(block(first, executed), executed, {})
    }
    expect(await verdict(own(1))).toBe('stays')
    expect(await verdict(own(2))).toBe('stays')
    expect(await verdict(own(3))).toBe('never')
    expect(await verdict(own(4))).toBe('never')
    expect(await verdict(own(1, { ...plain, data: Uint8Array.of(9) }))).toBe('never')
    expect(await verdict(own(1, plain, TIME - 1n))).toBe('never')
    expect(asked).toEqual([])
  })

  it('waits where the index fails or takes too long', async () => {
    level = new Error('down')
    expect(await judge(ran([executing()]))).toBe('later')
    level = 'hangs'
    expect(await judge(ran([executing()]))).toBe('later')
    expect(refused).toEqual(['unknown', 'unknown'])
  })

  it('is given up with the one who asked', async () => {
    level = 'hangs'
    const ended = new AbortController()
    const executed = ran([executing()])
    const judging = gate.judge(block(executed), executed, { signal: ended.signal })
    ended.abort(new Error('shutting down'))
    await expect(judging).rejects.toThrow('shutting down')
  })
})

describe('what is tried', () => {
  it('does not depend on the index for whoever executes no messages', () => {
    index = undefined
    expect(gate.admits(transaction(ALICE, []), NUMBER)).toBe(true)
    expect(gate.admits(transaction(), NUMBER)).toBe(false)
    index = { failsafe: true, epoch: 1 }
    expect(gate.admits(transaction(ALICE, []), NUMBER)).toBe(true)
    expect(gate.admits(transaction(), NUMBER)).toBe(false)
  })

  it('is nothing with messages until more is known, from whomever it is', async () => {
    level = 'unknown'
    await judge(ran([executing()]))
    expect(gate.admits(transaction(BOB), NUMBER + 100n)).toBe(false)
    index = { failsafe: false, epoch: 2 }
    expect(gate.admits(transaction(BOB), NUMBER)).toBe(true)
  })

  it('is nothing of a sender of messages that do not exist, each time for longer; a good one ends that', async () => {
    level = 'conflicts'
    const bad = ran([executing()])
    await judge(bad)
    const admitted = (sender = ALICE) =>
      [1n, 2n, 3n, 4n].filter((blocks) => gate.admits(transaction(sender), NUMBER + blocks))
    expect(admitted()).toEqual([2n, 3n, 4n])
    expect(admitted(BOB)).toEqual([1n, 2n, 3n, 4n])
    await judge(bad)
    expect(admitted()).toEqual([4n])
    for (let i = 0; i < 20; i++) await judge(bad)
    expect(gate.admits(transaction(), NUMBER + 255n)).toBe(false)
    expect(gate.admits(transaction(), NUMBER + 256n)).toBe(true)
    level = 'safe'
    await judge(bad)
    expect(gate.admits(transaction(), NUMBER)).toBe(true)
  })
})
