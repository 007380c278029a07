import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/primitives/errors.ts'
import { toWord } from '../../src/primitives/hex.ts'
import { payloadHeader } from '../../src/protocol/execution-payload.ts'
import { hashHeader } from '../../src/protocol/header.ts'
import { envelopeToJson, type Payload } from '../../src/protocol/payload.ts'
import { adminMethods, type SequencerAdminService } from './admin.ts'

const HEAD = toWord(3n)

function call(service: Partial<SequencerAdminService>, name: string, ...params: unknown[]): Promise<unknown> {
  const method = adminMethods(service as SequencerAdminService).find((each) => each.name === name)
  if (method === undefined) throw new Error(`no method ${name}`)
  return method.bind(params).run({})
}

/** An empty block of Ecotone. */
function payload(): Payload {
  const header = payloadHeader(
    {
      parentHash: toWord(1n),
      feeRecipient: `0x${'11'.repeat(20)}`,
      stateRoot: toWord(2n),
      receiptsRoot: toWord(3n),
      logsBloom: new Uint8Array(256),
      prevRandao: toWord(4n),
      blockNumber: 9n,
      gasLimit: 30_000_000n,
      gasUsed: 0n,
      timestamp: 100n,
      extraData: new Uint8Array(),
      baseFeePerGas: 7n,
      blockHash: toWord(5n),
      transactions: [],
      withdrawals: [],
      blobGasUsed: 0n,
      excessBlobGas: 0n,
    },
    { parentBeaconBlockRoot: toWord(6n) },
  )
  return { hash: hashHeader(header), header, transactions: [], withdrawals: [] }
}

describe('admin_*', () => {
  it('starts and stops, and answers as op-node does', async () => {
    const started: unknown[] = []
    const service = {
      active: true,
      conductorEnabled: false,
      start: async (head: string) => void started.push(head),
      stop: async () => HEAD,
    }
    expect(await call(service, 'admin_startSequencer', HEAD)).toBeNull()
    expect(started).toEqual([HEAD])
    expect(await call(service, 'admin_stopSequencer')).toBe(HEAD)
    expect(await call(service, 'admin_sequencerActive')).toBe(true)
    expect(await call(service, 'admin_conductorEnabled')).toBe(false)
  })

  it.each([[], ['0x12'], [7], [HEAD, HEAD]])('takes no head but a hash: %j', (...params) => {
    expect(() => call({}, 'admin_startSequencer', ...params)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMS' }),
    )
  })

  it('takes a payload whose hash is right', async () => {
    const posted: Payload[] = []
    const service = { postUnsafePayload: async (each: Payload) => void posted.push(each) }
    const right = payload()
    expect(await call(service, 'admin_postUnsafePayload', envelopeToJson(right))).toBeNull()
    expect(posted[0]?.hash).toBe(right.hash)
    const json = envelopeToJson(right)
    const other = toWord(77n)
    const wrong = { ...json, executionPayload: { ...json.executionPayload, blockHash: other } }
    await expect(call(service, 'admin_postUnsafePayload', wrong)).rejects.toMatchObject({
      code: 'PAYLOAD_HASH_MISMATCH',
      message: `payload has bad block hash: ${other}, actual block hash is: ${right.hash}`,
    })
    await expect(call(service, 'admin_postUnsafePayload', { executionPayload: {} })).rejects.toMatchObject({
      code: 'INVALID_PARAMS',
    })
    expect(posted).toHaveLength(1)
  })

  it('says what the sequencer does', async () => {
    const since = Date.UTC(2026, 0, 1)
    const activity = { tag: 'waiting', reason: 'syncing', detail: 'why', since } as const
    expect(await call({ activity }, 'admin_sequencerStatus')).toEqual({
      state: 'waiting',
      reason: 'syncing',
      detail: 'why',
      since: '2026-01-01T00:00:00.000Z',
    })
    const building = { tag: 'building', parent: HEAD, number: 12n } as const
    expect(await call({ activity: building }, 'admin_sequencerStatus')).toEqual({
      state: 'building',
      parent: HEAD,
      number: '0xc',
    })
  })

  it('passes errors on', async () => {
    const failure = new AppError('SEQUENCER_DISABLED', { message: 'sequencer is not enabled' })
    const overrideLeader = (): void => {
      throw failure
    }
    await expect(call({ overrideLeader }, 'admin_overrideLeader')).rejects.toBe(failure)
  })
})
