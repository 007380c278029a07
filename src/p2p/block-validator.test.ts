import { describe, expect, it } from 'vitest'
import { gossipMessage, gossipPayload } from '../../test/support/gossip-blocks.ts'
import { gossipCases } from '../../test/support/gossip-cases.ts'
import { privateKeyToAddress } from '../primitives/secp256k1.ts'
import { OpForks } from '../protocol/forks.ts'
import { PAYLOAD_VERSIONS } from '../protocol/payload-version.ts'
import { BlockValidator, type ValidationRules } from './block-validator.ts'
import { messageId } from './message-id.ts'

const KEY = new Uint8Array(32).fill(5)
const CHAIN = 901n
const NOW = 1_750_000_000

function rules(changes: Partial<ValidationRules> = {}): ValidationRules {
  const signer = { current: privateKeyToAddress(KEY), previous: undefined, confirm: () => undefined }
  return {
    chainId: CHAIN,
    forks: new OpForks({}),
    signer,
    clock: { now: () => NOW * 1000 + 900 },
    maxAgeMs: 60_000,
    ...changes,
  }
}

const block = (timestamp: number): Uint8Array =>
  gossipMessage({ version: 'isthmus', timestamp: BigInt(timestamp) }, KEY, CHAIN)

describe('validation of gossiped blocks', () => {
  it('accepts, ignores and rejects as op-node does', () => {
    const validators = new Map(PAYLOAD_VERSIONS.map((version) => [version, new BlockValidator(version, rules())]))
    const seen = new Set<string>()
    for (const { name, version, data, verdict } of gossipCases({ chainId: CHAIN, key: KEY, now: () => BigInt(NOW) })) {
      const id = Buffer.from(messageId({ topic: version, data })).toString('hex')
      if (verdict === 'duplicate') {
        expect(seen.has(id), name).toBe(true)
        continue
      }
      expect(seen.has(id), name).toBe(false)
      seen.add(id)
      const { tag } = validators.get(version)?.validate(data) ?? {}
      expect(tag === 'known' ? 'ignore' : tag, name).toBe(verdict)
    }
  })

  it('gives the block that was encoded', () => {
    for (const version of PAYLOAD_VERSIONS) {
      const made = { version, timestamp: BigInt(NOW) }
      const verdict = new BlockValidator(version, rules()).validate(gossipMessage(made, KEY, CHAIN))
      expect(verdict).toEqual({ tag: 'accept', payload: gossipPayload(made) })
    }
  })

  it('counts whole seconds, limits included', () => {
    const validator = new BlockValidator('isthmus', rules())
    expect(validator.validate(block(NOW - 60)).tag).toBe('accept')
    expect(validator.validate(block(NOW - 61))).toEqual({ tag: 'reject', reason: 'payload is too old' })
    expect(validator.validate(block(NOW + 5)).tag).toBe('accept')
    expect(validator.validate(block(NOW + 6))).toEqual({ tag: 'reject', reason: 'payload is too new' })
  })

  it('lets blocks use blob gas from Jovian', () => {
    const validator = new BlockValidator('isthmus', rules({ forks: new OpForks({ jovian: BigInt(NOW) }) }))
    const used = (timestamp: number): Uint8Array =>
      gossipMessage({ version: 'isthmus', timestamp: BigInt(timestamp), header: { blobGasUsed: 5n } }, KEY, CHAIN)
    expect(validator.validate(used(NOW - 1)).tag).toBe('reject')
    expect(validator.validate(used(NOW)).tag).toBe('accept')
  })

  it('ignores all where the signer is not known, and takes one that was replaced meanwhile', () => {
    const none = { current: undefined, previous: undefined, confirm: () => undefined }
    expect(new BlockValidator('isthmus', rules({ signer: none })).validate(block(NOW)).tag).toBe('ignore')
    let confirmed = 0
    const signer = {
      current: privateKeyToAddress(new Uint8Array(32).fill(6)),
      previous: privateKeyToAddress(KEY),
      confirm: () => confirmed++,
    }
    const validator = new BlockValidator('isthmus', rules({ signer }))
    expect(validator.validate(block(NOW)).tag).toBe('accept')
    expect(confirmed).toBe(0)
    const current = gossipMessage(
      { version: 'isthmus', timestamp: BigInt(NOW), number: 9n },
      new Uint8Array(32).fill(6),
      CHAIN,
    )
    expect(validator.validate(current).tag).toBe('accept')
    expect(confirmed).toBe(1)
  })
})
