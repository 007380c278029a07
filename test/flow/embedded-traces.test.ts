import { describe, expect, it } from 'vitest'
import type { Hex } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { askedWorld } from '../support/asked-world.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const [alice] = devAccounts as [(typeof devAccounts)[0]]
const CONTRACT: Hex = `0x${'c0'.repeat(20)}`
const BOB: Hex = `0x${'77'.repeat(20)}`
/** SSTORE(1, 2) */
const WRITER: Hex = '0x600260015500'
/** JUMPDEST PUSH0 JUMP */
const LOOP: Hex = '0x5b5f56'

describe('traces on an embedded chain', () => {
  it('follow every transaction of a block, deposits too', async () => {
    const { ask, chain } = await askedWorld()
    const root = chain.stateRoot(chain.labels.head)
    const traced = (await ask('debug_traceBlockByNumber', ['latest', { tracer: 'callTracer' }])) as {
      txHash: Hex
      result: { from: Hex; to: Hex; value: Hex; gas: Hex }
    }[]
    const { transactions } = chain.block(chain.labels.head) ?? { transactions: [] }
    expect(traced.map(({ txHash }) => txHash)).toEqual(transactions.map(({ hash }) => hash))
    expect(transactions[0]?.type).toBe(0x7e)
    expect(traced.at(-1)?.result).toMatchObject({ from: alice.address, to: BOB, value: '0x1', type: 'CALL' })
    const last = traced.at(-1)
    expect(await ask('debug_traceTransaction', [last?.txHash, { tracer: 'callTracer' }])).toEqual(last?.result)
    expect(chain.stateRoot(chain.labels.head)).toBe(root)
  })

  it('log each instruction of a call', async () => {
    const { ask } = await askedWorld()
    const stateOverrides = { [CONTRACT]: { code: WRITER } }
    const slot = '0'.repeat(63)
    expect(await ask('debug_traceCall', [{ to: CONTRACT, gas: '0x10000' }, 'latest', { stateOverrides }])).toEqual({
      gas: 43_106,
      failed: false,
      returnValue: '0x',
      structLogs: [
        { pc: 0, op: 'PUSH1', gas: 44_536, gasCost: 3, depth: 1, stack: [] },
        { pc: 2, op: 'PUSH1', gas: 44_533, gasCost: 3, depth: 1, stack: ['0x2'] },
        {
          pc: 4,
          op: 'SSTORE',
          gas: 44_530,
          gasCost: 22_100,
          depth: 1,
          stack: ['0x2', '0x1'],
          storage: { [`${slot}1`]: `${slot}2` },
        },
        { pc: 5, op: 'STOP', gas: 22_430, gasCost: 0, depth: 1, stack: [] },
      ],
    })
  })

  it('say what a call changed', async () => {
    const { ask } = await askedWorld()
    const config = {
      tracer: 'prestateTracer',
      tracerConfig: { diffMode: true },
      stateOverrides: { [CONTRACT]: { code: WRITER } },
    }
    const slot = (digit: number): Hex => `0x${'0'.repeat(63)}${digit}`
    const { post } = (await ask('debug_traceCall', [{ to: CONTRACT }, 'latest', config])) as {
      post: Record<Hex, unknown>
    }
    expect(post[CONTRACT]).toEqual({ storage: { [slot(1)]: slot(2) } })
  })

  it('end when their time is over', async () => {
    const clock = new VirtualClock(0)
    const { ask } = await askedWorld(clock)
    let looks = 0
    // A second passes between two looks at the clock.
    clock.now = () => looks++ * 1_000
    const config = { tracer: 'noopTracer', timeout: '1500ms', stateOverrides: { [CONTRACT]: { code: LOOP } } }
    expect(await ask('debug_traceCall', [{ to: CONTRACT }, 'latest', config])).toEqual({
      code: -32000,
      message: 'execution timeout',
    })
  })
})
