import { describe, expect, it } from 'vitest'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { startGeth } from './support/geth-process.ts'
import type { Genesis } from './support/l1-genesis.ts'
import { l1Genesis } from './support/l1-genesis.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { TempFolder } from './support/temp-folder.ts'

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
})
