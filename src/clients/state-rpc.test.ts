import { describe, expect, it } from 'vitest'
import { AppError } from '../primitives/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes, toWord } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import type { StateQuery } from '../state/source.ts'
import { RpcStateSource } from './state-rpc.ts'
import type { RpcCall, RpcOutcome } from './transport.ts'

const BLOCK: Hash = toWord(0xb10cn)
const A: Address = `0x${'aa'.repeat(20)}`
const HASH = toWord(0x1234n)
const CALL = { from: A, to: A, data: Uint8Array.of(1), value: 0n, gas: 21_000n } as const

class NodeError {
  readonly code: number
  constructor(code: number) {
    this.code = code
  }
}

/** A node that answers by method; NodeError becomes an error object. */
function node(answers: Readonly<Record<string, unknown>>): { source: RpcStateSource; batches: RpcCall[][] } {
  const batches: RpcCall[][] = []
  const batch = (calls: readonly RpcCall[]): Promise<RpcOutcome[]> => {
    batches.push([...calls])
    return Promise.resolve(
      calls.map(({ method, params }): RpcOutcome => {
        const entry = method in answers ? answers[method] : new NodeError(-32601)
        const value = typeof entry === 'function' ? (entry as (...params: unknown[]) => unknown)(...params) : entry
        if (!(value instanceof NodeError)) return { ok: true, value }
        const data = { method, endpoint: 'el', code: value.code, message: 'no' }
        return { ok: false, error: new AppError('RPC_ERROR', { data }) }
      }),
    )
  }
  return { source: new RpcStateSource({ batch }), batches }
}

