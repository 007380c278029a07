// A deposit from L1 to L2, through the portal: what is paid there is minted here.
import { createDevnet } from 'op-sequencer/test'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  formatEther,
  http,
  parseAbi,
  parseEther,
  publicActions,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const devnet = await createDevnet({ manual: true })
const [chain] = devnet.chains
const account = privateKeyToAccount(devnet.accounts[0].privateKey)
const l1 = createWalletClient({ account, transport: http(devnet.l1.url) }).extend(publicActions)
const l1Blocks = createTestClient({ mode: 'anvil', transport: http(devnet.l1.url) })
const l2 = createPublicClient({ transport: http(chain.url) })
const l2Blocks = createTestClient({ mode: 'anvil', transport: http(chain.url) })

// What op-node is told of the chain says where its portal is.
const portal = chain.rollup.deposit_contract_address
const recipient = '0x7777777777777777777777777777777777777777'
const abi = parseAbi([
  'function depositTransaction(address to, uint256 value, uint64 gas, bool isCreation, bytes data) payable',
])

const hash = await l1.writeContract({
  address: portal,
  abi,
  functionName: 'depositTransaction',
  args: [recipient, parseEther('5'), 100_000n, false, '0x'],
  value: parseEther('5'),
  chain: null,
})
await l1Blocks.mine({ blocks: 1 })
const { status, blockNumber } = await l1.getTransactionReceipt({ hash })
console.log(`deposit: ${status} in L1 block ${blockNumber}`)

// L1 blocks are six seconds apart, L2 blocks two: the third L2 block may be derived from the L1 block with the deposit.
for (let number = 1n; number <= 3n; number++) {
  await l2Blocks.mine({ blocks: 1 })
  const { transactions } = await l2.getBlock({ blockNumber: number, includeTransactions: true })
  const balance = await l2.getBalance({ address: recipient })
  const deposits = transactions.filter(({ typeHex }) => typeHex === '0x7e')
  const minted = deposits.reduce((sum, { mint }) => sum + BigInt(mint ?? 0), 0n)
  console.log(`L2 block ${number} mints ${formatEther(minted)} ether; the recipient has ${formatEther(balance)}`)
}

await devnet.close()
