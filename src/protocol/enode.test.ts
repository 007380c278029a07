import { expect, it } from 'vitest'
import { formatEnode, parseEnode } from './enode.ts'

const KEY = 'ab'.repeat(64)

it.each([
  [`enode://${KEY}@127.0.0.1:30303`, '127.0.0.1', 30303],
  [`enode://${KEY}@[::1]:1`, '::1', 1],
  [`enode://${KEY}@geth.example:65535`, 'geth.example', 65535],
])('%s is read and written', (text, host, port) => {
  const enode = parseEnode(text)
  expect(enode).toEqual({ id: new Uint8Array(64).fill(0xab), host, port })
  expect(formatEnode(enode)).toBe(text)
  expect(parseEnode(`${text}?discport=0`)).toEqual(enode)
})

it.each([
  '',
  `enode://${KEY}`,
  `enode://${KEY.slice(2)}@127.0.0.1:30303`,
  `enode://${KEY}@127.0.0.1`,
  `enode://${KEY}@127.0.0.1:0`,
  `enode://${KEY}@127.0.0.1:70000`,
  `enode://${KEY}@:30303`,
  `http://${KEY}@127.0.0.1:30303`,
  `enode://${KEY}@127.0.0.1:30303/x`,
])('"%s" is refused', (text) => {
  expect(() => parseEnode(text)).toThrowError(expect.objectContaining({ code: 'ENODE_INVALID' }))
})
