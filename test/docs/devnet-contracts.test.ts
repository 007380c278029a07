import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { DEV_ACCOUNTS, DEV_ROLES } from '../../src/devnet/dev-accounts.ts'
import { devnetL1Addresses } from '../../src/devnet/devnet-chain.ts'
import { devnetL1Genesis } from '../../src/devnet/l1-genesis.ts'
import { devnetL2Genesis } from '../../src/devnet/l2-genesis.ts'
import { ZERO_HASH } from '../../src/primitives/hex.ts'

const page = readFileSync(new URL('../../docs/devnet-contracts.md', import.meta.url), 'utf8')
const chain = { chainId: 901n, fork: 'interop' } as const

/** The addresses in the table under a heading. */
function table(heading: string): string[] {
  const text = page.slice(page.indexOf(heading)).split('\n## ')[0] ?? ''
  return [...text.matchAll(/^\| `(0x[0-9a-f]{40})`/gm)].map((match) => match[1] as string)
}

it('names every contract on L1', () => {
  const { alloc } = devnetL1Genesis({ timestamp: 1n, chains: [chain] })
  const contracts = Object.keys(alloc).filter((address) => alloc[address as `0x${string}`]?.code !== undefined)
  expect(table('## On L1').sort()).toEqual([...contracts, devnetL1Addresses(901n).batchInbox].sort())
})

it('names every contract on L2', () => {
  const l1 = { hash: ZERO_HASH, number: 0n, timestamp: 1n, baseFeePerGas: 7n, blobBaseFee: 1n }
  const { alloc } = devnetL2Genesis({ chain, timestamp: 1n, l1 })
  const contracts = Object.keys(alloc).filter(
    (address) => alloc[address as `0x${string}`]?.code !== undefined && !address.startsWith('0xc0d3'),
  )
  expect(table('## On L2').sort()).toEqual(contracts.sort())
})

it('names the accounts with a role', () => {
  for (const { address } of Object.values(DEV_ROLES)) {
    const index = DEV_ACCOUNTS.findIndex((account) => account.address === address)
    expect(page).toContain(`| ${index}, \`${address}\` |`)
  }
})
