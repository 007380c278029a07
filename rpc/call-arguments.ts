import { z } from 'zod'
import type { AccountOverride, BlockOverrides, CallArguments, StateOverrides } from '../src/protocol/call-arguments.ts'
import type { Authorization } from '../src/protocol/transaction.ts'
import { address, compact, data, hash, optional, quantity, quantity64 } from './schema.ts'

// As in geth, keys that are not known are passed over.

const accessList = z
  .array(z.object({ address, storageKeys: optional(z.array(hash)) }))
  .transform((entries) =>
    entries.map(({ address: account, storageKeys }) => ({ address: account, storageKeys: storageKeys ?? [] })),
  )

const authorization = z
  .object({ chainId: quantity, address, nonce: quantity64, yParity: quantity, r: quantity, s: quantity })
  .transform((fields): Authorization => fields)

/** The message of `eth_call` and its kin. `input` is what counts where both it and `data` are given. */
export const callArguments = z
  .object({
    from: optional(address),
    to: optional(address),
    gas: optional(quantity64),
    gasPrice: optional(quantity),
    maxFeePerGas: optional(quantity),
    maxPriorityFeePerGas: optional(quantity),
    value: optional(quantity),
    nonce: optional(quantity64),
    data: optional(data),
    input: optional(data),
    accessList: optional(accessList),
    chainId: optional(quantity),
    maxFeePerBlobGas: optional(quantity),
    blobVersionedHashes: optional(z.array(hash)),
    authorizationList: optional(z.array(authorization)),
  })
  .transform(({ input, data: older, ...fields }): CallArguments => compact({ ...fields, data: input ?? older }))

const storage = z
  .record(hash, hash)
  .transform((slots) => new Map(Object.entries(slots).map(([slot, value]) => [slot as `0x${string}`, BigInt(value)])))

const accountOverride = z
  .object({
    nonce: optional(quantity64),
    code: optional(data),
    balance: optional(quantity),
    state: optional(storage),
    stateDiff: optional(storage),
    movePrecompileToAddress: optional(address),
  })
  .transform((fields): AccountOverride => compact(fields))

/** Accounts that a call finds other than they are. */
export const stateOverrides = z
  .record(address, accountOverride)
  .transform((accounts): StateOverrides => new Map(Object.entries(accounts) as [`0x${string}`, AccountOverride][]))

const withdrawal = z.object({ index: quantity64, validatorIndex: quantity64, address, amount: quantity64 })

/** The block that a call runs in, where it is to be another. `coinbase` is an older name of `feeRecipient`. */
export const blockOverrides = z
  .object({
    number: optional(quantity),
    time: optional(quantity64),
    gasLimit: optional(quantity64),
    feeRecipient: optional(address),
    coinbase: optional(address),
    prevRandao: optional(hash),
    baseFeePerGas: optional(quantity),
    blobBaseFee: optional(quantity),
    beaconRoot: optional(hash),
    withdrawals: optional(z.array(withdrawal)),
  })
  .transform(
    ({ coinbase, feeRecipient, ...fields }): BlockOverrides =>
      compact({ ...fields, feeRecipient: feeRecipient ?? coinbase }),
  )
