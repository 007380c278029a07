import { describe, expect, it } from 'vitest'
import { DEV_ACCOUNTS, DEV_BALANCE, DEV_ROLES } from '../../src/devnet/dev-accounts.ts'
import { type DevnetChain, devnetL1Addresses } from '../../src/devnet/devnet-chain.ts'
import { DEVNET_L1_FORKS, devnetL1Genesis } from '../../src/devnet/l1-genesis.ts'
import { devnetL2Genesis } from '../../src/devnet/l2-genesis.ts'
import { PREDEPLOYS } from '../../src/devnet/predeploys.ts'
import { devnetRollupConfig } from '../../src/devnet/rollup-config.ts'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { toWord } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../src/primitives/keccak.ts'
import { OP_FORKS } from '../../src/protocol/forks.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { L1_BLOCK_SLOTS, type L1BlockSlots, l1CostRule } from '../../src/protocol/l1-fee.ts'

const TIME = 1_700_000_000n

/** L1, one L2 chain on it, and the chain's rollup configuration. */
function devnet(chain: DevnetChain) {
  const l1Genesis = parseGenesis(devnetL1Genesis({ timestamp: TIME, chains: [chain] }))
  const l1 = genesisState(l1Genesis).block
  const { hash, header } = l1
  const source = { hash, number: 0n, timestamp: TIME, baseFeePerGas: header.baseFeePerGas ?? 0n, blobBaseFee: 1n }
  const l2Genesis = parseGenesis(devnetL2Genesis({ chain, timestamp: TIME + 4n, l1: source }))
  const l2 = genesisState(l2Genesis).block
  const rollup = devnetRollupConfig({
    chain,
    l1: { hash, number: 0n },
    l2: { hash: l2.hash, number: 0n, timestamp: l2.header.timestamp },
  })
  return { l1Genesis, l1, l2Genesis, l2, rollup }
}

describe('the genesis of the devnet', () => {
  it.each(OP_FORKS.slice(1))('holds together with %s and all before it', (fork) => {
    const { l1, l2, l2Genesis, rollup } = devnet({ chainId: 901n, fork })
    // Delta is no business of the execution layer.
    expect(l2Genesis.config.op?.forks.latest(l2.header.timestamp)).toBe(fork === 'delta' ? 'canyon' : fork)
    expect(rollup.forks.latest(l2.header.timestamp)).toBe(fork)
    expect(rollup.genesis).toMatchObject({ l1: { hash: l1.hash }, l2: { hash: l2.hash }, l2Time: l2.header.timestamp })
    expect(rollup.genesis.systemConfig.gasLimit).toBe(l2.header.gasLimit)
    expect(rollup.depositContractAddress).toBe(devnetL1Addresses(901n).optimismPortal)
    // The proxy's own slots are in the storage of the message passer.
    const root = l2.header.withdrawalsRoot
    expect(root !== undefined && root !== EMPTY_TRIE_ROOT).toBe(OP_FORKS.indexOf(fork) >= OP_FORKS.indexOf('isthmus'))
    // Fees are known before the first L1-attributes transaction.
    const storage = l2Genesis.alloc.get(PREDEPLOYS.l1Block)?.storage
    const slots = Object.fromEntries(
      Object.entries(L1_BLOCK_SLOTS).map(([name, slot]) => [name, storage?.get(slot) ?? 0n]),
    ) as L1BlockSlots
    const ecotone = OP_FORKS.indexOf(fork) >= OP_FORKS.indexOf('ecotone')
    expect(l1CostRule(rollup.forks, l2.header.timestamp, slots)).toMatchObject(
      ecotone
        ? { l1BaseFee: 10n ** 9n, l1BlobBaseFee: 1n, baseFeeScalar: 1368n, blobBaseFeeScalar: 801_949n }
        : { tag: 'bedrock', l1BaseFee: 10n ** 9n, overhead: 188n, scalar: 684_000n },
    )
  })

  it('funds the development accounts on both layers', () => {
    const { l1Genesis, l2Genesis } = devnet({ chainId: 901n })
    for (const { alloc } of [l1Genesis, l2Genesis]) {
      for (const { address } of DEV_ACCOUNTS) expect(alloc.get(address)?.balance).toBe(DEV_BALANCE)
    }
  })

  it('takes upgrades that come later, and refuses those that come in another order', () => {
    const { rollup, l2Genesis } = devnet({
      chainId: 901n,
      fork: 'granite',
      laterForks: { holocene: 10n, isthmus: 20n },
    })
    expect(rollup.forks.times).toMatchObject({ granite: 0n, holocene: TIME + 14n, isthmus: TIME + 24n })
    expect(l2Genesis.config.op?.forks.times).toMatchObject({ granite: 0n, holocene: TIME + 14n, isthmus: TIME + 24n })
    expect(() => devnet({ chainId: 901n, fork: 'granite', laterForks: { isthmus: 20n } })).toThrow(
      expect.objectContaining({ code: 'ROLLUP_CONFIG_INVALID' }),
    )
  })

  it('is another one for each chain, on the same L1', () => {
    const chains = [{ chainId: 901n }, { chainId: 902n, systemConfig: { gasLimit: 30_000_000n } }]
    const { alloc } = parseGenesis(devnetL1Genesis({ timestamp: TIME, chains }))
    const [one, other] = chains.map(({ chainId }) => devnetL1Addresses(chainId))
    expect(
      new Set(Object.values({ ...one, x: other?.optimismPortal, y: other?.systemConfig, z: other?.batchInbox })).size,
    ).toBe(6)
    expect(alloc.get(one?.systemConfig ?? '0x')?.storage.get(toWord(4n))).toBe(60_000_000n)
    expect(alloc.get(other?.systemConfig ?? '0x')?.storage.get(toWord(4n))).toBe(30_000_000n)
  })

  it.each(DEVNET_L1_FORKS)('has an L1 with %s and all before it', (fork) => {
    const { config, alloc, timestamp } = parseGenesis(devnetL1Genesis({ timestamp: TIME, fork, chains: [] }))
    const active = DEVNET_L1_FORKS.filter((name) => (config.l1.timeForks[name] ?? timestamp + 1n) <= timestamp)
    expect(active).toEqual(DEVNET_L1_FORKS.slice(0, DEVNET_L1_FORKS.indexOf(fork) + 1))
    expect(Object.keys(config.l1.blobSchedule)).toEqual(active.slice(1))
    expect(alloc.get(DEV_ROLES.batcher.address)?.balance).toBe(DEV_BALANCE)
  })

  it('lets L1 upgrade later', () => {
    const options = { timestamp: TIME, fork: 'prague', laterForks: { osaka: 12n, bpo1: 24n }, chains: [] } as const
    const { timeForks } = parseGenesis(devnetL1Genesis(options)).config.l1
    expect(timeForks).toEqual({ shanghai: 0n, cancun: 0n, prague: 0n, osaka: TIME + 12n, bpo1: TIME + 24n })
  })
})
