import { expect, test } from 'vitest'
import { engineVersions, l1EngineVersions } from './engine-versions.ts'
import { OpForks } from './forks.ts'

const numbers = (versions: Readonly<Record<string, string>>): string =>
  ['forkchoiceUpdated', 'newPayload', 'getPayload'].map((key) => versions[key]?.slice(-2)).join(' ')

test.each([
  ['regolith', 5n, 'V1 V2 V2'],
  ['canyon', 10n, 'V2 V2 V2'],
  ['ecotone', 20n, 'V3 V3 V3'],
  ['holocene', 30n, 'V3 V3 V3'],
  ['isthmus', 40n, 'V3 V4 V4'],
  ['jovian', 50n, 'V3 V4 V4'],
])('on L2 at %s', (_, timestamp, expected) => {
  const forks = new OpForks({ canyon: 10n, ecotone: 20n, holocene: 30n, isthmus: 40n, jovian: 50n })
  expect(numbers({ ...engineVersions(forks, timestamp) })).toBe(expected)
})

test.each([
  ['paris', 5n, 'V1 V2 V2'],
  ['shanghai', 10n, 'V2 V2 V2'],
  ['cancun', 20n, 'V3 V3 V3'],
  ['prague', 30n, 'V3 V4 V4'],
  ['osaka', 40n, 'V3 V4 V5'],
])('on L1 at %s', (_, timestamp, expected) => {
  const timeForks = { shanghai: 10n, cancun: 20n, prague: 30n, osaka: 40n }
  const config = { chainId: 1n, blockForks: {}, timeForks, blobSchedule: {} }
  expect(numbers({ ...l1EngineVersions(config, timestamp) })).toBe(expected)
})
