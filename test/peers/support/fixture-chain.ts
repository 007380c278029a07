import { type Address, bytesToHex, type Hex, hexToBytes, toQuantity, toWord } from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import type { OpFork } from '../../../src/protocol/forks.ts'
import { createDeposit } from '../../../src/protocol/transaction.ts'
import { upgradeTransactionsOf } from '../../../src/protocol/upgrade-txs.ts'
import { devAccounts, otherUser, user } from './dev-accounts.ts'
import type { AttributesOptions, EngineDriver } from './engine-driver.ts'
import { type ForkSchedule, isActive } from './fork-schedule.ts'
import type { L1InfoScalars } from './l1-info.ts'
import { type LoadKind, LoadSender } from './load.ts'
import { LOAD_CONTRACTS, STORING_INIT_CODE, writes } from './load-contracts.ts'
import { precompileCases } from './precompile-cases.ts'
import type { RpcBlock } from './rpc-types.ts'
import { DESTROYABLE, EMPTY_ACCOUNTS, PROBE, probeInput, STORE, storeInput } from './scenery.ts'
import type { UserDeposit } from './stand-in-contracts.ts'

/** One block of the chain that fixtures are taken from. */
export interface PlannedBlock {
  readonly fork: OpFork
  readonly name: string
  /** Behind the L1-attributes deposit. */
  readonly transactions: () => Promise<readonly Hex[]>
  /** Of the block, when it is not the parent's. */
  readonly gasLimit?: bigint
}

/** The forks that change execution. */
export const FIXTURE_FORKS = [
  'bedrock',
  'regolith',
  'canyon',
  'ecotone',
  'fjord',
  'granite',
  'holocene',
  'isthmus',
  'jovian',
] as const satisfies readonly OpFork[]

type FixtureFork = (typeof FIXTURE_FORKS)[number]

/** Forks whose precompiles are not those of the fork before, or not their limits. */
const PRECOMPILE_FORKS: ReadonlySet<OpFork> = new Set(['bedrock', 'ecotone', 'fjord', 'isthmus'])
/** Forks with a block that is nearly full. */
const FULL_FORKS: ReadonlySet<OpFork> = new Set(['bedrock', 'ecotone', 'jovian'])
const MOST_INPUT = 400

/**
 * Precompiles with a limit on their input in some forks, and the bytes that each of its items takes: how many items fit,
 * fork by fork. Items of zeros are points at infinity.
 */
const LIMITED: readonly { readonly address: number; readonly item: number; readonly most: readonly number[] }[] = [
  { address: 0x08, item: 192, most: [586, 427] },
  { address: 0x0c, item: 160, most: [3211, 1806] },
  { address: 0x0e, item: 288, most: [1696, 968] },
  { address: 0x0f, item: 384, most: [612, 408] },
]
/** Forks that bring a limit, and the one before the first. */
const LIMIT_FORKS: ReadonlySet<OpFork> = new Set(['fjord', 'granite', 'isthmus', 'jovian'])
const LIMIT_GAS = 21_500_000n
const FULL_TRANSFERS = 60

const TRANSFERS: readonly LoadKind[] = ['transfer', 'transferToNew', 'legacy', 'accessList', 'calldata', 'log']
const CONTRACTS: readonly LoadKind[] = [
  ...(['create', 'create2', 'createReverting', 'createForbidden', 'createMortal', 'createMortal2'] as const),
  ...(['stillborn', 'invalidOpcode'] as const),
]
const STORAGE: readonly LoadKind[] = ['store', 'clear', 'context', 'revert', 'outOfGas', 'destroy', 'destroy2', 'clear']

const RECIPIENT: Address = `0x${'00'.repeat(16)}c0ffee00`
const DEPOSITS: readonly UserDeposit[] = [
  { from: otherUser.address, to: RECIPIENT, mint: 7n, value: 5n },
  // Cannot pay the value: fails outside of the EVM, and what it mints stays.
  { from: RECIPIENT, to: user.address, mint: 3n, value: 10n ** 30n },
  { from: otherUser.address, data: STORING_INIT_CODE, gasLimit: 200_000n },
  { from: otherUser.address, to: LOAD_CONTRACTS.reverter, mint: 9n },
  { from: otherUser.address, to: LOAD_CONTRACTS.writer, data: writes([3, 0], [4, 1], [900, 1]), gasLimit: 150_000n },
  // Less than the intrinsic gas.
  { from: otherUser.address, to: LOAD_CONTRACTS.logger, mint: 1n, data: '0xff', gasLimit: 21_000n },
]

function depositRaw(deposit: UserDeposit, salt: number): Hex {
  const { from, to, mint = 0n, value = 0n, gasLimit = 100_000n, data = '0x' } = deposit
  const { raw } = createDeposit({
    sourceHash: keccakHash(hexToBytes(toWord(BigInt(salt)))),
    from,
    to,
    mint,
    value,
    gasLimit,
    data: hexToBytes(data),
    isSystemTx: false,
  })
  return bytesToHex(raw)
}

