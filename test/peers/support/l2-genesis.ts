import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Hex, toQuantity } from '../../../src/primitives/hex.ts'
import { OP_FORKS, type OpFork } from '../../../src/protocol/forks.ts'
import { devAccounts } from './dev-accounts.ts'
import { type ForkSchedule, isActive } from './fork-schedule.ts'
import { FUNDS, type Genesis, type GenesisAccount, type GenesisAlloc } from './l1-genesis.ts'
import { peersFolder } from './peers-folder.ts'

/** The chain id of the first test L2. */
export const L2_CHAIN_ID = 901

/** EIP-1559 parameters of the test chains: those of OP Sepolia. */
export const EIP1559 = { elasticity: 6, denominator: 50, denominatorCanyon: 250 } as const

/** What a test may ask of its L2 genesis. */
export interface L2GenesisOptions {
  readonly chainId?: number
  /** Unix seconds. */
  readonly timestamp: number
  readonly forks: ForkSchedule
  /** More accounts, or other contents of existing ones. */
  readonly alloc?: GenesisAlloc
  readonly gasLimit?: bigint
  /** `minBaseFee` (wei) in the genesis block's extraData, when Jovian is active there. */
  readonly minBaseFee?: bigint
}

let dumped: Promise<Genesis> | undefined

/** The genesis of OP Sepolia out of op-geth itself: all predeploys, with the code they had at Bedrock. */
function dumpGenesis(): Promise<Genesis> {
  dumped ??= promisify(execFile)(join(peersFolder(), 'op-geth'), ['dumpgenesis', '--op-network=op-sepolia'], {
    maxBuffer: 64 << 20,
  }).then(({ stdout }) => JSON.parse(stdout) as Genesis)
  return dumped
}

/** The forks whose upgrade transactions change predeploys: `record-jovian-alloc.ts` recorded what they leave behind. */
export const UPGRADED_FORKS: readonly OpFork[] = ['ecotone', 'fjord', 'isthmus', 'jovian']

/** Where the recorded predeploys of a fork lie. */
export function upgradedAllocFile(fork: OpFork): string {
  return fileURLToPath(new URL(`../../vectors/alloc-${fork}.json`, import.meta.url))
}

/** What the upgrade transactions of all forks at genesis would have left behind, had there been any. */
function upgradedAlloc(forks: ForkSchedule, timestamp: number): GenesisAlloc {
  const fork = UPGRADED_FORKS.findLast((candidate) => isActive(forks, candidate, timestamp))
  if (fork === undefined) return {}
  const file = upgradedAllocFile(fork)
  if (!existsSync(file)) throw new Error(`${file} is missing: run node test/peers/record-jovian-alloc.ts`)
  return JSON.parse(readFileSync(file, 'utf8')) as GenesisAlloc
}

function bytes(value: bigint | number, size: number): string {
  return value.toString(16).padStart(size * 2, '0')
}

function extraData(options: L2GenesisOptions): Hex {
  const { forks, timestamp, minBaseFee = 0n } = options
  const eip1559 = bytes(EIP1559.denominatorCanyon, 4) + bytes(EIP1559.elasticity, 4)
  if (isActive(forks, 'jovian', timestamp)) return `0x01${eip1559}${bytes(minBaseFee, 8)}`
  if (isActive(forks, 'holocene', timestamp)) return `0x00${eip1559}`
  return '0x424544524f434b'
}

function chainConfig(base: Readonly<Record<string, unknown>>, options: L2GenesisOptions): Record<string, unknown> {
  const { forks, chainId = L2_CHAIN_ID } = options
  const config: Record<string, unknown> = { ...base, chainId }
  for (const fork of OP_FORKS.slice(1)) {
    delete config[`${fork}Time`]
    // Delta changes derivation only: the execution layer does not know it.
    if (forks[fork] !== undefined && fork !== 'delta') config[`${fork}Time`] = forks[fork]
  }
  // The name that op-geth has for it now.
  if (forks.interop !== undefined) config.lagoonTime = forks.interop
  for (const [l1Fork, fork] of [
    ['shanghai', 'canyon'],
    ['cancun', 'ecotone'],
    ['prague', 'isthmus'],
  ] as const) {
    delete config[`${l1Fork}Time`]
    if (forks[fork] !== undefined) config[`${l1Fork}Time`] = forks[fork]
  }
  return config
}

function merge(below: GenesisAccount | undefined, above: GenesisAccount): GenesisAccount {
  const storage = { ...below?.storage, ...above.storage }
  return {
    balance: '0x0',
    ...below,
    ...above,
    ...(Object.keys(storage).length > 0 ? { storage } : {}),
  }
}

/**
 * The genesis of a test L2: OP Sepolia's predeploys under another chain id, clock and fork schedule. Forks at genesis
 * have no activation block, so what their upgrade transactions do is part of the genesis.
 */
export async function l2Genesis(options: L2GenesisOptions): Promise<Genesis> {
  const { excessBlobGas: _e, blobGasUsed: _b, slotNumber: _s, ...base } = await dumpGenesis()
  const { forks, timestamp } = options
  const alloc: Record<string, GenesisAccount> = {}
  const patches = [
    upgradedAlloc(forks, timestamp),
    Object.fromEntries(devAccounts.map(({ address }) => [address, { balance: FUNDS }])),
    options.alloc ?? {},
  ]
  for (const layer of [base.alloc, ...patches]) {
    for (const [address, account] of Object.entries(layer)) {
      const key = address.toLowerCase().replace(/^0x/, '')
      alloc[key] = merge(alloc[key], account)
    }
  }
  return {
    ...base,
    config: chainConfig(base.config, options),
    timestamp: toQuantity(timestamp),
    gasLimit: toQuantity(options.gasLimit ?? 60_000_000n),
    extraData: extraData(options),
    ...(isActive(forks, 'ecotone', timestamp) ? { excessBlobGas: '0x0', blobGasUsed: '0x0' } : {}),
    alloc,
  }
}
