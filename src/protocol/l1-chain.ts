/** Upgrades of L1 that take effect at a block number, oldest first, as geth's genesis names them without `Block`. */
export const L1_BLOCK_FORKS = [
  'homestead',
  'eip150',
  'eip155',
  'eip158',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
] as const

/** Upgrades of L1 that take effect at a time, oldest first, as geth's genesis names them without `Time`. */
export const L1_TIME_FORKS = [
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
  'bpo5',
  'amsterdam',
] as const

/** An upgrade of L1 by block number. */
export type L1BlockFork = (typeof L1_BLOCK_FORKS)[number]
/** An upgrade of L1 by time. */
export type L1TimeFork = (typeof L1_TIME_FORKS)[number]

/** How many blobs fit in a block, and how their price moves. @see EIP-7840 */
export interface BlobParams {
  readonly target: number
  readonly max: number
  readonly updateFraction: bigint
}

/** What an L1 chain's configuration says. */
export interface L1ChainConfig {
  readonly chainId: bigint
  readonly blockForks: Readonly<Partial<Record<L1BlockFork, bigint>>>
  /** Unix seconds. */
  readonly timeForks: Readonly<Partial<Record<L1TimeFork, bigint>>>
  readonly blobSchedule: Readonly<Partial<Record<L1TimeFork, BlobParams>>>
  readonly terminalTotalDifficulty?: bigint
  readonly depositContractAddress?: `0x${string}`
}

/** Whether an upgrade's rules hold in an L1 block. */
export function isL1ForkActive(config: L1ChainConfig, fork: L1TimeFork, timestamp: bigint): boolean {
  const at = config.timeForks[fork]
  return at !== undefined && timestamp >= at
}

/** The blob parameters of an L1 block: those of the newest active upgrade that states some. */
export function blobParamsAt(config: L1ChainConfig, timestamp: bigint): BlobParams | undefined {
  let found: BlobParams | undefined
  for (const fork of L1_TIME_FORKS) {
    if (isL1ForkActive(config, fork, timestamp)) found = config.blobSchedule[fork] ?? found
  }
  return found
}
