import { z } from 'zod'
import { type Address, type Hash, toWord } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { Method } from '../method.ts'
import { address, data, looseQuantity } from '../schema.ts'
import { withAliases } from './aliases.ts'

/** Changes the state after the head without a transaction. */
export interface StateEditService {
  /** @param balance wei */
  setBalance(address: Address, balance: bigint, io: IoOptions): Promise<void>
  /** @param amount wei that is added */
  addBalance(address: Address, amount: bigint, io: IoOptions): Promise<void>
  setNonce(address: Address, nonce: bigint, io: IoOptions): Promise<void>
  setCode(address: Address, code: Uint8Array, io: IoOptions): Promise<void>
  setSlot(address: Address, slot: Hash, value: bigint, io: IoOptions): Promise<void>
}

const nothing = z.null()

/** `test_setBalance` and its like, with the names that users of anvil and hardhat know. */
export function stateEditMethods(edits: StateEditService): readonly Method[] {
  return [
    ...withAliases(
      {
        name: 'test_setBalance',
        summary: 'Sets an account’s balance in the state after the head',
        params: z.tuple([address, looseQuantity]),
        paramNames: ['address', 'balance'],
        result: nothing,
        async handler([account, balance], io) {
          await edits.setBalance(account, balance, io)
          return null
        },
      },
      'anvil_setBalance',
      'hardhat_setBalance',
    ),
    ...withAliases(
      {
        name: 'test_fund',
        summary: 'Adds to an account’s balance in the state after the head',
        params: z.tuple([address, looseQuantity]),
        paramNames: ['address', 'amount'],
        result: nothing,
        async handler([account, amount], io) {
          await edits.addBalance(account, amount, io)
          return null
        },
      },
      'anvil_addBalance',
    ),
    ...withAliases(
      {
        name: 'test_setNonce',
        summary: 'Sets an account’s nonce in the state after the head',
        params: z.tuple([address, looseQuantity]),
        paramNames: ['address', 'nonce'],
        result: nothing,
        async handler([account, nonce], io) {
          await edits.setNonce(account, nonce, io)
          return null
        },
      },
      'anvil_setNonce',
      'hardhat_setNonce',
      'evm_setAccountNonce',
    ),
    ...withAliases(
      {
        name: 'test_setCode',
        summary: 'Sets a contract’s code in the state after the head',
        params: z.tuple([address, data]),
        paramNames: ['address', 'code'],
        result: nothing,
        async handler([account, code], io) {
          await edits.setCode(account, code, io)
          return null
        },
      },
      'anvil_setCode',
      'hardhat_setCode',
    ),
    ...withAliases(
      {
        name: 'test_setStorageAt',
        summary: 'Sets a storage slot in the state after the head',
        params: z.tuple([address, looseQuantity, looseQuantity]),
        paramNames: ['address', 'slot', 'value'],
        result: z.boolean().meta({ description: 'always true' }),
        async handler([account, slot, value], io) {
          await edits.setSlot(account, toWord(slot), value, io)
          return true
        },
      },
      'anvil_setStorageAt',
      'hardhat_setStorageAt',
    ),
  ]
}
