import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../src/primitives/hex.ts'
import { encodeRlp } from '../src/primitives/rlp.ts'
import { devAccounts } from '../test/peers/support/dev-accounts.ts'
import { Journal, parseJournal } from './journal.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
})

afterEach(() => rm(folder, { recursive: true }))

async function transactions(count: number): Promise<Uint8Array[]> {
  const [{ account }] = devAccounts as [(typeof devAccounts)[0]]
  const common = { chainId: 901, gas: 21_000n, to: account.address, value: 1n }
  const list: Uint8Array[] = []
  for (let nonce = 0; nonce < count; nonce++) {
    const prices = nonce % 2 === 0 ? { gasPrice: 7n } : { maxFeePerGas: 7n, maxPriorityFeePerGas: 1n }
    list.push(hexToBytes(await account.signTransaction({ ...common, nonce, ...prices })))
  }
  return list
}

const hex = (list: readonly Uint8Array[]): string[] => list.map(bytesToHex)

describe('the journal', () => {
  it('keeps legacy transactions as lists and typed ones as byte strings', async () => {
    const [legacy, typed] = (await transactions(2)) as [Uint8Array, Uint8Array]
    const path = join(folder, 'chain', 'transactions.rlp')
    const { journal } = await Journal.open(path)
    await journal.append(legacy)
    await journal.append(typed)
    await journal.close()
    expect(bytesToHex(await readFile(path))).toBe(bytesToHex(Buffer.concat([legacy, encodeRlp(typed)])))
  })

  it('gives back the whole transactions wherever the last 300 bytes are cut, and goes on from there', {
    timeout: 60_000,
  }, async () => {
    const list = await transactions(5)
    const path = join(folder, 'transactions.rlp')
    const first = await Journal.open(path)
    const ends: number[] = []
    for (const raw of list) {
      await first.journal.append(raw)
      ends.push((await readFile(path)).length)
    }
    await first.journal.close()
    const whole = await readFile(path)
    for (let cut = whole.length - 300; cut <= whole.length; cut++) {
      await writeFile(path, whole.subarray(0, cut))
      const kept = ends.filter((end) => end <= cut)
      const opened = await Journal.open(path)
      expect(hex(opened.transactions)).toEqual(hex(list.slice(0, kept.length)))
      expect(opened.torn).toBe(cut - (kept.at(-1) ?? 0))
      await opened.journal.append(list[0] as Uint8Array)
      await opened.journal.close()
      const again = parseJournal(await readFile(path))
      expect(hex(again.transactions)).toEqual(hex([...list.slice(0, kept.length), list[0] as Uint8Array]))
    }
  })

  it('replaces its content, and appends to what it was replaced by', async () => {
    const list = await transactions(4)
    const path = join(folder, 'transactions.rlp')
    const { journal } = await Journal.open(path)
    await Promise.all(list.slice(0, 3).map((raw) => journal.append(raw)))
    await journal.rotate(() => list.slice(1, 2))
    await journal.append(list[3] as Uint8Array)
    await journal.close()
    const { journal: next, transactions: kept, torn } = await Journal.open(path)
    await next.close()
    expect(hex(kept)).toEqual(hex([list[1] as Uint8Array, list[3] as Uint8Array]))
    expect(torn).toBe(0)
  })

  it('keeps the old content when the new one cannot be made', async () => {
    const list = await transactions(2)
    const path = join(folder, 'transactions.rlp')
    const { journal } = await Journal.open(path)
    await journal.append(list[0] as Uint8Array)
    const failing = journal.rotate(() => {
      throw new TypeError('no content')
    })
    await expect(failing).rejects.toThrow('no content')
    await journal.append(list[1] as Uint8Array)
    await journal.close()
    expect(hex(parseJournal(await readFile(path)).transactions)).toEqual(hex(list))
  })

  it('reads any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(parseJournal(bytes).length).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })
})