describe('read', () => {
  it('asks for everything in one batch, by block hash', async () => {
    const { source, batches } = node({
      eth_getProof: { accountProof: ['0xc0'], storageProof: [{ key: '0x1', value: '0x0', proof: ['0xc1', '0xc2'] }] },
      eth_getCode: '0x6001',
      debug_traceCall: { [A.toUpperCase().replace('0X', '0x')]: { code: '0x6001', storage: { [HASH]: toWord(1n) } } },
    })
    const answers = await source.read(BLOCK, [
      { kind: 'proof', address: A, slots: [HASH] },
      { kind: 'code', address: A, codeHash: undefined },
      { kind: 'touched', call: CALL },
    ])
    expect(answers).toEqual([
      { kind: 'proof', accountProof: ['0xc0'], storageProofs: [['0xc1', '0xc2']] },
      { kind: 'code', code: hexToBytes('0x6001') },
      { kind: 'touched', accounts: new Map([[A, [HASH]]]), codes: [hexToBytes('0x6001')] },
    ])
    expect(batches).toHaveLength(1)
    expect(batches[0]?.map(({ params }) => params)).toEqual([
      [A, [HASH], { blockHash: BLOCK }],
      [A, { blockHash: BLOCK }],
      [
        { from: A, to: A, input: '0x01', value: '0x0', gas: '0x5208' },
        { blockHash: BLOCK },
        { tracer: 'prestateTracer', tracerConfig: { includeEmpty: true } },
      ],
    ])
  })

  it('falls back to access lists, and remembers', async () => {
    const { source, batches } = node({
      eth_createAccessList: { accessList: [{ address: A, storageKeys: [HASH] }], gasUsed: '0x1' },
    })
    const touched: StateQuery = { kind: 'touched', call: CALL }
    for (let i = 0; i < 2; i++) {
      expect(await source.read(BLOCK, [touched])).toEqual([
        { kind: 'touched', accounts: new Map([[A, [HASH]]]), codes: [] },
      ])
    }
    const methods = batches.flat().map(({ method }) => method)
    expect(methods).toEqual(['debug_traceCall', 'eth_createAccessList', 'eth_createAccessList'])
  })

  it('knows what the node does not serve, once it has said so', async () => {
    const { source } = node({})
    const kinds = ['touched', 'node', 'storageRange', 'accountRange'] as const
    expect(kinds.map((kind) => source.supports(kind))).toEqual([true, true, true, true])
    const answers = await source.read(BLOCK, [
      { kind: 'touched', call: CALL },
      { kind: 'node', owner: undefined, path: '', hash: HASH },
      { kind: 'storageRange', blockHash: BLOCK, address: A, start: HASH, limit: 8 },
      { kind: 'accountRange', start: HASH, limit: 8 },
    ])
    expect(answers.map(({ kind }) => kind)).toEqual(['failed', 'node', 'failed', 'failed'])
    expect(kinds.map((kind) => source.supports(kind))).toEqual([false, false, false, false])
    expect(source.supports('proof')).toBe(true)
  })

  it('takes code by its hash where the block is gone', async () => {
    const code: Hex = '0x6002'
    const codeHash = keccakHash(hexToBytes(code))
    const { source, batches } = node({ eth_getCode: new NodeError(-32000), debug_dbGet: code })
    expect(await source.read(BLOCK, [{ kind: 'code', address: A, codeHash }])).toEqual([
      { kind: 'code', code: hexToBytes(code) },
    ])
    expect(batches[1]).toMatchObject([{ method: 'debug_dbGet', params: [`0x63${codeHash.slice(2)}`] }])
    const [unknown] = await source.read(BLOCK, [{ kind: 'code', address: A, codeHash: undefined }])
    expect(unknown).toMatchObject({ kind: 'failed', error: { code: 'RPC_ERROR' } })
  })

  it('looks for a node by hash and by path', async () => {
    const { source, batches } = node({ debug_dbGet: (key: Hex) => (key === HASH ? new NodeError(-32000) : '0xc0') })
    const answer = { kind: 'node', candidates: [Uint8Array.of(0xc0)] }
    expect(
      await source.read(BLOCK, [
        { kind: 'node', owner: HASH, path: '0a1', hash: HASH },
        { kind: 'node', owner: undefined, path: 'f', hash: HASH },
      ]),
    ).toEqual([answer, answer])
    const keys = batches[0]?.map(({ params }) => params[0])
    expect(keys).toEqual([HASH, `0x4f${HASH.slice(2)}000a01`, HASH, '0x410f'])
  })

  it('reads ranges', async () => {
    const { source } = node({
      debug_storageRangeAt: { storage: { [HASH]: { key: null, value: toWord(7n) } }, nextKey: null },
      debug_accountRange: {
        root: 'ab',
        accounts: {
          'pre(0x)': { balance: '12', nonce: 3, root: toWord(1n), codeHash: toWord(2n), key: HASH },
        },
        next: 'Base64=',
      },
    })
    const [slots, accounts] = await source.read(BLOCK, [
      { kind: 'storageRange', blockHash: HASH, address: A, start: HASH, limit: 8 },
      { kind: 'accountRange', start: HASH, limit: 8 },
    ])
    expect(slots).toEqual({ kind: 'storageRange', slots: new Map([[HASH, 7n]]), complete: true })
    const account = { nonce: 3n, balance: 12n, storageRoot: toWord(1n), codeHash: toWord(2n) }
    expect(accounts).toEqual({ kind: 'accountRange', accounts: new Map([[HASH, account]]), complete: false })
  })

  const malformed: [string, StateQuery, Readonly<Record<string, unknown>>][] = [
    ['a proof that is null', { kind: 'proof', address: A, slots: [] }, { eth_getProof: null }],
    ['a proof of numbers', { kind: 'proof', address: A, slots: [] }, { eth_getProof: { accountProof: [1] } }],
    ['code that is not hex', { kind: 'code', address: A, codeHash: undefined }, { eth_getCode: '0xzz' }],
    [
      'a trace with bad slots',
      { kind: 'touched', call: CALL },
      { debug_traceCall: { [A]: { storage: { '0x1': 1 } } } },
    ],
    [
      'a range without values',
      { kind: 'storageRange', blockHash: BLOCK, address: A, start: HASH, limit: 8 },
      { debug_storageRangeAt: { storage: { [HASH]: {} } } },
    ],
  ]
  it.each(malformed)('refuses %s', async (_name, query, answers) => {
    const { source } = node(answers)
    expect(await source.read(BLOCK, [query])).toMatchObject([
      { kind: 'failed', error: { code: 'RPC_UNAVAILABLE', severity: 'temporary' } },
    ])
  })
})
