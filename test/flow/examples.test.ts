import { globSync, readFileSync } from 'node:fs'
import { type Hex, toFunctionSelector } from 'viem'
import { describe, expect, it } from 'vitest'
import { createDevnet } from '../../src/client/devnet.ts'
import { compileOne } from '../contracts/compile-contracts.ts'
import { EXAMPLES, runExample } from '../support/run-example.ts'

/** What each of them prints. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  'exact-block.js': [
    'payment: success, 21000 gas',
    'again: nonceTooLow',
    'failing: reverted, with 0xab',
    'block 1 is the head: true; it has 3 transactions',
    'friend: 1000000000000000000 wei',
    'its sibling is the head: true',
    'friend: 0 wei',
  ],
  'deposit.js': [
    'deposit: success in L1 block 1',
    'L2 block 1 mints 0 ether; the recipient has 0',
    'L2 block 2 mints 0 ether; the recipient has 0',
    'L2 block 3 mints 5 ether; the recipient has 5',
  ],
  'several-chains.js': [
    'at first: l1 at block 0 with 0 wei, op-901 at block 0 with 0 wei, op-902 at block 0 with 0 wei',
    `with a block each: ${['l1', 'op-901', 'op-902'].map((name, index) => `${name} at block 1 with ${index + 1}000000000000000000 wei`).join(', ')}`,
    'after all: l1 at block 0 with 0 wei, op-901 at block 0 with 0 wei, op-902 at block 0 with 0 wei',
  ],
  'reorg.js': [
    'on the second branch: true, at 3',
    'back on the first: true, at 2',
    'the L1 has another block 1: true',
    'L2 cannot go on: originMismatch',
    'L2 has another block 3: true',
  ],
}

/** What a wallet prints that does not depend on fees. */
const WALLET = [
  /^code: 230 bytes$/,
  /^count: 5$/,
  /^raise to 5: OnlyUp\(5\)$/,
  /^estimate: 28\d{3} gas at \d+ wei, tip \d+/,
  /^raised: (success|1), 27872 gas at \d+ wei$/,
  /^count: 9, with 3 wei$/,
  /^Raised by 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 to 9$/,
  /^found 1, the same: true$/,
  /^paid: (success|1), 21000 gas, 1(\.0)? ether arrived$/,
  /^nonce: 3$/,
]

const WALLETS = ['viem-wallet.js', 'ethers-wallet.js']

describe('an example', () => {
  it('is one of those that are run here', () => {
    const others = ['counter.js']
    expect(globSync('*.js', { cwd: EXAMPLES }).sort()).toEqual([...Object.keys(PRINTED), ...WALLETS, ...others].sort())
  })

  for (const [file, lines] of Object.entries(PRINTED)) {
    it(`prints what it shall: ${file}`, async () => {
      expect(await runExample(file)).toEqual(lines)
    })
  }

  for (const file of WALLETS) {
    it(`works on both layers of the devnet: ${file}`, async () => {
      await using devnet = await createDevnet({ automine: true })
      for (const { url, chainId } of [devnet.l1, devnet.chains[0]]) {
        const printed = await runExample(file, { RPC_URL: url, PRIVATE_KEY: devnet.accounts[0]?.privateKey ?? '' })
        expect(printed[0]).toBe(`chain ${chainId}, block 0`)
        for (const line of WALLET) expect(printed).toContainEqual(expect.stringMatching(line))
      }
    })
  }
})

it('has the contract that its source says', async () => {
  const { counterAbi, counterBytecode } = (await import(`${EXAMPLES}counter.js`)) as {
    readonly counterAbi: readonly string[]
    readonly counterBytecode: Hex
  }
  const { bytecode, selectors } = compileOne('Counter', readFileSync(`${EXAMPLES}Counter.sol`, 'utf8'))
  expect(counterBytecode).toBe(bytecode)
  const functions = counterAbi.filter((item) => item.startsWith('function '))
  expect(functions.map(toFunctionSelector).sort()).toEqual([...selectors].sort())
})
