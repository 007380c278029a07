import { expect, test } from 'vitest'
import { bytesToHex } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { blockSigningHash } from './block-signature.ts'

test('what is signed is what op-service signs', () => {
  const payloadHash = keccak256(new TextEncoder().encode('arbitraryData'))
  expect(Buffer.from(payloadHash).toString('base64')).toBe('7qa7ZZHSC1LytldPsgv3J5zQPVgWE9jqHojIK4QAFEs=')
  expect(bytesToHex(blockSigningHash(100n, payloadHash, `0x7b2a${'00'.repeat(30)}`))).toBe(
    '0xc724de7aefa316a12cbbd5edc39d512830598cce5d6ac81d1b518ef69450ad77',
  )
})
