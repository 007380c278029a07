// One exact block on the devnet: a payment, a call that fails, and a reorg that takes both back.
import { createDevnet } from 'op-sequencer/test'
import { IncludeError, testSequencerActions } from 'op-sequencer/viem'
import { createTestClient, http, parseEther, publicActions } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'

// Start: an L1 and an L2 in this process, with no block but those that we make.
const devnet = await createDevnet({ manual: true })
const [chain] = devnet.chains
const client = createTestClient({ mode: 'anvil', transport: http(chain.url) })
  .extend(publicActions)
  .extend(testSequencerActions())

// Fund an account.
const account = privateKeyToAccount(generatePrivateKey())
await client.setBalance({ address: account.address, value: parseEther('2') })
const fees = { chainId: chain.chainId, gas: 100_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n }
const friend = '0x7777777777777777777777777777777777777777'

// Open a job: a block in the making, on the head.
const job = await client.openJob({ parent: 'latest' })

// Include a raw transaction. Its receipt comes before the block exists.
const payment = await account.signTransaction({ ...fees, nonce: 0, to: friend, value: parseEther('1') })
const paid = await job.includeRaw(payment)
console.log(`payment: ${paid.status}, ${paid.gasUsed} gas`)

// A second time it cannot stand there, and the job is as it was.
const refused = await job.includeRaw(payment).catch((error) => error)
if (!(refused instanceof IncludeError)) throw refused
console.log(`again: ${refused.reason}`)

// Force one that fails: no node estimates its gas, no pool looks at it. This creates a contract whose code reverts.
const failing = await account.signTransaction({ ...fees, nonce: 1, data: '0x60ab60005360016000fd' })
const failed = await job.includeRaw(failing)
console.log(`failing: ${failed.status}, with ${failed.revertData}`)

// Seal it. When the call is answered, the chain's head is this block.
const block = await job.seal()
const head = await client.getBlock()
console.log(
  `block ${block.number} is the head: ${head.hash === block.hash}; it has ${block.receipts.length} transactions`,
)
console.log(`friend: ${await client.getBalance({ address: friend })} wei`)

// Reorg it away: a block of the same height on the same parent, without what we included.
const other = await client.openJob({ parent: block.block.parentHash })
const sibling = await other.seal()
const moved = await client.getBlock()
console.log(`its sibling is the head: ${moved.hash === sibling.hash}`)
console.log(`friend: ${await client.getBalance({ address: friend })} wei`)

await devnet.close()
