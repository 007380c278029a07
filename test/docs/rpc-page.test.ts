import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ERROR_NUMBERS } from '../../rpc/error-codes.ts'
import { ERROR_MEANINGS } from './error-meanings.ts'
import { RPC_PAGE, renderRpcPage } from './rpc-page.ts'

it('is what the code says: npm run docs:rpc', () => {
  expect(readFileSync(RPC_PAGE, 'utf8')).toBe(renderRpcPage())
})

it('explains every error number, and no other', () => {
  expect([...ERROR_MEANINGS.keys()].sort()).toEqual([...new Set(Object.values(ERROR_NUMBERS))].sort())
})
