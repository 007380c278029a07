import { describe, expect, it } from 'vitest'
import { L2Blocks } from '../../test/support/driver-world.ts'
import { isAppError } from '../primitives/errors.ts'
import { OP_FORKS } from '../protocol/forks.ts'
import { invalidatedOutput } from '../protocol/invalidated-block.ts'
import { attributesMismatch } from './match-block.ts'
import { replacementAttributes } from './replacement-attributes.ts'

describe('attributes of what takes the place of a block', () => {
  it.each(OP_FORKS.filter((fork) => fork !== 'bedrock' && fork !== 'interop'))(
    'are its own without what users sent, in %s',
    (fork) => {
      const blocks = new L2Blocks(fork)
      const whole = blocks.on(blocks.genesis, { transactions: [Uint8Array.of(2, 1), Uint8Array.of(1, 1)] })
      const empty = blocks.on(blocks.genesis)
      const attributes = replacementAttributes(blocks.config, whole.payload)
      expect(attributes).toEqual(empty.attributes)
      expect(attributesMismatch(blocks.config, attributes, blocks.genesis.hash, empty.payload)).toBeUndefined()
      expect(attributesMismatch(blocks.config, attributes, blocks.genesis.hash, whole.payload)).toContain(
        'transaction count',
      )
    },
  )

  it('keep the output of the block in a last deposit, where they are marked', () => {
    const blocks = new L2Blocks('jovian')
    const { payload } = blocks.on(blocks.genesis, { transactions: [Uint8Array.of(2, 1)] })
    const { transactions, ...rest } = replacementAttributes(blocks.config, payload, 'marked')
    const { transactions: plain, ...same } = replacementAttributes(blocks.config, payload, 'plain')
    expect(rest).toEqual(same)
    expect(transactions.slice(0, -1)).toEqual(plain)
    expect(invalidatedOutput(transactions)).toEqual({
      stateRoot: payload.header.stateRoot,
      messagePasserStorageRoot: payload.header.withdrawalsRoot,
      blockHash: payload.hash,
    })
  })

  it('cannot be marked before the header says what the message passer holds', () => {
    const blocks = new L2Blocks('regolith')
    const { payload } = blocks.on(blocks.genesis)
    expect(() => replacementAttributes(blocks.config, payload, 'marked')).toThrow('from before Isthmus')
  })

  it('cannot be had of a block whose extra data is none', () => {
    const blocks = new L2Blocks('holocene')
    const { payload } = blocks.on(blocks.genesis)
    const broken = { ...payload, header: { ...payload.header, extraData: Uint8Array.of(9) } }
    try {
      replacementAttributes(blocks.config, broken)
      expect.unreachable()
    } catch (error) {
      expect(isAppError(error, 'EXTRA_DATA_INVALID')).toBe(true)
    }
  })
})
