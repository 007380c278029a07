import { type Address, bytesToHex, type Hash, type Hex, toQuantity, toWord } from '../primitives/hex.ts'
import { L1_BLOCK_FORKS } from '../protocol/l1-chain.ts'
import { DEV_ACCOUNTS, DEV_BALANCE } from './dev-accounts.ts'

/** One account of a geth genesis file. */
export interface GenesisFileAccount {
  readonly balance: Hex
  readonly nonce?: Hex
  readonly code?: Hex
  readonly storage?: Readonly<Record<Hash, Hash>>
}

/** Accounts of a geth genesis file. */
export type GenesisFileAlloc = Readonly<Record<Address, GenesisFileAccount>>

/** A geth genesis file: what `geth init` and `parseGenesis` read. It is plain JSON. */
export interface GenesisFile {
  readonly config: Readonly<Record<string, unknown>>
  readonly nonce: Hex
  readonly timestamp: Hex
  readonly extraData: Hex
  readonly gasLimit: Hex
  readonly difficulty: Hex
  readonly baseFeePerGas: Hex
  readonly excessBlobGas?: Hex
  readonly blobGasUsed?: Hex
  readonly alloc: GenesisFileAlloc
}

/** What the genesis files of L1 and L2 do not have in common. */
export interface GenesisFileParts {
  readonly config: Readonly<Record<string, unknown>>
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly extraData: Uint8Array
  /** Whether Cancun's rules hold in the genesis block. */
  readonly cancun: boolean
  readonly alloc: GenesisFileAlloc
}

/** The upgrades by block number, which every chain of the devnet starts with, and the merge. */
export const MERGED: Readonly<Record<string, number>> = {
  ...Object.fromEntries([...L1_BLOCK_FORKS, 'mergeNetsplit'].map((fork) => [`${fork}Block`, 0])),
  terminalTotalDifficulty: 0,
}

const BASE_FEE = 10n ** 9n

/** A genesis file, with the development accounts. */
export function genesisFile(parts: GenesisFileParts): GenesisFile {
  return {
    config: parts.config,
    nonce: '0x0',
    timestamp: toQuantity(parts.timestamp),
    extraData: bytesToHex(parts.extraData),
    gasLimit: toQuantity(parts.gasLimit),
    difficulty: '0x0',
    baseFeePerGas: toQuantity(BASE_FEE),
    // geth writes them into a header that has no place for them, and cannot read it back.
    ...(parts.cancun && { excessBlobGas: '0x0', blobGasUsed: '0x0' }),
    alloc: {
      ...Object.fromEntries(DEV_ACCOUNTS.map(({ address }) => [address, { balance: toQuantity(DEV_BALANCE) }])),
      ...parts.alloc,
    },
  }
}

/** A contract's account. Its nonce is 1, as after a creation (EIP-161). */
export function contractAccount(code: Hex, storage: Readonly<Record<Hash, bigint>> = {}): GenesisFileAccount {
  const words = Object.entries(storage).map(([slot, value]) => [slot, toWord(value)])
  return {
    balance: '0x0',
    nonce: '0x1',
    code,
    ...(words.length > 0 && { storage: Object.fromEntries(words) as Record<Hash, Hash> }),
  }
}

/** A storage slot in which Solidity packs several values. @param fields value and size in bytes, in the order of declaration */
export function packedSlot(...fields: readonly (readonly [value: bigint, size: number])[]): bigint {
  let word = 0n
  let shift = 0n
  for (const [value, size] of fields) {
    word |= value << shift
    shift += BigInt(size * 8)
  }
  return word
}
