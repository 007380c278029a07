import { describe, expect, it } from 'vitest'
import { toWord } from '../primitives/hex.ts'
import { EMPTY_HEADER, type Header } from '../protocol/header.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { draftL1Block } from './l1-open.ts'
import type { ChainReader } from './ports.ts'
import type { L1OpenOptions } from './service.ts'

const CONFIG: L1ChainConfig = {
  chainId: 900n,
  blockForks: {},
  timeForks: { shanghai: 200n, cancun: 300n },
  blobSchedule: { cancun: { target: 3, max: 6, updateFraction: 3_338_477n } },
}
const HEADER: Header = {
  ...EMPTY_HEADER,
  number: 6n,
  timestamp: 300n,
  gasLimit: 1_024_000n,
  gasUsed: 512_000n,
  baseFeePerGas: 7n,
  beneficiary: `0x${'fe'.repeat(20)}`,
  excessBlobGas: 131_072n,
  blobGasUsed: 393_216n,
}

function draft(options: L1OpenOptions, parent: Partial<Header> = {}) {
  const chain: ChainReader = {
    block: async (id) =>
      id === 'latest' ? { hash: toWord(6n), header: { ...HEADER, ...parent }, firstTransaction: undefined } : undefined,
    ancestorHash: async () => undefined,
  }
  return draftL1Block({ config: CONFIG, blockTime: 12n, chain }, options, {})
}

describe('an L1 block that is opened', () => {
  it('takes what is left open from its parent', async () => {
    const { env, extraData } = await draft({})
    expect(env).toMatchObject({
      number: 7n,
      timestamp: 312n,
      gasLimit: 1_024_000n,
      baseFeePerGas: 7n,
      feeRecipient: HEADER.beneficiary,
      parentHash: toWord(6n),
      withdrawals: [],
      excessBlobGas: 131_072n,
    })
    expect(extraData).toEqual(new Uint8Array(0))
    expect((await draft({})).env).toEqual(env)
    const later = (await draft({ timestamp: 313n })).env
    expect(later.prevRandao).not.toBe(env.prevRandao)
    expect(later.parentBeaconBlockRoot).toBe(env.parentBeaconBlockRoot)
  })

  it('takes what it is told', async () => {
    const withdrawals = [{ index: 1n, validatorIndex: 2n, address: HEADER.beneficiary, amount: 3n }]
    const told = {
      timestamp: 301n,
      gasLimit: 1_024_999n,
      prevRandao: toWord(1n),
      feeRecipient: `0x${'ab'.repeat(20)}`,
      parentBeaconBlockRoot: toWord(2n),
      withdrawals,
    } as const
    const { env, extraData } = await draft({ ...told, extraData: Uint8Array.of(5) })
    expect(env).toMatchObject(told)
    expect(extraData).toEqual(Uint8Array.of(5))
  })

  it('has the fields of its fork only', async () => {
    const early: Partial<Header> = { timestamp: 100n, excessBlobGas: undefined, blobGasUsed: undefined } as never
    const paris = (await draft({}, early)).env
    expect([paris.withdrawals, paris.excessBlobGas, paris.parentBeaconBlockRoot]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    const shanghai = (await draft({ timestamp: 200n }, early)).env
    expect([shanghai.withdrawals, shanghai.excessBlobGas]).toEqual([[], undefined])
    expect((await draft({ timestamp: 300n }, early)).env.excessBlobGas).toBe(0n)
    await expect(draft({ withdrawals: [] }, early)).rejects.toMatchObject({ data: { rule: 'withdrawals' } })
  })

  it.each([
    ['unknownParent', { parent: 99n }, {}],
    ['timestamp', { timestamp: 300n }, {}],
    ['gasLimit', { gasLimit: 1_025_000n }, {}],
    ['gasLimit', { gasLimit: 1_023_000n }, {}],
    ['gasLimit', { gasLimit: 4_999n }, { gasLimit: 5_000n }],
    ['extraData', { extraData: new Uint8Array(33) }, {}],
  ] as const)('is refused by the rule «%s»', async (rule, options, parent) => {
    await expect(draft(options, parent)).rejects.toMatchObject({ code: 'PARENT_UNUSABLE', data: { rule } })
    if (rule !== 'unknownParent') await draft({ ...options, force: true }, parent)
  })
})
