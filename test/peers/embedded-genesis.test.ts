import { describe, expect, it } from 'vitest'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { proveAccount } from '../../src/embedded/state-proof.ts'
import { StoredNodes } from '../../src/embedded/stored-nodes.ts'
import { bytesToHex, type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { startGeth } from './support/geth-process.ts'
import type { Genesis } from './support/l1-genesis.ts'
import { l1Genesis } from './support/l1-genesis.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { TempFolder } from './support/temp-folder.ts'

/** The answer of `eth_getProof`, as far as it is compared. */
interface GethProof {
  readonly accountProof: readonly Hex[]
  readonly balance: Hex
  readonly nonce: Hex
  readonly storageProof: readonly { readonly value: Hex; readonly proof: readonly Hex[] }[]
}

/** What `init` of a real node says the genesis block is. */
async function hashOf(program: 'geth' | 'op-geth', genesis: Genesis): Promise<string> {
  await using folder = new TempFolder()
  await using node = await startGeth({ folder, name: program, program, genesis })
  return node.genesisHash
}

describe('the genesis block of a genesis file', () => {
  it.each([
    ['prague', {}],
    ['cancun', { pragueTime: undefined }],
    ['shanghai', { cancunTime: undefined, pragueTime: undefined }],
  ] as const)('is the one of geth, with %s and all before it', async (_fork, config) => {
    const genesis = l1Genesis({ timestamp: 1_700_000_000, config })
    const made = genesisState(parseGenesis(JSON.parse(JSON.stringify(genesis))))
    expect(made.block.hash).toBe(await hashOf('geth', genesis))
  })

  it.each(['bedrock', 'canyon', 'ecotone', 'isthmus', 'jovian'] as const)(
    'is the one of op-geth, with %s and all before it',
    async (fork) => {
      const genesis = await l2Genesis({ timestamp: 1_700_000_000, forks: atGenesis(fork) })
      const made = genesisState(parseGenesis(JSON.parse(JSON.stringify(genesis))))
      expect(made.block.hash).toBe(await hashOf('op-geth', genesis))
    },
  )

  it('has the proofs of op-geth', async () => {
    const genesis = await l2Genesis({ timestamp: 1_700_000_000, forks: atGenesis('jovian') })
    const { block, newNodes, codes } = genesisState(parseGenesis(JSON.parse(JSON.stringify(genesis))))
    const nodes = new StoredNodes(new MemoryStore())
    nodes.keep(newNodes, codes)
    await using folder = new TempFolder()
    await using node = await startGeth({ folder, name: 'op-geth', program: 'op-geth', genesis })
    const slots = [0n, 1n, 3n, 7n, 0xabcdefn].map(toWord)
    const predeploys = Object.keys(genesis.alloc).slice(0, 40)
    const addresses = [...predeploys, '0x420000000000000000000000000000000000000f', `0x${'99'.repeat(20)}`].map(
      (address) => `0x${address.replace(/^0x/, '').toLowerCase()}` as const,
    )
    let stored = 0
    for (const address of addresses) {
      const theirs = await node.rpc.call<GethProof>('eth_getProof', [address, slots, 'latest'])
      const ours = proveAccount(nodes, block.header.stateRoot, address, slots)
      expect(ours.accountProof.map(bytesToHex), address).toEqual(theirs.accountProof)
      expect(toQuantity(ours.account?.balance ?? 0n)).toBe(theirs.balance)
      expect(toQuantity(ours.account?.nonce ?? 0n)).toBe(theirs.nonce)
      expect(
        ours.slots.map(({ value, proof }) => ({ value: toQuantity(value), proof: proof.map(bytesToHex) })),
        address,
      ).toEqual(theirs.storageProof.map(({ value, proof }) => ({ value, proof })))
      stored += ours.slots.filter(({ value }) => value !== 0n).length
    }
    expect(stored).toBeGreaterThan(5)
  })
})
