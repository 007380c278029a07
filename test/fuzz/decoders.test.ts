import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isAppError } from '../../src/primitives/errors.ts'
import { concatBytes } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../src/primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpInput } from '../../src/primitives/rlp.ts'
import { decodeNetworkTransaction } from '../../src/protocol/blob-sidecar.ts'
import { decodeBlock, encodeBlock } from '../../src/protocol/block.ts'
import { decodeHeader, EMPTY_HEADER, headerToRlp } from '../../src/protocol/header.ts'
import { decodeTransaction, isDeposit } from '../../src/protocol/transaction.ts'
import { parseJournal } from '../../txpool/journal.ts'
import { decodePooled } from '../../txpool/validate.ts'
import { FUZZ_TIMEOUT, fuzzing, hostileBytes } from './fuzz.ts'
import { NETWORK_TRANSACTIONS, TRANSACTIONS } from './samples.ts'

const BLOCK = encodeBlock({
  header: { ...EMPTY_HEADER, transactionsRoot: EMPTY_TRIE_ROOT },
  transactions: TRANSACTIONS.map((raw) => decodeTransaction(raw)),
  withdrawals: [{ index: 1n, validatorIndex: 2n, address: `0x${'77'.repeat(20)}`, amount: 3n }],
})

/** What a decoder gives, or that it refused with one of its codes: anything else that it throws fails the test. */
function decoded<T>(codes: readonly string[], decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (isAppError(error) && codes.includes(error.code)) return undefined
    throw error
  }
}

const RLP = ['RLP_INVALID']
const TRANSACTION = [...RLP, 'TX_INVALID', 'TX_TYPE_UNSUPPORTED']

it('RLP is refused, or is the only encoding of what it holds', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(hostileBytes([...TRANSACTIONS, BLOCK]), (bytes) => {
      const item = decoded(RLP, () => decodeRlp(bytes))
      if (item !== undefined) expect(encodeRlp(item as RlpInput)).toEqual(bytes)
    }),
    fuzzing(2000),
  )
})

it('a transaction is refused, or keeps its bytes', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(hostileBytes(TRANSACTIONS), fc.boolean(), (bytes, impersonation) => {
      const transaction = decoded(TRANSACTION, () => decodeTransaction(bytes, { impersonation }))
      if (transaction === undefined) return
      expect(transaction.raw).toEqual(bytes)
      expect(transaction.sender).toMatch(/^0x[0-9a-f]{40}$/)
      if (!isDeposit(transaction)) expect(transaction.nonce).toBeLessThan(1n << 64n)
    }),
    fuzzing(1000),
  )
})

it('the pool refuses what it cannot read in words of its own', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(hostileBytes(TRANSACTIONS), (bytes) => {
      decoded(['TX_REJECTED'], () => decodePooled(bytes))
    }),
    fuzzing(500),
  )
})

it('a blob transaction with its blobs is refused, or taken apart', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(hostileBytes([...NETWORK_TRANSACTIONS, ...TRANSACTIONS]), (bytes) => {
      const network = decoded(TRANSACTION, () => decodeNetworkTransaction(bytes))
      if (network !== undefined) decoded(TRANSACTION, () => decodeTransaction(network.raw))
    }),
    fuzzing(200),
  )
})

it('headers and blocks are refused, or have a hash', { timeout: FUZZ_TIMEOUT }, () => {
  fc.assert(
    fc.property(hostileBytes([encodeRlp(headerToRlp(EMPTY_HEADER))]), (bytes) => {
      decoded([...RLP, 'HEADER_INVALID'], () => decodeHeader(bytes))
    }),
    fuzzing(1000),
  )
  fc.assert(
    fc.property(hostileBytes([BLOCK]), (bytes) => {
      const block = decoded([...TRANSACTION, 'HEADER_INVALID'], () => decodeBlock(bytes))
      if (block !== undefined) expect(block.hash).toMatch(/^0x[0-9a-f]{64}$/)
    }),
    fuzzing(500),
  )
})

it('a journal is read up to where it is broken', { timeout: FUZZ_TIMEOUT }, () => {
  const items = TRANSACTIONS.map((raw) => ((raw[0] as number) >= 0xc0 ? raw : encodeRlp(raw)))
  const whole = concatBytes(...items)
  fc.assert(
    fc.property(hostileBytes([whole]), (bytes) => {
      const { transactions, length } = parseJournal(bytes)
      expect(length).toBeLessThanOrEqual(bytes.length)
      // What it keeps it reads again, to the last byte.
      expect(parseJournal(bytes.subarray(0, length))).toEqual({ transactions, length })
      expect(transactions.reduce((sum, raw) => sum + raw.length, 0)).toBeLessThanOrEqual(length)
    }),
    fuzzing(1000),
  )
  fc.assert(
    fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 50 }), (cut, tail) => {
      const { transactions } = parseJournal(concatBytes(whole.subarray(0, cut), tail))
      const ends = items.map((_, index) => concatBytes(...items.slice(0, index + 1)).length)
      const before = ends.filter((end) => end <= cut).length
      expect(transactions.slice(0, before)).toEqual(TRANSACTIONS.slice(0, before))
    }),
    fuzzing(500),
  )
})
