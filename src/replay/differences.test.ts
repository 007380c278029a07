import { describe, expect, it } from 'vitest'
import { compareJson } from './differences.ts'

const differences = (expected: unknown, actual: unknown) => [...compareJson(expected, actual)]

describe('compareJson', () => {
  it('finds nothing in equal values, however absence and hex are written', () => {
    expect(differences({ a: '0x1', b: [{ c: true }] }, { b: [{ c: true }], a: '0x1' })).toEqual([])
    expect(differences({ a: null, b: '0xAB' }, { b: '0xab' })).toEqual([])
  })

  it('names the leaf', () => {
    expect(
      differences({ logs: [{ data: '0x01' }, { data: '0x02' }] }, { logs: [{ data: '0x01' }, { data: '0x03' }] }),
    ).toEqual([{ field: 'logs[1].data', expected: '0x02', actual: '0x03' }])
  })

  it('tells of what is only on one side', () => {
    expect(differences({ status: '0x1', extra: '0x2' }, { status: '0x1', own: '0x3' })).toEqual([
      { field: 'extra', expected: '0x2', actual: undefined },
      { field: 'own', expected: undefined, actual: '0x3' },
    ])
    expect(differences({ logs: [] }, { logs: [{ data: '0x' }] })).toEqual([
      { field: 'logs[0]', expected: undefined, actual: { data: '0x' } },
    ])
    expect(differences(undefined, { status: '0x1' })).toEqual([
      { field: '', expected: undefined, actual: { status: '0x1' } },
    ])
  })

  it('keeps text and kinds apart', () => {
    expect(differences({ l1FeeScalar: '0.684' }, { l1FeeScalar: '0.685' })).toHaveLength(1)
    expect(differences({ removed: false }, { removed: 'false' })).toHaveLength(1)
    expect(differences({ a: {} }, { a: [] })).toHaveLength(1)
  })
})
