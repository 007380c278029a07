import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/primitives/errors.ts'
import { toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { L2BlockRef } from '../../src/protocol/refs.ts'
import { localRpc } from '../../test/support/local-rpc.ts'
import { derivationAdminMethods } from './admin.ts'
import { optimismMethods, type RollupNodeService } from './optimism.ts'

const NOTHING = {
  currentL1: undefined,
  headL1: undefined,
  safeL1: undefined,
  finalizedL1: undefined,
  unsafe: undefined,
  crossUnsafe: undefined,
  pendingSafe: undefined,
  localSafe: undefined,
  safe: undefined,
  finalized: undefined,
}
const NO_L1 = { hash: ZERO_HASH, number: 0, parentHash: ZERO_HASH, timestamp: 0 }
const NO_L2 = { ...NO_L1, l1origin: { hash: ZERO_HASH, number: 0 }, sequenceNumber: 0 }

const block: L2BlockRef = {
  hash: toWord(8n),
  number: 8n,
  parentHash: toWord(7n),
  timestamp: 16n,
  l1Origin: { hash: toWord(3n), number: 3n },
  sequenceNumber: 2n,
}
const blockJson = {
  hash: toWord(8n),
  number: 8,
  parentHash: toWord(7n),
  timestamp: 16,
  l1origin: { hash: toWord(3n), number: 3 },
  sequenceNumber: 2,
}
const l1Ref = { hash: toWord(3n), number: 3n, parentHash: toWord(2n), timestamp: 12n }
const l1Json = { hash: toWord(3n), number: 3, parentHash: toWord(2n), timestamp: 12 }

function rpc(service: Partial<RollupNodeService>) {
  return localRpc(optimismMethods(service as RollupNodeService, 'v1.2.3'))
}

describe('optimism_*', () => {
  test('a sync status has zeros for what is not known', async () => {
    expect(await rpc({ syncStatus: () => NOTHING }).call('optimism_syncStatus')).toEqual({
      current_l1: NO_L1,
      current_l1_finalized: NO_L1,
      head_l1: NO_L1,
      safe_l1: NO_L1,
      finalized_l1: NO_L1,
      unsafe_l2: NO_L2,
      safe_l2: NO_L2,
      finalized_l2: NO_L2,
      pending_safe_l2: NO_L2,
      cross_unsafe_l2: NO_L2,
      local_safe_l2: NO_L2,
    })
  })

  test.each([
    ['currentL1', ['current_l1']],
    ['headL1', ['head_l1']],
    ['safeL1', ['safe_l1']],
    ['finalizedL1', ['current_l1_finalized', 'finalized_l1']],
    ['unsafe', ['unsafe_l2']],
    ['crossUnsafe', ['cross_unsafe_l2']],
    ['pendingSafe', ['pending_safe_l2']],
    ['localSafe', ['local_safe_l2']],
    ['safe', ['safe_l2']],
    ['finalized', ['finalized_l2']],
  ])('%s is told as %j', async (name, keys) => {
    const known = { ...NOTHING, [name]: name.endsWith('L1') ? l1Ref : block }
    const told = (await rpc({ syncStatus: () => known }).call('optimism_syncStatus')) as Record<string, unknown>
    const json = name.endsWith('L1') ? l1Json : blockJson
    expect(Object.keys(told).filter((key) => (told[key] as { number: number }).number !== 0)).toEqual(keys)
    for (const key of keys) expect(told[key]).toEqual(json)
  })

  test('an output', async () => {
    const asked: bigint[] = []
    const { call, answer } = rpc({
      async outputAtBlock(number) {
        asked.push(number)
        return {
          outputRoot: toWord(1n),
          block,
          withdrawalStorageRoot: toWord(2n),
          stateRoot: toWord(4n),
          status: NOTHING,
        }
      },
    })
    expect(await call('optimism_outputAtBlock', '0x8')).toEqual({
      version: ZERO_HASH,
      outputRoot: toWord(1n),
      blockRef: blockJson,
      withdrawalStorageRoot: toWord(2n),
      stateRoot: toWord(4n),
      syncStatus: expect.objectContaining({ unsafe_l2: NO_L2 }),
    })
    expect(asked).toEqual([8n])
    for (const wrong of [[8], ['8'], ['latest'], [], ['0x8', '0x9']]) {
      expect(await answer('optimism_outputAtBlock', wrong)).toMatchObject({ error: { code: -32602 } })
    }
    expect(asked).toHaveLength(1)
  })

  test('a safe head', async () => {
    const { call, answer } = rpc({ safeHeadAtL1Block: () => ({ l1: l1Ref, safe: { hash: block.hash, number: 8n } }) })
    expect(await call('optimism_safeHeadAtL1Block', '0x5')).toEqual({
      l1Block: { hash: toWord(3n), number: 3 },
      safeHead: { hash: toWord(8n), number: 8 },
    })
    expect(await answer('optimism_safeHeadAtL1Block', [5])).toMatchObject({ error: { code: -32602 } })
  })

  test.each([
    ['SAFE_HEAD_UNKNOWN', 'not found'],
    ['SAFE_HEADS_DISABLED', 'failed to get safe head at l1 block 0x5: safe head database not enabled'],
  ])('%s, as of op-node', async (code, message) => {
    const { answer } = rpc({
      safeHeadAtL1Block() {
        throw new AppError(code, { message })
      },
    })
    expect(await answer('optimism_safeHeadAtL1Block', ['0x5'])).toEqual({ error: { code: -32000, message } })
  })

  test('a version, and no dependency set', async () => {
    const { call, answer } = rpc({})
    expect(await call('optimism_version')).toBe('v1.2.3')
    expect(await answer('optimism_dependencySet', [])).toEqual({ error: { code: -32000, message: 'not found' } })
  })

  test('derivation begins anew when it is asked for', async () => {
    const reasons: string[] = []
    const { call } = localRpc(derivationAdminMethods({ reset: (reason) => void reasons.push(reason) }))
    expect(await call('admin_resetDerivationPipeline')).toBeNull()
    expect(reasons).toHaveLength(1)
  })
})
