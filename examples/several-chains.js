// Two L2 chains on one L1, block by block, and back to where they were.
import { createDevnet } from 'op-sequencer/test'
import { testSequencerActions } from 'op-sequencer/viem'
import { createPublicClient, http, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const devnet = await createDevnet({ chains: [901, 902], manual: true })
const account = privateKeyToAccount(devnet.accounts[0].privateKey)
const to = '0x7777777777777777777777777777777777777777'
const clients = [devnet.l1, ...devnet.chains].map(({ name, chainId, url }) => {
  const client = createPublicClient({ transport: http(url) }).extend(testSequencerActions())
  return { name, chainId, client }
})

async function show(what) {
  const states = clients.map(async ({ name, client }) => {
    const [{ number }, balance] = await Promise.all([client.getBlock(), client.getBalance({ address: to })])
    return `${name} at block ${number} with ${balance} wei`
  })
  console.log(`${what}: ${(await Promise.all(states)).join(', ')}`)
}

await show('at first')
const before = await devnet.snapshot()

// A job on every chain, open at the same time.
const jobs = await Promise.all(clients.map(({ client }) => client.openJob()))
for (const [index, { chainId }] of clients.entries()) {
  const fees = { gas: 21_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n }
  const raws = [0, 1, 2].map((nonce) =>
    account.signTransaction({ chainId, nonce, to, value: parseEther('1'), ...fees }),
  )
  // So many on the L1, one more on the first L2 chain, and so on: they travel as one batch.
  await jobs[index].includeRawMany((await Promise.all(raws)).slice(0, index + 1))
}
// The L1's block first: the L2 blocks do not need it, but those after them may be derived from it.
for (const job of jobs) await job.seal()
await show('with a block each')

// All of them go back at once.
await devnet.revert(before)
await show('after all')

await devnet.close()
