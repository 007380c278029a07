import { expect, it } from 'vitest'
import { type DevnetOptions, parseDevnetOptions } from './devnet-options.ts'

it('fills in what is left out', () => {
  expect(parseDevnetOptions({})).toEqual({
    chainIds: [901],
    manual: false,
    automine: false,
    blockTime: 2,
    l1BlockTime: 6,
    fork: 'jovian',
    l1Fork: 'prague',
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent',
  })
  expect(parseDevnetOptions({ chains: [7, 8], manual: undefined, genesisTime: 5 })).toMatchObject({
    chainIds: [7, 8],
    manual: false,
    genesisTime: 5,
  })
})

it('tells everything that is wrong', () => {
  const wrong = { chains: [901, 901], fork: 'london', blockTime: 0, datdir: 'x', port: '1' } as unknown as DevnetOptions
  let error: unknown
  try {
    parseDevnetOptions(wrong)
  } catch (thrown) {
    error = thrown
  }
  const { code, data } = error as { code: string; data: { errors: readonly string[] } }
  expect(code).toBe('CONFIG_INVALID')
  expect(data.errors.map((line) => line.split(':')[0]).sort()).toEqual([
    'blockTime',
    'chains',
    'fork',
    'options',
    'port',
  ])
  expect(() => parseDevnetOptions({ chains: [900] })).toThrow('chains: 900 is the chain id of the L1')
  expect(() => parseDevnetOptions({ chains: [] })).toThrow('chains: ')
})
