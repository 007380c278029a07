// Reorgs on purpose: to a longer branch of L2 and back, and one of L1 that takes the L2 along.
import { createDevnet } from 'op-sequencer/test'
import { ParentUnusableError, testSequencerActions } from 'op-sequencer/viem'
import { createPublicClient, http } from 'viem'

const devnet = await createDevnet({ manual: true, blockTime: 2, l1BlockTime: 2 })
const [l1, l2] = [devnet.l1, devnet.chains[0]].map(({ url }) => {
  return createPublicClient({ transport: http(url) }).extend(testSequencerActions())
})

async function build(client, options) {
  const job = await client.openJob(options)
  return (await job.seal()).block
}

// The first branch has two blocks, the second, from the same first block on, three others.
const genesis = await l2.getBlock({ blockNumber: 0n })
await build(l2)
const first = await build(l2)
let second = genesis
// Other extra time makes other blocks.
for (let n = 0; n < 3; n++)
  second = await build(l2, { parent: second.hash, timestamp: second.timestamp + 4n, force: true })
console.log(`on the second branch: ${(await l2.getBlock()).hash === second.hash}, at ${second.number}`)

// Both are there; which one counts is a word.
await l2.setForkchoice({ head: first.hash })
console.log(`back on the first: ${(await l2.getBlock()).hash === first.hash}, at ${first.number}`)

// L2 goes on with the L1's new block as its origin …
const origin = await build(l1)
const onOrigin = await build(l2, { l1Origin: 'next' })
// … which then is no longer one of the L1's: a longer branch takes its place.
const sibling = await build(l1, { parent: origin.parentHash, extraData: '0x01' })
await build(l1)
console.log(`the L1 has another block ${sibling.number}: ${sibling.hash !== origin.hash}`)

const error = await l2.openJob({ l1Origin: 'next' }).catch((error) => error)
if (!(error instanceof ParentUnusableError)) throw error
console.log(`L2 cannot go on: ${error.rule}`)

// So it leaves the block that came of the old one, too.
const again = await build(l2, { parent: onOrigin.parentHash, l1Origin: 'next' })
const head = await l2.getBlock()
console.log(`L2 has another block ${again.number}: ${again.hash !== onOrigin.hash && head.hash === again.hash}`)

await devnet.close()
