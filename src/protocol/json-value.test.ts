import { describe, expect, test } from 'vitest'
import { JsonObject } from './json-value.ts'

const refused = (key: string): Error =>
  expect.objectContaining({
    code: 'JSON_VALUE_INVALID',
    message: expect.stringMatching(new RegExp(`^${key}: `)) as unknown,
  }) as Error

describe('a value in JSON', () => {
  const json = new JsonObject({
    quantity: '0x10',
    padded: '0x010',
    number: 16,
    data: '0xABcd',
    huge: '0xffffffffffffffff',
    none: null,
    yes: true,
    list: ['0x01', '0xzz'],
    inner: { list: [{ quantity: '10' }] },
  })

  test('is read strictly', () => {
    expect(json.uint('quantity')).toBe(16n)
    expect(json.index('quantity')).toBe(16)
    expect(json.integer('number')).toBe(16n)
    expect(json.hex('data')).toBe('0xabcd')
    expect(json.flag('yes')).toBe(true)
    expect(json.flag('none')).toBe(false)
    expect(json.has('none')).toBe(false)
    expect(json.optional('none', (key) => json.uint(key))).toBeUndefined()
  })

  test.each(['padded', 'number', 'list', 'none', 'missing', 'yes'])('%s is no quantity', (key) => {
    expect(() => json.uint(key)).toThrow(refused(key))
  })

  test('is refused with its whole path', () => {
    expect(() => json.index('huge')).toThrow(refused('huge'))
    expect(() => json.integer('quantity')).toThrow(refused('quantity'))
    expect(() => json.hash('data')).toThrow(refused('data'))
    expect(() => json.bytesList('list')).toThrow(refused('list.1'))
    expect(() => json.object('inner').objects('list')[0]?.uint('quantity')).toThrow(refused('inner.list.0.quantity'))
    expect(() => json.list('inner')).toThrow(refused('inner'))
    expect(() => json.flag('number')).toThrow(refused('number'))
  })

  test.each([null, undefined, 5, 'text', []])('%j is no object', (value) => {
    expect(() => new JsonObject(value, 'result')).toThrow(refused('result'))
  })
})
