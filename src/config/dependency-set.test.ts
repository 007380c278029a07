import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { dependencySetFile } from './dependency-set.ts'
import { fileSchemas } from './files.ts'

const folder = mkdtempSync(join(tmpdir(), 'dependency-set-'))
afterAll(() => rmSync(folder, { recursive: true }))

function parsed(json: unknown) {
  writeFileSync(join(folder, 'depset.json'), JSON.stringify(json))
  return dependencySetFile(fileSchemas(folder)).safeParse('depset.json')
}

it('has the chains in ascending order, by number', () => {
  const { data } = parsed({ dependencies: { 1000: {}, 902: null, 901: { chainIndex: '1', activationTime: 0 } } })
  expect(data).toEqual({ chainIds: [901n, 902n, 1000n], messageExpiryWindow: 604_800n })
})

it('takes another time for which messages may be executed', () => {
  expect(parsed({ dependencies: { 901: {} }, overrideMessageExpiryWindow: 12 }).data?.messageExpiryWindow).toBe(12n)
  // As with op-supervisor, where leaving it out is the same.
  expect(parsed({ dependencies: { 901: {} }, overrideMessageExpiryWindow: 0 }).data?.messageExpiryWindow).toBe(604_800n)
})

it.each<[string, unknown, RegExp]>([
  ['no chains', { dependencies: {} }, /depset[.]json: dependencies: expected at least one chain/],
  ['no dependencies', {}, /dependencies: Invalid input/],
  ['a chain id in hex', { dependencies: { '0x385': {} } }, /dependencies/],
  ['a chain id that is none', { dependencies: { [`1${'0'.repeat(78)}`]: {} } }, /dependencies/],
  ['a window that is no number', { dependencies: { 901: {} }, overrideMessageExpiryWindow: '12' }, /overrideMessage/],
])('refuses %s', (_, json, message) => {
  const { success, error } = parsed(json)
  expect(success).toBe(false)
  expect(error?.issues.map((issue) => issue.message).join('\n')).toMatch(message)
})
