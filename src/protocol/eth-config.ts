import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { AppError } from '../primitives/errors.ts'
import { bigIntToPadded } from '../primitives/hex.ts'
import { addressText, schemaErrors, uintLoose } from './config-schema.ts'
import { type BlobParams, L1_BLOCK_FORKS, L1_TIME_FORKS, type L1ChainConfig, type L1TimeFork } from './l1-chain.ts'

/** `SCHEDULE_UNKNOWN`: what a node tells of its upgrades does not say which rules hold from a block on. */
export type EthConfigErrorCode = 'SCHEDULE_UNKNOWN'

const entrySchema = z.object({
  activationTime: uintLoose,
  blobSchedule: z.object({ target: uintLoose, max: uintLoose, baseFeeUpdateFraction: uintLoose }).nullish(),
  chainId: uintLoose,
  forkId: z.string().regex(/^0x[0-9a-fA-F]{8}$/),
  precompiles: z.record(z.string(), z.string()),
  systemContracts: z.record(z.string(), addressText).nullish(),
})

const schema = z.object({ current: entrySchema, next: entrySchema.nullish(), last: entrySchema.nullish() })

type Entry = z.infer<typeof entrySchema>

function unknown(message: string): AppError<EthConfigErrorCode> {
  return new AppError<EthConfigErrorCode>('SCHEDULE_UNKNOWN', { message })
}

/** What each upgrade brought, as EIP-7910 names it. */
const BROUGHT: readonly (readonly [name: string, fork: L1TimeFork])[] = [
  ['P256VERIFY', 'osaka'],
  ['HISTORY_STORAGE_ADDRESS', 'prague'],
  ['BEACON_ROOTS_ADDRESS', 'cancun'],
]

/** As many precompiles and system contracts as the newest upgrade has that is known here. */
const MOST_PRECOMPILES = 18
const MOST_CONTRACTS = 5

/** The upgrade that a configuration is of, blob parameters aside. */
function upgradeOf({ precompiles, systemContracts }: Entry): L1TimeFork {
  const names = new Set([...Object.keys(precompiles), ...Object.keys(systemContracts ?? {})])
  if (
    Object.keys(precompiles).length > MOST_PRECOMPILES ||
    Object.keys(systemContracts ?? {}).length > MOST_CONTRACTS
  ) {
    throw unknown('it tells of an upgrade that is not known here')
  }
  const found = BROUGHT.find(([name]) => names.has(name))
  if (found === undefined) throw unknown('it tells of an upgrade before Cancun')
  return found[1]
}

function blobParams({ blobSchedule }: Entry): BlobParams | undefined {
  if (blobSchedule === undefined || blobSchedule === null) return undefined
  const { target, max, baseFeeUpdateFraction } = blobSchedule
  return { target: Number(target), max: Number(max), updateFraction: baseFeeUpdateFraction }
}

/** Whether no upgrade lies between two entries: each fork id is the checksum of the one before it and its own time. @see EIP-6122 */
function isNext(before: Entry, { forkId, activationTime }: Entry): boolean {
  const checksum = crc32(bigIntToPadded(activationTime, 8), Number(before.forkId))
  return checksum === Number(forkId)
}

/** The upgrades that a node tells of, in order; none is left out. */
function entriesOf({ current, next, last }: z.infer<typeof schema>): Entry[] {
  const entries = [current]
  for (const entry of [next, last]) {
    const before = entries.at(-1) as Entry
    if (!entry || entry.activationTime <= before.activationTime) continue
    if (!isNext(before, entry)) throw unknown('upgrades lie between those that it tells of')
    entries.push(entry)
  }
  return entries
}

function inWords(error: z.ZodError): AppError<EthConfigErrorCode> {
  return unknown(`its answer is not that of eth_config: ${schemaErrors(error).join('; ')}`)
}

/**
 * The upgrades of an L1 from some time on, out of what its node answers to `eth_config`.
 * @param from unix seconds: of the block that the chain goes on from
 * @throws AppError SCHEDULE_UNKNOWN @see EIP-7910
 */
export function l1ChainFromEthConfig(json: unknown, from: bigint): L1ChainConfig {
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw inWords(parsed.error)
  const { current } = parsed.data
  if (current.activationTime > from) {
    throw unknown(`the rules that it tells of hold from ${current.activationTime} on, later than ${from}`)
  }
  const timeForks: Partial<Record<L1TimeFork, bigint>> = {}
  const blobSchedule: Partial<Record<L1TimeFork, BlobParams>> = {}
  let reached = -1
  for (const entry of entriesOf(parsed.data)) {
    const time = entry === current ? 0n : entry.activationTime
    const upgrade = L1_TIME_FORKS.indexOf(upgradeOf(entry))
    // Where nothing but the blob parameters changes, it is the next of the upgrades that are made for that.
    const last = upgrade > reached ? upgrade : reached + 1
    for (const fork of L1_TIME_FORKS.slice(reached + 1, last + 1)) timeForks[fork] = time
    const params = blobParams(entry)
    if (params !== undefined) blobSchedule[L1_TIME_FORKS[last] as L1TimeFork] = params
    reached = last
  }
  const depositContract = current.systemContracts?.DEPOSIT_CONTRACT_ADDRESS
  return {
    chainId: current.chainId,
    blockForks: Object.fromEntries(L1_BLOCK_FORKS.map((fork) => [fork, 0n])),
    timeForks,
    blobSchedule,
    terminalTotalDifficulty: 0n,
    ...(depositContract !== undefined && { depositContractAddress: depositContract }),
  }
}
