import { AppError, isAppError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes, isData, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { AccountState } from '../state/diff.ts'
import type { CandidateCall, ProofSource, StateAnswer, StateQuery } from '../state/source.ts'
import { type RpcCall, type RpcOutcome, type RpcTransport, rpcErrorData, type TransportErrorCode } from './transport.ts'

/** Methods that not every node serves. */
type OptionalMethod =
  | 'debug_traceCall'
  | 'eth_createAccessList'
  | 'debug_dbGet'
  | 'debug_storageRangeAt'
  | 'debug_accountRange'

/** Against the proof of a slot, some 4 to 10 KB: a trace holds the code of all contracts that it touches. */
const TRACE_WEIGHT = 16
const CODE_WEIGHT = 8

/** JSON-RPC: no such method; and what some nodes say of a method that is switched off. */
const NO_METHOD = new Set([-32601, -32604])

/** A query on its way: the calls that it takes, and how their outcomes become its answer. */
interface Plan {
  readonly calls: readonly RpcCall[]
  read(outcomes: readonly RpcOutcome[]): StateAnswer
}

/** Reads of state, as calls and as what becomes of their outcomes. */
export interface PlannedReads {
  readonly calls: readonly RpcCall[]
  /** The answers, in the order of the queries. */
  read(outcomes: readonly RpcOutcome[]): StateAnswer[]
}

function malformed(what: string): never {
  throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
    message: `malformed answer: ${what}`,
    severity: 'temporary',
    data: { what },
  })
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) malformed(what)
  return value as Record<string, unknown>
}

function list(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : malformed(what)
}

function data(value: unknown, what: string, size?: number): Hex {
  return isData(value, size) ? (value.toLowerCase() as Hex) : malformed(what)
}

function bytes(value: unknown, what: string): Uint8Array {
  return hexToBytes(data(value, what))
}

/** Node RLP of a proof. Its digits are checked where they become bytes. */
function nodes(value: unknown, what: string): Hex[] {
  const items = list(value, what)
  for (const item of items) if (typeof item !== 'string') malformed(what)
  return items as Hex[]
}

