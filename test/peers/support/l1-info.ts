import {
  bigIntToPadded,
  bytesToHex,
  concatBytes,
  type Hash,
  type Hex,
  hexToBytes,
} from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { createDeposit, sourceHash } from '../../../src/protocol/transaction.ts'
import { batcher } from './dev-accounts.ts'
import { type ForkSchedule, isActive } from './fork-schedule.ts'

/** What L2 learns of its L1 origin. */
export interface L1Info {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  /** wei */
  readonly baseFee: bigint
  /** wei; from Ecotone. */
  readonly blobBaseFee: bigint
  readonly hash: Hash
  readonly prevRandao: Hash
  readonly parentBeaconBlockRoot: Hash
}

/** What the chain's operator sets; the batch sender is {@link batcher}. */
export interface L1InfoScalars {
  readonly baseFeeScalar?: bigint
  readonly blobBaseFeeScalar?: bigint
  readonly operatorFeeScalar?: bigint
  readonly operatorFeeConstant?: bigint
  readonly daFootprintGasScalar?: bigint
}

const DEPOSITOR = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001'
const L1_BLOCK = '0x4200000000000000000000000000000000000015'

const selector = (signature: string): Uint8Array => keccak256(new TextEncoder().encode(signature)).subarray(0, 4)

type Format = 'bedrock' | 'ecotone' | 'isthmus' | 'jovian'

/** A fork's activation block still speaks the format of before: its upgrade transactions come after it. */
function format(forks: ForkSchedule, parentTimestamp: number, timestamp: number): Format {
  for (const fork of ['jovian', 'isthmus', 'ecotone'] as const) {
    if (isActive(forks, fork, timestamp) && isActive(forks, fork, parentTimestamp)) return fork
  }
  return 'bedrock'
}

function calldata(kind: Format, info: L1Info, sequence: bigint, scalars: L1InfoScalars): Uint8Array {
  const batcherWord = hexToBytes(`0x${batcher.address.slice(2).padStart(64, '0')}`)
  const baseFeeScalar = scalars.baseFeeScalar ?? 684_000n
  if (kind === 'bedrock') {
    return concatBytes(
      selector('setL1BlockValues(uint64,uint64,uint256,bytes32,uint64,bytes32,uint256,uint256)'),
      bigIntToPadded(info.number, 32),
      bigIntToPadded(info.timestamp, 32),
      bigIntToPadded(info.baseFee, 32),
      hexToBytes(info.hash),
      bigIntToPadded(sequence, 32),
      batcherWord,
      bigIntToPadded(188n, 32),
      bigIntToPadded(baseFeeScalar, 32),
    )
  }
  const name = { ecotone: 'Ecotone', isthmus: 'Isthmus', jovian: 'Jovian' }[kind]
  return concatBytes(
    selector(`setL1BlockValues${name}()`),
    bigIntToPadded(baseFeeScalar, 4),
    bigIntToPadded(scalars.blobBaseFeeScalar ?? 0n, 4),
    bigIntToPadded(sequence, 8),
    bigIntToPadded(info.timestamp, 8),
    bigIntToPadded(info.number, 8),
    bigIntToPadded(info.baseFee, 32),
    bigIntToPadded(info.blobBaseFee, 32),
    hexToBytes(info.hash),
    batcherWord,
    ...(kind === 'ecotone'
      ? []
      : [bigIntToPadded(scalars.operatorFeeScalar ?? 0n, 4), bigIntToPadded(scalars.operatorFeeConstant ?? 0n, 8)]),
    ...(kind === 'jovian' ? [bigIntToPadded(scalars.daFootprintGasScalar ?? 0n, 2)] : []),
  )
}

/**
 * The L1-info deposit that opens a block, as op-node would write it. Written down here once more than in the product,
 * so that the product is not its own oracle.
 * @param sequence the block's place within its epoch
 */
export function l1InfoDeposit(
  forks: ForkSchedule,
  parentTimestamp: number,
  timestamp: number,
  info: L1Info,
  sequence: bigint,
  scalars: L1InfoScalars = {},
): Hex {
  const regolith = isActive(forks, 'regolith', timestamp)
  const { raw } = createDeposit({
    sourceHash: sourceHash('l1Info', keccak256(concatBytes(hexToBytes(info.hash), bigIntToPadded(sequence, 32)))),
    from: DEPOSITOR,
    to: L1_BLOCK,
    mint: 0n,
    value: 0n,
    gasLimit: regolith ? 1_000_000n : 150_000_000n,
    isSystemTx: !regolith,
    data: calldata(format(forks, parentTimestamp, timestamp), info, sequence, scalars),
  })
  return bytesToHex(raw)
}
