import { z } from 'zod'
import { type Address, bytesToHex, type Hash, type Hex, toQuantity, ZERO_ADDRESS } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import type { CallArguments } from '../../src/protocol/call-arguments.ts'
import { encodeUnsigned } from '../../src/protocol/transaction-encoding.ts'
import type { FilledTransaction } from '../../src/wallet/wallet.ts'
import { callArguments } from '../call-arguments.ts'
import type { Json } from '../encode.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { address, data } from '../schema.ts'
import { withAliases } from './aliases.ts'

/** EIP-712 data as callers send it. */
interface TypedData {
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>
  readonly primaryType: string
  readonly domain: Readonly<Record<string, unknown>>
  readonly message: Readonly<Record<string, unknown>>
}

/** Signs for accounts that it has keys of, or needs none of. */
export interface WalletService {
  readonly accounts: readonly Address[]
  impersonate(address: Address): void
  /** @returns whether it was impersonated */
  stopImpersonating(address: Address): boolean
  autoImpersonate: boolean
  /** Completes a transaction: nonce, gas, fees. @throws AppError TRANSACTION_ARGUMENTS, and as estimating gas */
  fill(args: CallArguments, io: IoOptions): Promise<FilledTransaction>
  /** @returns the signed transaction @throws AppError ACCOUNT_UNKNOWN, TRANSACTION_ARGUMENTS, as estimating gas */
  sign(args: CallArguments, io: IoOptions): Promise<Uint8Array>
  /** As {@link sign}, and into the pool. */
  send(args: CallArguments, io: IoOptions): Promise<Hash>
  signMessage(address: Address, message: Uint8Array): Hex
  /** @throws AppError ACCOUNT_UNKNOWN, TYPED_DATA_INVALID */
  signTypedData(address: Address, data: TypedData): Promise<Hex>
}

const signature = z.string().meta({ description: 'signature, 65 bytes' })

const record = z.record(z.string(), z.unknown())
const typedDataObject = z.object({
  types: z.record(z.string(), z.array(z.object({ name: z.string(), type: z.string() }))),
  primaryType: z.string(),
  domain: record,
  message: record,
})
const typedDataText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue('expected JSON')
      return z.NEVER
    }
  })
  .pipe(typedDataObject)

/** A transaction without a signature, as geth shows it. */
function filledToJson({ fields }: FilledTransaction): Json {
  const raw = encodeUnsigned(fields)
  const { type, nonce, to, gasLimit, value, data: input } = fields
  const market = type === 2 || type === 4
  const tx: Json = {
    type: toQuantity(type),
    nonce: toQuantity(nonce),
    to: to ?? null,
    gas: toQuantity(gasLimit),
    gasPrice: market ? null : toQuantity(fields.gasPrice),
    maxPriorityFeePerGas: market ? toQuantity(fields.maxPriorityFeePerGas) : null,
    maxFeePerGas: market ? toQuantity(fields.maxFeePerGas) : null,
    value: toQuantity(value),
    input: bytesToHex(input),
    v: '0x0',
    r: '0x0',
    s: '0x0',
    hash: keccakHash(raw),
  }
  if (type !== 0)
    Object.assign(tx, { chainId: toQuantity(fields.chainId), accessList: fields.accessList, yParity: '0x0' })
  if (type === 4) {
    tx.authorizationList = fields.authorizationList.map(({ chainId, address: to, nonce: at, yParity, r, s }) => ({
      chainId: toQuantity(chainId),
      address: to,
      nonce: toQuantity(at),
      yParity: toQuantity(yParity),
      r: toQuantity(r),
      s: toQuantity(s),
    }))
  }
  return { raw: bytesToHex(raw), tx }
}

/** What wallets of a node do: accounts, `eth_sendTransaction`, signatures, and impersonation as anvil and hardhat name it. */
export function walletMethods(wallet: WalletService): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_accounts',
      summary: 'The accounts that this service signs for',
      params: z.tuple([]),
      paramNames: [],
      result: z.array(z.string()),
      handler: () => [...wallet.accounts],
    }),
    defineMethod({
      name: 'eth_sendTransaction',
      summary: 'Completes, signs and sends a transaction',
      params: z.tuple([callArguments]),
      paramNames: ['transaction'],
      result: z.string().meta({ description: 'transaction hash' }),
      handler: ([args], io) => wallet.send(args, io),
    }),
    defineMethod({
      name: 'eth_fillTransaction',
      summary: 'Completes a transaction, for somebody else to sign',
      params: z.tuple([callArguments]),
      paramNames: ['transaction'],
      result: described('{raw, tx}: encoded and in JSON, with zeros in place of a signature'),
      handler: async ([args], io) => filledToJson(await wallet.fill({ ...args, from: args.from ?? ZERO_ADDRESS }, io)),
    }),
    defineMethod({
      name: 'eth_signTransaction',
      summary: 'Completes and signs a transaction',
      params: z.tuple([callArguments]),
      paramNames: ['transaction'],
      result: z.string().meta({ description: 'the transaction, encoded' }),
      handler: async ([args], io) => bytesToHex(await wallet.sign(args, io)),
    }),
    defineMethod({
      name: 'eth_sign',
      summary: 'Signs a message',
      params: z.tuple([address, data]),
      paramNames: ['address', 'message'],
      result: signature,
      handler: ([account, message]) => wallet.signMessage(account, message),
    }),
    defineMethod({
      name: 'personal_sign',
      summary: 'Signs a message',
      params: z.tuple([data, address]),
      paramNames: ['message', 'address'],
      result: signature,
      handler: ([message, account]) => wallet.signMessage(account, message),
    }),
    defineMethod({
      name: 'eth_signTypedData_v4',
      summary: 'Signs typed data',
      params: z.tuple([address, z.union([typedDataText, typedDataObject])]),
      paramNames: ['address', 'data'],
      result: signature,
      handler: ([account, typed]) => wallet.signTypedData(account, typed),
    }),
    ...withAliases(
      {
        name: 'test_impersonate',
        summary: 'Lets `eth_sendTransaction` send for an account without its key',
        params: z.tuple([address]),
        paramNames: ['address'],
        result: z.null(),
        handler: ([account]) => {
          wallet.impersonate(account)
          return null
        },
      },
      'anvil_impersonateAccount',
      'hardhat_impersonateAccount',
    ),
    ...withAliases(
      {
        name: 'test_stopImpersonating',
        summary: 'Ends the impersonation of an account',
        params: z.tuple([address]),
        paramNames: ['address'],
        result: z.boolean().meta({ description: 'whether it was impersonated' }),
        handler: ([account]) => wallet.stopImpersonating(account),
      },
      'anvil_stopImpersonatingAccount',
      'hardhat_stopImpersonatingAccount',
    ),
    ...withAliases(
      {
        name: 'test_autoImpersonate',
        summary: 'Lets `eth_sendTransaction` send for every account, or no longer',
        params: z.tuple([z.boolean()]),
        paramNames: ['active'],
        result: z.null(),
        handler: ([active]) => {
          wallet.autoImpersonate = active
          return null
        },
      },
      'anvil_autoImpersonateAccount',
    ),
  ]
}
