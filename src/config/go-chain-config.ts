import { z } from 'zod'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { ChainConfig } from '../protocol/chain-config.ts'
import { parseChainConfig } from '../protocol/genesis.ts'
import { L1_BLOCK_FORKS, L1_TIME_FORKS } from '../protocol/l1-chain.ts'

/** geth's JSON names by those of its struct, which are lower-cased in YAML for want of tags. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [
    'chainId',
    'terminalTotalDifficulty',
    'depositContractAddress',
    ...L1_BLOCK_FORKS.map((fork) => `${fork}Block`),
    ...L1_TIME_FORKS.map((fork) => `${fork}Time`),
  ].map((name) => [name.toLowerCase(), name]),
)

/** Fields of the struct that say nothing about the blocks of a chain after the merge, or are of OP-Stack chains. */
const PASSED_OVER: ReadonlySet<string> = new Set(
  [
    ...[
      'daoForkBlock',
      'daoForkSupport',
      'mergeNetsplitBlock',
      'enableVerkleAtGenesis',
      'ethash',
      'clique',
      'optimism',
    ],
    ...['bedrockBlock', 'verkleTime', 'ubtTime', 'enableUbtAtGenesis', 'regolithTime', 'canyonTime', 'ecotoneTime'],
    ...['fjordTime', 'graniteTime', 'holoceneTime', 'isthmusTime', 'jovianTime', 'karstTime', 'interopTime'],
  ].map((name) => name.toLowerCase()),
)

const blobs = z.record(
  z.enum(L1_TIME_FORKS),
  z.strictObject({ target: z.int(), max: z.int(), updatefraction: z.int() }).nullable(),
)

/** geth's chain configuration as op-test-sequencer reads it: the struct's field names in lower case. */
export const goChainConfig = z.record(z.string(), z.unknown()).transform((fields, context): ChainConfig => {
  const json: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    const known = NAMES.get(name)
    if (known !== undefined) json[known] = value
    else if (name === 'blobscheduleconfig') {
      const parsed = z.partialRecord(z.enum(L1_TIME_FORKS), blobs.valueType).safeParse(value)
      if (!parsed.success) {
        for (const { path, message } of parsed.error.issues)
          context.addIssue({ code: 'custom', path: [name, ...path], message })
        continue
      }
      json.blobSchedule = Object.fromEntries(
        Object.entries(parsed.data).flatMap(([fork, params]) =>
          params
            ? [[fork, { target: params.target, max: params.max, baseFeeUpdateFraction: params.updatefraction }]]
            : [],
        ),
      )
    } else if (!PASSED_OVER.has(name)) context.addIssue({ code: 'custom', path: [name], message: 'unknown key' })
  }
  try {
    return parseChainConfig(json)
  } catch (error) {
    const lines = isAppError(error) ? error.data?.errors : undefined
    for (const line of Array.isArray(lines) ? lines : [errorMessage(error)]) context.addIssue(String(line))
    return z.NEVER
  }
})