/** The blocks of the chain, fork by fork; each fork's first is its activation block. */
export function planFixtureChain(): readonly PlannedBlock[] {
  const sender = new LoadSender(devAccounts[4] as (typeof devAccounts)[number], {
    gas: 1_000_000n,
    maxFeePerGas: 10n ** 11n,
  })
  const inOrder = async (makers: readonly (() => Promise<Hex>)[]): Promise<readonly Hex[]> => {
    const raws: Hex[] = []
    for (const make of makers) raws.push(await make())
    return raws
  }
  const kinds = (list: readonly LoadKind[]) => list.map((kind) => () => sender.next(kind))
  const blocksOf = (fork: FixtureFork, index: number): PlannedBlock[] => {
    const block = (
      name: string,
      makers: readonly (() => Promise<Hex>)[],
      first: readonly Hex[] = [],
      gasLimit?: bigint,
    ): PlannedBlock => ({
      fork,
      name,
      transactions: async () => [...first, ...(await inOrder(makers))],
      ...(gasLimit === undefined ? {} : { gasLimit }),
    })
    const upgrades = upgradeTransactionsOf(fork).map(({ raw }) => bytesToHex(raw))
    const gone = DESTROYABLE.slice(2 * index + 1, 2 * index + 3)
    const slots = Array.from({ length: 12 }, (_, i) => BigInt(index * 37 + i + 1))
    const deletions = [
      ...gone.map((to) => () => sender.sign({ to, data: `0x${RECIPIENT.slice(2).padStart(64, '0')}` })),
      () => sender.sign({ to: EMPTY_ACCOUNTS[index] as Address }),
      () => sender.sign({ to: STORE, data: storeInput(slots.map((slot) => [slot, 0n])) }),
    ]
    const blocks = [
      block('activation', [], upgrades),
      block('transfers', kinds(TRANSFERS)),
      block('contracts', kinds(CONTRACTS)),
      block('storage', kinds(STORAGE)),
      block('deletions', deletions),
      block(
        'deposits',
        kinds(['log']),
        DEPOSITS.map((deposit, i) => depositRaw(deposit, index * 100 + i)),
      ),
    ]
    if (PRECOMPILE_FORKS.has(fork)) {
      const cases = precompileCases().filter(({ input }) => input.length <= 2 * MOST_INPUT)
      const calls = cases.map(({ address, gas, input }) => () => {
        const to: Address = `0x${address.toString(16).padStart(40, '0')}`
        return sender.sign({ to: PROBE, data: probeInput(to, gas < 700_000n ? gas : 700_000n, input) })
      })
      blocks.push(block('precompiles', calls))
    }
    if (LIMIT_FORKS.has(fork)) {
      const inputs = LIMITED.flatMap(({ address, item, most }) =>
        most.flatMap((count) => [count, count + 1].map((items) => ({ address, bytes: items * item }))),
      )
      const known = fork === 'isthmus' || fork === 'jovian' ? inputs : inputs.filter(({ address }) => address === 0x08)
      const calls = known.map(({ address, bytes }) => () => {
        const to: Address = `0x${address.toString(16).padStart(40, '0')}`
        return sender.sign({ to: PROBE, data: probeInput(to, LIMIT_GAS, '00'.repeat(bytes)), gas: 30_000_000n })
      })
      blocks.push(block('precompile limits', calls, [], 400_000_000n))
    }
    if (FULL_FORKS.has(fork)) {
      const transfers = Array.from(
        { length: FULL_TRANSFERS },
        () => () => sender.sign({ to: RECIPIENT, value: 1n, gas: 21_000n }),
      )
      blocks.push(block('full', transfers, [], 21_000n * BigInt(FULL_TRANSFERS) + 200_000n))
    }
    if (fork === 'isthmus' || fork === 'jovian') {
      blocks.push(block('delegations', kinds(['delegate', 'delegate', 'delegate', 'delegate'])))
    }
    return blocks
  }
  return FIXTURE_FORKS.flatMap(blocksOf)
}

/** Fork times of a plan: each fork starts with its first block. */
export function fixtureForkTimes(plan: readonly PlannedBlock[], genesisTime: number, blockTime: number): ForkSchedule {
  const times: Partial<Record<OpFork, number>> = {}
  for (const [index, { fork }] of plan.entries()) {
    if (fork !== 'bedrock') times[fork] ??= genesisTime + blockTime * (index + 1)
  }
  return { ...times, ...(times.canyon === undefined ? {} : { delta: times.canyon }) }
}

function scalars(forks: ForkSchedule, parentTime: number): L1InfoScalars {
  if (!isActive(forks, 'ecotone', parentTime)) return {}
  return {
    baseFeeScalar: 1_300n,
    blobBaseFeeScalar: 800_000n,
    operatorFeeScalar: isActive(forks, 'jovian', parentTime) ? 3n : 70_000n,
    operatorFeeConstant: 11n,
    daFootprintGasScalar: 200n,
  }
}

/** Has op-geth's builder make the next block of the plan. */
export async function extendByPlan(driver: EngineDriver, parent: RpcBlock, planned: PlannedBlock): Promise<RpcBlock> {
  const timestamp = Number(parent.timestamp) + driver.blockTime
  const options: AttributesOptions = {
    transactions: await planned.transactions(),
    scalars: scalars(driver.forks, Number(parent.timestamp)),
    overrides: {
      gasLimit: toQuantity(planned.gasLimit ?? 60_000_000n),
      ...(isActive(driver.forks, 'jovian', timestamp) ? { minBaseFee: 100_000 } : {}),
      ...(isActive(driver.forks, 'holocene', timestamp) ? { eip1559Params: '0x000000c800000005' } : {}),
    },
  }
  return driver.extend(parent, driver.attributes(parent, options))
}
