import { parseSignature } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import {
  bytesToHex,
  concatBytes,
  EMPTY_BYTES,
  type Hex,
  hexToBytes,
  toQuantity,
  toWord,
} from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../../src/primitives/rlp.ts'
import { createDeposit } from '../../src/protocol/transaction.ts'
import { expectHead, expectSameOnNode } from './support/block-checks.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { gethRefusal } from './support/geth-refusal.ts'
import { type Sealed, type SequencedChain, startSequencedChain } from './support/op-sequencer.ts'
import { STORE, scenery } from './support/scenery.ts'
import { errorOf, RECIPIENT, Subject } from './support/subject.ts'
import { noise } from './support/tx-maker.ts'

const coder = privateKeyToAccount(keccakHash(hexToBytes('0x01')))
const exhausted = privateKeyToAccount(keccakHash(hexToBytes('0x02')))
const authority = privateKeyToAccount(keccakHash(hexToBytes('0x03')))

describe('-38512: transactions that cannot be included, in the words of op-geth', () => {
  let subject: Subject
  let chain: SequencedChain

  beforeAll(async () => {
    chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      alloc: {
        ...scenery(),
        [coder.address.toLowerCase() as Hex]: { balance: toQuantity(10n ** 20n), code: '0x00' },
        [exhausted.address.toLowerCase() as Hex]: { balance: toQuantity(10n ** 20n), nonce: '0xffffffffffffffff' },
      },
    })
    subject = new Subject(chain)
    await subject.finish(await subject.open())
  })
  afterAll(() => chain?.[Symbol.asyncDispose]())

  const cases: readonly (readonly [string, string, () => Promise<Hex>])[] = [
    ['nonceTooLow', 'an old nonce', () => subject.sign({ nonce: 0 })],
    ['nonceTooHigh', 'a gap', async () => subject.sign({ nonce: (await subject.nonce(user.address)) + 1 })],
    ['nonceMax', 'the last nonce', () => maxNonceTransaction()],
    ['insufficientFunds', 'too much value', () => subject.sign({ value: 10n ** 30n })],
    ['insufficientFunds', 'a cost beyond 256 bits', () => subject.sign({ value: 2n ** 256n - 1n })],
    ['intrinsicGasTooLow', 'too little gas', () => subject.sign({ gas: 20_999n })],
    ['floorDataGasTooLow', 'gas below the floor', () => subject.sign({ gas: 30_000n, data: `0x${'11'.repeat(300)}` })],
    ['gasLimitReached', 'more gas than the block', () => subject.sign({ gas: 60_000_001n })],
    ['feeCapTooLow', 'below the base fee', () => subject.sign({ maxFeePerGas: 1n })],
    ['tipAboveFeeCap', 'a tip above the cap', () => tipAboveCap()],
    ['senderNoEoa', 'a sender with code', () => subject.sign({ nonce: 0 }, coder)],
    [
      'initCodeTooLarge',
      'init code too large',
      () => subject.sign({ gas: 5_000_000n, to: null, data: `0x${'00'.repeat(49_153)}` }),
    ],
    ['invalidChainId', 'another chain', () => subject.sign({ chainId: 1 })],
    ['typeNotSupported', 'blobs', () => blobTransaction()],
    ['emptyAuthorizationList', 'no authorizations', () => setCodeTransaction([])],
    ['systemTransaction', 'a system deposit', async () => systemDeposit()],
  ]

  const maxNonceTransaction = (): Promise<Hex> =>
    exhausted.signTransaction({
      type: 'eip1559',
      chainId: chain.chainId,
      // A JavaScript number cannot hold it.
      nonce: (2n ** 64n - 1n) as unknown as number,
      gas: 21_000n,
      to: RECIPIENT,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 0n,
    })
  // viem would refuse to write this one.
  const tipAboveCap = async (): Promise<Hex> => {
    const { chainId } = chain
    const nonce = await subject.nonce(user.address)
    const fields = [chainId, nonce, 10n ** 11n + 1n, 10n ** 11n, 21_000, hexToBytes(RECIPIENT), 0, EMPTY_BYTES, []]
    const typed = (list: RlpInput): Uint8Array => concatBytes(Uint8Array.of(2), encodeRlp(list))
    const { r, s, yParity } = parseSignature(await user.account.sign({ hash: keccakHash(typed(fields)) }))
    return bytesToHex(typed([...fields, yParity, BigInt(r), BigInt(s)]))
  }
  const blobTransaction = async (): Promise<Hex> =>
    user.account.signTransaction({
      type: 'eip4844',
      chainId: chain.chainId,
      nonce: await subject.nonce(user.address),
      gas: 21_000n,
      to: RECIPIENT,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 0n,
      maxFeePerBlobGas: 10n,
      blobVersionedHashes: [`0x01${'00'.repeat(31)}`],
    })
  const setCodeTransaction = async (authorizationList: readonly []): Promise<Hex> =>
    user.account.signTransaction({
      type: 'eip7702',
      chainId: chain.chainId,
      nonce: await subject.nonce(user.address),
      gas: 100_000n,
      to: RECIPIENT,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 0n,
      authorizationList,
    })
  const systemDeposit = (): Hex => {
    const { raw } = createDeposit({
      sourceHash: toWord(5n),
      from: user.address,
      to: RECIPIENT,
      mint: 0n,
      value: 0n,
      gasLimit: 21_000n,
      isSystemTx: true,
      data: new Uint8Array(0),
    })
    return bytesToHex(raw)
  }

  test.each(cases)('%s: %s', async (reason, _what, make) => {
    const raw = await make()
    const like = await subject.call<Sealed>('test_seal', await subject.open(), { commit: false })
    const job = await subject.open()
    const error = await errorOf(subject.include(job, raw))
    expect(error).toMatchObject({ code: -38512, data: { reason } })
    const message = /^test_includeRaw: (.*) \(-38512\)/.exec(error.message)?.[1]
    expect(message).toBe((error.data as { detail: string }).detail)
    // A forced blob transaction takes op-geth's builder down: it has no words for it.
    const words = raw.startsWith('0x03') ? 'method handler crashed' : message
    expect(await gethRefusal(chain.el, chain.forks, like, raw)).toContain(words)
    await subject.finish(job)
  })

  test.each<readonly [string, Hex]>([
    ['nothing', '0x'],
    ['a type that nobody knows', '0x05c0'],
    ['half a transaction', '0x02f87001'],
    ['no RLP', '0xffffff'],
    ['a list of the wrong length', '0x02c0'],
    ['a deposit without fields', '0x7ec0'],
  ])('bad encoding: %s', async (_what, raw) => {
    const job = await subject.open()
    const error = await errorOf(subject.include(job, raw))
    expect(error.code).toBe(-38512)
    expect(['invalid', 'typeNotSupported']).toContain((error.data as { reason: string }).reason)
    const like = await subject.call<Sealed>('test_seal', await subject.open(), { commit: false })
    expect(await gethRefusal(chain.el, chain.forks, like, raw)).not.toContain('nothing')
    await subject.finish(job)
  })

  it('a signature that fits no key', async () => {
    const good = await subject.sign()
    // The last 32 bytes are s.
    const raw: Hex = `${good.slice(0, -64) as Hex}${'ff'.repeat(32)}`
    const job = await subject.open()
    expect(await errorOf(subject.include(job, raw))).toMatchObject({ code: -38512, data: { reason: 'invalid' } })
    await subject.finish(job)
  })

  it('what the pool does not have', async () => {
    const job = await subject.open()
    const error = await errorOf(subject.call('test_includeByHash', job, toWord(77n)))
    expect(error).toMatchObject({ code: -38512, data: { reason: 'notInPool' } })
    expect(await subject.call('test_includeFirst', job, RECIPIENT)).toBeNull()
    expect(await subject.call('test_includeBest', job)).toBeNull()
    await subject.finish(job)
  })

  it('a full block: by gas, and by data', async () => {
    const job = await subject.open({ gasLimit: toQuantity(3_000_000) })
    const nonce = await subject.nonce(user.address)
    const big = await subject.sign({ gas: 2_500_000n, data: `0x${noise(12_000)}` })
    expect(await errorOf(subject.include(job, await subject.sign({ gas: 3_000_000n })))).toMatchObject({
      code: -38512,
      data: { reason: 'gasLimitReached' },
    })
    expect(await errorOf(subject.include(job, big))).toMatchObject({
      code: -38512,
      data: { reason: 'daFootprintReached' },
    })
    await subject.finish(job, [await subject.sign(), await subject.sign({ nonce: nonce + 1 })])
  })

  it('a forced transaction that fails refuses the whole opening', async () => {
    const before = await subject.call<unknown[]>('test_jobs')
    const bad = await subject.sign({ nonce: 0 })
    const error = await errorOf(subject.open({ transactions: [bad] }))
    expect(error).toMatchObject({ code: -38512, data: { reason: 'nonceTooLow' } })
    expect(await errorOf(subject.open({ transactions: ['0x02c0'] }))).toMatchObject({ code: -38512 })
    expect(await subject.call('test_jobs')).toEqual(before)
    await subject.finish(await subject.open({ transactions: [await subject.sign()] }), [
      await subject.sign({ nonce: (await subject.nonce(user.address)) + 1 }),
    ])
  })
})

