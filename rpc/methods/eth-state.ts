import { z } from 'zod'
import type { AccountProof } from '../../src/embedded/state-proof.ts'
import { type Address, bytesToHex, type Hash, toQuantity, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { KECCAK_EMPTY } from '../../src/primitives/keccak.ts'
import { type BlockId, LATEST } from '../../src/protocol/block-id.ts'
import type { StateReader } from '../../src/state/diff.ts'
import { rpcError } from '../errors.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { address, blockId, hash, optional } from '../schema.ts'
import { parseStorageKey, type StorageKey } from '../storage-key.ts'
import type { PooledTransactions } from './eth-transactions.ts'

/** Reads the states of one chain. */
export interface StateReads {
  /** The state after a block. @throws AppError BLOCK_NOT_FOUND */
  at(id: BlockId): StateReader
  /** An account of that state with its proof. @throws AppError BLOCK_NOT_FOUND, STATE_UNAVAILABLE */
  prove(id: BlockId, address: Address, slots: readonly Hash[], io: IoOptions): Promise<AccountProof>
}

/** As many storage keys as geth proves in one call. */
const MAX_PROOF_KEYS = 1024
/** As many slots as geth reads in one call. */
const MAX_SLOTS = 1024

function proofToJson(account: Address, keys: readonly StorageKey[], proof: AccountProof): unknown {
  const { nonce = 0n, balance = 0n, codeHash = ZERO_HASH, storageRoot = ZERO_HASH } = proof.account ?? {}
  return {
    address: account,
    accountProof: proof.accountProof.map(bytesToHex),
    balance: toQuantity(balance),
    codeHash,
    nonce: toQuantity(nonce),
    storageHash: storageRoot,
    storageProof: proof.slots.map((slot, index) => ({
      key: keys[index]?.shown,
      value: toQuantity(slot.value),
      proof: slot.proof.map(bytesToHex),
    })),
  }
}

/** The nonce of an account's next transaction, after those of it that wait and can be executed. */
export async function pendingNonce(
  states: StateReads,
  pool: PooledTransactions,
  account: Address,
  io: IoOptions,
): Promise<bigint> {
  const nonce = (await states.at(LATEST).account(account))?.nonce ?? 0n
  const { pending } = await pool.content(io, account)
  const last = pending.get(account)?.at(-1)
  return last === undefined || last.nonce < nonce ? nonce : last.nonce + 1n
}

/** Accounts, code and storage, as geth and op-geth show them. The block may be left out: it is the head then. */
export function ethStateMethods(states: StateReads, pool: PooledTransactions): readonly Method[] {
  const block = optional(blockId)

  const nonceOf = async (id: BlockId, account: Address, io: IoOptions): Promise<bigint> => {
    if (id.tag === 'label' && id.label === 'pending') return pendingNonce(states, pool, account, io)
    return (await states.at(id).account(account))?.nonce ?? 0n
  }

  return [
    defineMethod({
      name: 'eth_getBalance',
      summary: 'The balance of an account after a block',
      params: z.tuple([address, block]),
      paramNames: ['address', 'block'],
      result: z.string().meta({ description: 'wei, a quantity' }),
      handler: async ([account, id = LATEST]) => toQuantity((await states.at(id).account(account))?.balance ?? 0n),
    }),
    defineMethod({
      name: 'eth_getTransactionCount',
      summary: 'The nonce of an account after a block; with `pending` also counting what waits in the pool',
      params: z.tuple([address, block]),
      paramNames: ['address', 'block'],
      result: z.string().meta({ description: 'quantity' }),
      handler: async ([account, id = LATEST], io) => toQuantity(await nonceOf(id, account, io)),
    }),
    defineMethod({
      name: 'eth_getCode',
      summary: 'The code of an account after a block',
      params: z.tuple([address, block]),
      paramNames: ['address', 'block'],
      result: z.string().meta({ description: 'code' }),
      async handler([account, id = LATEST]) {
        const state = states.at(id)
        const { codeHash = KECCAK_EMPTY } = (await state.account(account)) ?? {}
        return codeHash === KECCAK_EMPTY ? '0x' : bytesToHex(await state.code(codeHash, account))
      },
    }),
    defineMethod({
      name: 'eth_getStorageAt',
      summary: 'A storage slot of an account after a block',
      params: z.tuple([address, z.string(), block]),
      paramNames: ['address', 'slot', 'block'],
      result: z.string().meta({ description: '32 bytes' }),
      async handler([account, key, id = LATEST]) {
        const state = states.at(id)
        return toWord(await state.slot(account, parseStorageKey(key).slot))
      },
    }),
    defineMethod({
      name: 'eth_getStorageValues',
      summary: 'Storage slots of accounts after a block',
      params: z.tuple([z.record(address, z.array(hash)), block]),
      paramNames: ['requests', 'block'],
      result: z.record(z.string(), z.array(z.string())).meta({ description: '32 bytes for each slot, by account' }),
      async handler([requests, id = LATEST]) {
        const entries = Object.entries(requests) as [Address, readonly Hash[]][]
        const total = entries.reduce((sum, [, slots]) => sum + slots.length, 0)
        if (total > MAX_SLOTS) throw rpcError('INVALID_PARAMS', `too many slots (max ${MAX_SLOTS})`)
        if (total === 0) throw rpcError('INVALID_PARAMS', 'empty request')
        const state = states.at(id)
        const values = entries.map(async ([account, slots]) => {
          return [account, await Promise.all(slots.map(async (slot) => toWord(await state.slot(account, slot))))]
        })
        return Object.fromEntries(await Promise.all(values)) as Record<Address, Hash[]>
      },
    }),
    defineMethod({
      name: 'eth_getProof',
      summary: 'An account after a block with what proves it and some of its slots, or that it does not exist',
      params: z.tuple([address, z.array(z.string()), block]),
      paramNames: ['address', 'slots', 'block'],
      result: described('account proof (EIP-1186)'),
      async handler([account, texts, id = LATEST], io) {
        if (texts.length > MAX_PROOF_KEYS) {
          const figures = `(max ${MAX_PROOF_KEYS}, got ${texts.length})`
          throw rpcError('INVALID_PARAMS', `too many storage keys requested ${figures}`)
        }
        // A block that is not there is told before a key that cannot be read, as by geth.
        states.at(id)
        const keys = texts.map(parseStorageKey)
        const slots = keys.map(({ slot }) => slot)
        return proofToJson(account, keys, await states.prove(id, account, slots, io))
      },
    }),
  ]
}
