import { parseSignature } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import {
  bytesToHex,
  concatBytes,
  EMPTY_BYTES,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
  toWord,
} from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../../src/primitives/rlp.ts'
import { createDeposit } from '../../src/protocol/transaction.ts'
import { expectHead, expectSameOnNode, expectValid } from './support/block-checks.ts'
import { otherUser, user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { gethRefusal } from './support/geth-refusal.ts'
import { JsonRpcError } from './support/json-rpc.ts'
import { type Sealed, type SequencedChain, startSequencedChain, type TxResult } from './support/op-sequencer.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { STORE, scenery, storeInput } from './support/scenery.ts'
import { noise } from './support/tx-maker.ts'
import { waitFor } from './support/wait-for.ts'

const RECIPIENT: Hex = `0x${'c0'.repeat(20)}`
const coder = privateKeyToAccount(keccakHash(hexToBytes('0x01')))
const authority = privateKeyToAccount(keccakHash(hexToBytes('0x03')))
const exhausted = privateKeyToAccount(keccakHash(hexToBytes('0x02')))

interface TxFields {
  readonly nonce?: number
  readonly gas?: bigint
  readonly to?: Hex | null
  readonly value?: bigint
  readonly data?: Hex
  readonly maxFeePerGas?: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly chainId?: number
}

/** A chain and the calls that these tests make of it. */
class Subject {
  readonly chain: SequencedChain

  constructor(chain: SequencedChain) {
    this.chain = chain
  }

  call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return this.chain.sequencer.rpc.call<T>(method, params)
  }

  open(options: object = {}): Promise<string> {
    return this.call('test_open', options)
  }

  nonce(address: Hex): Promise<number> {
    return this.chain.el.rpc.call<Hex>('eth_getTransactionCount', [address, 'latest']).then(Number)
  }

  /** A transaction of the user that can be included on the head, but for what is changed. */
  async sign(fields: TxFields = {}, signer: Pick<typeof user.account, 'address' | 'signTransaction'> = user.account) {
    return signer.signTransaction({
      type: 'eip1559',
      chainId: this.chain.chainId,
      nonce: await this.nonce(signer.address.toLowerCase() as Hex),
      gas: 21_000n,
      to: RECIPIENT,
      value: 1n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 0n,
      ...fields,
    })
  }

  include(job: string, raw: Hex): Promise<TxResult> {
    return this.call('test_includeRaw', job, raw)
  }

  /** The job is none the worse: it takes a transaction, and its block becomes op-geth's head. */
  async finish(job: string, transactions: readonly Hex[] = []): Promise<Sealed> {
    const taken = transactions.length > 0 ? transactions : [await this.sign()]
    for (const raw of taken) expect((await this.include(job, raw)).status).toBe('0x1')
    const sealed = await this.call<Sealed>('test_seal', job)
    await expectHead(this.chain.el, sealed.hash)
    await expectSameOnNode(this.chain.el, sealed)
    return sealed
  }
}