describe('before Isthmus, and at the activation of Jovian', () => {
  it('refuses what the fork does not know yet', async () => {
    await using chain = await startSequencedChain({
      forks: (genesis) => ({ ...atGenesis('holocene'), isthmus: genesis + 4, jovian: genesis + 8 }),
      alloc: scenery(),
    })
    const subject = new Subject(chain)
    const setCode = async (): Promise<Hex> =>
      user.account.signTransaction({
        type: 'eip7702',
        chainId: chain.chainId,
        nonce: await subject.nonce(user.address),
        gas: 100_000n,
        to: RECIPIENT,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 0n,
        authorizationList: [await authority.signAuthorization({ contractAddress: STORE, chainId: 0, nonce: 0 })],
      })
    const job = await subject.open()
    expect(await errorOf(subject.include(job, await setCode()))).toMatchObject({
      code: -38512,
      data: { reason: 'typeNotSupported' },
    })
    // Data costs what it costs: there is no floor yet.
    const cheap = await subject.sign({ gas: 30_000n, data: `0x${'11'.repeat(300)}` })
    await subject.finish(job, [cheap])
    await subject.finish(await subject.open(), [await setCode()])
    await subject.finish(await subject.open())
    const activation = await subject.open()
    expect(await errorOf(subject.include(activation, await subject.sign()))).toMatchObject({
      code: -38512,
      data: { reason: 'activationBlock' },
    })
    const sealed = await subject.call<Sealed>('test_seal', activation)
    await expectHead(chain.el, sealed.hash)
    await expectSameOnNode(chain.el, sealed)
    await subject.finish(await subject.open())
  })
})
