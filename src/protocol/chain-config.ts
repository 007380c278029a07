import { z } from 'zod'
import { addressText, uintLoose } from './config-schema.ts'
import type { Eip1559Constants } from './extra-data.ts'
import { OP_FORKS, type OpFork, OpForks } from './forks.ts'
import {
  type BlobParams,
  L1_BLOCK_FORKS,
  L1_TIME_FORKS,
  type L1BlockFork,
  type L1ChainConfig,
  type L1TimeFork,
} from './l1-chain.ts'

/** What a geth chain configuration adds on an OP-Stack chain. */
export interface OpChainConfig {
  /** Without Delta, which the execution layer does not know of. */
  readonly forks: OpForks
  readonly eip1559: Eip1559Constants
}

/** The `config` part of a geth genesis file. */
export interface ChainConfig {
  readonly chainId: bigint
  /** Ethereum's own upgrades, which OP chains follow too. */
  readonly l1: L1ChainConfig
  /** Present on an OP-Stack chain. */
  readonly op?: OpChainConfig
}

const optional = uintLoose.nullish()
const blobParams = z.object({ target: uintLoose, max: uintLoose, baseFeeUpdateFraction: uintLoose })

type OptionalUint = typeof optional
const blockKeys = Object.fromEntries(L1_BLOCK_FORKS.map((fork) => [`${fork}Block`, optional])) as Record<
  `${L1BlockFork}Block`,
  OptionalUint
>
const timeKeys = Object.fromEntries(L1_TIME_FORKS.map((fork) => [`${fork}Time`, optional])) as Record<
  `${L1TimeFork}Time`,
  OptionalUint
>
type TimedOpFork = Exclude<OpFork, 'bedrock' | 'delta'>
const TIMED_OP_FORKS = OP_FORKS.filter((fork): fork is TimedOpFork => fork !== 'bedrock' && fork !== 'delta')
const opKeys = Object.fromEntries(TIMED_OP_FORKS.map((fork) => [`${fork}Time`, optional])) as Record<
  `${TimedOpFork}Time`,
  OptionalUint
>

/** Reads the `config` part of a geth genesis file; keys that are not known are passed over. */
export const chainConfigSchema = z.object({
  chainId: uintLoose,
  ...blockKeys,
  ...timeKeys,
  ...opKeys,
  lagoonTime: optional,
  terminalTotalDifficulty: optional,
  depositContractAddress: addressText.nullish(),
  blobSchedule: z.record(z.string(), blobParams.nullish()).nullish(),
  optimism: z
    .object({
      eip1559Elasticity: uintLoose,
      eip1559Denominator: uintLoose,
      eip1559DenominatorCanyon: optional,
    })
    .nullish(),
})

type Raw = z.infer<typeof chainConfigSchema>

/** The entries that state a value. */
function stated<K extends string, V>(entries: readonly (readonly [K, V | null | undefined])[]): Partial<Record<K, V>> {
  const out: Partial<Record<K, V>> = {}
  for (const [key, value] of entries) if (value !== undefined && value !== null) out[key] = value
  return out
}

function blobSchedule(raw: Raw): Partial<Record<L1TimeFork, BlobParams>> {
  const entries = L1_TIME_FORKS.map((fork) => {
    const params = raw.blobSchedule?.[fork]
    const read = params && {
      target: Number(params.target),
      max: Number(params.max),
      updateFraction: params.baseFeeUpdateFraction,
    }
    return [fork, read] as const
  })
  return stated(entries)
}

/** The typed form of a configuration that {@link chainConfigSchema} has read. */
export function toChainConfig(raw: Raw): ChainConfig {
  const { optimism } = raw
  const interop = raw.interopTime ?? raw.lagoonTime
  const opTimes = stated(TIMED_OP_FORKS.map((fork) => [fork, fork === 'interop' ? interop : raw[`${fork}Time`]]))
  const l1: L1ChainConfig = {
    chainId: raw.chainId,
    blockForks: stated(L1_BLOCK_FORKS.map((fork) => [fork, raw[`${fork}Block`]])),
    timeForks: stated(L1_TIME_FORKS.map((fork) => [fork, raw[`${fork}Time`]])),
    blobSchedule: blobSchedule(raw),
    ...(typeof raw.terminalTotalDifficulty === 'bigint' && { terminalTotalDifficulty: raw.terminalTotalDifficulty }),
    ...(raw.depositContractAddress && { depositContractAddress: raw.depositContractAddress }),
  }
  return {
    chainId: raw.chainId,
    l1,
    ...(optimism && {
      op: {
        forks: new OpForks(opTimes),
        eip1559: {
          elasticity: optimism.eip1559Elasticity,
          denominator: optimism.eip1559Denominator,
          denominatorCanyon: optimism.eip1559DenominatorCanyon ?? 0n,
        },
      },
    }),
  }
}