/** The error that a call ends with. */
async function errorOf(call: Promise<unknown>): Promise<JsonRpcError> {
  const error = await call.then(
    (result) => new Error(`no error, but ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  )
  if (error instanceof JsonRpcError) return error
  throw error
}

describe('errors over RPC, and what they leave behind', () => {
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

  it('-38510: a job that nobody opened', async () => {
    const head = await chain.el.block('latest')
    const calls: readonly (readonly [string, ...unknown[]])[] = [
      ['test_includeRaw', '0x00'],
      ['test_includeBest'],
      ['test_includeFirst', user.address],
      ['test_includeByHash', toWord(1n)],
      ['test_undo'],
      ['test_inspect'],
      ['test_seal'],
      ['test_cancel'],
    ]
    for (const [method, ...rest] of calls) {
      const error = await errorOf(subject.call(method, 'job-0', ...rest))
      expect(error, method).toMatchObject({ code: -38510, data: { jobId: 'job-0' } })
    }
    await expectHead(chain.el, head.hash)
  })

  it('-38511: a job in a state that forbids the call', async () => {
    const sealedJob = await subject.open()
    await subject.finish(sealedJob)
    const cancelled = await subject.open()
    expect(await subject.call('test_cancel', cancelled)).toBe(true)
    const raw = await subject.sign()
    for (const [job, state] of [
      [sealedJob, 'sealed'],
      [cancelled, 'cancelled'],
    ] as const) {
      const calls: readonly (readonly [string, ...unknown[]])[] = [
        ['test_includeRaw', raw],
        ['test_includeBest'],
        ['test_includeFirst', user.address],
        ['test_includeByHash', toWord(1n)],
        ['test_undo'],
        ['test_cancel'],
        ['test_seal'],
      ]
      for (const [method, ...rest] of calls) {
        const error = await errorOf(subject.call(method, job, ...rest))
        expect(error, `${method} on ${state}`).toMatchObject({ code: -38511, data: { jobId: job, state } })
      }
    }
    const open = await subject.open()
    await subject.include(open, raw)
    expect(await errorOf(subject.call('test_undo', open, 2))).toMatchObject({ code: -38511 })
    expect(await subject.call('test_undo', open, 1)).toBe(1)
    await subject.finish(open, [raw])
  })

  describe('-38512: transactions that cannot be included, in the words of op-geth', () => {
    const cases: readonly (readonly [string, string, () => Promise<Hex>])[] = [
      ['nonceTooLow', 'an old nonce', () => subject.sign({ nonce: 0 })],
      ['nonceTooHigh', 'a gap', async () => subject.sign({ nonce: (await subject.nonce(user.address)) + 1 })],
      ['nonceMax', 'the last nonce', () => maxNonceTransaction()],
      ['insufficientFunds', 'too much value', () => subject.sign({ value: 10n ** 30n })],
      ['insufficientFunds', 'a cost beyond 256 bits', () => subject.sign({ value: 2n ** 256n - 1n })],
      ['intrinsicGasTooLow', 'too little gas', () => subject.sign({ gas: 20_999n })],
      [
        'floorDataGasTooLow',
        'gas below the floor',
        () => subject.sign({ gas: 30_000n, data: `0x${'11'.repeat(300)}` }),
      ],
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

  it('-38513: parents and origins that cannot be built on', async () => {
    const head = await chain.el.block('latest')
    const l1Head = await chain.l1.el.block('latest')
    const cases: readonly (readonly [object, string])[] = [
      [{ l2Parent: toWord(5n) }, 'unknownParent'],
      [{ l2Parent: toQuantity(BigInt(head.number) + 1n) }, 'unknownParent'],
      [{ l1Origin: toWord(6n) }, 'unknownOrigin'],
      [{ l1Origin: 'next' }, 'unknownOrigin'],
      [{ l1Origin: toQuantity(BigInt(l1Head.number) + 9n) }, 'unknownOrigin'],
      // Behind the parent's origin.
      [{ l1Origin: '0x0' }, 'originMismatch'],
      [{ timestamp: head.timestamp }, 'timestamp'],
      [{ timestamp: '0x1' }, 'timestamp'],
    ]
    for (const [options, rule] of cases) {
      expect(await errorOf(subject.open(options)), JSON.stringify(options)).toMatchObject({
        code: -38513,
        data: { rule },
      })
    }
    await expectHead(chain.el, head.hash)
    // What the parent forbids can be forced; op-geth then refuses it for the same reason.
    const job = await subject.open({ timestamp: head.timestamp, force: true })
    const refused = await errorOf(subject.call('test_seal', job))
    expect(refused).toMatchObject({ code: -38530, data: { status: 'INVALID' } })
    expect(refused.message).toContain('timestamp')
    await expectHead(chain.el, head.hash)

    // Two L1 blocks on: an origin may not be skipped, nor come before its time.
    const next = await chain.l1.mine()
    const afterNext = await chain.l1.mine()
    const skipping = await errorOf(subject.open({ l1Origin: afterNext.hash }))
    expect(skipping).toMatchObject({ code: -38513, data: { rule: 'originMismatch' } })
    const time = (block: RpcBlock): number => Number(block.timestamp)
    const timestamp = toQuantity(Math.max(time(head) + chain.blockTime, time(next)))
    const sealed = await subject.finish(await subject.open({ timestamp, l1Origin: 'next' }))
    expect(sealed.block.mixHash).toBe(next.mixHash)
    const late = await chain.l1.mine({ timestamp: Number(sealed.block.timestamp) + 100 })
    await subject.finish(
      await subject.open({ timestamp: toQuantity(Number(timestamp) + 60), l1Origin: afterNext.hash }),
    )
    expect(await errorOf(subject.open({ l1Origin: late.hash }))).toMatchObject({
      code: -38513,
      data: { rule: 'originMismatch' },
    })
  })

  it('-38530: op-geth refuses a block', async () => {
    const head = await chain.el.block('latest')
    const overrides: readonly (readonly [object, string])[] = [
      [{ stateRoot: toWord(1n) }, 'invalid merkle root'],
      [{ receiptsRoot: toWord(2n) }, 'invalid receipt root hash'],
      [{ gasUsed: '0x5208' }, 'invalid gas used'],
      [{ logsBloom: `0x${'01'.repeat(256)}` }, 'invalid bloom'],
      [{ baseFeePerGas: '0x1' }, 'invalid baseFee'],
      [{ withdrawalsRoot: toWord(3n) }, 'invalid withdrawals hash'],
      [{ blobGasUsed: '0x7' }, 'blob'],
    ]
    for (const [header, words] of overrides) {
      const job = await subject.open()
      await subject.include(job, await subject.sign())
      const error = await errorOf(subject.call('test_seal', job, { header }))
      expect(error, words).toMatchObject({ code: -38530, data: { status: 'INVALID' } })
      expect((error.data as { validationError: string }).validationError).toContain(words)
      await expectHead(chain.el, head.hash)
      // The sealed block is kept, and refused again.
      const again = await errorOf(subject.call('test_seal', job))
      expect(again.code).toBe(-38530)
    }
    // op-geth's own root, in its answer, is the one that an honest block has.
    const [crafted, honest] = [await subject.open(), await subject.open()]
    const raw = await subject.sign()
    for (const job of [crafted, honest]) await subject.include(job, raw)
    const { data } = await errorOf(subject.call('test_seal', crafted, { header: { stateRoot: toWord(9n) } }))
    const sealed = await subject.call<Sealed>('test_seal', honest)
    expect((data as { validationError: string }).validationError).toContain(
      `local: ${(sealed.block.stateRoot as string).slice(2)}`,
    )
    await expectHead(chain.el, sealed.hash)

    const ancestor = await errorOf(subject.call('test_setForkchoice', { head: toWord(11n) }))
    expect(ancestor).toMatchObject({ code: -38530, data: { status: 'SYNCING' } })
    expect(await errorOf(subject.call('test_commit', toWord(10n)))).toMatchObject({ code: -38530 })
    await subject.finish(await subject.open())
    const back = await errorOf(subject.call('test_commit', sealed.hash))
    expect(back).toMatchObject({ code: -38530, data: { status: 'VALID' } })
    expect(back.message).toContain('ancestor')
  })

  it('-38540: nobody publishes', async () => {
    const sealed = await subject.finish(await subject.open())
    expect(await errorOf(subject.call('test_publish', sealed.hash))).toMatchObject({ code: -38540 })
    await expectHead(chain.el, sealed.hash)
  })

  it('the errors of JSON-RPC itself', async () => {
    const head = await chain.el.block('latest')
    const job = await subject.open()
    const params: readonly (readonly [string, readonly unknown[]])[] = [
      ['test_open', [{ parentHash: head.hash }]],
      ['test_open', [{ timestamp: '0x01' }]],
      ['test_open', [{ gasLimit: 5 }]],
      ['test_open', [{}, {}]],
      ['test_includeRaw', [job]],
      ['test_includeRaw', [job, '0x123']],
      ['test_includeRaw', [job, 'deadbeef']],
      ['test_includeFirst', [job, '0x00']],
      ['test_undo', [job, -1]],
      ['test_undo', [job, 1.5]],
      ['test_seal', [job, { header: { colour: 'red' } }]],
      ['test_commit', ['0x00']],
      ['test_auto', ['yes']],
    ]
    for (const [method, list] of params) {
      expect(await errorOf(subject.call(method, ...list)), `${method} ${JSON.stringify(list)}`).toMatchObject({
        code: -32602,
      })
    }
    expect(await errorOf(subject.call('test_opne'))).toMatchObject({ code: -32601 })
    const post = async (body: string): Promise<{ id: unknown; error: { code: number } }> => {
      const response = await fetch(`${chain.sequencer.url}/op-a`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      return (await response.json()) as { id: unknown; error: { code: number } }
    }
    expect(await post('{"jsonrpc":"2.0",')).toMatchObject({ id: null, error: { code: -32700 } })
    expect(await post('[]')).toMatchObject({ id: null, error: { code: -32600 } })
    expect(await post('{"jsonrpc":"1.0","id":7,"method":"test_jobs"}')).toMatchObject({ error: { code: -32600 } })
    expect(await post('{"jsonrpc":"2.0","id":7}')).toMatchObject({ error: { code: -32600 } })
    await subject.finish(job)
  })

  it('test_jobs and test_cancel', async () => {
    const head = await chain.el.block('latest')
    const job = await subject.open()
    await subject.include(job, await subject.sign())
    type Listed = { jobId: string; state: string; number: Hex; parentHash: Hash; transactions: number }
    const find = async (): Promise<Listed | undefined> =>
      (await subject.call<Listed[]>('test_jobs')).find(({ jobId }) => jobId === job)
    const listed = { jobId: job, number: toQuantity(BigInt(head.number) + 1n), parentHash: head.hash, transactions: 2 }
    expect(await find()).toEqual({ ...listed, state: 'open' })
    await subject.call('test_cancel', job)
    expect(await find()).toEqual({ ...listed, state: 'cancelled' })
    await expectHead(chain.el, head.hash)
  })

  it('test_setForkchoice moves the labels of op-geth', async () => {
    const first = await subject.finish(await subject.open())
    const second = await subject.finish(await subject.open())
    const side = await subject.call<Sealed>(
      'test_seal',
      await subject.open({ l2Parent: first.hash, prevRandao: toWord(77n) }),
      { commit: false },
    )
    const labels = { head: second.hash, safe: first.hash, finalized: first.block.parentHash }
    expect(await subject.call('test_setForkchoice', { safe: labels.safe, finalized: labels.finalized })).toEqual(labels)
    expect((await chain.el.block('safe')).hash).toBe(labels.safe)
    expect((await chain.el.block('finalized')).hash).toBe(labels.finalized)
    expect(await subject.call('test_setForkchoice', {})).toEqual(labels)
    // A commit leaves safe and finalized alone.
    const third = await subject.finish(await subject.open())
    expect(await subject.call('test_setForkchoice', {})).toEqual({ ...labels, head: third.hash })
    await expectValid(chain.el, chain.forks, side)
    expect(await subject.call('test_setForkchoice', { head: side.hash })).toEqual({ ...labels, head: side.hash })
    await expectHead(chain.el, side.hash)
    // What the reorg threw out is back in the pool.
    const job = await subject.open()
    for (const { block } of [second, third]) {
      expect(await subject.call('test_includeBest', job)).toMatchObject({
        transactionHash: block.transactions[1]?.hash,
      })
    }
    const sealed = await subject.call<Sealed>('test_seal', job)
    await expectHead(chain.el, sealed.hash)
    await expectSameOnNode(chain.el, sealed)
  })

  it('the pool: best, first, by hash', async () => {
    const [mine, theirs] = [await subject.nonce(user.address), await subject.nonce(otherUser.address)]
    const low = await subject.sign({ nonce: mine, maxPriorityFeePerGas: 1n })
    const next = await subject.sign({ nonce: mine + 1, maxPriorityFeePerGas: 10n ** 9n })
    const high = await subject.sign({ nonce: theirs, maxPriorityFeePerGas: 5n }, otherUser.account)
    const hashes: Hash[] = []
    for (const raw of [low, next, high]) hashes.push(await subject.call<Hash>('eth_sendRawTransaction', raw))
    const job = await subject.open()
    expect(await errorOf(subject.call('test_includeByHash', job, hashes[1]))).toMatchObject({
      code: -38512,
      data: { reason: 'nonceTooHigh' },
    })
    expect(await subject.call('test_includeBest', job)).toMatchObject({ transactionHash: hashes[2] })
    expect(await subject.call('test_includeFirst', job, user.address)).toMatchObject({ transactionHash: hashes[0] })
    expect(await subject.call('test_includeByHash', job, hashes[1])).toMatchObject({ transactionHash: hashes[1] })
    expect(await subject.call('test_includeBest', job)).toBeNull()
    const sealed = await subject.call<Sealed>('test_seal', job)
    await expectHead(chain.el, sealed.hash)
    await expectSameOnNode(chain.el, sealed)
    expect(sealed.block.transactions.slice(1).map(({ hash }) => hash)).toEqual([hashes[2], hashes[0], hashes[1]])
    // They are mined, so that the pool has nothing for the next block.
    const after = await subject.open()
    expect(await subject.call('test_includeBest', after)).toBeNull()
    await subject.finish(after)
  })

  it('test_auto builds with what the pool has until it is switched off', async () => {
    const start = await chain.el.blockNumber()
    const hash = await subject.call<Hash>('eth_sendRawTransaction', await subject.sign())
    expect(await subject.call('test_auto', true, { interval: 100 })).toBe(false)
    expect(await subject.call('test_auto', true, { interval: 100 })).toBe(true)
    await waitFor('three blocks', async () => (await chain.el.blockNumber()) >= start + 3)
    expect(await subject.call('test_auto', false)).toBe(true)
    expect(await subject.call('test_auto', false)).toBe(false)
    const receipt = await chain.el.rpc.call<{ status: Hex }>('eth_getTransactionReceipt', [hash])
    expect(receipt.status).toBe('0x1')
    // Whatever was in the making is done or given up when a job of ours extends the head.
    await waitFor('a job on the head', async () => {
      const head = await chain.el.block('latest')
      const sealed = await subject.call<Sealed>('test_seal', await subject.open())
      return sealed.block.parentHash === head.hash
    })
    const idle = await chain.el.block('latest')
    await subject.finish(await subject.open({ l2Parent: idle.hash }))
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

describe('-38590: nodes that are gone', () => {
  it('op-geth is killed and comes back: the job goes on where it was', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian'), alloc: scenery() })
    const { el } = chain
    const subject = new Subject(chain)
    for (let i = 0; i < 3; i++) await subject.finish(await subject.open())
    const job = await subject.open()
    const nonce = await subject.nonce(user.address)
    const store = (offset: number, slot: bigint): Promise<Hex> =>
      subject.sign({ nonce: nonce + offset, gas: 300_000n, to: STORE, value: 0n, data: storeInput([[slot, 0n]]) })
    const signed = [await store(0, 5n), await store(1, 6n), await store(2, 7n)] as const
    await subject.include(job, signed[0])

    await el.process.kill9()
    const opening = await errorOf(subject.open())
    expect(opening).toMatchObject({ code: -38590, data: { endpoint: 'op-a.el' } })
    expect((opening.data as { method: string }).method).toMatch(/^eth_/)
    expect(await errorOf(subject.include(job, signed[1]))).toMatchObject({ code: -38590 })
    expect(await errorOf(subject.call('test_seal', job))).toMatchObject({ code: -38590 })
    expect((await fetch(`${chain.sequencer.url}/healthz`)).status).toBe(200)
    expect(await subject.call<{ jobId: string; state: string }[]>('test_jobs')).toContainEqual(
      expect.objectContaining({ jobId: job }),
    )

    await el.process.start()
    const state = (await subject.call<{ jobId: string; state: string }[]>('test_jobs')).find(
      (j) => j.jobId === job,
    )?.state
    if (state === 'open') {
      expect((await subject.include(job, signed[1])).status).toBe('0x1')
      expect((await subject.include(job, signed[2])).status).toBe('0x1')
    }
    const sealed = await subject.call<Sealed>('test_seal', job)
    expect(sealed.block.transactions).toHaveLength(state === 'open' ? 4 : 2)
    await expectHead(el, sealed.hash)
    await expectSameOnNode(el, sealed)
    await subject.finish(await subject.open())
  })

  it('op-geth is killed between sealing and committing', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian'), alloc: scenery() })
    const { el } = chain
    const subject = new Subject(chain)
    for (let i = 0; i < 3; i++) await subject.finish(await subject.open())
    const job = await subject.open()
    await subject.include(job, await subject.sign())
    const sealed = await subject.call<Sealed>('test_seal', job, { commit: false })
    await el.process.kill9()
    expect(await errorOf(subject.call('test_commit', sealed.hash))).toMatchObject({
      code: -38590,
      data: { endpoint: 'op-a.engine' },
    })
    await el.process.start()
    expect(await subject.call('test_commit', sealed.hash)).toBe(true)
    await expectHead(el, sealed.hash)
    await subject.finish(await subject.open())
  })

  it('L1 stops while a job is being opened', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian'), alloc: scenery() })
    const { l1, el } = chain
    const subject = new Subject(chain)
    await subject.finish(await subject.open())
    const head = await el.block('latest')
    const running = await subject.open()
    // Frozen first, so that the service is in the middle of a question when the answer can no more come.
    process.kill(l1.el.process.pid as number, 'SIGSTOP')
    const opening = errorOf(subject.open())
    await new Promise((resolve) => setTimeout(resolve, 200))
    await l1.el.process.kill9()
    const error = await opening
    expect(error).toMatchObject({ code: -38590, data: { endpoint: 'l1.el' } })
    expect((error.data as { method: string }).method).toMatch(/^eth_/)
    expect(await errorOf(subject.open())).toMatchObject({ code: -38590, data: { endpoint: 'l1.el' } })
    await expectHead(el, head.hash)
    // What is open already needs no L1.
    await subject.finish(running)
    await l1.el.process.start()
    await subject.finish(await subject.open())
  })

  it('a full node restarts between sealing and committing', async () => {
    // Killed, it would come back at genesis and ask for snap sync: no Engine API call brings it on from there.
    await using chain = await startSequencedChain({
      forks: () => atGenesis('jovian'),
      alloc: scenery(),
      gcmode: 'full',
    })
    const { el } = chain
    const subject = new Subject(chain)
    let parent: RpcBlock = await el.block(0)
    for (let i = 0; i < 5; i++) {
      await subject.finish(await subject.open())
      parent = await el.block('latest')
    }
    const job = await subject.open({ l2Parent: parent.hash })
    await subject.include(job, await subject.sign())
    const sealed = await subject.call<Sealed>('test_seal', job, { commit: false })
    await el.process.restart()
    expect(await subject.call('test_commit', sealed.hash)).toBe(true)
    await expectHead(el, sealed.hash)
    await expectSameOnNode(el, sealed)
    await subject.finish(await subject.open())
  })
})
