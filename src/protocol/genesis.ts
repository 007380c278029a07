import { z } from 'zod'
import { AppError } from '../primitives/errors.ts'
import { type Address, bigIntToPadded, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_LIST_HASH, EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { INITIAL_BASE_FEE } from './base-fee.ts'
import { type ChainConfig, chainConfigSchema, toChainConfig } from './chain-config.ts'
import { addressText, bytesText, hashText, schemaErrors, uintLoose } from './config-schema.ts'
import { EMPTY_REQUESTS_HASH, type Header } from './header.ts'

/** Codes of genesis files. `data.errors` holds one line for each problem. */
export type GenesisErrorCode = 'GENESIS_INVALID'

/** One account of a genesis state. */
export interface GenesisAccount {
  readonly nonce: bigint
  /** wei */
  readonly balance: bigint
  readonly code: Uint8Array
  /** Only slots that are not zero. */
  readonly storage: ReadonlyMap<Hash, bigint>
}

/** A geth genesis file. */
export interface Genesis {
  readonly config: ChainConfig
  readonly nonce: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly extraData: Uint8Array
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly difficulty: bigint
  readonly mixHash: Hash
  readonly coinbase: Address
  readonly number: bigint
  readonly parentHash: Hash
  readonly baseFeePerGas?: bigint
  readonly excessBlobGas?: bigint
  readonly blobGasUsed?: bigint
  readonly alloc: ReadonlyMap<Address, GenesisAccount>
}

/** Storage keys and values may be shorter than 32 bytes; they are padded on the left. */
const wordText = z
  .string()
  .regex(/^(0x)?([0-9a-fA-F]{2}){0,32}$/, 'expected at most 32 bytes')
  .transform((text) => BigInt(`0x0${text.replace(/^0x/, '')}`))

const accountSchema = z
  .object({
    balance: uintLoose.nullish(),
    nonce: uintLoose.nullish(),
    code: bytesText.nullish(),
    storage: z.record(z.string(), wordText).nullish(),
  })
  .transform((raw, context): GenesisAccount => {
    const storage = new Map<Hash, bigint>()
    for (const [key, value] of Object.entries(raw.storage ?? {})) {
      const slot = wordText.safeParse(key)
      if (!slot.success) context.addIssue({ code: 'custom', message: `storage key ${key} is not a word` })
      else if (value !== 0n) storage.set(`0x${slot.data.toString(16).padStart(64, '0')}`, value)
    }
    return {
      nonce: raw.nonce ?? 0n,
      balance: raw.balance ?? 0n,
      code: raw.code ?? new Uint8Array(0),
      storage,
    }
  })

const allocSchema = z.record(z.string(), accountSchema).transform((raw, context) => {
  const alloc = new Map<Address, GenesisAccount>()
  for (const [key, account] of Object.entries(raw)) {
    const address = addressText.safeParse(key)
    if (!address.success) context.addIssue({ code: 'custom', message: `${key} is not an address` })
    else alloc.set(address.data, account)
  }
  return alloc as ReadonlyMap<Address, GenesisAccount>
})

const genesisSchema = z.object({
  config: chainConfigSchema,
  nonce: uintLoose.nullish(),
  timestamp: uintLoose.nullish(),
  extraData: bytesText.nullish(),
  gasLimit: uintLoose,
  difficulty: uintLoose.nullish(),
  mixHash: hashText.nullish(),
  coinbase: addressText.nullish(),
  alloc: allocSchema,
  number: uintLoose.nullish(),
  gasUsed: uintLoose.nullish(),
  parentHash: hashText.nullish(),
  baseFeePerGas: uintLoose.nullish(),
  excessBlobGas: uintLoose.nullish(),
  blobGasUsed: uintLoose.nullish(),
})

const DEFAULT_GAS_LIMIT = 4_712_388n

function refuse(error: z.ZodError): never {
  const errors = schemaErrors(error)
  throw new AppError<GenesisErrorCode>('GENESIS_INVALID', { message: errors.join('; '), data: { errors } })
}

/**
 * Reads a geth genesis file.
 * @param json the parsed file
 * @throws AppError GENESIS_INVALID with every problem in `data.errors`
 */
export function parseGenesis(json: unknown): Genesis {
  const parsed = genesisSchema.safeParse(json)
  if (!parsed.success) return refuse(parsed.error)
  const raw = parsed.data
  return {
    config: toChainConfig(raw.config),
    nonce: raw.nonce ?? 0n,
    timestamp: raw.timestamp ?? 0n,
    extraData: raw.extraData ?? new Uint8Array(0),
    gasLimit: raw.gasLimit === 0n ? DEFAULT_GAS_LIMIT : raw.gasLimit,
    gasUsed: raw.gasUsed ?? 0n,
    difficulty: raw.difficulty ?? 0n,
    mixHash: raw.mixHash ?? ZERO_HASH,
    coinbase: raw.coinbase ?? ZERO_ADDRESS,
    number: raw.number ?? 0n,
    parentHash: raw.parentHash ?? ZERO_HASH,
    alloc: raw.alloc,
    ...(typeof raw.baseFeePerGas === 'bigint' && { baseFeePerGas: raw.baseFeePerGas }),
    ...(typeof raw.excessBlobGas === 'bigint' && { excessBlobGas: raw.excessBlobGas }),
    ...(typeof raw.blobGasUsed === 'bigint' && { blobGasUsed: raw.blobGasUsed }),
  }
}

/**
 * Reads the chain configuration of a geth genesis file, or of a file that is only its `config` part.
 * @throws AppError GENESIS_INVALID with every problem in `data.errors`
 */
export function parseChainConfig(json: unknown): ChainConfig {
  const whole = typeof json === 'object' && json !== null && 'config' in json
  const parsed = chainConfigSchema.safeParse(whole ? json.config : json)
  return parsed.success ? toChainConfig(parsed.data) : refuse(parsed.error)
}

/**
 * The header of the genesis block.
 * @param stateRoot the root over {@link Genesis.alloc}
 * @param messagePasserStorageRoot on OP with Isthmus at genesis: the storage root of the L2ToL1MessagePasser
 */
export function genesisHeader(genesis: Genesis, stateRoot: Hash, messagePasserStorageRoot?: Hash): Header {
  const { config, timestamp } = genesis
  const at = (fork: 'shanghai' | 'cancun' | 'prague'): boolean => {
    const time = config.l1.timeForks[fork]
    return time !== undefined && timestamp >= time
  }
  const london = config.l1.blockForks.london === 0n
  const isthmus = config.op?.forks.isActive('isthmus', timestamp) === true
  const withdrawals = isthmus ? (messagePasserStorageRoot ?? ZERO_HASH) : EMPTY_TRIE_ROOT
  return {
    parentHash: genesis.parentHash,
    ommersHash: EMPTY_LIST_HASH,
    beneficiary: genesis.coinbase,
    stateRoot,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(256),
    difficulty: genesis.difficulty,
    number: genesis.number,
    gasLimit: genesis.gasLimit,
    gasUsed: genesis.gasUsed,
    timestamp,
    extraData: genesis.extraData,
    mixHash: genesis.mixHash,
    nonce: bigIntToPadded(genesis.nonce, 8),
    ...(london && { baseFeePerGas: genesis.baseFeePerGas ?? INITIAL_BASE_FEE }),
    ...((at('shanghai') || isthmus) && { withdrawalsRoot: withdrawals }),
    ...(at('cancun') && {
      blobGasUsed: genesis.blobGasUsed ?? 0n,
      excessBlobGas: genesis.excessBlobGas ?? 0n,
      parentBeaconBlockRoot: ZERO_HASH,
    }),
    ...(at('prague') && { requestsHash: EMPTY_REQUESTS_HASH }),
  }
}
