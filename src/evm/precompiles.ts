import { type Common, Hardfork } from '@ethereumjs/common'
import {
  type CustomPrecompile,
  EVMError,
  type ExecResult,
  getActivePrecompiles,
  type PrecompileFunc,
  type PrecompileInput,
} from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import type { OpForks } from '../protocol/forks.ts'

const P256_VERIFY_GAS = 3_450n
/** More gas than any precompile asks for, so that the library's own price of P256VERIFY never decides. */
const AMPLE_GAS = 1n << 40n

const key = (address: number): string => address.toString(16).padStart(40, '0')

/** The largest input, in bytes, of a precompile; a longer one fails and takes all gas. Zero: no limit of the chain's own. */
function inputLimits(forks: OpForks, timestamp: bigint): ReadonlyMap<number, number> {
  if (forks.isActive('jovian', timestamp)) {
    return new Map([
      [0x08, 81_984],
      [0x0c, 288_960],
      [0x0e, 278_784],
      [0x0f, 156_672],
    ])
  }
  if (forks.isActive('isthmus', timestamp)) {
    return new Map([
      [0x08, 112_687],
      [0x0c, 513_760],
      [0x0e, 488_448],
      [0x0f, 235_008],
    ])
  }
  return forks.isActive('granite', timestamp) ? new Map([[0x08, 112_687]]) : new Map()
}

function failed(error: EVMError, gasLimit: bigint): ExecResult {
  return { returnValue: new Uint8Array(0), executionGasUsed: gasLimit, exceptionError: error }
}

function limited(builtin: PrecompileFunc, limit: number): PrecompileFunc {
  return (input: PrecompileInput) =>
    input.data.length > limit
      ? failed(new EVMError(EVMError.errorMessages.INVALID_INPUT_LENGTH), input.gasLimit)
      : builtin(input)
}

function p256Verify(builtin: PrecompileFunc): PrecompileFunc {
  return async (input: PrecompileInput) => {
    if (input.gasLimit < P256_VERIFY_GAS) return failed(new EVMError(EVMError.errorMessages.OUT_OF_GAS), input.gasLimit)
    const result = await builtin({ ...input, gasLimit: AMPLE_GAS })
    return { ...result, executionGasUsed: P256_VERIFY_GAS }
  }
}

/** The upgrades that change precompiles. */
const DECIDING = ['fjord', 'granite', 'isthmus', 'jovian', 'karst'] as const

/** By the rules that they belong to, and by the upgrades of {@link DECIDING} that are active. */
const made = new WeakMap<Common, Map<string, CustomPrecompile[]>>()

/**
 * The precompiles in which an OP-Stack chain differs from the L1 fork that it is built on: input limits, and P256VERIFY at
 * RIP-7212's price from Fjord. The same list for the same rules.
 * @see OP specs: Fjord, Granite, Isthmus and Jovian "Precompiles"
 */
export function opPrecompiles(common: Common, forks: OpForks, timestamp: bigint): CustomPrecompile[] {
  const active = DECIDING.filter((fork) => forks.isActive(fork, timestamp)).join()
  const known = made.get(common) ?? new Map<string, CustomPrecompile[]>()
  made.set(common, known)
  const custom = known.get(active) ?? makePrecompiles(common, forks, timestamp)
  known.set(active, custom)
  return custom
}

function makePrecompiles(common: Common, forks: OpForks, timestamp: bigint): CustomPrecompile[] {
  const active = getActivePrecompiles(common)
  const custom: CustomPrecompile[] = []
  for (const [address, limit] of inputLimits(forks, timestamp)) {
    const builtin = active.get(key(address))
    if (builtin !== undefined) {
      custom.push({ address: createAddressFromString(`0x${key(address)}`), function: limited(builtin, limit) })
    }
  }
  // From Karst the L1 fork brings the precompile itself, at its own price.
  if (forks.isActive('fjord', timestamp) && !forks.isActive('karst', timestamp)) {
    const osaka = common.copy()
    osaka.setHardfork(Hardfork.Osaka)
    const builtin = getActivePrecompiles(osaka).get(key(0x100))
    if (builtin !== undefined) {
      custom.push({ address: createAddressFromString(`0x${key(0x100)}`), function: p256Verify(builtin) })
    }
  }
  return custom
}
