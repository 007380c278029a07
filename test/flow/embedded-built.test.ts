import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SealedBlock } from '../../src/builder/service.ts'
import { StoredState } from '../../src/embedded/stored-state.ts'
import { OpExecutor } from '../../src/evm/op-executor.ts'
import type { Address } from '../../src/primitives/hex.ts'
import { KECCAK_EMPTY } from '../../src/primitives/keccak.ts'
import type { Block } from '../../src/protocol/block.ts'
import { sealedPayload } from '../../src/protocol/payload.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { embeddedWorld, transfer } from '../support/embedded-world.ts'

type World = Awaited<ReturnType<typeof embeddedWorld>>

const RECIPIENT: Address = `0x${'77'.repeat(20)}`

let w: World
let runs: ReturnType<typeof vi.spyOn>
beforeEach(async () => {
  w = await embeddedWorld(new MemoryStore())
  runs = vi.spyOn(OpExecutor.prototype, 'begin')
})
afterEach(() => {
  vi.restoreAllMocks()
})

async function sealed(...transactions: readonly Uint8Array[]): Promise<SealedBlock> {
  const job = await w.jobs.open({ l2Parent: 'latest' }, {})
  for (const raw of transactions) await w.jobs.includeRaw(job, raw, {})
  return w.jobs.seal(job, { commit: false, publish: false }, {})
}

describe('a block that was built here', () => {
  it('runs once, and is stored as a chain stores it that has run it', async () => {
    const other = await embeddedWorld(new MemoryStore())
    for (let nonce = 0; nonce < 4; nonce++) {
      runs.mockClear()
      const block = await w.block('latest', await transfer(nonce))
      expect(runs).toHaveBeenCalledTimes(1)
      const payload = sealedPayload(block)
      expect(await other.engine.newPayload(payload, {})).toMatchObject({ status: 'VALID' })
      expect(runs).toHaveBeenCalledTimes(2)
      expect(other.chain.receipts(block.hash)).toEqual(w.chain.receipts(block.hash))
      expect(other.chain.block(block.hash)).toMatchObject(w.chain.block(block.hash) as Block)
      const [here, there] = [w, other].map(({ chain }) => new StoredState(chain.nodes, block.header.stateRoot))
      expect(here?.account(RECIPIENT)).toMatchObject({ balance: BigInt(nonce + 1) })
      expect(here?.account(RECIPIENT)).toEqual(there?.account(RECIPIENT))
    }
  })

  it('runs again where the state that it was built on was edited since', async () => {
    const block = await sealed(await transfer(0))
    await w.engine.editState(
      () => ({
        accounts: new Map([
          [
            RECIPIENT,
            { account: { nonce: 9n, balance: 9n, codeHash: KECCAK_EMPTY }, storage: new Map(), storageCleared: false },
          ],
        ]),
        codes: new Map(),
      }),
      {},
    )
    await expect(w.jobs.commit(block.hash, {})).rejects.toThrow('invalid merkle root')
    expect(runs).toHaveBeenCalledTimes(2)
  })

  it('runs again, and is refused, with a field that a caller made up', async () => {
    const job = await w.jobs.open({ l2Parent: 'latest' }, {})
    await w.jobs.includeRaw(job, await transfer(0), {})
    const header = { gasUsed: 1n }
    await expect(w.jobs.seal(job, { header, commit: true, publish: false }, {})).rejects.toThrow('invalid gas used')
    expect(runs).toHaveBeenCalledTimes(2)
  })

  it('does not lend its result to another body or header under its hash', async () => {
    const block = await sealed(await transfer(0))
    const payload = sealedPayload(block)
    const longer = [...payload.transactions, await transfer(1)]
    expect(await w.engine.newPayload({ ...payload, transactions: longer }, {})).toMatchObject({ status: 'INVALID' })
    expect(runs).toHaveBeenCalledTimes(1)
    w = await embeddedWorld(new MemoryStore())
    runs.mockClear()
    const again = sealedPayload(await sealed(await transfer(0)))
    const lie = { ...again, header: { ...again.header, gasUsed: 1n } }
    expect(await w.engine.newPayload(lie, {})).toMatchObject({
      status: 'INVALID',
      validationError: expect.stringContaining('invalid gas used'),
    })
    expect(runs).toHaveBeenCalledTimes(2)
  })
})