function value(outcome: RpcOutcome | undefined): unknown {
  if (outcome === undefined) malformed('nothing')
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

/** A storage key as nodes write it: a word, or a quantity without leading zeros. */
function word(input: unknown, what: string): Hash {
  if (typeof input !== 'string' || !/^0x[0-9a-fA-F]{0,64}$/.test(input)) malformed(what)
  return `0x${input.slice(2).toLowerCase().padStart(64, '0')}`
}

function callObject(call: CandidateCall): Record<string, unknown> {
  return {
    from: call.from,
    ...(call.to === undefined ? {} : { to: call.to }),
    input: bytesToHex(call.data),
    value: toQuantity(call.value),
    gas: toQuantity(call.gas),
    ...(call.gasPrice === undefined ? {} : { gasPrice: toQuantity(call.gasPrice) }),
    ...(call.accessList === undefined ? {} : { accessList: call.accessList }),
  }
}

function proofPlan(block: unknown, query: StateQuery & { kind: 'proof' }): Plan {
  const { address, slots } = query
  return {
    calls: [{ method: 'eth_getProof', params: [address, slots, block], weight: 1 + slots.length }],
    read([outcome]) {
      const proof = object(value(outcome), 'eth_getProof')
      return {
        kind: 'proof',
        accountProof: nodes(proof.accountProof, 'accountProof'),
        storageProofs: list(proof.storageProof, 'storageProof').map((item) =>
          nodes(object(item, 'storageProof').proof, 'storageProof'),
        ),
      }
    },
  }
}

function prestatePlan(block: unknown, call: CandidateCall): Plan {
  const config = { tracer: 'prestateTracer', tracerConfig: { includeEmpty: true } }
  return {
    calls: [{ method: 'debug_traceCall', params: [callObject(call), block, config], weight: TRACE_WEIGHT }],
    read([outcome]) {
      const accounts = new Map<Address, Hash[]>()
      const codes: Uint8Array[] = []
      for (const [address, entry] of Object.entries(object(value(outcome), 'prestate'))) {
        const { storage = {}, code } = object(entry, 'prestate account')
        const slots = Object.keys(object(storage, 'prestate storage')).map((slot) => data(slot, 'slot', 32))
        accounts.set(data(address, 'address', 20), slots)
        if (code !== undefined && code !== '0x') codes.push(bytes(code, 'code'))
      }
      return { kind: 'touched', accounts, codes }
    },
  }
}

function accessListPlan(block: unknown, call: CandidateCall): Plan {
  return {
    calls: [{ method: 'eth_createAccessList', params: [callObject(call), block] }],
    read([outcome]) {
      const accounts = new Map<Address, Hash[]>()
      for (const item of list(object(value(outcome), 'access list').accessList, 'access list')) {
        const { address, storageKeys } = object(item, 'access list')
        const slots = list(storageKeys, 'access list').map((slot) => data(slot, 'slot', 32))
        accounts.set(data(address, 'address', 20), slots)
      }
      return { kind: 'touched', accounts, codes: [] }
    },
  }
}

/** A path as the path scheme's keys hold it: one byte a nibble. */
function pathKey(path: string): string {
  return [...path].map((digit) => `0${digit}`).join('')
}

function nodePlan(query: StateQuery & { kind: 'node' }): Plan {
  const { owner, path, hash } = query
  const byPath = owner === undefined ? `0x41${pathKey(path)}` : `0x4f${owner.slice(2)}${pathKey(path)}`
  return {
    calls: [hash, byPath].map((key) => ({ method: 'debug_dbGet', params: [key] })),
    read: (outcomes) => ({
      kind: 'node',
      candidates: outcomes.flatMap((outcome) => (outcome.ok ? [bytes(outcome.value, 'debug_dbGet')] : [])),
    }),
  }
}

function storageRangePlan(query: StateQuery & { kind: 'storageRange' }): Plan {
  const { blockHash, address, start, limit } = query
  return {
    calls: [{ method: 'debug_storageRangeAt', params: [{ blockHash }, 0, address, start, limit] }],
    read([outcome]) {
      const { storage, nextKey } = object(value(outcome), 'storage range')
      const slots = new Map<Hash, bigint>()
      for (const [key, entry] of Object.entries(object(storage ?? {}, 'storage range'))) {
        slots.set(data(key, 'storage range', 32), BigInt(word(object(entry, 'storage range').value, 'storage range')))
      }
      return { kind: 'storageRange', slots, complete: nextKey === null || nextKey === undefined }
    },
  }
}

function decimal(input: unknown): bigint {
  if (typeof input !== 'string' || !/^[0-9]+$/.test(input)) malformed('balance')
  return BigInt(input)
}

function accountRangePlan(block: unknown, query: StateQuery & { kind: 'accountRange' }): Plan {
  return {
    // Code and storage left out; accounts whose address the node does not know included.
    calls: [{ method: 'debug_accountRange', params: [block, query.start, query.limit, true, true, true] }],
    read([outcome]) {
      const { accounts, next } = object(value(outcome), 'account range')
      const found = new Map<Hash, AccountState>()
      for (const entry of Object.values(object(accounts ?? {}, 'account range'))) {
        const { key, nonce, balance, root, codeHash } = object(entry, 'account range')
        if (typeof nonce !== 'number') malformed('nonce')
        found.set(data(key, 'account key', 32), {
          nonce: BigInt(nonce),
          balance: decimal(balance),
          storageRoot: data(root, 'storage root', 32),
          codeHash: data(codeHash, 'code hash', 32),
        })
      }
      return { kind: 'accountRange', accounts: found, complete: next === null || next === undefined }
    },
  }
}

/**
 * A node's state over JSON-RPC. What the node serves beside `eth_getProof` and `eth_getCode` is found out by using it,
 * and remembered.
 */
export class RpcStateSource implements ProofSource {
  readonly #rpc: Pick<RpcTransport, 'batch'>
  readonly #missing = new Set<OptionalMethod>()

  constructor(rpc: Pick<RpcTransport, 'batch'>) {
    this.#rpc = rpc
  }

  supports(kind: StateQuery['kind']): boolean {
    switch (kind) {
      case 'proof':
      case 'code':
        return true
      case 'touched':
        return !this.#missing.has('debug_traceCall') || !this.#missing.has('eth_createAccessList')
      case 'node':
        return !this.#missing.has('debug_dbGet')
      case 'storageRange':
        return !this.#missing.has('debug_storageRangeAt')
      case 'accountRange':
        return !this.#missing.has('debug_accountRange')
    }
  }

  async read(blockHash: Hash, queries: readonly StateQuery[], options: IoOptions = {}): Promise<StateAnswer[]> {
    const answers = await this.#attempt(blockHash, queries, options)
    // A second batch, once in the life of a source: traces that turned out to need the other method, and code that the
    // node no longer serves by block.
    const again = queries.flatMap((query, index): { query: StateQuery; index: number }[] => {
      const answer = answers[index] as StateAnswer
      if (answer.kind !== 'failed') return []
      const noMethod = NO_METHOD.has(rpcErrorData(answer.error)?.code ?? 0)
      if (query.kind === 'touched') return noMethod && this.supports('touched') ? [{ query, index }] : []
      const byHash = query.kind === 'code' && query.codeHash !== undefined && isAppError(answer.error, 'RPC_ERROR')
      return byHash && this.supports('node') ? [{ query, index }] : []
    })
    if (again.length === 0) return answers
    const second = await this.#attempt(
      blockHash,
      again.map(({ query }) => query),
      options,
      true,
    )
    again.forEach(({ index }, i) => {
      const answer = second[i] as StateAnswer
      if (answer.kind !== 'failed') answers[index] = answer
    })
    return answers
  }

  /**
   * The calls that queries take, for a caller that sends them along with others.
   * @param block how the calls name the block: `{blockHash}`, a number or a tag
   */
  plan(block: unknown, queries: readonly StateQuery[]): PlannedReads {
    return this.#planned(block, queries, false)
  }

  #planned(block: unknown, queries: readonly StateQuery[], second: boolean): PlannedReads {
    const plans = queries.map((query) => this.#plan(block, query, second))
    return {
      calls: plans.flatMap(({ calls }) => calls),
      read: (outcomes) => {
        let at = 0
        return plans.map((plan) => {
          const own = outcomes.slice(at, at + plan.calls.length)
          at += plan.calls.length
          for (const [i, { method }] of plan.calls.entries()) this.#learn(method, own[i])
          try {
            return plan.read(own)
          } catch (error) {
            if (isAppError(error)) return { kind: 'failed', error }
            throw error
          }
        })
      },
    }
  }

  async #attempt(
    blockHash: Hash,
    queries: readonly StateQuery[],
    options: IoOptions,
    second = false,
  ): Promise<StateAnswer[]> {
    const { calls, read } = this.#planned({ blockHash }, queries, second)
    return read(await this.#rpc.batch(calls, { ...options, idempotent: true }))
  }

  #learn(method: string, outcome: RpcOutcome | undefined): void {
    if (outcome === undefined || outcome.ok) return
    if (NO_METHOD.has(rpcErrorData(outcome.error)?.code ?? 0)) this.#missing.add(method as OptionalMethod)
  }

  #plan(block: unknown, query: StateQuery, second: boolean): Plan {
    switch (query.kind) {
      case 'proof':
        return proofPlan(block, query)
      case 'code':
        return this.#codePlan(block, query, second)
      case 'touched':
        return this.#missing.has('debug_traceCall')
          ? accessListPlan(block, query.call)
          : prestatePlan(block, query.call)
      case 'node':
        return nodePlan(query)
      case 'storageRange':
        return storageRangePlan(query)
      case 'accountRange':
        return accountRangePlan(block, query)
    }
  }

  #codePlan(block: unknown, { address, codeHash }: StateQuery & { kind: 'code' }, byHash: boolean): Plan {
    const call: RpcCall =
      byHash && codeHash !== undefined
        ? { method: 'debug_dbGet', params: [`0x63${codeHash.slice(2)}`] }
        : { method: 'eth_getCode', params: [address, block] }
    return {
      calls: [{ ...call, weight: CODE_WEIGHT }],
      read: ([outcome]) => ({ kind: 'code', code: bytes(value(outcome), call.method) }),
    }
  }
}
